"""The bodies of law as rows: what each gives people, by when it wants answers, and how sure we are of each figure.

The rows are data (`regime_rows`); this module gives them their shape and answers "when is this due under that law".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from ground.clocks.calendars import WEEKENDS_ONLY, Calendar, calendar
from ground.clocks.exceptions import UnknownRegime
from ground.clocks.statutory import Due, Evidence, Pause, PauseKind, PauseMode, Term, due
from ground.profiles import Refusal, RegimeId, Right

AS_OF: Final = date(2026, 11, 22)


class ClockKind(StrEnum):
    """What a term of a regime is for."""

    ACKNOWLEDGE = "acknowledge"
    RESPOND = "respond"
    EXTENSION = "extension"
    REFUSE = "refuse"
    OPT_OUT = "opt_out"
    APPEAL = "appeal"
    APPEAL_EXTENSION = "appeal_extension"
    COMPLAINT = "complaint"
    GRIEVANCE = "grievance"
    BREACH_AUTHORITY = "breach_authority"
    BREACH_PEOPLE = "breach_people"
    BREACH_SMALL_AGENT = "breach_small_agent"
    BREACH_DETAIL = "breach_detail"
    KEEP_REQUEST_LOG = "keep_request_log"
    KEEP_BREACH_LOG = "keep_breach_log"
    ASK_AGAIN_AFTER = "ask_again_after"
    COOKIE_CHOICE = "cookie_choice"


_EXTENDED_BY: Final = {
    ClockKind.RESPOND: ClockKind.EXTENSION,
    ClockKind.APPEAL: ClockKind.APPEAL_EXTENSION,
}


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a law and the day it applies from. Where sources are split the earlier day is kept."""

    part: str
    from_on: date
    evidence: Evidence
    note: str = ""


@dataclass(frozen=True, slots=True)
class Regime:
    """One body of law. `calendar_code` empty means the controller's country decides which days are holidays."""

    id: RegimeId
    name: str
    authority: str
    rights: tuple[Right, ...]
    terms: Mapping[ClockKind, Term]
    calendar_code: str = ""
    has_appeal: bool = False
    refusals: tuple[Refusal, ...] = ()
    pause_modes: Mapping[PauseKind, PauseMode] = field(default_factory=dict)
    optional_pause_modes: Mapping[PauseKind, PauseMode] = field(default_factory=dict)
    phases: tuple[Phase, ...] = ()
    fee: str = ""
    verification: str = ""
    notes: tuple[str, ...] = ()

    def term(self, kind: ClockKind, *, extended: bool = False) -> Term:
        """The term of that kind, with its extension when asked. Raises UnknownRegime where the law has none."""
        wanted = [kind, _EXTENDED_BY[kind]] if extended else [kind]
        missing = [each for each in wanted if each not in self.terms]
        if missing:
            raise UnknownRegime(f"{self.id} has no {missing[0]} clock.")
        first, *more = (self.terms[each] for each in wanted)
        return first.plus(more[0]) if more else first

    def in_force(self, on: date) -> set[str]:
        """The parts of this law that apply on that day."""
        return {phase.part for phase in self.phases if phase.from_on <= on}

    @property
    def unverified(self) -> tuple[ClockKind, ...]:
        """Clocks known from memory only, to be shown as unverified."""
        return tuple(kind for kind, term in self.terms.items() if not term.verified)


def regime_due(
    regime: Regime,
    kind: ClockKind,
    received_on: date,
    *,
    controller_country: str = "",
    extended: bool = False,
    pauses: Iterable[Pause] = (),
    identity_pauses: bool = False,
    as_of: date | None = None,
) -> Due:
    """When something is due under that law.

    `controller_country` names the holidays where the law leaves them to the controller's country. `identity_pauses`
    takes the pause that the law does not state but its authorities accept (EU: EDPB Guidelines 01/2022).
    """
    modes = {**regime.pause_modes, **(regime.optional_pause_modes if identity_pauses else {})}
    return due(
        received_on,
        regime.term(kind, extended=extended),
        calendar=_calendar(regime.calendar_code or controller_country),
        pauses=pauses,
        pause_modes=modes,
        as_of=as_of,
    )


def _calendar(code: str) -> Calendar:
    return calendar(code) if code else WEEKENDS_ONLY
