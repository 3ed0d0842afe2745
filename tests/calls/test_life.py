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


# ------------------------------------------------------------------ the edges
def line_of(row, now=NOW, ends_at=None):
    marks = life.line(row, Periods(uuid7()).of(row), now, ends_at).marks
    return [(mark.kind, str(mark.name), str(mark.date), str(mark.note)) for mark in marks]


def test_the_line_of_a_call_from_beginning_to_end(periods):
    row = call(10, created_at=NOW - timedelta(days=10) + timedelta(minutes=5))
    assert line_of(row) == [
        ("done", "Recorded", "12 Nov 2026", "12:00 UTC"),
        ("done", "Stored, sealed", "12 Nov 2026", "12:05 UTC"),
        ("today", "Today", "22 Nov 2026", "day 11 of 90"),
        ("due", "Expires", "10 Feb 2027", "in 80 days"),
        ("end", "Unreadable", "10 Feb 2027", "within minutes"),
        ("end", "Beyond recovery", "by 11 Feb 2027", "next night"),
        ("end", "Gone from backups", "13 Mar 2027", "30 days"),
    ]


def test_the_line_begins_with_what_there_was(periods):
    assert line_of(call(10, has_recording=False))[0][1] == "Ended"
    assert line_of(call(0, has_recording=False))[1][3] == "day 1 of 180"


@pytest.mark.parametrize(
    "after, shown", [(timedelta(), False), (timedelta(seconds=1), True), (timedelta(hours=23), True)]
)
def test_storing_is_a_moment_of_its_own_when_it_came_soon_after(periods, after, shown):
    row = call(10, created_at=NOW - timedelta(days=10) + after)
    assert ("Stored, sealed" in [name for _, name, _, _ in line_of(row)]) is shown
    late = call(10, created_at=NOW - timedelta(days=9))
    assert "Stored, sealed" not in [name for _, name, _, _ in line_of(late)]


def test_at_the_very_moment_of_expiry_content_is_due(periods):
    row = call(90)
    assert [name for _, name, _, _ in line_of(row)][1:3] == ["Expires", "Today"]
    assert line_of(row)[1][3] == "with the next purge"
    assert line_of(row)[2][3] == "day 91"
    held = call(90, held=True)
    assert line_of(held)[1] == ("done", "Would expire", "22 Nov 2026", "kept by a hold")
    assert [name for _, name, _, _ in line_of(held)][1:4] == ["Would expire", "Today", "Hold released"]
    before = call(89, held=True)
    assert line_of(before)[2] == ("end", "Would expire", "23 Nov 2026", "kept by a hold")


def test_the_last_day_of_a_call(periods):
    row = call(89)
    assert line_of(row)[1][3] == "day 90 of 90"
    assert line_of(row)[2][3] == "in 1 day"
    row = call(90 - 3 / 24)
    assert line_of(row)[2][3] == "today"
    assert told(row)[0].words == "expires today"
    assert told(row)[0].state == "due"


def test_a_period_of_months_counts_no_days(periods):
    periods["recording"] = hooks.Kept(Period(3, Unit.MONTH), "profile", None, {})
    assert line_of(call(10))[1][3] == "day 11"


@pytest.mark.parametrize("days_ago, state", [(60, "kept"), (61, "due")])
def test_soon_is_less_than_thirty_days(periods, days_ago, state):
    assert told(call(days_ago))[0].state == state


def test_a_confirmed_destruction_waits_out_its_grace(periods):
    row, ends_at = call(10), NOW + timedelta(minutes=9)
    leaving = Periods(uuid7()).of(row)
    assert life.pill(row, leaving, NOW, ends_at) == life.Pill("due", "destroyed in 9 min")
    assert life.why(leaving, "Acme", ends_at) == (
        "Somebody confirmed its destruction before its time; until then it can be undone."
    )
    assert line_of(row, ends_at=ends_at)[2:4] == [
        ("due", "Will be destroyed", "22 Nov 2026", "12:09 UTC"),
        ("end", "Unreadable", "22 Nov 2026", "within minutes"),
    ]


def test_a_hold_wins_over_a_confirmed_destruction(periods):
    row, ends_at = call(10, held=True), NOW + timedelta(minutes=9)
    assert life.pill(row, Periods(uuid7()).of(row), NOW, ends_at).words == "held"
    assert "Will be destroyed" not in [name for _, name, _, _ in line_of(row, ends_at=ends_at)]


def test_without_a_backup_window_nothing_is_said_of_backups(periods, monkeypatch):
    class Rule:
        default = None

    class Profile:
        categories = {life.Category.BACKUP: Rule}

    monkeypatch.setattr(life.profiles, "current", lambda: Profile)
    assert line_of(call(10))[-1][1] == "Beyond recovery"


def test_parts_that_leave_at_once_keep_their_order(periods):
    periods["transcript"] = periods["call_report"] = periods["recording"]
    assert [each.category for each in Periods(uuid7()).of(call(0))] == [
        "recording",
        "transcript",
        "call_report",
        "call_metadata",
    ]
    assert life.existing(call(0, has_transcript=False)) == ["recording", "call_report", "call_metadata"]
