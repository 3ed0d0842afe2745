"""One way to mask, for calls, contacts, the search and the API."""

import pytest

from contacts import masking


@pytest.mark.parametrize(
    "number, shown",
    [
        ("+14155550123", "+1 4 •• •• •• • 23"),
        ("+442079460958", "+44 2 •• •• •• • 58"),
        ("0612345642", "•• •• •• •• 42"),
        ("sip:+33612345642@example.org", "•• •• •• •• • 42"),
        ("+999123", "+99 9 • 23"),
        ("112", "••••"),
        ("12345", "••••"),
        ("anonymous", "••••"),
        ("+33612345642", "+33 6 •• •• •• 42"),
        ("", ""),
        (None, ""),
    ],
)
def test_masked_numbers(number, shown):
    assert masking.phone(number) == shown


@pytest.mark.parametrize("value", ["a@b", "@", "x", "", None])
def test_masks_keep_something_back_or_say_nothing(value):
    for mask in (masking.phone, masking.email, masking.external_id):
        assert set(mask(value)) <= {"•"}


def test_long_references_show_their_end_alone():
    assert masking.external_id("CUSTOMER-4711") == "•••11"
