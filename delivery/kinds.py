"""Kinds of notices: declared by the app in which the thing happens, in its `notices.py`, found at start.

A kind says who is told (a permission), in which words, where it leads, and how people hear of it who have not chosen.
A kind that names an alert is told whenever that alert opens.
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


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """`view` gets the organization's slug and, where `object_argument` names it, the object's id."""

    name: str
    topic: Text
    label: Text
    permission: str
    say: Callable[[Facts], Said]
    view: str
    object_argument: str = ""
    icon: str = "info"
    state: str = "kept"
    channel: Channel = Channel.DAILY
    alert: str = ""
    once_a_day: bool = False  # an alert that opens for each record is told once a day

    def href(self, facts: Facts, slug: str) -> str:
        """Where the notice leads; "" when this build has no such page."""
        arguments = {"slug": slug}
        if self.object_argument:
            if facts.object_id is None:
                return ""
            arguments[self.object_argument] = str(facts.object_id)
        try:
            return reverse(self.view, kwargs=arguments)
        except NoReverseMatch:
            return ""


class DeclaredTwice(ValueError):
    """Two kinds of one name, or two for one alert."""


_kinds: dict[str, NoticeKind] = {}
_of_alert: dict[str, NoticeKind] = {}


def declare(kind: NoticeKind) -> NoticeKind:
    """Register a kind. Raises DeclaredTwice, LookupError for a permission that nobody has."""
    if checked_name(kind.name) in _kinds or kind.alert in _of_alert:
        raise DeclaredTwice(kind.name)
    PERMISSIONS[kind.permission]
    _kinds[kind.name] = kind
    if kind.alert:
        _of_alert[kind.alert] = kind
    return kind


def find(name: str) -> NoticeKind | None:
    """The kind, or None for one that an earlier release told."""
    return _kinds.get(name)


def of_alert(alert: str) -> NoticeKind | None:
    """The kind that is told when this alert opens."""
    return _of_alert.get(alert)


def declared() -> list[NoticeKind]:
    """All kinds, app by app, each in the order of its own file."""
    return sorted(_kinds.values(), key=lambda kind: kind.name.partition(".")[0])
