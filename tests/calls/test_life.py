"""The life of a call in words: what leaves next, why, and what a hold does to it."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.templatetags.sottovoce import pill as draw_pill
from calls import hooks, life
from calls.life import Periods
from calls.models import Call, RecordingState
from ground.profiles import Period, Unit
from ground.tenancy import uuid7

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AGENT = uuid7()


@pytest.fixture
def periods(monkeypatch):
    days = {"recording": 90, "transcript": 180, "call_report": 180, "call_metadata": 365}
    kept = {key: hooks.Kept(Period(n, Unit.DAY), "profile", None, {}) for key, n in days.items()}
    kept["recording"] = hooks.Kept(Period(90, Unit.DAY), "profile", None, {AGENT: Period(30, Unit.DAY)})
    kept["transcript"] = hooks.Kept(Period(180, Unit.DAY), "organization", NOW - timedelta(days=200), {})
    monkeypatch.setattr(hooks, "periods", [lambda organization, categories: kept])
    return kept


def call(days_ago, **fields):
    values = {"has_recording": True, "has_transcript": True, "has_report": True, "created_at": NOW, "channel": "pstn"}
    return Call(id=uuid7(), ended_at=NOW - timedelta(days=days_ago), **(values | fields))


def told(row):
    leaving = Periods(uuid7()).of(row)
    return life.pill(row, leaving, NOW), leaving


@pytest.mark.parametrize(
    ("days_ago", "fields", "state", "words"),
    [
        (0, {}, "kept", "expires in 90 days"),
        (79, {}, "due", "expires in 11 days"),
        (89, {}, "due", "expires tomorrow"),
        (90, {}, "due", "leaves with the next purge"),
        (0, {"agent_id": AGENT}, "kept", "expires in 30 days"),
        (0, {"has_recording": False}, "kept", "expires in 180 days"),
        (10, {"held": True}, "held", "held"),
        (200, {"has_recording": False, "has_transcript": False, "has_report": False}, "kept", "expires in 165 days"),
        (
            200,
            {
                "has_recording": False,
                "has_transcript": False,
                "has_report": False,
                "recording_state": RecordingState.DESTROYED,
            },
            "gone",
            "content destroyed",
        ),
    ],
)
def test_the_pill_says_what_leaves_next(periods, days_ago, fields, state, words):
    found, _ = told(call(days_ago, **fields))
    assert (found.state, found.words) == (state, words)
    assert draw_pill(found.state, found.words)["state"] == state


def test_without_a_period_nothing_is_promised(monkeypatch):
    monkeypatch.setattr(hooks, "periods", [])
    row = call(400)
    found, leaving = told(row)
    assert (found.words, leaving) == ("no period decided", [])
    assert "Nobody has decided" in life.why(leaving, "Acme")
    assert [mark.name for mark in life.line(row, leaving, NOW).marks][-1] == "No end decided"


def test_why_names_who_decided(periods):
    sentence = life.why(told(call(0))[1], "Acme")
    assert sentence.startswith("Shown for the recording: kept 90 days from the end of the call, as the operator’s")
    assert "The facts of the call: until 22 Nov 2027." in sentence
    sentence = life.why(told(call(0, has_recording=False))[1], "Acme")
    assert "180 days from the end of the call, set by Acme, in force since 6 May 2026." in sentence
    assert "shortened by the agent’s settings" in life.why(told(call(0, agent_id=AGENT))[1], "Acme")


def test_the_line_of_a_held_call_promises_no_date(periods):
    row = call(91, held=True)
    marks = life.line(row, told(row)[1], NOW).marks
    assert [str(mark.name) for mark in marks[1:4]] == ["Would expire", "Today", "Hold released"]
    assert {mark.date for mark in marks[3:]} == {"–"}


def test_the_line_of_an_overdue_call_counts_from_now(periods):
    row = call(91)
    marks = life.line(row, told(row)[1], NOW).marks
    assert [str(mark.name) for mark in marks[1:4]] == ["Expires", "Today", "Unreadable"]
    assert marks[3].date == "22 Nov 2026"
