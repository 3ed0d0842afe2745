"""Where the time of one unit of work goes: every message to a database by what it is for, and what is left to Python.

Measured at the client while the work is done once more; watching costs some microseconds a message, on every line.
"""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from ground.vault.journal import FolderJournal

_LINES = 18
_VERB = re.compile(
    r"""\b(INSERT\s+INTO|(?<!FOR )UPDATE|DELETE\s+FROM|CREATE\s+TEMPORARY\s+TABLE|DROP\s+TABLE|FROM)\s+"?(\w+)"?""",
    re.IGNORECASE,
)
_CALL = re.compile(r"\b(pg_\w+_lock\w*|set_config|clock_timestamp)\b")

_Costs = dict[str, list[float]]  # what: times, seconds


def broken_down(about: str, run: Callable[[], Any], *, prepare: Callable[[], Any], units: int) -> str:
    """A table of one unit's milliseconds, most first. `prepare` is not counted; `run` gets what it gave."""
    prepared = prepare()
    with _watched() as costs:
        cpu, began = time.process_time(), time.perf_counter()
        run(prepared)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
    inside = sum(seconds for _, seconds in costs.values())
    rows = sorted(costs.items(), key=lambda item: -item[1][1])
    messages = sum(times for times, _ in costs.values())
    ours = f"{took / units * 1000:.3g} ms, of which this process computed {cpu / units * 1000:.3g} ms"
    ours = f"{took / units * 1000:.3g} ms, of which this process computed {cpu / units * 1000:.3g} ms"
    told = [
        f"{about}: {ours}; {messages / units:.3g} messages to databases and journal",
        f"{'ms':>9} {'share':>6} {'times':>7}  what",
    ]
    rest = (sum(t for _, (t, _) in rows[_LINES:]), sum(s for _, (_, s) in rows[_LINES:]))
    lines = [(what, times, seconds) for what, (times, seconds) in rows[:_LINES]]
    lines += [("other messages", *rest)] if rest[0] else []
    for what, times, seconds in [*lines, ("between the messages: Python", units, took - inside)]:
        told.append(f"{seconds / units * 1000:9.4f} {seconds / took:6.1%} {times / units:7.3g}  {what}")
    return "\n".join(told)


@contextmanager
def _watched() -> Iterator[_Costs]:
    costs: _Costs = defaultdict(lambda: [0, 0.0])

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            costs[what][0] += 1
            costs[what][1] += time.perf_counter() - began

    def watching(alias: str) -> Any:
        def execute(run: Any, statement: Any, parameters: Any, many: bool, context: Any) -> Any:
            with timed(f"{alias}: {_purpose(statement)}"):
                return run(statement, parameters, many, context)

        return execute

    commit, append = DatabaseWrapper._commit, FolderJournal.append

    def watched_commit(self: Any) -> Any:
        with timed(f"{self.alias}: COMMIT"):
            return commit(self)

    def watched_append(self: Any, build: Any) -> Any:
        with timed("journal: an entry, on disk"):
            return append(self, build)

    with ExitStack() as stack:
        for alias in connections:
            stack.enter_context(connections[alias].execute_wrapper(watching(alias)))
        stack.enter_context(mock.patch.object(DatabaseWrapper, "_commit", watched_commit))
        stack.enter_context(mock.patch.object(FolderJournal, "append", watched_append))
        yield costs


def _purpose(statement: Any) -> str:
    """`INSERT INTO audit_event`: verb and table of the last statement that has both."""
    text = statement if isinstance(statement, str) else statement.as_string()
    if found := _VERB.findall(text):
        writes = [each for each in found if each[0].upper() != "FROM"]
        verb, table = writes[0] if writes else found[-1]
        return f"{'SELECT' if verb.upper() == 'FROM' else ' '.join(verb.upper().split())} {table}"
    called = _CALL.search(text)
    return called.group(1) if called else text.split()[0]
