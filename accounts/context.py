"""What every template knows: the organization, the member's place, the rail, the theme."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import access, navigation
from accounts.models import Organization, User
from accounts.services import staff_access
from accounts.staff_gate import has_second_factor

THEMES = ("light", "dark")
THEME_COOKIE = "theme"


@dataclass(frozen=True, slots=True)
class Looking:
    """The banner of a member of staff whose session is open: where, until when."""

    organization: Organization
    session_id: UUID
    until: datetime
    content: bool


def _looking(request: HttpRequest, here: Organization | None, place: access.Place | None) -> Looking | None:
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_staff:
        return None
    if here is not None and place is not None and place.session is not None:
        session = place.session
        return Looking(here, session.pk, session.runs_out_at, session.content)
    running = staff_access.running_of(user.pk) if has_second_factor(request) else None
    if running is None:
        return None
    organization = Organization.objects.get(pk=running.organization_id)
    return Looking(organization, running.id, running.runs_out_at, running.content)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Lazily, so that pages which show none of it pay nothing."""
    user = getattr(request, "user", None)
    organization = getattr(request, "organization", None)
    place = getattr(request, "membership", None)
    theme = request.COOKIES.get(THEME_COOKIE, "")
    groups = SimpleLazyObject(lambda: navigation.rail(request))
    return {
        "organization": organization,
        "membership": place,
        "permissions": place.permissions if place else frozenset(),
        "takes_and_asks": place is not None and place.session is None,  # staff look: they take no files, decide nothing
        "reads_content": place is not None and (place.session is None or place.session.content),
        "organizations": SimpleLazyObject(lambda: access.organizations_of(user) if isinstance(user, User) else []),
        "rail": groups,
        "rail_current": SimpleLazyObject(lambda: next((x.label for g in groups for x in g.links if x.current), "")),
        "looking": SimpleLazyObject(lambda: _looking(request, organization, place)),
        "theme": theme if theme in THEMES else "",
        "request_id": getattr(request, "request_id", ""),
        "product": settings.PRODUCT_NAME,
    }
