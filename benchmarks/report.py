"""docs/performance.json keeps what was measured last, goal by goal; docs/performance.md is written from it."""

import dataclasses
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.harness import Bound, Goal, Row

DOCS = Path(__file__).resolve().parent.parent / "docs"
KEPT, WRITTEN = DOCS / "performance.json", DOCS / "performance.md"

_HEAD = """# Performance

Written by `make bench`; edit nothing here. Every figure is a ratio between ways of doing the same work, side by side in
one run on one machine: the median of the rounds, with the least and the greatest. Rates and times are there to be
compared with each other, not between machines. A row without a goal is there to be known.
"""


def machine() -> dict[str, str]:
    """What the run stood on, without naming the machine."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GiB",
        "python": platform.python_version(),
    }


def remember(goal: Goal, *, seconds: float, server: str, rounds: int) -> None:
    """Keep this goal's result in place of its last one and write the page anew."""
    kept = _kept()
    kept[goal.id] = {
        "title": goal.title,
        "met": goal.met,
        "rows": [_row(row) for row in goal.rows],
        "notes": goal.notes,
        "profiles": goal.profiles,
        "measured_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "seconds": round(seconds, 1),
        "rounds": rounds,
        "machine": machine() | {"database": server},
    }
    KEPT.write_text(json.dumps(dict(sorted(kept.items(), key=_order)), indent=1, ensure_ascii=False) + "\n")
    WRITTEN.write_text(page(kept))


def page(kept: dict[str, Any]) -> str:
    """The report in Markdown."""
    parts = [_HEAD, "| goal | | met |\n|---|---|---|"]
    goals = sorted(kept.items(), key=_order)
    parts[-1] += "".join(
        f"\n| [{key}](#{key.lower()}) | {entry['title']} | {_met(entry['met'])} |" for key, entry in goals
    )
    parts += [_section(key, entry) for key, entry in goals]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(key: str, entry: dict[str, Any]) -> str:
    on = entry["machine"]
    told = [
        f"## {key}\n\n{entry['title']}.",
        "| measured | ratio or figure | goal | met | ours | the other |\n|---|---|---|---|---|---|\n"
        + "\n".join(_line(row) for row in entry["rows"]),
    ]
    told += entry["notes"]
    told += [f"Where the time goes:\n\n```text\n{profile}\n```" for profile in entry["profiles"]]
    told.append(
        f"*{entry['measured_at']}, {entry['rounds']} rounds in {entry['seconds']:.0f} s; {on['processor']}, "
        f"{on['memory']}; {on['database']}, Python {on['python']}.*"
    )
    return "\n\n".join(told)


def _line(row: dict[str, Any]) -> str:
    alone = row["ours"] is None
    ratio = _spread(row["ratio"]) + (f" {row['unit']}" if alone else "")
    ours, other = (
        ("", "") if alone else (f"{_spread(row['ours'])} {row['unit']}", f"{_spread(row['other'])} {row['unit']}")
    )
    bound = str(Bound(**row["bound"])) if row["bound"] else ""
    return f"| {row['about']} | {ratio} | {bound} | {_met(row['met'])} | {ours} | {other} |"


def _spread(spread: dict[str, float]) -> str:
    least, most = _number(spread["least"]), _number(spread["most"])
    return _number(spread["median"]) + (f" ({least}–{most})" if least != most else "")


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _met(met: bool | None) -> str:
    return {True: "yes", False: "**no**", None: ""}[met]


def _row(row: Row) -> dict[str, Any]:
    return dataclasses.asdict(row) | {"met": row.met}


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    return kept


def _order(item: tuple[str, Any]) -> tuple[str, int]:
    letters = item[0].rstrip("0123456789")
    return letters, int(item[0][len(letters) :] or 0)
