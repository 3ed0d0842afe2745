"""What a floor above says of a thing of a floor below that is destroyed: on its page, in lists, and in its place."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import Http404
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import dates

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from accounts.access import OrganizationContext


@dataclass(frozen=True, slots=True)
class Band:
    """A template with what it needs."""

    template: str
    values: Mapping[str, Any]

    def render(self, request: "HttpRequest") -> str:
        return render_to_string(self.template, dict(self.values), request)


@dataclass(frozen=True, slots=True)
class Destruction:
    """What is asked about the end of things of one kind; a floor above registers. Needs the organization's context.

    `bands`: function(context, id) -> Band or None: what stands on top of the thing's page (it is about to go).
    `endings`: function(organization_id, ids) -> when those whose destruction somebody confirmed will be destroyed;
    lists and pages say so instead of the period.
    `remains`: function(request, context, id) -> response or None: the page that stands where a destroyed thing stood.
    """

    bands: "list[Callable[[OrganizationContext, UUID], Band | None]]" = field(default_factory=list)
    endings: list[Callable[[UUID, Iterable[UUID]], Mapping[UUID, datetime]]] = field(default_factory=list)
    remains: "list[Callable[[HttpRequest, OrganizationContext, UUID], HttpResponse | None]]" = field(
        default_factory=list
    )

    def bands_of(self, context: "OrganizationContext", object_id: UUID) -> list[Band]:
        """What stands on top of this thing's page."""
        return [band for ask in self.bands if (band := ask(context, object_id)) is not None]

    def endings_of(self, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, datetime]:
        """When each of these will be destroyed, if somebody confirmed that."""
        wanted = list(ids)
        return {object_id: at for ask in self.endings for object_id, at in ask(organization_id, wanted).items()}

    def remains_of(self, request: "HttpRequest", context: "OrganizationContext", object_id: UUID) -> "HttpResponse":
        """The page where a destroyed thing stood. Raises Http404 where there was none."""
        for ask in self.remains:
            if (page := ask(request, context, object_id)) is not None:
                return page
        raise Http404


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
