"""What a floor above has to say on top of a page of a floor below, and how soon a confirmed destruction begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import dates

if TYPE_CHECKING:
    from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Band:
    """A template with what it needs."""

    template: str
    values: Mapping[str, Any]

    def render(self, request: "HttpRequest") -> str:
        return render_to_string(self.template, dict(self.values), request)


def leaves_soon(ends_at: datetime, now: datetime) -> str:
    """`destroyed in 9 min`: the pill of what waits out its grace, in a list."""
    minutes = ceil((ends_at - now).total_seconds() / 60)
    if minutes < 1:
        return _("being destroyed")
    return ngettext("destroyed in %(n)d min", "destroyed in %(n)d min", minutes) % {"n": minutes}


def leaves_at(ends_at: datetime, now: datetime) -> str:
    """`will be destroyed at 14:31 CET`: the same where there is room, and where a page stays open."""
    if ends_at <= now:
        return _("being destroyed")
    return _("will be destroyed at %(hour)s") % {"hour": dates.clock(ends_at)}
