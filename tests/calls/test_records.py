"""A call's record: forms at their bounds, what makes no sense, how tellings merge, how problems read."""

from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from calls.record import CallRecord, Consent, LinkedId, Problem, RecordingSource, Turn, Unreadable, form
from calls.record.merging import Told, richness_of, stamp, values_of
from calls.record.sense import problems_of
from calls.record.shapes import NO_NUL, Choice, Entry, Free, Listing, Moment, Text, Whole

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
START, END = NOW - timedelta(minutes=5), NOW - timedelta(minutes=1)


# ------------------------------------------------------------------ shapes
def read(shape, value):
    problems = []
    found = shape.read(value, "/x", problems)
    return found, [(each.pointer, each.code) for each in problems]


@pytest.mark.parametrize(
    "shape, value, found",
    [
        (Text(3), "abc", "abc"),
        (Text(3), "", ""),
        (Text(3, 2), "ab", "ab"),
        (Text(3, pattern="^a"), "ab", "ab"),
        (Choice(["a", "b"]), "b", "b"),
        (Whole(1, 5), 1, 1),
        (Whole(1, 5), 5, 5),
        (Whole(1, 5), 3.0, 3),
        (Moment(), "2026-11-22T13:00:00+01:00", NOW),
        (Moment(), f"2026-11-22T12:00:00.{0:014}+00:00", NOW),  # 40 characters
        (Free(9), {"a": "ü"}, None),
        (Free(11), {"a": "ü"}, {"a": "ü"}),
        (Listing(Whole(0, 9), 2), [], []),
        (Listing(Whole(0, 9), 2, 1), [1], [1]),
        (Listing(Whole(0, 9), 2), [1, 2], [1, 2]),
        (Entry({"a": Whole(0, 9)}), {"a": 1}, {"a": 1}),
        (Entry({"a": Whole(0, 9)}), {"a": None}, {}),
    ],
)
def test_what_a_shape_reads(shape, value, found):
    if found is None:
        assert read(shape, value) == (None, [("/x", "too_large")])
    else:
        assert read(shape, value) == (found, [])
        assert isinstance(read(shape, value)[0], type(found))


@pytest.mark.parametrize(
    "shape, value, code",
    [
        (Text(3), "abcd", "too_long"),
        (Text(3, 2), "a", "too_short"),
        (Text(3), 1, "not_text"),
        (Text(3), "a\0", "not_unicode"),
        (Text(3), "a\ud800", "not_unicode"),
        (Text(3, pattern="^a"), "ba", "pattern"),
        (Choice(["a", "b"]), "c", "unknown_word"),
        (Choice(["a", "b"]), 1, "unknown_word"),
        (Whole(1, 5), 0, "out_of_range"),
        (Whole(1, 5), 6, "out_of_range"),
        (Whole(0, 5), True, "not_whole"),
        (Whole(0, 5), 1.5, "not_whole"),
        (Whole(0, 5), "1", "not_whole"),
        (Moment(), "2026-11-22T12:00:00", "naive_time"),
        (Moment(), f"2026-11-22T12:00:00.{0:015}+00:00", "not_a_moment"),  # 41 characters
        (Moment(), "soon", "not_a_moment"),
        (Moment(), 1_795_000_000, "not_a_moment"),
        (Moment(), "0001-01-01T00:00:00+01:00", "out_of_range"),
        (Free(99), [], "not_an_object"),
        (Free(99), {"a": "\0"}, "not_unicode"),
        (Free(99), {"a": "\ud800"}, "not_unicode"),
        (Listing(Whole(0, 9), 2), [1, 2, 3], "wrong_length"),
        (Listing(Whole(0, 9), 2, 1), [], "wrong_length"),
        (Listing(Whole(0, 9), 2), "12", "not_a_list"),
        (Entry({}), [], "not_an_object"),
    ],
)
def test_what_a_shape_refuses(shape, value, code):
    assert read(shape, value) == (None, [("/x", code)])


def test_what_is_nested_without_end_is_too_deep():
    deep = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert read(Free(10**9), deep) == (None, [("/x", "too_deep")])


def test_every_problem_of_an_object_is_named_at_its_place():
    shape = Entry({"a": Whole(0, 9), "b": Text(3), "c": Listing(Whole(0, 9), 3)}, frozenset({"b", "d"}))
    found, problems = read(shape, {"a": 10, "c": [1, 10], "un~known/": 1, "y" * 40: 1, "z" * 41: 1})
    assert problems == [
        ("/x/a", "out_of_range"),
        ("/x/c/1", "out_of_range"),
        ("/x/…", "unknown_member"),
        (f"/x/{'y' * 40}", "unknown_member"),
        ("/x/…", "unknown_member"),
        ("/x/b", "missing"),
        ("/x/d", "missing"),
    ]
    assert found == {"a": None, "c": [1, None]}


@pytest.mark.parametrize(
    "shape, schema",
    [
        (Text(3), {"type": "string", "maxLength": 3, "pattern": NO_NUL}),
        (
            Text(3, 1, "^a", "why"),
            {"type": "string", "maxLength": 3, "minLength": 1, "pattern": "^a", "description": "why"},
        ),
        (Choice(("a", "b")), {"type": "string", "enum": ["a", "b"]}),
        (Whole(1, 5), {"type": "integer", "minimum": 1, "maximum": 5}),
        (Moment("when"), {"type": "string", "format": "date-time", "description": "when"}),
        (Free(5), {"type": "object"}),
        (
            Listing(Whole(1, 5), 9),
            {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 5}, "maxItems": 9},
        ),
        (
            Listing(Free(1), 9, 2),
            {"type": "array", "items": {"type": "object"}, "maxItems": 9, "minItems": 2},
        ),
        (Entry({}), {"type": "object", "properties": {}, "additionalProperties": False}),
        (
            Entry({"b": Free(1), "a": Free(1), "c": Choice(["x"])}, frozenset({"b", "a"})),
            {
                "type": "object",
                "properties": {
                    "a": {"type": "object"},
                    "b": {"type": "object"},
                    "c": {"type": ["string", "null"], "enum": ["x", None]},
                },
                "additionalProperties": False,
                "required": ["a", "b"],
            },
        ),
    ],
)
def test_the_schema_that_is_published(shape, schema):
    assert shape.schema() == schema


# ------------------------------------------------------------------ problems
def test_a_problem_as_the_api_tells_it():
    problem = Problem("/a", "missing", "is required")
    assert problem.as_dict() == {"pointer": "/a", "code": "missing", "detail": "is required"}
    assert problem.under("/calls/3") == Problem("/calls/3/a", "missing", "is required")


def test_what_is_unreadable_names_twenty_places_and_knows_all():
    error = Unreadable(Problem(f"/{number}", "missing", "") for number in range(30))
    assert len(error.problems) == 30
    assert str(error).startswith("/0 missing; /1 missing")
    assert str(error).endswith("/19 missing")
    assert str(Unreadable([Problem("", "not_an_object", "")])) == "/ not_an_object"


# ------------------------------------------------------------------ sense
def record(**fields):
    return CallRecord("c_1", **({"started_at": START, "ended_at": END} | fields))


def senseless(now=NOW, **fields):
    return [(each.pointer, each.code) for each in problems_of(record(**fields), now=now)]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"answered_at": START},
        {"answered_at": END},
        {"ended_at": START},
        {"started_at": END - timedelta(days=7)},
        {"ended_at": NOW + timedelta(hours=24), "started_at": NOW},
        {"started_at": datetime(2000, 1, 1, tzinfo=UTC), "ended_at": datetime(2000, 1, 1, tzinfo=UTC)},
        {"provider_expires_at": NOW + timedelta(days=3650)},
        {"started_at": None, "ended_at": None},
        {"started_at": None, "answered_at": END},
        {"analysis": MappingProxyType({"ok": ["x", ("y",), 1, None, {"z": True}]})},
    ],
)
def test_what_makes_sense(fields):
    assert senseless(**fields) == []


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "fields, problem",
    [
        ({"ended_at": START - SECOND}, ("/ended_at", "ends_before_start")),
        ({"started_at": END - timedelta(days=7) - SECOND}, ("/ended_at", "too_long")),
        ({"answered_at": START - SECOND}, ("/answered_at", "answered_before_start")),
        ({"answered_at": END + SECOND}, ("/answered_at", "answered_after_end")),
        ({"started_at": None, "answered_at": END + SECOND}, ("/answered_at", "answered_after_end")),
        ({"ended_at": None, "answered_at": START - SECOND}, ("/answered_at", "answered_before_start")),
        (
            {"started_at": NOW, "ended_at": NOW + timedelta(hours=24) + SECOND},
            ("/ended_at", "in_the_future"),
        ),
        (
            {"started_at": datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), "ended_at": None},
            ("/started_at", "too_long_ago"),
        ),
        ({"ended_at": datetime(2026, 11, 22)}, ("/ended_at", "naive_time")),  # noqa: DTZ001  (naive on purpose)
        (
            {"provider_expires_at": datetime(1999, 1, 1, tzinfo=UTC)},
            ("/provider_expires_at", "too_long_ago"),
        ),
        ({"summary": "a\0"}, ("/summary", "not_unicode")),
        ({"turns": (Turn("user", "fine"), Turn("user", "\ud800"))}, ("/turns", "not_unicode")),
        ({"analysis": {"\0": 1}}, ("/analysis", "not_unicode")),
        ({"analysis": {"a": ["fine", {"b": "\0"}]}}, ("/analysis", "not_unicode")),
        ({"recordings": (RecordingSource("mono", "https://\0"),)}, ("/recordings", "not_unicode")),
    ],
)
def test_what_makes_none(fields, problem):
    assert senseless(**fields) == [problem]


def test_problems_carry_the_names_of_the_door_they_came_in_by():
    found = problems_of(record(from_number="\0", summary="\0"), now=NOW, names={"from_number": "from"})
    assert [each.pointer for each in found] == ["/from", "/summary"]


# ------------------------------------------------------------------ merging
FULL = record(
    account="acct",
    linked_ids=(LinkedId("twilio", "call", "CA1"),),
    consent=Consent("granted", "voice", START, 3),
    provider_expires_at=NOW,
    cost_micros=0,
    turns=(Turn("user", "not with the call"),),
)
VALUES = {
    "provider_call_id": "c_1",
    "account": "acct",
    "started_at": START.isoformat(),
    "ended_at": END.isoformat(),
    "provider_expires_at": NOW.isoformat(),
    "cost_micros": 0,
    "linked_ids": [{"provider": "twilio", "kind": "call", "id": "CA1"}],
    "consent": {"result": "granted", "method": "voice", "at": START.isoformat(), "turn": 3},
}


def test_what_a_telling_is_silent_about_is_left_out():
    assert values_of(FULL) == VALUES
    assert values_of(CallRecord("c_2")) == {"provider_call_id": "c_2"}
    assert values_of(CallRecord("c_2", consent=Consent("declined")))["consent"]["at"] is None


def test_values_come_back_in_our_own_types():
    told = Told(dict(VALUES), {})
    for name in VALUES:
        assert told.get(name) == getattr(FULL, name)
    assert told.get("language") is None
    assert Told({"consent": {"result": "granted", "method": "", "at": None, "turn": None}}).get("consent") == Consent(
        "granted"
    )


def test_a_stamp_sorts_by_richness_then_moment_then_event():
    marks = [
        stamp(1, NOW, b"\x01"),
        stamp(2, START, b"\x01"),
        stamp(2, START, b"\x02"),
        stamp(2, NOW, b"\x00"),
        stamp(10, START, b"\x00"),
    ]
    assert marks == sorted(marks)
    assert marks[0] == "01|2026-11-22T12:00:00.000000Z|01"
    assert stamp(1, datetime.fromisoformat("2026-11-22T13:00:00+01:00"), b"\x01") == marks[0]


def test_the_richest_telling_counts():
    assert richness_of(Told()) == -1
    assert richness_of(Told({}, {"a": stamp(3, NOW, b""), "b": stamp(12, NOW, b"")})) == 12


def test_a_telling_changes_only_what_it_knows_better():
    told, first, second = Told(), stamp(1, START, b"a"), stamp(2, START, b"b")
    assert told.take({"language": "en", "direction": None}, first)
    assert told == Told({"language": "en"}, {"language": first})
    assert not told.take({"language": "de"}, first)
    assert not told.take({"language": None}, second)
    assert not told.take({}, second)
    assert told.take({"language": "en"}, second), "the stamp alone is a change: the next telling is judged by it"
    assert not told.take({"language": "de"}, first)
    assert told == Told({"language": "en"}, {"language": second})


def test_one_stamp_for_all_is_sealed_once():
    one, other = stamp(1, START, b"a"), stamp(2, START, b"b")
    same = Told({"a": 1, "b": 2}, {"a": one, "b": one})
    assert same.as_json() == {"values": {"a": 1, "b": 2}, "stamps": {"": one}}
    assert Told.of(same.as_json()) == same
    mixed = Told({"a": 1, "b": 2}, {"a": one, "b": other})
    assert mixed.as_json() == {"values": {"a": 1, "b": 2}, "stamps": {"a": one, "b": other}}
    assert Told.of(mixed.as_json()) == mixed
    assert Told.of(Told().as_json()) == Told()


# ------------------------------------------------------------------ the published form
MINIMAL = {
    "call_id": "c_1",
    "direction": "inbound",
    "started_at": START.isoformat(),
    "ended_at": END.isoformat(),
}


def test_the_least_a_call_can_say():
    assert form.read(MINIMAL, now=NOW) == record(direction="inbound", channel="pstn", outcome="completed")


def test_everything_a_call_can_say():
    found = form.read(
        MINIMAL
        | {
            "account": "acct",
            "agent": "desk",
            "channel": "web",
            "outcome": "busy",
            "end_reason": "hangup",
            "answered_at": START.isoformat(),
            "language": "de-AT",
            "cost": {"amount": "1.25", "currency": "EUR"},
            "from": "+331",
            "to": "+332",
            "customer": {"name": "A", "email": "a@b", "external_id": "7"},
            "linked_ids": [{"provider": "twilio", "kind": "call", "id": "CA1"}],
            "recordings": [{"url": "https://a"}, {"url": "https://b", "kind": "stereo"}],
            "turns": [{"speaker": "user", "text": "hello", "start_ms": 1, "end_ms": 2}],
            "summary": "s",
            "analysis": {"a": 1},
            "consent": {"result": "granted", "method": "voice", "at": START.isoformat(), "turn": 0},
            "provider_expires_at": NOW.isoformat(),
        },
        now=NOW,
    )
    assert found == CallRecord(
        provider_call_id="c_1",
        account="acct",
        provider_agent_id="desk",
        direction="inbound",
        channel="web",
        outcome="busy",
        end_reason="hangup",
        started_at=START,
        answered_at=START,
        ended_at=END,
        language="de-AT",
        cost_micros=1_250_000,
        cost_currency="EUR",
        from_number="+331",
        to_number="+332",
        customer_name="A",
        customer_email="a@b",
        customer_external_id="7",
        linked_ids=(LinkedId("twilio", "call", "CA1"),),
        recordings=(RecordingSource("mono", "https://a"), RecordingSource("stereo", "https://b")),
        turns=(Turn("user", "hello", 1, 2),),
        summary="s",
        analysis={"a": 1},
        consent=Consent("granted", "voice", START, 0),
        provider_expires_at=NOW,
    )


def test_problems_stand_below_the_place_the_call_has_in_a_batch():
    with pytest.raises(Unreadable) as refused:
        form.read(MINIMAL | {"from": 7}, now=NOW, pointer="/calls/3")
    assert [each.pointer for each in refused.value.problems] == ["/calls/3/from"]
    with pytest.raises(Unreadable) as refused:
        form.read(MINIMAL | {"ended_at": (START - SECOND).isoformat()}, now=NOW, pointer="/calls/3")
    assert [each.pointer for each in refused.value.problems] == ["/calls/3/ended_at"]


def test_the_largest_cost_is_exact():
    found = form.read(MINIMAL | {"cost": {"amount": "999999999.999999", "currency": "EUR"}}, now=NOW)
    assert found.cost_micros == 999_999_999_999_999


def test_a_moment_from_milliseconds():
    assert form.moment_of_milliseconds(1_795_348_800_500) == datetime.fromtimestamp(1_795_348_800.5, UTC)
    assert form.moment_of_milliseconds(0) == datetime(1970, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="no such moment"):
        form.moment_of_milliseconds(1e30)
