"""The forty-five worked dates, each through the engine as the rest of the platform calls it."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ground import clocks
from ground.clocks import ClockKind, Pause, PauseKind
from ground.profiles import Period, RegimeId, Unit

DATA = json.loads((Path(__file__).parent / "clock_vectors.json").read_text(encoding="utf-8"))
VECTORS = {vector["id"]: vector for vector in DATA["vectors"]}


def on(text):
    return date.fromisoformat(text)


def of(op):
    return [pytest.param(v, id=v["id"]) for v in VECTORS.values() if v["op"] == op]


def asked(vector, kind, **options):
    given = vector["input"]
    return clocks.regime_due(
        clocks.regime(vector["regime"]),
        kind,
        on(given["received"]),
        controller_country=given.get("holidays", ""),
        **options,
    )


def test_every_vector_is_exercised_by_some_test_here():
    known = {
        "due_response",
        "due_extended",
        "refusal_letter_due",
        "clocks",
        "reoptin_earliest",
        "request_log_keep_until",
        "appeal_due",
        "breach_due",
        "grievance_due",
        "in_force",
        "breach_72h",
        "min_promise",
        "call_allowed",
        "choice_expires",
        "retention_end",
        "min_keep_until",
    }
    assert {vector["op"] for vector in VECTORS.values()} == known
    assert len(VECTORS) == 45


@pytest.mark.parametrize("vector", of("due_response"))
def test_an_answer_is_due_when_the_law_says(vector):
    given, expected = vector["input"], vector["expect"]
    pauses = []
    if "clarification_asked" in given:
        pauses.append(Pause(PauseKind.CLARIFICATION, on(given["clarification_asked"]), on(given["answered"])))
    if "id_asked" in given:
        pauses.append(Pause(PauseKind.IDENTITY, on(given["id_asked"]), on(given["id_received"])))

    found = asked(vector, ClockKind.RESPOND, pauses=pauses)

    assert found.due_on == on(expected["due"])
    assert found.nominal_on == on(expected.get("nominal", expected["due"]))
    assert found.excluded_days == expected.get("excluded_days", 0)
    assert found.strict_on <= found.due_on
    if "extended" in expected:
        assert asked(vector, ClockKind.RESPOND, extended=True).due_on == on(expected["extended"])


@pytest.mark.parametrize("vector", of("due_extended"))
def test_an_extension_counts_from_receipt(vector):
    found = asked(vector, ClockKind.RESPOND, extended=True)
    assert (found.nominal_on, found.due_on) == (on(vector["expect"]["nominal"]), on(vector["expect"]["due"]))


@pytest.mark.parametrize("vector", of("refusal_letter_due"))
def test_a_refusal_is_due_within_the_month_too(vector):
    assert asked(vector, ClockKind.REFUSE).due_on == on(vector["expect"]["due"])


@pytest.mark.parametrize("vector", of("clocks"))
def test_california_runs_several_clocks_at_once(vector):
    confirm, respond = asked(vector, ClockKind.ACKNOWLEDGE), asked(vector, ClockKind.RESPOND)
    opt_out, longest = asked(vector, ClockKind.OPT_OUT), asked(vector, ClockKind.RESPOND, extended=True)
    found = {
        "confirm_10bd": confirm.due_on,
        "confirm_strict": confirm.strict_on,
        "respond_45": respond.due_on,
        "respond_strict": respond.strict_on,
        "max_90": longest.due_on,
        "optout_15bd": opt_out.due_on,
        "optout_strict": opt_out.strict_on,
    }
    assert {name: day.isoformat() for name, day in found.items()} == vector["expect"]


@pytest.mark.parametrize("vector", of("appeal_due"))
def test_an_appeal_is_answered_in_time(vector):
    assert asked(vector, ClockKind.APPEAL).due_on == on(vector["expect"]["due"])


@pytest.mark.parametrize("vector", of("grievance_due"))
def test_a_grievance_is_answered_in_time(vector):
    assert asked(vector, ClockKind.GRIEVANCE).due_on == on(vector["expect"]["due"])


@pytest.mark.parametrize("vector", of("breach_due"))
def test_a_breach_counted_in_business_days_skips_holidays(vector):
    law, known = clocks.regime(vector["regime"]), on(vector["input"]["known"])
    found = clocks.regime_due(law, ClockKind.BREACH_AUTHORITY, known).due_on
    small = clocks.regime_due(law, ClockKind.BREACH_SMALL_AGENT, known).due_on
    assert (found, small) == (on(vector["expect"]["due"]), on(vector["expect"]["small_agent"]))


@pytest.mark.parametrize("vector", of("breach_72h"))
def test_seventy_two_hours_run_through_a_change_of_clocks(vector):
    expected = vector["expect"]
    due = clocks.hours_after(datetime.fromisoformat(vector["input"]["aware"]), clocks.BREACH_HOURS)
    assert due == datetime.fromisoformat(expected["due_utc"]) == datetime.fromisoformat(expected["due_local"])
    assert due.tzinfo is UTC


@pytest.mark.parametrize("vector", of("reoptin_earliest") + of("request_log_keep_until") + of("choice_expires"))
def test_silences_and_logs_count_calendar_months(vector):
    regime, kind = {
        "reoptin_earliest": (RegimeId.US_CA, ClockKind.ASK_AGAIN_AFTER),
        "request_log_keep_until": (RegimeId.US_CA, ClockKind.KEEP_REQUEST_LOG),
        "choice_expires": (RegimeId.FR, ClockKind.COOKIE_CHOICE),
    }[vector["op"]]
    (start,), (expected,) = vector["input"].values(), vector["expect"].values()
    assert clocks.regime_due(clocks.regime(regime), kind, on(start)).due_on == on(expected)


@pytest.mark.parametrize("vector", of("in_force"))
def test_only_the_parts_of_a_law_already_in_force_apply(vector):
    parts = clocks.regime(vector["regime"]).in_force(on(vector["input"]["on"]))
    assert {part: part in parts for part in vector["expect"]} == vector["expect"]


@pytest.mark.parametrize("vector", of("min_promise"))
def test_the_earliest_of_statute_and_promises_is_acted_on(vector):
    given, expected = vector["input"], vector["expect"]
    received = on(given["received"])
    law = clocks.regime(vector["regime"].split("+")[1])
    statute = clocks.regime_due(law, ClockKind.RESPOND, received, controller_country=given.get("holidays", ""))
    promises = [
        clocks.promise_on(received, Period(days, Unit.DAY))
        for days in (given["promise_days"], given.get("ccpa_promise_days"))
        if days is not None
    ]
    assert clocks.act_on(statute.due_on, *promises) == on(expected["act_on"])
    if "statute" in expected:
        assert (statute.due_on, promises[0]) == (on(expected["statute"]), on(expected["promise"]))


@pytest.mark.parametrize("vector", of("call_allowed"))
def test_a_call_is_refused_outside_the_lawful_hours(vector):
    given = vector["input"]
    decision = clocks.may_call(
        clocks.calling_rule(vector["regime"]),
        datetime.fromisoformat(given["local"]),
        consent=given.get("consent", False),
        running_contract=given.get("running_contract", False),
    )
    assert decision.allowed is vector["expect"]["allowed"]


@pytest.mark.parametrize("vector", of("retention_end"))
@pytest.mark.parametrize("time_of_day", ["00:00:00", "12:30:00", "23:59:59.999999"])
def test_retention_ends_on_the_promised_day(vector, time_of_day):
    given = vector["input"]
    start = datetime.fromisoformat(f"{given.get('call') or given['terminated']}T{time_of_day}+00:00")
    period = Period(given["days"], Unit.DAY)

    due = clocks.purge_after(start, period)

    assert due.date() == on(vector["expect"]["purge_after"])
    assert clocks.is_due(start, period, due)
    assert not clocks.is_due(start, period, due - timedelta(microseconds=1))


@pytest.mark.parametrize("vector", of("min_keep_until"))
def test_a_legal_minimum_starts_at_the_end_of_the_financial_year(vector):
    given = vector["input"]
    year_end = clocks.financial_year_end(on(given["invoice"]), given["fy_end"][5:])
    assert year_end == on(given["fy_end"])
    assert clocks.keep_until(year_end, given["years"]) == on(vector["expect"]["keep_until"])


@pytest.mark.parametrize("code", DATA["calendars"])
def test_the_holiday_library_agrees_with_the_worked_calendars_on_every_weekday(code):
    listed = {on(day) for day in DATA["calendars"][code]}
    place = clocks.calendar(code)
    first, last = date(min(listed).year, 1, 1), date(max(listed).year, 12, 31)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for day in days:
        assert place.is_working_day(day) is (day.weekday() < 5 and day not in listed), day
