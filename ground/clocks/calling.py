"""At which local times the law lets a person be called, and when it wants consent first.

Hours are judged at the place of the called person; a place that is not known is judged by the strictest rule that may
apply, which is for the caller of this module to choose.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ground.clocks.calendars import calendar
from ground.clocks.exceptions import UnknownRegime
from ground.clocks.statutory import Evidence

_WEEK: Final = tuple(range(7))
_WORKING_WEEK: Final = tuple(range(5))


class NoCall(StrEnum):
    """Why a call may not be made now."""

    ALLOWED = "allowed"
    HOUR = "hour"
    WEEKDAY = "weekday"
    HOLIDAY = "holiday"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class CallingRule:
    """When people of one place may be called. Windows are [from, to) of local time."""

    id: str
    windows: tuple[tuple[time, time], ...]
    weekdays: tuple[int, ...]
    calendar_code: str
    source: str
    evidence: Evidence
    consent_since: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CallDecision:
    allowed: bool
    reason: NoCall
    rule: CallingRule


_RULES: Final = MappingProxyType(
    {
        rule.id: rule
        for rule in (
            CallingRule(
                "US-TCPA",
                ((time(8), time(21)),),
                _WEEK,
                "",
                "47 CFR 64.1200(c)(1)",
                Evidence.SECONDARY,
                note="Consent for an artificial voice is a rule of its own (FCC 24-17) and not judged here.",
            ),
            CallingRule(
                "FR-CALL",
                ((time(10), time(13)), (time(14), time(20))),
                _WORKING_WEEK,
                "FR",
                "Code de la consommation D223-9, L223-1",
                Evidence.PRIMARY,
                consent_since=date(2026, 8, 11),
                note="D223-9 was read as of 1 March 2023 and may have been rewritten since; confirm.",
            ),
        )
    }
)


def calling_rule(rule_id: str) -> CallingRule:
    """The rule of that id. Raises UnknownRegime."""
    if rule_id not in _RULES:
        raise UnknownRegime(f"No calling hours are known as {rule_id!r}.")
    return _RULES[rule_id]


def may_call(
    rule: CallingRule, local: datetime, *, consent: bool = False, running_contract: bool = False
) -> CallDecision:
    """Whether a person may be called at that civil time of their place, and if not, why not."""
    return CallDecision((reason := _obstacle(rule, local, consent or running_contract)) is NoCall.ALLOWED, reason, rule)


def _obstacle(rule: CallingRule, local: datetime, welcome: bool) -> NoCall:
    if rule.consent_since is not None and local.date() >= rule.consent_since and not welcome:
        return NoCall.CONSENT
    if rule.calendar_code and calendar(rule.calendar_code).is_holiday(local.date()):
        return NoCall.HOLIDAY
    if local.weekday() not in rule.weekdays:
        return NoCall.WEEKDAY
    clock = local.time()
    return NoCall.ALLOWED if any(opens <= clock < closes for opens, closes in rule.windows) else NoCall.HOUR
