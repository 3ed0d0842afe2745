"""A call as vCon, member by member, and the picture of its sound: pure, from rows that were never stored."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from calls import vcon, wave
from calls.models import Call, Recording
from calls.reading import Person, Report
from calls.record import Turn

ENDED = datetime(2026, 11, 22, 12, tzinfo=UTC)
ID = UUID(int=7)
PERSON = Person(number="+331", agent_number="+442", name="Ada", email="ada@example.org")


def content(fields=None, **more):
    call = Call(
        **(
            {
                "id": ID,
                "provider": "vapi",
                "direction": "inbound",
                "outcome": "completed",
                "started_at": ENDED - timedelta(minutes=2),
                "ended_at": ENDED,
                "created_at": ENDED + timedelta(minutes=1),
                "duration_ms": 61_500,
            }
            | (fields or {})
        )
    )
    return vcon.Content(**({"call": call, "person": PERSON, "agent_name": "Desk", "organization_name": "Acme"} | more))


def test_the_frame_of_a_vcon():
    assert vcon.build(content()) == {
        "vcon": "0.4.0",
        "uuid": str(ID),
        "created_at": "2026-11-22T12:01:00+00:00",
        "parties": [
            {"tel": "tel:+331", "name": "Ada", "mailto": "ada@example.org", "role": "caller"},
            {"tel": "tel:+442", "name": "Desk, Acme", "role": "agent"},
        ],
        "dialog": [
            {
                "start": "2026-11-22T11:58:00+00:00",
                "parties": [0, 1],
                "duration": 61.5,
                "type": "text",
                "mediatype": "text/plain",
                "body": "",
                "encoding": "none",
            }
        ],
        "analysis": [],
        "attachments": [],
    }


def test_what_is_not_known_is_absent():
    built = vcon.build(
        content({"started_at": None, "duration_ms": None}, person=Person(number="anonymous"), agent_name="")
    )
    assert built["parties"] == [{"role": "caller"}, {"name": "Acme", "role": "agent"}]
    assert built["dialog"][0]["start"] == "2026-11-22T12:00:00+00:00"
    assert "duration" not in built["dialog"][0]


def test_a_call_of_no_length_has_one():
    assert vcon.build(content({"duration_ms": 0}))["dialog"][0]["duration"] == 0


def test_who_called_whom():
    assert vcon.build(content({"direction": "outbound"}))["dialog"][0]["parties"] == [1, 0]


@pytest.mark.parametrize(
    "outcome, disposition",
    [
        ("no_answer", "no-answer"),
        ("busy", "busy"),
        ("failed", "failed"),
        ("canceled", "hung-up"),
        ("voicemail", "voicemail-no-message"),
    ],
)
def test_a_call_that_came_to_nothing_is_incomplete(outcome, disposition):
    dialog = vcon.build(content({"outcome": outcome}))["dialog"][0]
    assert (dialog["type"], dialog["disposition"]) == ("incomplete", disposition)
    assert "body" not in dialog


def test_sound_is_carried_inside_or_described():
    recording = Recording(media_type="audio/wav")
    dialog = vcon.build(content(recording=recording, sound=b"\xff\xfe\xfd\xfc"))["dialog"][0]
    assert dialog["type"] == "recording"
    assert dialog["mediatype"] == "audio/wav"
    assert dialog["filename"] == f"{ID}.wav"
    assert dialog["encoding"] == "base64url"
    assert dialog["body"] == "__79_A"
    assert base64.urlsafe_b64decode(dialog["body"] + "==") == b"\xff\xfe\xfd\xfc"
    described = vcon.build(content(recording=recording))["dialog"][0]
    assert described["type"] == "recording"
    assert "body" not in described
    assert vcon.build(content(recording=recording, sound=b""))["dialog"][0]["body"] == ""


def test_turns_and_report_are_analysis():
    turns = [
        Turn("user", "Hello", 0, 1_500),
        Turn("agent", "Good day", 1_500),
        Turn("tool", "{}", None, 2_000),
        Turn("third_party", "Me too"),
    ]
    built = vcon.build(content(turns=turns, report=Report("In short.", {"score": 3})))
    transcript, summary, report = built["analysis"]
    assert transcript == {
        "type": "transcript",
        "dialog": 0,
        "vendor": "vapi",
        "schema": "turns: party, text, start and end in seconds",
        "encoding": "json",
        "body": [
            {"party": 0, "text": "Hello", "start": 0, "end": 1.5},
            {"party": 1, "text": "Good day", "start": 1.5},
            {"party": 1, "text": "{}", "speaker": "tool", "end": 2},
            {"party": 1, "text": "Me too", "speaker": "third_party"},
        ],
    }
    assert summary == {
        "type": "summary",
        "dialog": 0,
        "vendor": "vapi",
        "mediatype": "text/plain",
        "encoding": "none",
        "body": "In short.",
    }
    assert report == {"type": "report", "dialog": 0, "vendor": "vapi", "encoding": "json", "body": {"score": 3}}


def test_without_a_provider_the_words_are_ours():
    built = vcon.build(content({"provider": ""}, turns=[Turn("user", "x")], report=Report("s", {"a": 1})))
    assert [each["vendor"] for each in built["analysis"]] == ["sottovoce"] * 3


@pytest.mark.parametrize("report, types", [(Report("s", {}), ["summary"]), (Report("", {"a": 1}), ["report"])])
def test_half_a_report(report, types):
    assert [each["type"] for each in vcon.build(content(report=report))["analysis"]] == types


def test_consent_is_attached_with_the_turn_that_proves_it():
    fields = {"consent": "granted", "consent_method": "voice", "consent_turn": 3, "disclosure_version": 2}
    (consent,) = vcon.build(content(fields))["attachments"]
    assert consent == {
        "purpose": "consent to recording",
        "start": "2026-11-22T11:58:00+00:00",
        "party": 0,
        "dialog": 0,
        "encoding": "json",
        "body": {"result": "granted", "method": "voice", "turn": 3, "disclosure_version": 2},
    }
    (consent,) = vcon.build(content(fields | {"consent_at": ENDED - timedelta(seconds=1)}))["attachments"]
    assert consent["start"] == "2026-11-22T11:59:59+00:00"
    (consent,) = vcon.build(content(fields | {"started_at": None}))["attachments"]
    assert consent["start"] == "2026-11-22T12:00:00+00:00"


# ------------------------------------------------------------------ the picture
def test_without_peaks_nothing_is_drawn():
    assert wave.draw([], [], 1_000) == []


def test_bars_stand_on_the_line_or_hang_from_it():
    turns = [Turn("agent", "", 0), Turn("user", "", 5_000), Turn("agent", "", None)]
    first, second = wave.draw([255, 0], turns, 10_000)
    assert first == wave.Bar(x=40, y=3, height=38)
    assert second == wave.Bar(x=240, y=43, height=1.6)


def test_the_speaker_of_a_bar_is_who_speaks_in_its_middle():
    def below(start_ms, duration_ms=10_000):
        return [bar.y == 43 for bar in wave.draw([255, 255], [Turn("user", "", start_ms)], duration_ms)]

    assert below(0) == [True, True]
    assert below(2_500) == [True, True]
    assert below(2_501) == [False, True]
    assert below(7_500) == [False, True]
    assert below(7_501) == [False, False]
    assert below(None) == [False, False]
    assert below(0, None) == [True, True]
    assert below(1, None) == [False, False]


def test_a_turn_without_a_beginning_ends_what_is_known():
    turns = [Turn("agent", "", 0), Turn("user", "", None), Turn("user", "", 1)]
    assert [bar.y == 43 for bar in wave.draw([255], turns, 10_000)] == [False]


@pytest.mark.parametrize("peaks, bars", [(1, 1), (95, 95), (96, 96), (97, 96), (400, 96)])
def test_at_most_96_bars_over_the_whole_width(peaks, bars):
    drawn = wave.draw([0] * (peaks - 1) + [255], [], None)
    assert len(drawn) == bars
    assert drawn[-1].height == 38, "the last peak is in the last bar"
    assert all(bar.height == 1.6 for bar in drawn[:-1])
    step = 400 / bars
    assert [bar.x for bar in drawn] == [pytest.approx(step * number + step * 0.2) for number in range(bars)]


def test_a_bar_is_as_high_as_its_loudest_peak():
    peaks = [0] * 192
    peaks[3] = 128  # the second of the second bar
    drawn = wave.draw(peaks, [], None)
    assert drawn[1].height == pytest.approx((128 / 255) ** 0.7 * 38)
    assert drawn[1].y == pytest.approx(41 - drawn[1].height)
    assert drawn[0].height == drawn[2].height == 1.6
