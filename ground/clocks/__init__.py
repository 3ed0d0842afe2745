"""The date engine: pure functions that say when something is due, and the law's figures as data."""

from ground.clocks.calendars import WEEKENDS_ONLY, Calendar, calendar
from ground.clocks.calling import CallDecision, CallingRule, NoCall, calling_rule, may_call
from ground.clocks.durations import BREACH_HOURS, hours_after, hours_left
from ground.clocks.exceptions import (
    BeyondCalendar,
    ClockError,
    MixedUnits,
    NaiveMoment,
    OpenPause,
    UnknownCalendar,
    UnknownRegime,
)
from ground.clocks.periods import add_months, cutoff, financial_year_end, is_due, keep_until, purge_after
from ground.clocks.regime_rows import REGIMES, regime
from ground.clocks.regimes import AS_OF, ClockKind, Phase, Regime, regime_due
from ground.clocks.statutory import (
    RULE_VERSION,
    Due,
    Evidence,
    Pause,
    PauseKind,
    PauseMode,
    Term,
    TermUnit,
    act_on,
    civil_date,
    due,
    promise_on,
)

__all__ = [
    "AS_OF",
    "BREACH_HOURS",
    "REGIMES",
    "RULE_VERSION",
    "WEEKENDS_ONLY",
    "BeyondCalendar",
    "Calendar",
    "CallDecision",
    "CallingRule",
    "ClockError",
    "ClockKind",
    "Due",
    "Evidence",
    "MixedUnits",
    "NaiveMoment",
    "NoCall",
    "OpenPause",
    "Pause",
    "PauseKind",
    "PauseMode",
    "Phase",
    "Regime",
    "Term",
    "TermUnit",
    "UnknownCalendar",
    "UnknownRegime",
    "act_on",
    "add_months",
    "calendar",
    "calling_rule",
    "civil_date",
    "cutoff",
    "due",
    "financial_year_end",
    "hours_after",
    "hours_left",
    "is_due",
    "keep_until",
    "may_call",
    "promise_on",
    "purge_after",
    "regime",
    "regime_due",
]
