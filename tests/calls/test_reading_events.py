"""What providers say, as calls: mapped, reduced, and refused with every place named."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from calls.providers import find
from calls.providers.base import EventKind, Strength, parse_json
from calls.providers.generic.adapter import schema
from calls.record import Unreadable, form
from tests.calls.samples import (
    AGENT_NUMBER,
    NAME,
    NUMBER,
    PROMPT,
    SAID,
    generic_call,
    generic_event,
    iso,
    vapi_report,
    without,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def read(slug, payload):
    return find(slug).read(payload, received_at=NOW, now=NOW)


def problems(slug, payload):
    with pytest.raises(Unreadable) as error:
        read(slug, payload)
    return {(problem.pointer, problem.code) for problem in error.value.problems}


class TestGeneric:
    def test_a_full_call(self):
        [event] = read("generic", generic_event(NOW))
        assert event.kind is EventKind.CALL
        record = event.record
        assert (record.from_number, record.to_number, record.customer_name) == (NUMBER, AGENT_NUMBER, NAME)
        assert record.cost_micros == 410_000
        assert record.turns[1].text == SAID
        assert record.ended_at == NOW - timedelta(minutes=5)

    def test_the_smallest_call(self):
        small = {"call_id": "1", "direction": "unknown", "started_at": iso(NOW), "ended_at": iso(NOW)}
        [event] = read("generic", {"type": "call.ended", "timestamp": iso(NOW), "data": small})
        assert event.record.turns is None

    def test_every_wrong_place_is_named_at_once(self):
        call = generic_call(NOW, direction="sideways", outcome=3, surprise=1, started_at="2026-11-22T11:00:00")
        call["turns"][1] = {"speaker": "user", "start_ms": -1}
        del call["call_id"]
        found = problems("generic", {"type": "call.ended", "timestamp": "yesterday", "data": call, "x": 1})
        assert found == {
            ("/timestamp", "not_a_moment"),
            ("/x", "unknown_member"),
            ("/data/direction", "unknown_word"),
            ("/data/outcome", "unknown_word"),
            ("/data/surprise", "unknown_member"),
            ("/data/started_at", "naive_time"),
            ("/data/turns/1/start_ms", "out_of_range"),
            ("/data/turns/1/text", "missing"),
            ("/data/call_id", "missing"),
        }

    @pytest.mark.parametrize(
        "change, expected",
        [
            ({"ended_at": iso(NOW + timedelta(hours=25)), "answered_at": ...}, ("/data/ended_at", "in_the_future")),
            ({"ended_at": iso(NOW - timedelta(hours=5)), "answered_at": ...}, ("/data/ended_at", "ends_before_start")),
            ({"started_at": "1999-12-31T00:00:00Z"}, ("/data/started_at", "too_long_ago")),
            ({"ended_at": "0001-01-01T00:00:00+14:00"}, ("/data/ended_at", "out_of_range")),
            ({"customer": {"name": "a\x00b"}}, ("/data/customer/name", "not_unicode")),
            ({"customer": {"name": "\ud800"}}, ("/data/customer/name", "not_unicode")),
            ({"analysis": {"a": ["\x00"]}}, ("/data/analysis", "not_unicode")),
            ({"analysis": {"a": "x" * 70_000}}, ("/data/analysis", "too_large")),
            ({"turns": [{"speaker": "system", "text": "x"}]}, ("/data/turns/0/speaker", "unknown_word")),
            ({"cost": {"amount": "-1", "currency": "USD"}}, ("/data/cost/amount", "pattern")),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, change, expected):
        assert expected in problems("generic", generic_event(NOW, **change))

    def test_never_a_value_in_a_problem(self):
        with pytest.raises(Unreadable) as error:
            read("generic", generic_event(NOW, direction=NUMBER, **{NUMBER: 1}))
        assert NUMBER not in json.dumps([each.as_dict() for each in error.value.problems]) + str(error.value)

    def test_forbidden_parts_are_reduced_away(self):
        payload = generic_event(NOW, recordings=[{"url": "https://x.amazonaws.com/a.wav"}])
        reduced = find("generic").reduce(payload, strength=Strength.STRONG, recording=False, transcript=False)
        assert not {"recordings", "turns", "summary", "analysis"} & reduced["data"].keys()
        assert payload["data"]["turns"]

    @pytest.mark.parametrize(
        "payload", [None, [], 1, "x", {}, {"type": "call.ended"}, {"type": "call.ended", "data": 3}]
    )
    def test_other_json_is_refused(self, payload):
        assert problems("generic", payload)


class TestSchemaAgrees:
    """The published schema and the reader are one declaration; jsonschema is the oracle."""

    validator = Draft202012Validator(schema(), format_checker=None)

    def test_schema_is_a_schema(self):
        Draft202012Validator.check_schema(schema())

    @settings(max_examples=200, deadline=None)
    @given(data=st.data())
    def test_mutations(self, data):
        event = generic_event(NOW)
        call = event["data"]
        junk = st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(10**12), 10**12),
            st.text(max_size=5),
            st.lists(st.integers(), max_size=2),
            st.dictionaries(st.sampled_from(["name", "amount", "x"]), st.text(max_size=3), max_size=2),
        )
        name = data.draw(st.sampled_from([*call, "unknown"]))
        if data.draw(st.booleans()):
            call[name] = data.draw(junk)
        else:
            call.pop(name, None)
        ours: list = []
        form.CALL.read(call, "/data", ours)
        if isinstance(call.get(name), str) and name.endswith("_at"):
            return  # what a moment is, JSON Schema only annotates
        assert bool(ours) == bool(list(self.validator.iter_errors(event)))


class TestVapi:
    def test_a_report(self):
        [event] = read("vapi", vapi_report(NOW))
        record = event.record
        assert record.provider_call_id == "7e2f6f7c-0000-4000-8000-000000000001"
        assert (record.direction, record.channel, record.outcome) == ("inbound", "pstn", "completed")
        assert (record.from_number, record.to_number) == (NUMBER, AGENT_NUMBER)
        assert [turn.speaker for turn in record.turns] == ["agent", "user"]
        assert record.turns[0].start_ms == 1200
        assert record.turns[0].end_ms == 2200
        assert record.linked_ids[0].id == "CA123"
        assert record.cost_micros == 410_000

    def test_outbound_turns_the_numbers_round(self):
        payload = vapi_report(NOW)
        payload["message"]["call"]["type"] = "outboundPhoneCall"
        [event] = read("vapi", payload)
        assert (event.record.from_number, event.record.to_number) == (AGENT_NUMBER, NUMBER)

    def test_prompts_and_links_do_not_survive_reduction(self):
        kept = json.dumps(
            find("vapi").reduce(vapi_report(NOW), strength=Strength.STRONG, recording=True, transcript=True)
        )
        assert PROMPT not in kept
        for word in ('assistant"', "logUrl", "pcapUrl", "costBreakdown", "variableValues", "system"):
            assert word not in kept

    def test_reduction_says_the_same(self):
        payload = vapi_report(NOW, artifact={"presignedMonoUrl": "https://a.r2.cloudflarestorage.com/m.wav"})
        reduced = find("vapi").reduce(payload, strength=Strength.STRONG, recording=True, transcript=True)
        assert read("vapi", reduced) == read("vapi", payload)
        assert find("vapi").reduce(reduced, strength=Strength.STRONG, recording=True, transcript=True) == reduced

    def test_forbidden_parts(self):
        payload = vapi_report(NOW, artifact={"recordingUrl": "https://storage.vapi.ai/x.wav"})
        reduced = find("vapi").reduce(payload, strength=Strength.STRONG, recording=False, transcript=False)
        [event] = read("vapi", reduced)
        assert (event.record.recordings, event.record.turns, event.record.summary) == ((), None, None)

    def test_presigned_addresses_come_first(self):
        links = {
            "recordingUrl": "https://storage.vapi.ai/1.wav",
            "presignedStereoUrl": "https://storage.vapi.ai/2.wav",
            "presignedMonoUrl": "https://storage.vapi.ai/3.wav",
            "recording": {"mono": {"combinedUrl": "https://storage.vapi.ai/4.wav"}},
        }
        [event] = read("vapi", vapi_report(NOW, artifact=links))
        assert [source.url[-5] for source in event.record.recordings] == ["3", "2", "4", "1"]

    def test_a_weak_delivery_keeps_only_the_id(self):
        reduced = find("vapi").reduce(vapi_report(NOW), strength=Strength.WEAK, recording=True, transcript=True)
        assert reduced == {"message": {"type": "hint", "call": {"id": "7e2f6f7c-0000-4000-8000-000000000001"}}}
        [event] = read("vapi", reduced)
        assert event.kind is EventKind.PULL

    @pytest.mark.parametrize(
        "consent, result",
        [
            ({"type": "verbal", "grantedAt": "2026-11-22T11:00:00Z"}, "granted"),
            ({"type": "stay-on-line", "grantedAt": "2026-11-22T11:00:00Z"}, "implied"),
            ({"type": "verbal"}, "declined"),
        ],
    )
    def test_consent(self, consent, result):
        [event] = read("vapi", vapi_report(NOW, compliance={"recordingConsent": consent}))
        assert event.record.consent.result == result

    @pytest.mark.parametrize("kind", ["transcript", "speech-update", "conversation-update", "hang", None, 3])
    def test_other_messages_say_nothing(self, kind):
        assert read("vapi", {"message": {"type": kind, "call": {"id": "x"}}}) == []

    def test_in_progress_says_nothing(self):
        assert read("vapi", {"message": {"type": "status-update", "status": "in-progress", "call": {"id": "x"}}}) == []

    @pytest.mark.parametrize(
        "change, code",
        [
            ({"startedAt": "2026-11-22T11:00:00"}, "naive_time"),
            ({"startedAt": "gestern"}, "not_a_moment"),
            ({"endedAt": iso(NOW + timedelta(days=2))}, "in_the_future"),
            ({"endedAt": iso(NOW - timedelta(days=2))}, "ends_before_start"),
            ({"customer": {"number": "+1\x00"}}, "not_unicode"),
        ],
    )
    def test_senseless_reports(self, change, code):
        assert code in {each for _, each in problems("vapi", vapi_report(NOW, **change))}

    @pytest.mark.parametrize("path", [("message",), ("message", "call", "id"), ("message", "call")])
    def test_without_what_a_call_needs(self, path):
        assert problems("vapi", without(vapi_report(NOW), *path))

    def test_deletion_events(self):
        gone = read(
            "vapi",
            {"message": {"type": "call.deleted", "timestamp": 1767225600000, "call": {"id": "c1", "orgId": "o"}}},
        )
        stayed = read("vapi", {"message": {"type": "call.delete.failed", "ids": ["c1", "c2", 3]}})
        assert [(event.kind, event.record.provider_call_id) for event in gone] == [(EventKind.COPY_GONE, "c1")]
        assert [event.record.provider_call_id for event in stayed] == ["c1", "c2"]

    @settings(max_examples=150, deadline=None)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["call", "id", "artifact", "messages", "customer", "number", "x"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=8,
        )
    )
    def test_whatever_arrives_is_read_or_refused(self, junk):
        for payload in (
            junk,
            {"message": junk},
            vapi_report(NOW, artifact={"messages": junk, "recording": junk}, customer=junk),
        ):
            reduced = find("vapi").reduce(payload, strength=Strength.STRONG, recording=True, transcript=True)
            try:
                read("vapi", reduced)
            except Unreadable:
                continue


@pytest.mark.parametrize(
    "body, code",
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xff\xfe", "not_utf8"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": Infinity}', "not_json"),
        (b"[" * 200_000, "too_deep"),
        (b"[" * 900 + b"]" * 900, "too_deep"),
        (b"[" * 65 + b"]" * 65, "too_deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not_json"),
    ],
)
def test_bodies_that_are_no_json(body, code):
    with pytest.raises(Unreadable) as error:
        parse_json(body)
    assert error.value.problems[0].code == code
