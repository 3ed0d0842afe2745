"""`python -m soak [A01 A09 …] [--seed N] [--minutes 20 | --full | --small]`: run figures, write docs/reliability.md."""

import argparse
import dataclasses
import importlib
import json
import os
import pkgutil
import secrets
import sys
import time
from pathlib import Path

import soak
from soak import harness, report
from soak.harness import REGISTRY, Figure, Result, Verdict

MARKS = {Verdict.HELD: "held   ", Verdict.BROKEN: "BROKEN ", Verdict.NOT_RUN: "not run"}


def load() -> dict[str, Figure]:
    """Every figure: importing a module registers its own. Needs a world, because they know the models."""
    for info in pkgutil.iter_modules(soak.__path__):
        if info.name.startswith(("faults_", "data_")):
            importlib.import_module(f"soak.{info.name}")
    return dict(sorted(REGISTRY.items()))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak", description=soak.__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="A01, A09 …; all without")
    parser.add_argument("--seed", type=int, help="repeat a run; otherwise a new seed, which is printed")
    parser.add_argument("--minutes", type=float, default=20, help="for all figures together (default 20)")
    parser.add_argument("--full", action="store_true", help="the full counts, however long that takes")
    parser.add_argument("--small", action="store_true", help="the counts of `make test`, and no page is written")
    parser.add_argument("--count", type=int, help="this count instead, for every chosen figure")
    parser.add_argument("--no-write", action="store_true", help="print only; leave docs/reliability.md alone")
    parser.add_argument("--answer", type=Path, help="also write the results as JSON to this file")
    return parser.parse_args()


def budget_of(chosen: argparse.Namespace) -> str:
    if chosen.count is not None:
        return f"count {chosen.count}"
    return "full" if chosen.full else "small" if chosen.small else f"{chosen.minutes:g} minutes"


def main() -> int:
    """Exit 0: everything that ran held. 1: a figure is broken. 2: unknown figure."""
    chosen = parsed()
    if chosen.small:
        os.environ["SOAK_HURRY"] = "1"  # see soak.waiting
    from soak import world

    world.build()
    every = load()
    wanted = [id.upper() for id in chosen.figures] or list(every)
    if unknown := [id for id in wanted if id not in every]:
        print(f"unknown figures: {', '.join(unknown)}; there are {', '.join(every)}", file=sys.stderr)
        return 2
    seed = chosen.seed if chosen.seed is not None else secrets.randbelow(2**32)
    budget = budget_of(chosen)
    figures = report.outstanding([every[id] for id in wanted], budget=budget)
    print(f"seed {seed}, {budget}", flush=True)
    results = run_all(figures, chosen, seed, budget, list(every.values()))
    if chosen.answer:
        chosen.answer.write_text(json.dumps({one.id: dataclasses.asdict(one) for one in results}))
    broken = [one.id for one in results if one.verdict is Verdict.BROKEN]
    if broken:
        print(f"broken: {', '.join(broken)} (seed {seed})", file=sys.stderr)
    return 1 if broken else 0


def run_all(
    figures: list[Figure], chosen: argparse.Namespace, seed: int, budget: str, every: list[Figure]
) -> list[Result]:
    """One after the other, in order; those on the running platform after one another, so that it starts once."""
    from soak import world

    limited = not (chosen.full or chosen.small or chosen.count is not None)
    end = time.monotonic() + chosen.minutes * 60
    waiting = sorted(figures, key=lambda one: one.platform)
    results = []
    while waiting:
        one = waiting.pop(0)
        seconds = None
        if limited:
            weights = one.share + sum(other.share for other in waiting)
            seconds = max(0.0, end - time.monotonic()) * one.share / weights
            if seconds < 1:
                print(f"        {one.id}: no time left", flush=True)
                continue
        count = chosen.count or (one.small if chosen.small else one.full)
        print(f"{one.id}  {one.statement}", flush=True)
        if not one.platform:
            world.fresh()
        result = harness.carry_out(one, count=count, seed=seed, seconds=seconds)
        print(
            f"{MARKS[result.verdict]} {result.ran:,} of {one.full:,} {one.unit} in {result.seconds:.0f} s", flush=True
        )
        results.append(result)
        if not (chosen.no_write or chosen.small):
            report.remember(result, every, budget=budget, server=world.server())
    world.close()
    return results


if __name__ == "__main__":
    sys.exit(main())
