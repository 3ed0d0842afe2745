"""A journal entry as a line: exact bytes, read back or refused; and nothing in it that reads like a person."""

import importlib
from datetime import UTC, datetime
from uuid import UUID
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground.vault.exceptions import JournalDamaged, NotOpaque
from ground.vault.journal.entries import KINDS, JournalEntry, plain_payload

AT = datetime(2026, 11, 22, 10, 15, 0, 250, tzinfo=UTC)
ORGANIZATION = UUID("0192aaaa-0000-7000-8000-000000000001")
BODY = (
    b'{"at":"2026-11-22T10:15:00.000250+00:00","kind":"destroy","organization":"0192aaaa-0000-7000-8000-000000000001",'
    b'"payload":{"table":"calls_recording"},"sequence":7}'
)
ENTRY = JournalEntry(7, AT, ORGANIZATION, "destroy", {"table": "calls_recording"})


def line(body, length=None, crc=None):
    return b"%d %s %s\n" % (
        len(body) if length is None else length,
        b"%08x" % crc32(body) if crc is None else crc,
        body,
    )


def test_a_line_is_length_checksum_and_canonical_json():
    assert ENTRY.to_line() == line(BODY)
    assert JournalEntry.from_line(line(BODY), "here") == ENTRY
    assert JournalEntry.from_line(line(BODY).removesuffix(b"\n"), "here") == ENTRY


def test_reading_does_not_judge_again_what_was_acknowledged():
    body = BODY.replace(b"calls_recording", b"some more words")
    assert JournalEntry.from_line(line(body), "here").payload == {"table": "some more words"}


@pytest.mark.parametrize(
    "damaged",
    [
        line(BODY, length=len(BODY) + 1),
        line(BODY, length=len(BODY) - 1),
        line(BODY, crc=b"%08x" % (crc32(BODY) ^ 1)),
        line(BODY, crc=b"zzzzzzzz"),
        line(BODY[:-1] + b" }"),
        line(b"{}"),
        line(b"[]"),
        line(BODY.replace(b'"sequence":7', b'"sequel":7')),
        line(BODY.replace(b"2026-11-22T", b"yesterday T")),
        line(BODY.replace(b"0192aaaa", b"person")),
        b"",
        b"\n",
        b"12 34",
    ],
)
def test_a_line_that_is_not_what_was_written_is_named_as_damage(damaged):
    with pytest.raises(JournalDamaged, match="day 3 line 9"):
        JournalEntry.from_line(damaged, "day 3 line 9")


def test_every_flipped_bit_of_a_line_is_noticed():
    whole = line(BODY)
    for place in range(len(whole) - 1):
        for bit in range(8):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            try:
                read = JournalEntry.from_line(bytes(changed), "here")
            except JournalDamaged:
                continue
            assert read == ENTRY  # 0a for 0A in the checksum is the same number


def test_a_batch_that_makes_a_line_too_long_is_refused(monkeypatch):
    entries = importlib.import_module("ground.vault.journal.entries")  # the package has a function of that name
    monkeypatch.setattr(entries, "MAX_LINE_BYTES", len(BODY))
    assert ENTRY.to_line() == line(BODY)
    monkeypatch.setattr(entries, "MAX_LINE_BYTES", len(BODY) - 1)
    with pytest.raises(ValueError, match="split the batch"):
        ENTRY.to_line()


def test_ids_digests_moments_and_words_are_written_out():
    assert plain_payload(
        {
            "batch_id": UUID(int=1),
            "digest": bytes(range(16)),
            "view": memoryview(b"12345678"),
            "at": AT,
            "none": None,
            "yes": True,
            "no": False,
            "rows": 2**53 - 1,
            "less": -(2**53) + 1,
            "row_ids": (UUID(int=2), UUID(int=1)),
            "names": {"b", "a"},
            "frozen": frozenset({"d", "c"}),
            "within": {"list": ["x", ["y"]]},
            "empty": "",
        }
    ) == {
        "batch_id": "00000000-0000-0000-0000-000000000001",
        "digest": "000102030405060708090a0b0c0d0e0f",
        "view": "3132333435363738",
        "at": "2026-11-22T10:15:00.000250+00:00",
        "none": None,
        "yes": True,
        "no": False,
        "rows": 2**53 - 1,
        "less": -(2**53) + 1,
        "row_ids": ["00000000-0000-0000-0000-000000000002", "00000000-0000-0000-0000-000000000001"],
        "names": ["a", "b"],
        "frozen": ["c", "d"],
        "within": {"list": ["x", ["y"]]},
        "empty": "",
    }


@pytest.mark.parametrize("length", [8, 64])
def test_shortest_and_longest_digest(length):
    assert plain_payload({"digest": bytes(length)}) == {"digest": "00" * length}


@pytest.mark.parametrize(
    "value",
    [
        bytes(7),
        bytes(65),
        b"",
        2**53,
        -(2**53),
        1.5,
        object(),
        "Maria Duval",
        "maria@example.org",
        "+33612345642",
        "33612345642",
        "0" * 31,
        "free text",
        ["maria@example.org"],
        {"deep": {"deeper": "Maria Duval"}},
        {"Maria Duval": 1},
        {7: 1},
    ],
)
def test_what_reads_like_a_person_is_refused_wherever_it_stands(value):
    with pytest.raises(NotOpaque):
        plain_payload({"value": value})


def test_many_packed_digits_are_a_digest_and_no_number():
    assert plain_payload({"digest": "0" * 32}) == {"digest": "0" * 32}


@given(
    st.integers(1, 2**53 - 1),
    st.datetimes(timezones=st.just(UTC)),
    st.uuids(),
    st.sampled_from(KINDS),
    st.dictionaries(st.from_regex(r"\A[a-z]{1,8}\Z"), st.integers(0, 9) | st.uuids() | st.booleans(), max_size=3),
)
def test_whatever_is_written_reads_back(sequence, at, organization_id, kind, payload):
    entry = JournalEntry(sequence, at, organization_id, kind, plain_payload(payload))
    assert JournalEntry.from_line(entry.to_line(), "here") == entry
