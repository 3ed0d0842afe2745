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


@pytest.mark.parametrize(
    "address, shown",
    [
        ("marie.curie@example.org", "m•••@e•••.org"),
        ("a@b.c", "a•••@b•••.c"),
        ("a@mail.example.org", "a•••@m•••.org"),
        ('"a@b"@example.org', '"•••@e•••.org'),
        ("a@localhost", "••••"),
        ("@example.org", "••••"),
    ],
)
def test_masked_addresses(address, shown):
    assert masking.email(address) == shown


@pytest.mark.parametrize(
    "full, shown",
    [
        ("Marie Skłodowska Curie", "M. S. C."),
        ("ada", "A."),
        ("a b c d e", "A. B. C. D."),
        ("山田太郎", "山."),
        ("", ""),
        (None, ""),
    ],
)
def test_masked_names(full, shown):
    assert masking.name(full) == shown


@pytest.mark.parametrize("text, shown", [("1234567", "•••67"), ("123456", "••••")])
def test_short_references_show_nothing(text, shown):
    assert masking.external_id(text) == shown


@pytest.mark.parametrize(
    "number, shown",
    [
        ("+3531234", "+353 1 • 34"),  # four digits behind the country
        ("+353123", "+35 3 • 23"),  # three are too few to name it
        ("+888123456", "+888 1 •• • 56"),
        ("123456", "•• •• 56"),
        ("+000000", "+00 0 • 00"),
    ],
)
def test_numbers_at_the_edge(number, shown):
    assert masking.phone(number) == shown
