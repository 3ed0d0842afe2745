"""docs/reliability.json keeps what ran last, figure by figure; docs/reliability.md is written from it."""

import dataclasses
import json
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.report import machine
from soak.harness import Figure, Result, Verdict

ROOT = Path(__file__).resolve().parent.parent
KEPT, WRITTEN = ROOT / "docs" / "reliability.json", ROOT / "docs" / "reliability.md"

_HEAD = """# Reliability

Written by `make soak`; edit nothing here. Each figure is run under a seed that is named with it, and goes again exactly
so with `make soak only=A09 SEED=…`. *Held* means that every check of the run held; how much of the asked count ran
stands beside it, and where it is less, the statement is shown for that much and no more. What never ran says so.
"""


def commit() -> str:
    """The code that ran: the last commit, and whether there was more than it."""
    try:
        head = subprocess.run(
            ["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no", "--", ":!docs"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head} with changes" if changed else head


def kept() -> dict[str, Any]:
    """{figure id: what is kept of its last run}."""
    known: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    return known


def outstanding(figures: Iterable[Figure], *, budget: str) -> list[Figure]:
    """Those first that have no result of this code and this budget; then the rest, oldest first."""
    known, head = kept(), commit()

    def rank(one: Figure) -> tuple[bool, str, str]:
        entry = known.get(one.id)
        fresh = entry is not None and entry["commit"] == head and entry["budget"] == budget
        return fresh, entry["ran_at"] if fresh else "", one.id

    return sorted(figures, key=rank)


def remember(result: Result, figures: Iterable[Figure], *, budget: str, server: str) -> None:
    """Keep this result and write the page anew. A fuller held run of the same code is not replaced by a lesser one."""
    known = kept()
    entry = dataclasses.asdict(result) | {
        "whole": result.whole,
        "ran_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "budget": budget,
        "machine": machine() | {"database": server},
    }
    last = known.get(result.id)
    fuller = (
        last is not None
        and last["commit"] == entry["commit"] != "unknown"
        and last["verdict"] == result.verdict == Verdict.HELD
        and last["ran"] > result.ran
    )
    if not fuller:
        known[result.id] = entry
    KEPT.write_text(json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False) + "\n")
    WRITTEN.write_text(page(known, figures))


def page(known: dict[str, Any], figures: Iterable[Figure]) -> str:
    """The report in Markdown: every figure there is, run or not."""
    every = {one.id: one for one in figures}
    ids = sorted(every.keys() | known.keys())
    table = ["| figure | | how much ran | result |\n|---|---|---|---|"]
    for id in ids:
        statement = every[id].statement if id in every else known[id]["statement"]
        entry = known.get(id)
        where = f"[{id}](#{id.lower()})" if entry else id
        table.append(f"| {where} | {statement} | {_count(entry)} | {_verdict(entry)} |")
    parts = [_HEAD, "\n".join(table)]
    parts += [_section(id, known[id]) for id in ids if id in known]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _count(entry: dict[str, Any] | None) -> str:
    if entry is None or entry["verdict"] == Verdict.NOT_RUN:
        return "not run"
    asked, ran, unit = entry["asked"], entry["ran"], entry["unit"]
    return f"{ran:,} {unit}, all" if ran >= asked else f"{asked:,} {unit} asked, {ran:,} run"


def _verdict(entry: dict[str, Any] | None) -> str:
    if entry is None or entry["verdict"] == Verdict.NOT_RUN:
        return "not run"
    return "held" if entry["verdict"] == Verdict.HELD else "**broken**"


def _section(id: str, entry: dict[str, Any]) -> str:
    on = entry["machine"]
    told = [f"## {id}\n\n{entry['statement']}. {_count(entry).capitalize()}: {_verdict(entry)}."]
    if entry["checks"]:
        rows = [
            f"| {name} | {number:,} | {entry['broken'].get(name, 0):,} |" for name, number in entry["checks"].items()
        ]
        told.append("| looked at | times | broken |\n|---|---|---|\n" + "\n".join(rows))
    if entry["evidence"]:
        told.append("Counted: " + "; ".join(f"{name} {number:,}" for name, number in entry["evidence"].items()) + ".")
    told += entry["notes"]
    if entry["failures"]:
        told.append("```text\n" + "\n".join(entry["failures"]) + "\n```")
    told.append(
        f"*Seed {entry['seed']}; {entry['ran_at']}, {entry['seconds']:.0f} s, code {entry['commit']}; "
        f"{on['processor']}, {on['memory']}; {on['database']}, Python {on['python']}.*"
    )
    return "\n\n".join(told)
