"""The faults in small counts: one world, one platform, every kind of fault there is a figure for.

`make soak` runs the same with counts that mean something.
"""

import pytest

from tests.soak.conftest import assert_held

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
AT_LEAST = {"A01": 8, "A03": 1, "A04": 40, "A08": 2, "A09": 2, "A10": 12, "A11": 9, "A12": 4, "A13": 2}
FIGURES = sorted(AT_LEAST)


@pytest.mark.parametrize("figure", FIGURES)
def test_it_holds_in_small(soaked, figure):
    assert_held(*soaked, figure, at_least=AT_LEAST[figure])
