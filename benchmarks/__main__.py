"""`python -m benchmarks [P2 P14 …] [--rounds 5] [--largest 5000000]`: measure, print, write docs/performance.md."""

import argparse
import importlib
import pkgutil
import sys
import time
import traceback

import benchmarks
from benchmarks.harness import ROUNDS, Bench, Goal


def modules() -> dict[str, str]:
    """{goal id: module name}: every `p<number>_….py` and `r<number>_….py` of this package, in this order."""
    found = {}
    for info in pkgutil.iter_modules(benchmarks.__path__):
        head = info.name.partition("_")[0]
        if head[:1] in ("p", "r") and head[1:].isdigit():
            found[f"{head[0].upper()}{int(head[1:])}"] = f"benchmarks.{info.name}"
    return dict(sorted(found.items(), key=lambda item: (item[0][0], int(item[0][1:]))))


def main() -> int:
    """Exit 0: everything measured (met or not). 1: a measurement failed. 2: unknown goal."""
    every = modules()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=benchmarks.__doc__)
    parser.add_argument("goals", nargs="*", metavar="GOAL", help=f"of {', '.join(every)}; all without")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds taken in turns (default 5)")
    parser.add_argument("--largest", type=int, default=5_000_000, help="live calls at the largest size")
    parser.add_argument("--no-write", action="store_true", help="print only; leave docs/performance.md alone")
    chosen = parser.parse_args()
    wanted = [goal.upper() for goal in chosen.goals] or list(every)
    if unknown := [goal for goal in wanted if goal not in every]:
        parser.error(f"unknown goals: {', '.join(unknown)}")

    from benchmarks import report, world

    world.build()
    failed = []
    for number in wanted:
        module = importlib.import_module(every[number])
        goal = Goal(number, module.TITLE)
        print(f"{number}  {goal.title}", flush=True)
        began = time.monotonic()
        bench = Bench(goal, rounds=chosen.rounds, largest=chosen.largest)
        try:
            world.fresh()
            module.measure(bench)
        except Exception:
            traceback.print_exc()
            failed.append(number)
            continue
        if chosen.no_write:
            print(*goal.profiles, sep="\n\n")
        else:
            report.remember(goal, seconds=time.monotonic() - began, server=world.server(), rounds=chosen.rounds)
    if failed:
        print(f"could not be measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
