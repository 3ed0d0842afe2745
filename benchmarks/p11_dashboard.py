"""P11: the pages an organization looks at: how many questions they ask, and their time among ever more calls."""

import re
from typing import Any

from django.db import connections
from django.test.utils import CaptureQueriesContext

from benchmarks import many_calls, world
from benchmarks.harness import Bench, at_most, at_percentile, profiled, timed

TITLE = "Overview, list of calls and retention page: questions to the database and time among ever more calls"
SIZES = (100_000, 1_000_000, 5_000_000)
PAGES = {"overview": "", "list of calls": "calls/", "retention page": "retention/"}
OPENED, TIMES, MOST_QUERIES, MOST_MS = 200, 40, 12, 150
_DATA = re.compile(r'FROM \(*(?:SELECT .* FROM )?"?(retention|inventory|audit|agents|calls|contacts)_', re.DOTALL)
_COUNTS_ALL = re.compile(r'^SELECT COUNT\(\*\)[^(]* FROM "calls_', re.DOTALL)


def measure(bench: Bench) -> None:
    """By a browser of the owner, through every layer of ours but the web server."""
    organization_id = world.organization()
    client, home = many_calls.owner_of(organization_id)
    took: dict[str, dict[int, list[float]]] = {page: {} for page in PAGES}
    asked: dict[str, dict[int, list[str]]] = {page: {} for page in PAGES}
    kept = 0
    for size in bench.sizes(*SIZES):
        many_calls.kept(organization_id, size, already=kept)
        many_calls.stored(organization_id, OPENED)
        kept = size
        for page, path in PAGES.items():
            _seen(client, home + path)
            asked[page][size] = _questions(client, home + path)
        for _ in range(bench.rounds):
            for page, path in PAGES.items():
                took[page].setdefault(size, []).append(
                    at_percentile(timed(lambda path=path: _seen(client, home + path), TIMES), 95)
                )
    for page in PAGES:
        _judge(bench, page, took[page], asked[page])
        if max(took[page][kept]) > MOST_MS:
            bench.goal.profiles.append(profiled(lambda page=page: _seen(client, home + PAGES[page])))
    bench.note(
        f"The newest {OPENED} calls are stored by the product and open; the older ones fill tables and indexes. "
        "Questions about the session, the person and the transaction itself are not counted."
    )


def _judge(bench: Bench, page: str, took: dict[int, list[float]], asked: dict[int, list[str]]) -> None:
    sizes = sorted(took)
    least, largest = sizes[0], sizes[-1]
    for size in sizes:
        bench.figure(
            f"{page}: p95 among {size:,} calls",
            took[size],
            unit="ms",
            bound=at_most(MOST_MS) if size == largest else None,
        )
    if largest > 1_000_000:
        ratios = [more / less for more, less in zip(sorted(took[largest]), sorted(took[1_000_000]), strict=True)]
        bench.figure(f"{page}: among {largest:,} : among 1,000,000", ratios, unit="times", bound=at_most(1.3))
    bench.figure(f"{page}: questions", [len(asked[largest])], unit="queries", bound=at_most(MOST_QUERIES))
    bench.figure(
        f"{page}: more of them than among {least:,}",
        [abs(len(asked[largest]) - len(asked[least]))],
        unit="queries",
        bound=at_most(0),
    )
    with_offset = sum("OFFSET" in statement for statement in asked[largest])
    counting = sum(bool(_COUNTS_ALL.search(statement)) for statement in asked[largest])
    bench.figure(
        f"{page}: with OFFSET, or counting all calls", [with_offset + counting], unit="queries", bound=at_most(0)
    )


def _seen(client: Any, address: str) -> None:
    if (answer := client.get(address)).status_code != 200:
        raise AssertionError(f"{address}: {answer.status_code}")


def _questions(client: Any, address: str) -> list[str]:
    with CaptureQueriesContext(connections["default"]) as captured:
        _seen(client, address)
    return [query["sql"] for query in captured if _DATA.search(query["sql"])]
