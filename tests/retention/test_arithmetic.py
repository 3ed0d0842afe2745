"""Pure arithmetic: what leaves when, which period counts, what a certificate adds up, the chart, the words."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from accounts import bands, lifeline
from ground.inventory.models import DestructionBatch
from ground.profiles import Category, CategoryRule, ChangedBy, Clock, Period, Source, Unit
from retention import chart, forecast, periods, proof, words
from retention.exceptions import NoPeriod, PeriodUnusable
from retention.forecast import Forecast, Week
from retention.models import OperatorDecision, PeriodVersion, PurgeLine
from retention.services import certificates
from retention.services.guard import Verdict

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ANNA, BORIS, CARL = UUID(int=1), UUID(int=2), UUID(int=3)


def days(n):
    return Period(n, Unit.DAY)


# ------------------------------------------------------------------ when something leaves
@pytest.mark.parametrize(
    "plan, leaves",
    [
        ([], None),
        ([(NOW, days(90))], date(2026, 4, 1)),
        ([(NOW, days(0))], date(2026, 1, 1)),
        # what waits takes effect before the present period is over: due by the new one, not before it takes effect
        ([(NOW, Period(3, Unit.YEAR)), (NOW + DAY, days(90))], date(2026, 11, 23)),
        ([(NOW, Period(3, Unit.YEAR)), (NOW + DAY, Period(2, Unit.YEAR))], date(2028, 1, 1)),
        # the present one is over first
        ([(NOW, days(90)), (NOW + DAY, days(30))], date(2026, 4, 1)),
        ([(NOW, Period(1, Unit.YEAR)), (NOW + DAY, Period(3, Unit.YEAR))], date(2029, 1, 1)),
        # over exactly when the new one takes effect: the new one counts
        ([(NOW, days(90)), (datetime(2026, 4, 1, 12, tzinfo=UTC), days(91))], date(2026, 4, 2)),
    ],
)
def test_a_record_of_new_year_leaves(plan, leaves):
    assert forecast.leaves_on(date(2026, 1, 1), plan) == leaves


def test_of_three_plans_each_counts_until_the_next_one():
    after = [datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)]
    three = [(NOW, Period(1, Unit.YEAR)), (after[0], days(240)), (after[1], days(30))]
    assert forecast.leaves_on(date(2026, 1, 1), three) == date(2026, 8, 29)
    assert forecast.leaves_on(date(2026, 1, 10), three) == date(2026, 9, 1)
    longest_first = [(NOW, days(200)), (after[0], days(210)), (after[1], days(30))]
    assert forecast.leaves_on(date(2026, 1, 1), longest_first) == date(2026, 7, 30)
    between = [(NOW, days(200)), (after[1], days(210)), (after[0], days(30))]
    assert forecast.leaves_on(date(2026, 1, 1), between) == date(2026, 7, 20)


def test_what_leaves_in_all_weeks():
    assert plan({"recording": 2, "transcript": 3}, {}, {"recording": 4}).total == 9


def test_beyond_the_calendar_nothing_leaves_by_that_period():
    last = date(9950, 1, 1)
    assert forecast.leaves_on(last, [(NOW, Period(100, Unit.YEAR))]) is None
    assert forecast.leaves_on(last, [(NOW, Period(100, Unit.YEAR)), (NOW, days(1))]) == date(9950, 1, 2)


def standing(effective=None, waiting=None):
    return periods.Standing(None, effective, False, waiting, None)


def test_a_plan_is_the_period_in_force_and_the_one_that_waits():
    effective = periods.Effective(Category.RECORDING, None, days(90), "profile")
    later = PeriodVersion(n=30, unit="day", effective_at=NOW + DAY)
    assert forecast.plan_of(standing(), NOW) == []
    assert forecast.plan_of(standing(effective), NOW) == [(NOW, days(90))]
    assert forecast.plan_of(standing(effective, later), NOW) == [(NOW, days(90)), (NOW + DAY, days(30))]
    assert forecast.plan_of(standing(None, later), NOW) == [(NOW + DAY, days(30))]
    damaged = PeriodVersion(n=-1, unit="day", effective_at=NOW + DAY)
    assert forecast.plan_of(standing(effective, damaged), NOW) == [(NOW, days(90))]


# ------------------------------------------------------------------ which period counts
def rule(**changes):
    return CategoryRule(
        **(
            {
                "category": Category.RECORDING,
                "default": days(90),
                "minimum": days(1),
                "maximum": days(365),
                "changed_by": ChangedBy.ORGANIZATION,
                "clock": Clock.CALL_END,
                "source": None,
            }
            | changes
        )
    )


def version(n, unit="day"):
    return PeriodVersion(category="recording", n=n, unit=unit)


def decision(n, unit="day"):
    return OperatorDecision(category="recording", n=n, unit=unit)


def effective(of=None, own=None, decided=None, agents=None):
    return periods._effective(of or rule(), own, decided, agents or {})


def test_the_organization_s_own_comes_before_the_promise_and_that_before_a_decision():
    own, decided = version(30), decision(60)
    found = effective(own=own, decided=decided)
    assert (found.period, found.origin, found.version) == (days(30), "organization", own)
    found = effective(decided=decided)
    assert (found.period, found.origin, found.version) == (days(90), "profile", None)
    found = effective(rule(default=None), decided=decided)
    assert (found.period, found.origin) == (days(60), "operator decision")
    with pytest.raises(NoPeriod):
        effective(rule(default=None))


@pytest.mark.parametrize("n, unit", [(0, "day"), (366, "day"), (-1, "day"), (30, "week"), (0, "month")])
def test_a_stored_period_that_is_damaged_or_forbidden_is_an_exception_never_a_guess(n, unit):
    with pytest.raises(PeriodUnusable):
        effective(own=version(n, unit))
    with pytest.raises(PeriodUnusable):
        effective(rule(default=None), decided=decision(n, unit))


@pytest.mark.parametrize("n", [1, 365])
def test_the_bounds_themselves_are_allowed(n):
    assert effective(own=version(n)).period == days(n)


def test_zero_is_meant_by_the_operator_s_text_for_closed_accounts_alone():
    said = Source(("P1",))
    at_once = {"default": days(0), "minimum": None, "maximum": None}
    account = rule(category=Category.ACCOUNT, source=said, **at_once)
    assert effective(account).period == days(0)
    for other in (rule(category=Category.ACCOUNT, source=None, **at_once), rule(source=said, **at_once)):
        with pytest.raises(PeriodUnusable):
            effective(other)


def test_agents_may_only_shorten_within_the_bounds():
    bounded = rule(minimum=days(7))
    found = effective(bounded, agents={ANNA: 30, BORIS: 90, CARL: 400})
    assert found.agents == {ANNA: days(30)}
    assert effective(bounded, agents={ANNA: 7, BORIS: 6, CARL: 0}).agents == {ANNA: days(7)}
    assert effective(rule(minimum=None), agents={ANNA: 1, BORIS: 0, CARL: -1}).agents == {ANNA: days(1)}
    zero = rule(minimum=days(0))
    assert effective(zero, agents={ANNA: 0}).agents == {}, "an agent never destroys at once"


# ------------------------------------------------------------------ would it take unusually much
@pytest.mark.parametrize(
    "unexplained, held, may",
    [(50, 0, True), (51, 0, False), (51, 1_020, True), (51, 1_019, False), (500, 10_000, True), (501, 10_000, False)],
)
def test_a_run_goes_on_unasked_up_to_fifty_rows_or_five_in_a_hundred(unexplained, held, may):
    assert Verdict(unexplained, unexplained, held, None).may_run is may


def test_what_was_approved_may_run():
    assert Verdict(10_000, 10_000, 0, object()).may_run is True


# ------------------------------------------------------------------ the chart
def plan(*weeks, categories=("recording", "transcript")):
    found = [Week(date(2026, 11, 22) + 7 * number * DAY, dict(week)) for number, week in enumerate(weeks)]
    return Forecast(found, list(categories))


THIRTEEN = [{"recording": 10, "transcript": 5}] + [{}] * 11 + [{"recording": 20}]


def test_bars_stand_on_the_base_in_the_order_of_the_categories():
    drawn = chart.draw(plan(*THIRTEEN))
    step = (350 - 38) / 13
    first, second, last = drawn.parts
    scale = (222 - 26) / 20
    assert (first.colour, second.colour, last.colour) == (1, 2, 1)
    assert first.x == second.x == pytest.approx(38 + step * 0.19)
    assert first.y == pytest.approx(222 - 10 * scale)
    assert first.height == pytest.approx(10 * scale - 1.2)
    assert second.y == pytest.approx(222 - 15 * scale)
    assert second.height == pytest.approx(5 * scale - 1.2)
    assert last.x == pytest.approx(38 + step * 12 + step * 0.19)
    assert last.y == pytest.approx(26)
    assert {round(part.width, 6) for part in drawn.parts} == {round(step * 0.62, 6)}
    assert drawn.ghosts == []
    assert drawn.note_y == pytest.approx(222 - 15 * scale - 8)
    assert not drawn.empty


def test_the_axes_of_the_chart():
    drawn = chart.draw(plan(*THIRTEEN))
    scale = (222 - 26) / 20
    assert [(label.x, label.value) for label in drawn.grid] == [(30, value) for value in (0, 5, 10, 15, 20)]
    assert [label.y for label in drawn.grid] == [pytest.approx(222 - value * scale) for value in (0, 5, 10, 15, 20)]
    step = (350 - 38) / 13
    assert [(label.x, label.y) for label in drawn.days] == [
        (pytest.approx(38 + step * number + step / 2), 242) for number in (0, 3, 6, 9, 12)
    ]
    assert [label.value for label in drawn.days][:2] == [date(2026, 11, 22), date(2026, 12, 13)]
    assert (drawn.first, drawn.last) == (date(2026, 11, 22), date(2027, 2, 14))


def test_the_table_beside_the_chart():
    drawn = chart.draw(plan(*THIRTEEN, categories=("recording", "transcript", "contact")))
    assert drawn.legend == [(1, "recording"), (2, "transcript")], "only what leaves"
    assert drawn.rows[0] == chart.Row(date(2026, 11, 22), [10, 5], 15, None)
    assert drawn.rows[1] == chart.Row(date(2026, 11, 29), [0, 0], 0, None)
    assert drawn.at_once == 0
    assert drawn.holds_anything


def test_another_plan_is_drawn_over_today_s():
    today = plan({"recording": 4}, {"contact": 40}, categories=("recording", "contact"))
    drawn = chart.draw(plan({"recording": 10}, {"recording": 2}, categories=("recording", "contact")), today)
    scale = (222 - 26) / 40
    step = (350 - 38) / 2
    assert [ghost.colour for ghost in drawn.ghosts] == [0, 0]
    assert drawn.ghosts[0].x == pytest.approx(38 + step * 0.19 - 3)
    assert drawn.ghosts[0].width == pytest.approx(step * 0.62 + 6)
    assert drawn.ghosts[0].y == pytest.approx(222 - 4 * scale)
    assert drawn.ghosts[0].height == pytest.approx(4 * scale)
    assert drawn.ghosts[1].y == pytest.approx(26)
    assert drawn.at_once == 6
    assert [row.today for row in drawn.rows] == [4, 40]
    assert drawn.legend == [(1, "recording"), (5, "contact")]
    fewer = chart.draw(plan({"recording": 1}), plan({"recording": 4}))
    assert fewer.at_once == 0


def test_the_smallest_part_can_be_seen_and_nothing_is_no_part():
    drawn = chart.draw(plan({"recording": 1, "transcript": 0}, {"recording": 100_000}))
    assert drawn.parts[0].height == 0.8
    assert len(drawn.parts) == 2


def test_the_note_stays_within_the_picture():
    assert chart.draw(plan({"recording": 4})).note_y == 18


def test_an_empty_chart_says_so():
    drawn = chart.draw(plan({}, {}, categories=()))
    assert drawn.empty
    assert not drawn.holds_anything
    assert [label.value for label in drawn.grid] == [0]
    only_ghosts = chart.draw(plan({}), plan({"recording": 1}))
    assert not only_ghosts.empty


@pytest.mark.parametrize(
    "highest, marks",
    [
        (0, [0]),
        (1, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (5, [0, 2, 4, 6]),
        (8, [0, 2, 4, 6, 8]),
        (9, [0, 5, 10]),
        (20, [0, 5, 10, 15, 20]),
        (21, [0, 10, 20, 30]),
        (40, [0, 10, 20, 30, 40]),
        (41, [0, 20, 40, 60]),
        (200, [0, 50, 100, 150, 200]),
        (201, [0, 100, 200, 300]),
        (1_767, [0, 500, 1_000, 1_500, 2_000]),
    ],
)
def test_up_to_four_round_marks(highest, marks):
    drawn = chart.draw(plan({"recording": highest}))
    assert [label.value for label in drawn.grid] == marks


@pytest.mark.parametrize(
    "category, colour",
    [("recording", 1), ("transcript", 2), ("call_report", 3), ("call_metadata", 4), ("contact", 5), ("access_log", 6)],
)
def test_each_category_has_its_colour(category, colour):
    assert chart.colour(category) == colour


# ------------------------------------------------------------------ certificates in words
def test_what_a_certificate_adds_up():
    destroyed = [
        {"records": 3, "keys": 2, "bytes": 10, "reason": ["expired"]},
        {"records": 4, "keys": 0, "bytes": 5, "reason": ["expired"]},
    ]
    assert proof.totals(destroyed) == {"records": 7, "keys": 2, "bytes": 15}
    assert proof.totals([]) == {"records": 0, "keys": 0, "bytes": 0}
    assert proof.reasons(destroyed) == "because their time was over"
    assert proof.reasons([*destroyed, {"reason": ["erasure"]}]) == ""
    assert proof.reasons([{"reason": ["unheard_of"]}]) == ""


def test_a_digest_is_compared_in_groups_of_four():
    assert proof.spaced("0123456789ab") == "0123 4567 89ab"
    assert proof.spaced("01234") == "0123 4"
    assert proof.spaced("") == ""


def test_what_a_certificate_does_not_claim():
    content = {"held_at_the_last_look": 0, "set_aside": 0, "key_store": "folder"}
    (folder,) = proof.limits(content)
    assert "folder" in folder
    (bucket,) = proof.limits(content | {"key_store": "s3"})
    assert "bucket" in bucket
    held, aside, _store = proof.limits(content | {"held_at_the_last_look": 2, "set_aside": 1_767})
    assert held == "2 records under a hold stay."
    assert aside == "1,767 records were set aside and are not part of it."


@pytest.mark.parametrize("moment", ["unreadable", "beyond_recovery", "gone_from_backups"])
def test_each_moment_has_its_claim(moment):
    others = {"unreadable", "beyond_recovery", "gone_from_backups"} - {moment}
    assert proof.claim(moment)
    assert proof.claim(moment) not in {proof.claim(other) for other in others}
    assert proof.not_yet(proof.Said("beyond_recovery", "", "", None, None)) == "with the next night"
    assert proof.not_yet(proof.Said("gone_from_backups", "", "", None, None)) == "no backup window stated"
    assert len(proof.remains()) == 3


def batch(category="recording", **changes):
    return DestructionBatch(
        **(
            {"category": category, "reason": "expired", "rows": 2, "keys": 2, "objects_total": 1, "bytes": 100}
            | {"digest": b"\x01" * 32, "earliest": NOW - 3 * DAY, "latest": NOW - 2 * DAY}
            | changes
        )
    )


def test_the_body_of_a_certificate_adds_up_the_batches_of_each_category():
    lines = [PurgeLine(category="recording", period="90 days", origin="profile")]
    batches = [
        batch("transcript", reason="erasure", earliest=None, latest=None, keys=0),
        batch(),
        batch(rows=5, keys=4, objects_total=3, bytes=7, digest=memoryview(b"\x02" * 32), reason="erasure"),
        batch(earliest=NOW - 9 * DAY, latest=NOW - DAY, digest=b"\x03" * 32),
    ]
    recording, transcript = certificates.destroyed(lines, batches)
    assert recording == {
        "category": "recording",
        "reason": ["erasure", "expired"],
        "records": 9,
        "keys": 8,
        "objects": 5,
        "bytes": 207,
        "clock_from": "2026-11-13T12:00:00+00:00",
        "clock_to": "2026-11-21T12:00:00+00:00",
        "period": "90 days",
        "period_set_by": "profile",
        "batches": 3,
        "records_sha256": sha256(b"\x01" * 32 + b"\x02" * 32 + b"\x03" * 32).hexdigest(),
    }
    assert transcript == {
        "category": "transcript",
        "reason": ["erasure"],
        "records": 2,
        "keys": 0,
        "objects": 1,
        "bytes": 100,
        "clock_from": None,
        "clock_to": None,
        "period": None,
        "period_set_by": None,
        "batches": 1,
        "records_sha256": sha256(b"\x01" * 32).hexdigest(),
    }
    assert certificates.destroyed(lines, []) == []


def test_a_certificate_says_what_its_key_store_cannot_promise(settings):
    settings.KEYSTORE_BACKEND = "folder"
    assert "forensic examination" in certificates._limits()
    settings.KEYSTORE_BACKEND = "s3"
    assert "bucket without versions" in certificates._limits()


# ------------------------------------------------------------------ a destruction that was confirmed
@pytest.mark.parametrize(
    "seconds, said",
    [
        (540, "destroyed in 9 min"),
        (541, "destroyed in 10 min"),
        (1, "destroyed in 1 min"),
        (0, "being destroyed"),
        (-60, "being destroyed"),
    ],
)
def test_how_soon_it_begins(seconds, said):
    assert bands.leaves_soon(NOW + timedelta(seconds=seconds), NOW) == said


def test_at_which_hour_it_begins():
    assert bands.leaves_at(NOW + timedelta(minutes=9), NOW) == "will be destroyed at 12:09 UTC"
    assert bands.leaves_at(NOW, NOW) == "being destroyed"


# ------------------------------------------------------------------ periods in words
@pytest.mark.parametrize(
    "period, said",
    [
        (None, "no period"),
        (days(0), "at once"),
        (days(1), "1 day"),
        (days(90), "90 days"),
        (Period(1, Unit.MONTH), "1 month"),
        (Period(2, Unit.YEAR), "2 years"),
    ],
)
def test_a_period_in_words(period, said):
    assert words.period(period) == said


@pytest.mark.parametrize(
    "low, high, said",
    [
        (None, None, ""),
        (days(1), days(1), "exactly 1 day"),
        (None, days(9), "at most 9 days"),
        (days(2), None, "at least 2 days"),
        (days(1), days(365), "1 day to 365 days"),
    ],
)
def test_bounds_in_words(low, high, said):
    assert words.bounds(rule(minimum=low, maximum=high)) == said


def test_other_words():
    assert words.records(1) == "1 record"
    assert words.records(1_767) == "1,767 records"
    assert words.written_period("90 days") == "90 days"
    assert words.written_period("what it was") == "what it was"
    assert words.category("recording") == "Recordings"
    assert words.category("not_yet_named") == "not yet named"
    assert words.content("access_log") == "Who looked at what."
    assert words.content("recording") == ""
    assert words.counted(Clock.CALL_END) == "Counted from the end of the call."
    assert words.origin("agent") == "set for the agent"
    assert words.origin("elsewhere") == "elsewhere"
    assert words.fixed_by(rule(changed_by=ChangedBy.LAW)) == "set by law"
    assert words.fixed_by(rule(changed_by=ChangedBy.OPERATOR)) == "set by the operator"
    assert words.source(None) == ""


# ------------------------------------------------------------------ the life line
def test_a_life_needs_a_beginning_and_an_end():
    for moments in ([], [lifeline.Moment("done", "a", "b")]):
        with pytest.raises(ValueError, match="beginning"):
            lifeline.draw(moments)


def drawn_line(*kinds):
    return lifeline.draw([lifeline.Moment(kind, "name", "date", "note") for kind in kinds])


def test_a_life_line_fades_where_content_leaves():
    line = drawn_line("done", "today", "due", "end")
    xs = [mark.x for mark in line.marks]
    assert xs[0] == 0
    assert xs[-1] == 920
    assert xs == sorted(xs)
    assert xs[1] == pytest.approx(920 / 3 + 30.8 * (0.5 - 1 / 3), abs=1)
    assert [mark.anchor for mark in line.marks] == ["start", "middle", "middle", "end"]
    assert line.marks[0].cx == line.marks[0].r == 12
    assert line.marks[-1].r == 5
    assert line.marks[-1].cx == 915
    assert line.marks[1].cx == line.marks[1].x
    assert [mark.y for mark in line.marks] == [16, 78, 140, 202]
    assert [mark.tall_r for mark in line.marks] == [9.5, 8.7, 7.9, pytest.approx(7.1)]
    assert (line.marks[1].name_y, line.marks[1].note_y) == (82, 101)
    assert line.after == pytest.approx(xs[2] + 12)
    assert line.tall_height == 248
    assert line.tall_after == (150, 202)
    assert line.past.startswith("M11.0 45.10L")
    assert line.rest.endswith("z")
    assert line.tall_past == "M8.0 16H20.0L18.8 78H9.2z"
    assert line.tall_ahead == "M9.2 78H18.8L17.5 140H10.5z"


def test_a_life_that_is_over_has_nothing_ahead():
    line = drawn_line("done", "due", "today", "end")
    assert line.ahead == ""
    assert line.tall_ahead == ""
    assert line.past
    without = drawn_line("done", "done")
    assert without.rest == ""
    assert without.after == 932
    many = drawn_line("done", "today", *["end"] * 6)
    assert many.marks[-1].tall_r == 4.5
