"""JSON is taken as it is written: nothing is converted into what was asked for."""

import pytest
from rest_framework.exceptions import ValidationError

from accounts.api.fields import Text, Whole, YesNo


@pytest.mark.parametrize(
    "field, taken",
    [(Text(), "7"), (Text(), " no "), (Whole(), 7), (Whole(), 7.0), (YesNo(), True), (YesNo(), False)],
)
def test_what_has_the_type_is_taken(field, taken):
    assert field.run_validation(taken) == (taken.strip() if isinstance(taken, str) else taken)


WRONG = {
    Text: (7, True, None, ["a"]),
    Whole: ("7", True, 7.5, None),
    YesNo: ("yes", 1, 0, None),
}


@pytest.mark.parametrize("field, refused", [(field, value) for field, values in WRONG.items() for value in values])
def test_what_has_another_type_is_refused(field, refused):
    with pytest.raises(ValidationError):
        field().run_validation(refused)
