"""When a request must be answered: one function, the laws as parameters (see `regimes`).

What it follows, and where each rule comes from:

- The day of receipt is not counted (Reg. (EEC, Euratom) 1182/71 Art. 3(1)); it is the civil date in the time zone of
  the controller. Reading the mail later changes nothing.
- A month ends at the end of the day with the same number, else on the last day (Art. 3(2)(c); CJEU C-171/03): received
  on the 5th, due on the 5th.
- Weekends and holidays are inside the period (Art. 3(3)). Only its end rolls, once, to the next working day
  (Art. 3(4)), and only where the law says so: periods in calendar days do not roll here, the safer reading.
- An extension counts from receipt, not from the rolled first date (ICO guidance; GDPR Art. 12(3)).
- Pauses follow the regime: none (EU, the default), days that do not count with both ends included (UK, Data Protection
  Act 2018 s. 54(3C)), or a clock that starts anew when the answer comes (UK, identity and fee).
- Business days skip weekends and the regulator's holidays; the strict answer skips weekends only. Where the first day
  is disputed (California, 11 CCR §7021(b)), the strict answer counts the day of receipt.

`due_on` is the legal reading, `strict_on` the earlier one to act on. Of several clocks the earliest wins: `act_on`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from ground.clocks.calendars import WEEKENDS_ONLY, Calendar
from ground.clocks.exceptions import MixedUnits, OpenPause
from ground.clocks.periods import add_months, in_utc
from ground.profiles import Period

RULE_VERSION: Final = "2026-11-22"
_DAY: Final = timedelta(days=1)


class TermUnit(StrEnum):
    MONTH = "calendar_month"
    DAY = "calendar_day"
    BUSINESS_DAY = "business_day"
    HOUR = "hour"


class Evidence(StrEnum):
    """How a figure of law was confirmed."""

    PRIMARY = "P"
    SECONDARY = "S"
    MEMORY = "M"

    @property
    def verified(self) -> bool:
        """From memory is shown as unverified until a person confirms it."""
        return self is not Evidence.MEMORY


@dataclass(frozen=True, slots=True)
class Term:
    """A length of time in a law, with its evidence.

    `rolls`: an end on a weekend or holiday moves to the next working day. `receipt_may_count`: whether the day of
    receipt is day one is disputed, so the strict answer is a day earlier.
    """

    n: int
    unit: TermUnit
    evidence: Evidence
    source: str = ""
    note: str = ""
    rolls: bool = False
    receipt_may_count: bool = False

    @property
    def verified(self) -> bool:
        return self.evidence.verified

    def plus(self, extension: "Term") -> "Term":
        """Both together, counted from receipt. Raises MixedUnits."""
        if extension.unit is not self.unit:
            raise MixedUnits(f"{extension.n} {extension.unit}s cannot extend {self.n} {self.unit}s.")
        weaker = self.evidence if extension.verified else extension.evidence
        return replace(extension, n=self.n + extension.n, evidence=weaker, rolls=self.rolls)


class PauseKind(StrEnum):
    IDENTITY = "identity"
    CLARIFICATION = "clarification"
    FEE = "fee"


class PauseMode(StrEnum):
    NONE = "none"
    RESTART = "restart"
    EXCLUDE_DAYS = "exclude_days_inclusive"


@dataclass(frozen=True, slots=True)
class Pause:
    """The controller asked for something on one day and got it on another, or still waits."""

    kind: PauseKind
    asked_on: date
    answered_on: date | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """One computed date with what it was computed from, so that it can be explained later."""

    received_on: date
    counted_from: date
    nominal_on: date
    due_on: date
    strict_on: date
    excluded_days: int = 0
    is_paused: bool = False
    term: Term | None = None
    calendar: str = ""
    rule_version: str = RULE_VERSION


def civil_date(moment: datetime, tz: tzinfo) -> date:
    """The date of a moment where the controller is. Raises NaiveMoment."""
    return in_utc(moment).astimezone(tz).date()


def due(
    received_on: date,
    term: Term,
    *,
    calendar: Calendar = WEEKENDS_ONLY,
    pauses: Iterable[Pause] = (),
    pause_modes: Mapping[PauseKind, PauseMode] | None = None,
    as_of: date | None = None,
) -> Due:
    """When an answer is due for what was received on that day.

    A pause of a kind without a mode changes nothing. An open pause counts up to `as_of` and marks the result paused;
    without `as_of` it raises OpenPause.
    """
    modes = pause_modes or {}
    effective = [(pause, modes.get(pause.kind, PauseMode.NONE)) for pause in pauses]
    effective = [(pause, mode) for pause, mode in effective if mode is not PauseMode.NONE]
    spans = [(pause.asked_on, _answered(pause, as_of), mode) for pause, mode in effective]
    start = max([received_on, *(answered for _, answered, mode in spans if mode is PauseMode.RESTART)])
    nominal, excluded = _without(
        _end(start, term, calendar), [span[:2] for span in spans if span[2] is PauseMode.EXCLUDE_DAYS], start
    )
    due_on = calendar.next_working_day(nominal) if term.rolls else nominal
    return Due(
        received_on=received_on,
        counted_from=start,
        nominal_on=nominal,
        due_on=due_on,
        strict_on=min(due_on, nominal, _strict_end(start, term) + excluded * _DAY),
        excluded_days=excluded,
        is_paused=any(pause.answered_on is None for pause, _ in effective),
        term=term,
        calendar=calendar.code,
    )


def promise_on(received_on: date, period: Period) -> date:
    """The last day of a response time the company promises. It never rolls: a promise is kept on a Sunday too."""
    months = period.calendar_months
    return received_on + period.n * _DAY if months is None else add_months(received_on, months)


def act_on(*candidates: date) -> date:
    """The earliest of statute, the company's promise and the contract with the organization."""
    return min(candidates)


def _answered(pause: Pause, as_of: date | None) -> date:
    answered = pause.answered_on or as_of
    if answered is None:
        raise OpenPause(f"The {pause.kind} pause asked on {pause.asked_on} is still open.")
    return answered


def _end(start: date, term: Term, calendar: Calendar) -> date:
    match term.unit:
        case TermUnit.MONTH:
            return add_months(start, term.n)
        case TermUnit.DAY:
            return start + term.n * _DAY
        case TermUnit.BUSINESS_DAY:
            return calendar.add_working_days(start, term.n)
        case _:
            raise MixedUnits("Hours run from a moment, not from a day; see durations.hours_after.")


def _strict_end(start: date, term: Term) -> date:
    """The safer reading: weekends only for business days; the day of receipt counted where that is disputed."""
    end = _end(start, term, WEEKENDS_ONLY)
    return end - _DAY if term.receipt_may_count else end


def _without(end: date, spans: list[tuple[date, date]], start: date) -> tuple[date, int]:
    """The end moved by every paused day, counted once. A question asked after the end pauses nothing."""
    paused: set[date] = set()
    for asked, answered in sorted(spans):
        if asked <= end + len(paused) * _DAY:
            first = max(asked, start)
            paused.update(first + offset * _DAY for offset in range((answered - first).days + 1))
    return end + len(paused) * _DAY, len(paused)
