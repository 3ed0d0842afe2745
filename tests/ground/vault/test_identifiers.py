"""The same person is found however the identifier was written; two people are not merged."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ground.vault.exceptions import NotAnIdentifier
from ground.vault.identifiers import KINDS, normalise

E164 = "+4915123456789"
SPACES = ["", " ", "-", "/", ".", "\u00a0", "\u2009", " - ", "\u2011"]
INVISIBLE = st.sampled_from(["", "\u200b", "\u200e", "\ufeff", "\u202a", "\u2060"])


def digits_in(script_zero, text):
    return "".join(chr(ord(script_zero) + int(c)) if c.isdigit() else c for c in text)


@settings(max_examples=2_000, deadline=None)
@given(
    st.sampled_from(["+49", "0049", "(+49)", "+49 (0)", "tel:+49", "+ 49"]),
    st.lists(st.sampled_from(SPACES), min_size=10, max_size=10),
    st.sampled_from(["0", "\uff10", "\u0660"]),
    INVISIBLE,
)
def test_a_phone_number_is_found_however_it_was_written(prefix, spaces, zero, invisible):
    national = "15123456789"
    gaps = dict(zip((3, 4, 5, 6, 7, 8, 9, 10, 11, 12), spaces, strict=True))
    used = [place for place in (3, 5, 8) if gaps[place]]
    written = "".join((gaps[place] if place in used else "") + digit for place, digit in enumerate(national))
    value = f" {invisible}{digits_in(zero, prefix)} {digits_in(zero, written)}{invisible} "
    if prefix == "tel:+49":
        value = value.replace(" ", "").replace("/", "-")
    assert normalise("phone", value) == E164


@pytest.mark.parametrize(
    "value,region,expected",
    [
        ("0151 23456789", "DE", E164),
        ("0151/23456789", "de", E164),
        ("01 23 45 67 89", "FR", "+33123456789"),
        ("(555) 010-9999", "US", "+15550109999"),
        ("011 49 151 23456789", "US", E164),
        ("06 1234 5678", "IT", "+390612345678"),
        ("+1 212 555 0123 ext. 42", None, "+12125550123"),
        ("+1 212 555 0123 x42", None, "+12125550123"),
        ("＋４９ １５１ ２３４５６７８９", None, E164),
    ],
)
def test_national_numbers_are_read_by_their_country(value, region, expected):
    assert normalise("phone", value, region) == expected


@pytest.mark.parametrize(
    "value",
    ["", "  ", "anonymous", "+", "+49", "123", "0151 23456789", "+49 1", "+1 5550123", "+999 1234567", "1-800-FLOWERS",
     "x", "+4915123456789+4915123456789", "sip:49151@host", "1" * 600, "\ud800", "+49 " + "1" * 40],
)  # fmt: skip
def test_what_is_no_phone_number_is_refused(value):
    with pytest.raises(NotAnIdentifier):
        normalise("phone", value)


EMAIL = "müller.a+x@bücher.example"
CASES = st.lists(st.booleans(), min_size=len(EMAIL), max_size=len(EMAIL))


@settings(max_examples=500)
@given(
    CASES,
    INVISIBLE,
    st.sampled_from(["{}", " {} ", "<{}>", "mailto:{}", "\t{}\n", "MAILTO:{}"]),
    st.sampled_from(["", "."]),
    st.booleans(),
)
def test_an_address_is_found_however_it_was_written(upper, invisible, frame, dot, decomposed):
    import unicodedata

    value = "".join(c.upper() if big else c for c, big in zip(EMAIL, upper, strict=True)) + dot
    if decomposed:
        value = unicodedata.normalize("NFD", value)
    assert normalise("email", frame.format(invisible + value)) == "müller.a+x@xn--bcher-kva.example"


def test_no_provider_habits_are_applied_to_addresses():
    written = ["annam@gmail.com", "anna.m@gmail.com", "annam+tag@gmail.com", "annam@googlemail.com"]
    assert len({normalise("email", value) for value in written}) == 4


@pytest.mark.parametrize(
    "value",
    ["", "anna", "@example.org", "anna@", "anna@example", "a b@example.org", "a@b@example.org", "anna@-x.org",
     "anna@exam_ple.org", "a@" + "x" * 70 + ".org", "x" * 65 + "@example.org", "anna@\ud800.org", "a@ex\x00ample.org",
     "anna@x..org", "anna@☃︎\u0378.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused(value):
    with pytest.raises(NotAnIdentifier):
        normalise("email", value)


@pytest.mark.parametrize(
    "one,other",
    [
        ("Anna  Müller", "anna müller"),
        ("ANNA MU\u0308LLER", "Anna Müller"),
        ("Straße", "STRASSE"),
        ("\u200bAnna\u00a0Müller ", "anna müller"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Ａｎｎａ", "anna"),
        ("ﬁona", "Fiona"),
    ],
)
def test_a_name_is_found_however_it_was_written(one, other):
    assert normalise("name", one) == normalise("name", other)


def test_different_names_stay_different():
    assert len({normalise("name", value) for value in ["Anna Müller", "Anna Muller", "Ana Müller", "Müller Anna"]}) == 4


@pytest.mark.parametrize("value", ["", " ", "123", "—", "\u200b", "x" * 501])
def test_what_is_no_name_is_refused(value):
    with pytest.raises(NotAnIdentifier):
        normalise("name", value)


def test_an_external_id_keeps_its_case_and_loses_its_edges():
    assert normalise("external_id", "  Crm-42/A ") == "Crm-42/A"
    assert normalise("external_id", "crm-42/a") != normalise("external_id", "Crm-42/A")
    assert normalise("external_id", "e\u0301") == "é"
    for wrong in ("", "a\nb", "a\0b", 42, None, b"x"):
        with pytest.raises(NotAnIdentifier):
            normalise("external_id", wrong)


@settings(max_examples=1_500)
@given(st.sampled_from(KINDS), st.text(max_size=60))
def test_normalising_twice_changes_nothing(kind, value):
    try:
        once = normalise(kind, value, "DE")
    except NotAnIdentifier:
        return
    assert normalise(kind, once, "DE") == once


@pytest.mark.parametrize(
    "kind,value", [("phone", "+49 (word) 151"), ("phone", "+999 7654321"), ("email", "anna.b@x"), ("name", "42 42 42")]
)
def test_a_refusal_never_repeats_the_value(kind, value):
    with pytest.raises(NotAnIdentifier) as refusal:
        normalise(kind, value)
    assert value not in str(refusal.value)


def test_an_unknown_kind_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="kind") as mistake:
        normalise("shoe_size", "42")
    assert not isinstance(mistake.value, NotAnIdentifier)


def test_what_is_just_short_enough_is_taken():
    assert normalise("external_id", "x" * 500) == "x" * 500
    with pytest.raises(NotAnIdentifier):
        normalise("external_id", "x" * 501)
    local = "a" * 64
    assert normalise("email", f"{local}@example.org") == f"{local}@example.org"
    with pytest.raises(NotAnIdentifier):
        normalise("email", f"a{local}@example.org")


def test_half_a_frame_is_no_frame():
    assert normalise("email", "<ada@example.org") == "<ada@example.org"
    with pytest.raises(NotAnIdentifier):
        normalise("email", "ada@example.org>")


def test_a_domain_has_at_most_253_characters():
    longest = ".".join(["a" * 61] * 4) + ".abcde"
    assert len(longest) == 253
    assert normalise("email", f"m@{longest}") == f"m@{longest}"
    with pytest.raises(NotAnIdentifier):
        normalise("email", f"m@{longest}f")


@pytest.mark.parametrize("value", ["a\x01b@example.org", "a\x7fb@example.org", "ada@exam\x02ple.org"])
def test_an_address_has_no_control_characters(value):
    with pytest.raises(NotAnIdentifier):
        normalise("email", value)


def test_an_at_sign_in_the_local_part_stands_between_quotes():
    assert normalise("email", '"a@b"@example.org') == '"a@b"@example.org'
    for value in ('"a@b@example.org', 'a@b"@example.org', "a@b@example.org"):
        with pytest.raises(NotAnIdentifier):
            normalise("email", value)
