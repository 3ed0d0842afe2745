"""What every template knows: the organization, the member's place, the rail, the theme."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import access, navigation
from accounts.models import User

THEMES = ("light", "dark")
THEME_COOKIE = "theme"


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
        "organizations": SimpleLazyObject(lambda: access.organizations_of(user) if isinstance(user, User) else []),
        "rail": groups,
        "rail_current": SimpleLazyObject(lambda: next((x.label for g in groups for x in g.links if x.current), "")),
        "theme": theme if theme in THEMES else "",
        "request_id": getattr(request, "request_id", ""),
        "product": settings.PRODUCT_NAME,
    }
