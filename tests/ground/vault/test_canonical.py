"""JSON with one spelling: the examples of RFC 8785, and what has no exact spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground.vault.canonical import canonical_json, read_canonical
from ground.vault.exceptions import NotCanonical


@pytest.mark.parametrize(
    "value, written",
    [
        # RFC 8785, section 3.2.2
        (
            {
                "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
                "string": "\u20ac$\u000f\nA'\u0042\u0022\u005c\\\"/",
                "literals": [None, True, False],
            },
            (
                '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
                '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
            ),
        ),
        # section 3.2.3: keys sorted by UTF-16 code units, not by code points
        (
            {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7},
            '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"\U0001f600":5,"\ufb33":3}',
        ),
        ([], "[]"),
        ({}, "{}"),
        (-0.0, "0"),
        (2**53 - 1, "9007199254740991"),
    ],
)
def test_the_spelling_is_that_of_the_standard(value, written):
    assert canonical_json(value) == written.encode()
    assert read_canonical(written.encode()) == value


@pytest.mark.parametrize("value", [2**53, float("nan"), float("inf"), b"bytes", {1: 2}, {"a": object()}, "\ud800"])
def test_what_has_no_exact_spelling_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical_json(value)


def test_what_never_ends_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(NotCanonical):
        canonical_json(endless)


@pytest.mark.parametrize(
    "raw",
    [b'{"a": 1}', b'{"b":1,"a":2}', b"1.0", b"[1,]", b"", b"\xff", b'{"a":1,"a":1}', b'"\\u0041"', b"[" * 100_000],
)
def test_another_spelling_of_the_same_is_not_read(raw):
    with pytest.raises(NotCanonical):
        read_canonical(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_what_is_written_reads_back(value):
    assert read_canonical(canonical_json(value)) == value
