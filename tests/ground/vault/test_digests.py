"""Blind digests by known answers: a stored digest must be found again for ever."""

import hashlib
import hmac

import pytest

from ground.vault.digests import DIGEST_BYTES, digest_of, links, under

INNER, OUTER, OUTERMOST = bytes(range(32)), b"\x01" * 32, b"\x02" * 32


def by_hand(key, message):
    return hmac.digest(key, message, hashlib.sha256)[:16]


def test_a_digest_is_half_an_hmac_over_kind_and_value():
    message = b"\0\0\0\x05blind" + b"\0\0\0\x05phone" + b"\0\0\0\x0c+33612345642"
    first = by_hand(INNER, message)
    assert digest_of([INNER], "phone", "+33612345642") == first
    assert len(first) == DIGEST_BYTES == 16
    assert under(INNER, message) == first


def test_each_outer_key_is_laid_over_the_digest_before():
    message = b"\0\0\0\x05blind" + b"\0\0\0\x04name" + b"\0\0\0\x04zo\xc3\xab"
    first = by_hand(INNER, message)
    second = by_hand(OUTER, first)
    assert digest_of([INNER, OUTER], "name", "zoë") == second
    assert digest_of((INNER, OUTER, OUTERMOST), "name", "zoë") == by_hand(OUTERMOST, second)


def test_kind_and_value_do_not_run_into_each_other():
    assert digest_of([INNER], "name", "xada") != digest_of([INNER], "namex", "ada")


@pytest.mark.parametrize(
    "ids, found",
    [
        ([], []),
        (["find.0"], ["find.0"]),
        (["find.1", "suppress.0", "find.0", "find.next", "suppress.1", "suppress.2"], ["find.0", "find.1"]),
        ([f"find.{number}" for number in (10, 2, 1, 0, 3, 4, 5, 6, 7, 8, 9)], [f"find.{n}" for n in range(11)]),
        (["find.next"], []),
        (["find.1"], None),
        (["find.0", "find.2"], None),
        (["finder.0"], []),
    ],
)
def test_the_keys_of_a_purpose_have_no_gaps(ids, found):
    assert links(ids, "find", "next") == found
