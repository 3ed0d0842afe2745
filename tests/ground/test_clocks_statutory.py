"""Pauses, extensions, calendars, regimes and calling hours beyond the worked vectors."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground import clocks
from ground.clocks import ClockKind, Evidence, NoCall, Pause, PauseKind, PauseMode, Term, TermUnit
from ground.profiles import Period, RegimeId

UK, EU, CA = (clocks.regime(name) for name in ("UK", "EU-GDPR", "US-CA"))
JUNE_1 = date(2026, 6, 1)


def uk(*pauses, **options):
    return clocks.regime_due(UK, ClockKind.RESPOND, JUNE_1, pauses=pauses, **options)


def test_in_the_uk_the_clock_starts_when_the_identity_is_proved():
    found = uk(Pause(PauseKind.IDENTITY, date(2026, 6, 2), date(2026, 6, 10)))
    assert (found.received_on, found.counted_from, found.due_on) == (JUNE_1, date(2026, 6, 10), date(2026, 7, 10))


def test_days_asked_twice_are_excluded_once():
    found = uk(
        Pause(PauseKind.CLARIFICATION, date(2026, 6, 8), date(2026, 6, 15)),
        Pause(PauseKind.CLARIFICATION, date(2026, 6, 12), date(2026, 6, 16)),
    )
    assert found.excluded_days == 9


def test_a_question_asked_after_the_due_day_pauses_nothing():
    assert uk(Pause(PauseKind.CLARIFICATION, date(2026, 7, 2), date(2026, 7, 20))).due_on == date(2026, 7, 1)


def test_days_before_a_restart_are_not_excluded_again():
    found = uk(
        Pause(PauseKind.CLARIFICATION, date(2026, 6, 2), date(2026, 6, 12)),
        Pause(PauseKind.IDENTITY, date(2026, 6, 2), date(2026, 6, 10)),
    )
    assert (found.counted_from, found.excluded_days) == (date(2026, 6, 10), 3)


def test_an_open_pause_moves_the_due_day_along_and_says_so():
    open_question = Pause(PauseKind.CLARIFICATION, date(2026, 6, 8))
    found = uk(open_question, as_of=date(2026, 6, 9))
    assert (found.is_paused, found.excluded_days, found.due_on) == (True, 2, date(2026, 7, 3))
    with pytest.raises(clocks.OpenPause, match="still open"):
        uk(open_question)


def test_in_the_eu_an_identity_pause_must_be_asked_for():
    pause = Pause(PauseKind.IDENTITY, date(2026, 6, 2), date(2026, 6, 10))
    options = {"controller_country": "FR", "pauses": [pause]}
    assert clocks.regime_due(EU, ClockKind.RESPOND, JUNE_1, **options).excluded_days == 0
    paused = clocks.regime_due(EU, ClockKind.RESPOND, JUNE_1, identity_pauses=True, **options)
    assert (paused.excluded_days, paused.due_on) == (9, date(2026, 7, 10))


def test_a_pause_without_a_rule_changes_nothing_even_while_open():
    term = Term(10, TermUnit.DAY, Evidence.PRIMARY)
    found = clocks.due(JUNE_1, term, pauses=[Pause(PauseKind.FEE, JUNE_1)])
    assert (found.due_on, found.is_paused) == (date(2026, 6, 11), False)


def test_the_civil_date_is_the_controllers():
    moment = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)
    assert clocks.civil_date(moment, ZoneInfo("Europe/Paris")) == date(2026, 3, 6)
    assert clocks.civil_date(moment, ZoneInfo("America/New_York")) == date(2026, 3, 5)


def test_calendar_days_never_roll():
    found = clocks.regime_due(clocks.regime("CA-PIPEDA"), ClockKind.RESPOND, date(2026, 11, 5))
    assert found.due_on == date(2026, 12, 5)
    assert found.due_on.weekday() == 5


def test_uk_complaints_warn_a_day_before_the_disputed_thirtieth():
    found = clocks.regime_due(UK, ClockKind.COMPLAINT, JUNE_1)
    assert (found.strict_on, found.due_on) == (date(2026, 6, 30), date(2026, 7, 1))


@given(
    received=st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    regime=st.sampled_from(list(clocks.REGIMES.values())),
)
def test_acting_on_the_strict_day_is_never_late(received, regime):
    for kind, term in regime.terms.items():
        if term.unit is not TermUnit.HOUR:
            found = clocks.regime_due(regime, kind, received, controller_country="DE")
            assert received < found.strict_on <= found.due_on
            assert found.nominal_on <= found.due_on


def test_hours_are_not_counted_in_days():
    with pytest.raises(clocks.MixedUnits, match="Hours run from a moment"):
        clocks.regime_due(EU, ClockKind.BREACH_AUTHORITY, JUNE_1)


def test_an_extension_in_another_unit_is_refused():
    with pytest.raises(clocks.MixedUnits, match="cannot extend"):
        Term(1, TermUnit.MONTH, Evidence.PRIMARY).plus(Term(45, TermUnit.DAY, Evidence.PRIMARY))


def test_an_extended_term_is_as_sure_as_its_weaker_half():
    sure, unsure = Term(45, TermUnit.DAY, Evidence.PRIMARY), Term(45, TermUnit.DAY, Evidence.MEMORY)
    assert sure.plus(sure).verified
    assert not sure.plus(unsure).verified
    assert not unsure.plus(sure).verified


@pytest.mark.parametrize(("period", "last"), [("1 month", "2026-02-28"), ("30 days", "2026-03-02")])
def test_a_promise_is_kept_on_its_own_day_even_a_weekend(period, last):
    assert clocks.promise_on(date(2026, 1, 31), Period.parse(period)) == date.fromisoformat(last)


def test_hours_left_turns_negative_once_late():
    deadline = datetime(2026, 1, 4, tzinfo=UTC)
    assert clocks.hours_left(deadline, datetime(2026, 1, 3, 12, tzinfo=UTC)) == 12
    assert clocks.hours_left(deadline, datetime(2026, 1, 4, 6, tzinfo=UTC)) == -6


def test_every_regime_has_a_row():
    assert set(clocks.REGIMES) == set(RegimeId)


def test_figures_from_memory_are_shown_as_unverified():
    assert ClockKind.EXTENSION in clocks.regime("US-CO").unverified
    assert clocks.regime("US-VA").unverified == ()


def test_rows_cannot_be_written_to():
    with pytest.raises(TypeError):
        EU.terms[ClockKind.RESPOND] = Term(99, TermUnit.MONTH, Evidence.MEMORY)


@pytest.mark.parametrize("name", ["US-XX", ""])
def test_an_unknown_regime_is_refused_by_name(name):
    with pytest.raises(clocks.UnknownRegime, match="No regime is known"):
        clocks.regime(name)


def test_a_clock_the_law_does_not_have_is_refused_by_name():
    with pytest.raises(clocks.UnknownRegime, match="US-UT has no appeal clock"):
        clocks.regime_due(clocks.regime("US-UT"), ClockKind.APPEAL, JUNE_1)
    with pytest.raises(clocks.UnknownRegime, match="BR-LGPD has no extension clock"):
        clocks.regime("BR-LGPD").term(ClockKind.RESPOND, extended=True)


def test_a_german_land_adds_its_own_holidays():
    epiphany = date(2027, 1, 6)
    assert clocks.calendar("DE").is_working_day(epiphany)
    assert not clocks.calendar("DE-BY").is_working_day(epiphany)


@pytest.mark.parametrize("code", ["ZZ", "DE-ZZ", "FR-"])
def test_an_unknown_calendar_is_refused_by_name(code):
    if code == "FR-":
        assert clocks.calendar(code).is_holiday(date(2026, 7, 14))
        return
    with pytest.raises(clocks.UnknownCalendar, match="No holiday calendar"):
        clocks.calendar(code)


def test_weekends_only_knows_no_holidays():
    assert clocks.WEEKENDS_ONLY.is_working_day(date(2026, 12, 25))
    assert not clocks.WEEKENDS_ONLY.is_holiday(date(2026, 12, 25))


@pytest.mark.parametrize(
    ("rule", "local", "consent", "reason"),
    [
        ("US-TCPA", "2026-11-22T08:00", False, NoCall.ALLOWED),
        ("US-TCPA", "2026-11-22T21:00", False, NoCall.HOUR),
        ("FR-CALL", "2026-08-12T11:00", True, NoCall.ALLOWED),
        ("FR-CALL", "2026-08-12T13:00", True, NoCall.HOUR),
        ("FR-CALL", "2026-08-15T11:00", True, NoCall.HOLIDAY),
        ("FR-CALL", "2026-08-22T11:00", True, NoCall.WEEKDAY),
        ("FR-CALL", "2026-08-12T11:00", False, NoCall.CONSENT),
        ("FR-CALL", "2026-08-11T11:00", False, NoCall.CONSENT),
        ("FR-CALL", "2026-08-10T11:00", False, NoCall.ALLOWED),
    ],
)
def test_a_refused_call_says_why(rule, local, consent, reason):
    decision = clocks.may_call(clocks.calling_rule(rule), datetime.fromisoformat(local), running_contract=consent)
    assert (decision.allowed, decision.reason) == (reason is NoCall.ALLOWED, reason)


def test_nobody_is_presumed_to_have_agreed_to_be_called():
    rule, local = clocks.calling_rule("FR-CALL"), datetime(2026, 8, 12, 11)  # noqa: DTZ001  (civil time of the place)
    assert clocks.may_call(rule, local).reason is NoCall.CONSENT
    assert clocks.may_call(rule, local, consent=True).allowed


def test_a_part_of_a_law_is_in_force_from_its_first_day():
    assert "data_use_and_access_act" in UK.in_force(date(2026, 2, 5))
    assert "data_use_and_access_act" not in UK.in_force(date(2026, 2, 4))


def test_a_term_is_not_extended_unless_asked():
    assert EU.term(ClockKind.RESPOND) == EU.terms[ClockKind.RESPOND]
    assert EU.term(ClockKind.RESPOND, extended=True) != EU.terms[ClockKind.RESPOND]


def test_unknown_calling_hours_are_refused_by_name():
    with pytest.raises(clocks.UnknownRegime, match="No calling hours"):
        clocks.calling_rule("XX")


def test_pause_modes_are_spelled_as_the_data_spells_them():
    assert PauseMode.EXCLUDE_DAYS == "exclude_days_inclusive"


def test_a_question_asked_in_the_days_won_by_an_earlier_one_pauses_too():
    """Received on 1 June, due on 1 July; eleven paused days move the end to 12 July."""
    first = Pause(PauseKind.CLARIFICATION, date(2026, 6, 10), date(2026, 6, 20))
    assert uk(first).nominal_on == date(2026, 7, 12)
    assert uk(first).strict_on == date(2026, 7, 12)
    within = Pause(PauseKind.CLARIFICATION, date(2026, 7, 5), date(2026, 7, 6))
    assert uk(first, within).nominal_on == date(2026, 7, 14)
    on_the_last_day = Pause(PauseKind.CLARIFICATION, date(2026, 7, 12), date(2026, 7, 13))
    assert uk(first, on_the_last_day).nominal_on == date(2026, 7, 14)
    too_late = Pause(PauseKind.CLARIFICATION, date(2026, 7, 13), date(2026, 7, 14))
    assert uk(first, too_late).nominal_on == date(2026, 7, 12)
