"""Figures about data at their small counts: failing calls, bad inputs, repeats, restores, shortages, walls, remains."""

import pytest

from tests.soak.conftest import assert_held

FIGURES = {
    "A02": 8,
    "A05": 1,
    "A06": 1,
    "A14": 1_500,
    "A17": 6,
    "A18": 3,
    "A20": 4,
    "A23": 3,
    "A25": 11,
    "A28": 25,
    "A29": 200,
    "A30": 1_000,
    "A31": 2_000,
    "A32": 250,
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("figure", FIGURES)
def test_held_at_its_small_count(soaked, figure):
    results, told = soaked
    assert_held(results, told, figure, at_least=FIGURES[figure])
