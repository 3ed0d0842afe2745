"""Where a call stands between recorded and gone: which part leaves next and why, for the pill and the life line.

Computed from the periods in force, as the purge computes it; nothing of it is stored on the call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import dates, lifeline
from accounts.bands import leaves_soon
from accounts.lifeline import LifeLine, Moment, State
from calls import hooks, words
from calls.models import Call, RecordingState
from ground import profiles
from ground.clocks import purge_after
from ground.profiles import Category, Period

PARTS = (Category.RECORDING, Category.TRANSCRIPT, Category.CALL_REPORT, Category.CALL_METADATA)
SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class Leaving:
    """When a part of a call is due, and by which period. `origin`: organization, profile, operator decision, agent."""

    category: str
    at: datetime
    period: Period
    origin: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pill:
    """The life of a call in a list."""

    state: State
    words: str


class Periods:
    """The periods of an organization's calls, asked once. Needs the organization's context."""

    def __init__(self, organization_id: UUID) -> None:
        self._kept: Mapping[str, hooks.Kept] = hooks.kept(organization_id, PARTS)

    def leaving(self, call: Call, category: str) -> Leaving | None:
        """When this part of the call is due; None while no period is decided."""
        found = self._kept.get(category)
        if found is None:
            return None
        shorter = found.agents.get(call.agent_id) if call.agent_id else None
        period, origin = (shorter, "agent") if shorter else (found.period, found.origin)
        return Leaving(category, purge_after(call.ended_at, period), period, origin, found.since)

    def of(self, call: Call) -> list[Leaving]:
        """What exists of the call, in the order in which it leaves."""
        parts = [leaving for part in existing(call) if (leaving := self.leaving(call, part)) is not None]
        return sorted(parts, key=lambda each: (each.at, PARTS.index(Category(each.category))))


def existing(call: Call) -> list[str]:
    """The parts that are there."""
    there = (call.has_recording, call.has_transcript, call.has_report, True)
    return [part for part, exists in zip(PARTS, there, strict=True) if exists]


def pill(call: Call, leaving: list[Leaving], now: datetime, ends_at: datetime | None = None) -> Pill:
    """Held, what leaves next, or what is gone already. `ends_at`: a confirmed destruction waits until then."""
    if call.held:
        return Pill("held", _("held"))
    if ends_at is not None:
        return Pill("due", leaves_soon(ends_at, now))
    if not (call.has_recording or call.has_transcript or call.has_report):
        if call.recording_state == RecordingState.DESTROYED:
            return Pill("gone", _("content destroyed"))
        leaving = [each for each in leaving if each.category == Category.CALL_METADATA]
    if not leaving:
        return Pill("kept", _("no period decided"))
    return until(leaving[0].at, now)


def until(moment: datetime, now: datetime) -> Pill:
    """`expires in 11 days`, counted in whole days as the clock runs."""
    if moment <= now:
        return Pill("due", _("leaves with the next purge"))
    days = (timezone.localtime(moment).date() - timezone.localtime(now).date()).days
    if days == 0:
        return Pill("due", _("expires today"))
    if days == 1:
        return Pill("due", _("expires tomorrow"))
    text = ngettext("expires in %(n)d day", "expires in %(n)d days", days) % {"n": days}
    return Pill("due" if days < SOON_DAYS else "kept", text)


def line(call: Call, leaving: list[Leaving], now: datetime, ends_at: datetime | None = None) -> LifeLine:
    """The large drawing for the part that leaves first; for all of it where a confirmed destruction waits."""
    moments = [
        Moment("done", _("Recorded") if call.has_recording else _("Ended"), dates.day(call.ended_at), _time(call))
    ]
    if timedelta() < call.created_at - call.ended_at < timedelta(days=1):
        moments.append(Moment("done", _("Stored, sealed"), dates.day(call.created_at), dates.clock(call.created_at)))
    today = Moment("today", _("Today"), dates.day(now), _day_of(call, leaving, now))
    if ends_at is not None and not call.held:
        due = Moment("due", _("Will be destroyed"), dates.day(ends_at), dates.clock(ends_at))
        return lifeline.draw([*moments, today, due, *_after(max(ends_at, now))])
    if not leaving:
        return lifeline.draw([*moments, today, Moment("end", _("No end decided"), "–", _("nothing is purged"))])
    first = leaving[0]
    if call.held:
        return lifeline.draw([*moments, *_held(first, today, now)])
    due = Moment("due", _("Expires"), dates.day(first.at), _away(first.at, now))
    order = [today, due] if first.at > now else [due, today]
    return lifeline.draw([*moments, *order, *_after(max(first.at, now))])


def _after(leaves: datetime) -> list[Moment]:
    """What follows when content leaves at that moment."""
    night = leaves + timedelta(days=1)
    after = [
        Moment("end", _("Unreadable"), dates.day(leaves), _("within minutes")),
        Moment("end", _("Beyond recovery"), _("by %(day)s") % {"day": dates.day(night)}, _("next night")),
    ]
    window = profiles.current().categories[Category.BACKUP].default
    if window is not None:
        gone = purge_after(night, window)
        after.append(Moment("end", _("Gone from backups"), dates.day(gone), words.period(window)))
    return after


def _held(first: Leaving, today: Moment, now: datetime) -> list[Moment]:
    """A hold: no date holds any more; everything waits for its release."""
    would = Moment("done" if first.at <= now else "end", _("Would expire"), dates.day(first.at), _("kept by a hold"))
    released = [
        Moment("end", _("Hold released"), "–", _("somebody decides")),
        Moment("end", _("Unreadable"), "–", _("after the release")),
        Moment("end", _("Beyond recovery"), "–", _("next night")),
    ]
    return [would, today, *released] if first.at <= now else [today, would, *released]


def why(leaving: list[Leaving], organization: str, ends_at: datetime | None = None) -> str:
    """Why this date, in a sentence; and when the rest leaves."""
    if ends_at is not None:
        return _("Somebody confirmed its destruction before its time; until then it can be undone.")
    if not leaving:
        return _("Nobody has decided how long this is kept, so nothing of it is purged.")
    first, *rest = leaving
    sentences = [
        _("Shown for %(part)s: kept %(period)s from the end of the call, %(decided)s.")
        % {
            "part": words.PARTS[first.category],
            "period": words.period(first.period),
            "decided": words.decided(first.origin, organization, dates.day(first.since) if first.since else ""),
        }
    ]
    for each in rest:
        what = str(words.PARTS[each.category])
        sentence = _("%(part)s: until %(day)s.") % {"part": what[:1].upper() + what[1:], "day": dates.day(each.at)}
        sentences.append(sentence)
    return " ".join(sentences)


def _time(call: Call) -> str:
    return dates.clock(call.ended_at)


def _day_of(call: Call, leaving: list[Leaving], now: datetime) -> str:
    """`day 79 of 90` where the period is one of days."""
    day = (now - call.ended_at).days + 1
    if leaving and leaving[0].period.calendar_months is None and now < leaving[0].at:
        return _("day %(day)d of %(days)d") % {"day": day, "days": leaving[0].period.n}
    return _("day %(day)d") % {"day": day}


def _away(moment: datetime, now: datetime) -> str:
    if moment <= now:
        return _("with the next purge")
    days = (timezone.localtime(moment).date() - timezone.localtime(now).date()).days
    return ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days} if days else _("today")
