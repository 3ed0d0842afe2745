"""The guard at the door of evidence."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground.audit.exceptions import NotCanonical, PersonalDataInAudit
from ground.audit.payload import canonical, kind, moment, token
from ground.tenancy import Actor
from ground.vault.canonical import canonical_json


@pytest.mark.parametrize(
    "text",
    [
        "Maria Duval",
        "maria@example.org",
        "+4915112345678",
        "4915112345678",
        "0151-234.5678",
        "192.168.100.20",
        "2001:db8::1",
        "Zoë",
        "a" * 129,
        "line\nbreak",
        "trailing\n",
        "(0151)2345678",
    ],
)
def test_what_could_be_personal_is_refused_without_repeating_it(text):
    with pytest.raises(PersonalDataInAudit) as refusal:
        canonical({"note": text})
    assert text not in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        "recording",
        "OnLegalHold",
        "US-CA",
        "calls.fetch_recording",
        "0192aaaa-0000-7000-8000-000000000001",
        "11111111-1111-1111-1111-111111111111",
        "2026-11-22",
        "2026-W47",
        "2026-11-22T10:15",
        "CA1f2e3d",
        "a" * 64,
    ],
)
def test_ids_slugs_moments_and_enum_words_pass(text):
    assert token(text, "note") == text


def test_canonical_form_is_that_of_the_standard():
    payload = {
        "zeta": 1,
        "alpha": [True, None, UUID(int=1)],
        "day": date(2026, 11, 22),
        "at": datetime(2026, 11, 22, 10, 15, tzinfo=UTC),
        "by": Actor.system("x").kind,
        "nested": {"count": 3},
    }
    text = canonical(payload)
    assert text == (
        '{"alpha":[true,null,"00000000-0000-0000-0000-000000000001"],"at":"2026-11-22T10:15:00.000000Z",'
        '"by":"system","day":"2026-11-22","nested":{"count":3},"zeta":1}'
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.from_regex(r"\A[a-z_]{0,20}\Z"),
        lambda inner: st.dictionaries(st.from_regex(r"\A[a-z][a-z0-9_]{0,10}\Z"), inner, max_size=3),
        max_leaves=4,
    ).filter(lambda value: isinstance(value, dict))
)
def test_whatever_passes_the_guard_is_spelled_as_rfc_8785_says(payload):
    try:
        text = canonical(payload)
    except NotCanonical:
        return  # nested too deeply
    assert text.encode() == canonical_json(payload)


@pytest.mark.parametrize(
    "value",
    [1.5, b"x", 2**53, datetime(2026, 1, 1), object(), {"a": {"b": {"c": {"d": 1}}}}],  # noqa: DTZ001  (naive on purpose)
)
def test_values_without_one_spelling_are_refused(value):
    with pytest.raises(NotCanonical):
        canonical({"value": value})


def test_lists_are_nested_as_deep_as_names_and_no_deeper():
    assert canonical({"value": {"a": {"b": [1]}}}) == '{"value":{"a":{"b":[1]}}}'
    with pytest.raises(NotCanonical, match=r"payload\.value\.a\.b\.c: nested too deeply"):
        canonical({"value": {"a": {"b": {"c": [1]}}}})


def test_a_payload_has_a_largest_length():
    with pytest.raises(NotCanonical, match="longer than"):
        canonical({f"name_{number}": "a" * 100 for number in range(1000)})


def test_colons_alone_make_no_network_address():
    assert token("aa:bb:cc:dd-not-an-address", "note") == "aa:bb:cc:dd-not-an-address"
    with pytest.raises(PersonalDataInAudit, match="network address"):
        token("fe80:a:b:c:d:e:f:1", "note")


@pytest.mark.parametrize("key", ["Full Name", "maria@example.org", "", "Ä"])
def test_keys_are_guarded_too(key):
    with pytest.raises(PersonalDataInAudit):
        canonical({key: 1})


@pytest.mark.parametrize("name", ["happened", "Calls.Happened", "calls.", "calls happened", "call’s.x"])
def test_a_kind_names_app_and_event(name):
    with pytest.raises(PersonalDataInAudit):
        kind(name)


def test_naive_moments_have_no_place_in_evidence():
    with pytest.raises(NotCanonical):
        moment(datetime(2026, 1, 1))  # noqa: DTZ001  (naive on purpose)


def test_a_word_has_at_most_128_characters():
    assert token("a" * 128, "note") == "a" * 128
    assert kind("a." + "b" * 126) == "a." + "b" * 126
    assert canonical({"a" * 128: 1}) == '{"' + "a" * 128 + '":1}'
    with pytest.raises(PersonalDataInAudit):
        kind("a." + "b" * 127)
    with pytest.raises(PersonalDataInAudit):
        canonical({"a" * 129: 1})


@pytest.mark.parametrize("text", ["calls:recording", "a:b:c", "T10:15", "at:10:15:00", "cafe"])
def test_colons_alone_make_no_network_address(text):
    assert token(text, "note") == text


@pytest.mark.parametrize("text", ["fe80::1", "2001:db8:0:0:0:0:0:1", "abcd::"])
def test_a_network_address_is_one_in_any_spelling(text):
    with pytest.raises(PersonalDataInAudit):
        token(text, "note")


def test_a_payload_has_at_most_16384_characters():
    inner = {f"k{number:03d}": "a" * 120 for number in range(120)}
    room = 16_384 - len(canonical(inner))
    fits = {f"x{number}": "b" * 100 for number in range(room // 108)}
    whole = inner | fits
    whole["y"] = "c" * (16_384 - len(canonical(whole)) - len(',"y":""'))
    assert len(canonical(whole)) == 16_384
    with pytest.raises(NotCanonical):
        canonical(whole | {"y": whole["y"] + "c"})


def test_four_levels_are_deep_enough():
    assert canonical({"a": {"b": {"c": {}}}}) == '{"a":{"b":{"c":{}}}}'
    assert canonical({"a": [{"b": [1]}]}) == '{"a":[{"b":[1]}]}'
    assert canonical({"a": [[[1]]]}) == '{"a":[[[1]]]}'
    for deeper in ({"a": {"b": {"c": {"d": {}}}}}, {"a": [{"b": [[1]]}]}, {"a": [[[[1]]]]}):
        with pytest.raises(NotCanonical):
            canonical(deeper)


def test_integers_up_to_what_every_reader_agrees_on():
    assert canonical({"n": 2**53 - 1, "m": -(2**53) + 1}) == '{"m":-9007199254740991,"n":9007199254740991}'
    with pytest.raises(NotCanonical):
        canonical({"n": -(2**53)})


def test_a_key_may_be_an_id():
    identity = "0192aaaa-0000-7000-8000-000000000001"
    assert canonical({identity: 1}) == f'{{"{identity}":1}}'
    with pytest.raises(PersonalDataInAudit):
        canonical({identity.upper(): 1})


def test_empty_texts_and_tuples_pass():
    assert canonical({"a": "", "b": (1, None, False)}) == '{"a":"","b":[1,null,false]}'


def test_a_kind_and_a_moment_come_back_in_their_one_spelling():
    assert kind("calls.stored") == "calls.stored"
    assert moment(datetime.fromisoformat("2026-11-22T12:15:00.25+02:00")) == "2026-11-22T10:15:00.250000Z"
