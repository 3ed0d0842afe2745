"""Kinds of notices: declared by the app in which the thing happens, in its `notices.py`, found at start.

A kind says who is told (a permission), in which words, where it leads, and how people hear of it who have not chosen.
A kind that names an alert is told whenever that alert opens. An alert nobody is told about has words all the same, for
the page that lists what is open.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise

from accounts.permissions import PERMISSIONS
from delivery.models import Channel
from ground.audit.payload import kind as checked_name

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Facts:
    """What a notice holds: an object, a word of ours (a category, a state), counts."""

    object_id: UUID | None
    about: str
    counts: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """A notice in words: one line, and one or two sentences."""

    title: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What is said of something that happened. `view` gets the organization's slug and, where `object_argument` names
    it, the object's id; "" leads nowhere."""

    say: Callable[[Facts], Said]
    view: str = ""
    object_argument: str = ""
    icon: str = "info"
    state: str = "kept"

    def href(self, facts: Facts, slug: str) -> str:
        """Where it leads; "" when this build has no such page."""
        arguments = {"slug": slug}
        if self.object_argument:
            if facts.object_id is None:
                return ""
            arguments[self.object_argument] = str(facts.object_id)
        try:
            return reverse(self.view, kwargs=arguments)
        except NoReverseMatch:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeKind(Wording):
    """A wording that people are told, each as they have chosen."""

    name: str
    topic: Text
    label: Text
    permission: str
    channel: Channel = Channel.DAILY
    alert: str = ""
    once_a_day: bool = False  # an alert that opens for each record is told once a day


class DeclaredTwice(ValueError):
    """Two kinds of one name, or two for one alert."""


_kinds: dict[str, NoticeKind] = {}
_of_alert: dict[str, Wording] = {}


def fixed(title: Text, text: Text, about: Callable[[Facts], str] | None = None) -> Callable[[Facts], Said]:
    """The same words each time, in the language of whoever reads; `about` names what the title is of ("" nothing)."""

    def say(facts: Facts) -> Said:
        named = about(facts) if about else ""
        return Said(f"{title}: {named}" if named else str(title), str(text))

    return say


def plain(
    kind: Callable[..., NoticeKind],
    name: str,
    title: Text,
    text: Text,
    *,
    label: Text = "",
    about: Callable[[Facts], str] | None = None,
    **other: Any,
) -> NoticeKind:
    """A kind with the same words each time; `label` where the page of preferences calls it otherwise."""
    return kind(name=name, label=label or title, say=fixed(title, text, about), **other)


def declare(*kinds: NoticeKind) -> None:
    """Register kinds. Raises DeclaredTwice, LookupError for a permission that nobody has."""
    for kind in kinds:
        if checked_name(kind.name) in _kinds:
            raise DeclaredTwice(kind.name)
        PERMISSIONS[kind.permission]
        if kind.alert:
            _words(kind.alert, kind)
        _kinds[kind.name] = kind


def declare_alert(alert: str, title: Text, text: Text, *, icon: str, state: str = "due", view: str = "") -> None:
    """The words of an alert that nobody is told about. Raises DeclaredTwice."""
    _words(alert, Wording(say=fixed(title, text), view=view, icon=icon, state=state))


def _words(alert: str, wording: Wording) -> None:
    if checked_name(alert) in _of_alert:
        raise DeclaredTwice(alert)
    _of_alert[alert] = wording


def find(name: str) -> NoticeKind | None:
    """The kind, or None for one that an earlier release told."""
    return _kinds.get(name)


def of_alert(alert: str) -> NoticeKind | None:
    """The kind that is told when this alert opens."""
    wording = _of_alert.get(alert)
    return wording if isinstance(wording, NoticeKind) else None


def wording_of(alert: str) -> Wording | None:
    """How an open alert reads, or None for one that an earlier release raised."""
    return _of_alert.get(alert)


def alert_facts(key: str, counts: Mapping[str, Any], at: datetime) -> Facts:
    """What a notice about an alert holds: its key is the object's id, or a word of ours."""
    try:
        return Facts(UUID(key), "", counts, at)
    except ValueError:
        return Facts(None, key, counts, at)


def declared() -> list[NoticeKind]:
    """All kinds, app by app, each in the order of its own file."""
    return sorted(_kinds.values(), key=lambda kind: kind.name.partition(".")[0])
