"""A25: the wall between organizations, as the catalogue of both databases has it, and the lint that would see a hole.

The lint is that of the tests. It is not believed: holes that were measured on plain builds are made in table after
table, tried with the application's rights, and the lint must name every one.
"""

import dataclasses
import inspect

import pytest

from soak.harness import Run, figure
from tests.guardrails import holes, test_catalogue


@figure(
    "A25",
    "Every tenant table stands behind the wall, and no hole in it goes unnamed",
    full=500,
    small=11,
    unit="holes made",
    share=0.5,
)
def walls(run: Run) -> None:
    lint(run)
    tables = holes.tables()
    for turn in run.turns():
        hole = holes.HOLES[turn % len(holes.HOLES)]
        tried = holes.attempt(hole, run.random.choice(tables))
        for field in dataclasses.fields(tried):
            run.check(field.name.replace("_", " "), getattr(tried, field.name), hole.name)
    run.tell(tables_behind_the_wall=len(tables))
    lint(run)


def lint(run: Run) -> None:
    """Every test of the catalogue, on every database it asks for."""
    for name, look in inspect.getmembers(test_catalogue, inspect.isfunction):
        if not name.startswith("test_"):
            continue
        for arguments in _arguments(look):
            try:
                look(*arguments)
                told = ""
            except AssertionError as error:
                told = f"{arguments} {error}"[:300]
            run.check(name.removeprefix("test_").replace("_", " "), not told, told)


def _arguments(look) -> list[tuple]:
    marks: list[pytest.Mark] = getattr(look, "pytestmark", [])
    values = [mark.args[1] for mark in marks if mark.name == "parametrize"]
    return [(value,) for value in values[0]] if values else [()]
