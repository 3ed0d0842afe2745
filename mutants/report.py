"""What came out: docs/mutation.json keeps each module's last result, docs/mutation.md shows them all."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.report import machine
from mutants import GOAL
from mutants.changes import Mutant

ROOT = Path(__file__).resolve().parent.parent
KEPT, PAGE = ROOT / "docs" / "mutation.json", ROOT / "docs" / "mutation.md"
_HEAD = f"""# Mutation testing of the pure modules

Written by `make mutants`; do not edit. A pure module can be tested without database, network and disk. One operator of
it at a time is changed (comparison, arithmetic, boolean, bits, number, truth value, condition, return value), and a
fast test must fail. What cannot be told from the original is named below with the reason, and counts neither for nor
against. The goal is {GOAL} % of each module.
"""


@dataclass
class Score:
    """One module. `not_equivalent`: named as equivalent, and caught all the same."""

    module: str
    killed: int = 0
    endless: int = 0
    survived: list[Mutant] = field(default_factory=list)
    equivalent: list[tuple[Mutant, str]] = field(default_factory=list)
    not_equivalent: list[Mutant] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def caught(self) -> int:
        return self.killed + self.endless

    @property
    def total(self) -> int:
        return self.caught + len(self.survived) + len(self.equivalent)

    @property
    def percent(self) -> float:
        return _percent(self.caught, len(self.survived))

    def as_json(self) -> dict[str, Any]:
        return {
            "mutants": self.total,
            "caught": self.caught,
            "endless": self.endless,
            "survived": [_place(one) for one in self.survived],
            "equivalent": [_place(one) | {"reason": reason} for one, reason in self.equivalent],
            "seconds": round(self.seconds, 1),
            "measured_on": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": machine(),
        }


def _place(mutant: Mutant) -> dict[str, Any]:
    return {"line": mutant.line, "change": mutant.change, "text": mutant.text}


def _percent(caught: int, survived: int) -> float:
    return 100 * caught / (caught + survived) if caught + survived else 100.0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def remember(scores: Iterable[Score], modules: Iterable[str]) -> float:
    """Keep these results in place of the modules' last ones and write the page anew; the score of all, in percent."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    kept |= {score.module: score.as_json() for score in scores}
    kept = {module: kept[module] for module in modules if module in kept}
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text("\n".join(_page(kept)))
    return _percent(sum(each["caught"] for each in kept.values()), _count(kept, "survived"))


def _count(kept: dict[str, Any], what: str) -> int:
    return sum(len(each[what]) for each in kept.values())


def _page(kept: dict[str, Any]) -> Iterable[str]:
    total, caught = (sum(each[name] for each in kept.values()) for name in ("mutants", "caught"))
    survived, equivalent = _count(kept, "survived"), _count(kept, "equivalent")
    yield _HEAD
    yield (
        f"{len(kept)} modules, {total:,} mutants: {caught:,} caught, {survived} survived, {equivalent} equivalent: "
        f"**{_percent(caught, survived):.1f} %**.\n"
    )
    yield "| Module | Mutants | Caught | of these without end | Survived | Equivalent | Score | Measured |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |"
    for module, each in kept.items():
        percent = _percent(each["caught"], len(each["survived"]))
        yield (
            f"| {_named(module)} | {each['mutants']} | {each['caught']} | {each['endless']} | {len(each['survived'])} "
            f"| {len(each['equivalent'])} | {percent:.1f} % | {each['measured_on']} |"
        )
    machines = {f"{on['processor']}, {on['memory']}, Python {on['python']}" for on in _each(kept, "machine")}
    yield f"\nMeasured on: {'; '.join(sorted(machines))}.\n"
    for name, title in (("equivalent", "Equivalent, and why"), ("survived", "What survived")):
        if _count(kept, name):
            yield f"## {title}\n"
        for module, each in kept.items():
            for one in each[name]:
                reason = f": {one['reason']}" if "reason" in one else ""
                yield f"- `{module.partition('::')[0]}:{one['line']}` {one['change']} in `{one['text']}`{reason}"
        yield ""


def _named(module: str) -> str:
    path, _, parts = module.partition("::")
    return f"`{path}`" + (f" ({parts.replace(',', ', ')})" if parts else "")


def _each(kept: dict[str, Any], what: str) -> Iterable[Any]:
    return (each[what] for each in kept.values())
