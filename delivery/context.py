"""What every page knows of the bell: how many notices are unread. Counted only when a page shows it."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from delivery.services import notices


def bell(request: HttpRequest) -> dict[str, Any]:
    place = getattr(request, "membership", None)
    if place is None or not place.may("notices.read"):
        return {"unread_notices": None}
    return {"unread_notices": SimpleLazyObject(lambda: notices.unread(place.organization_id, place.user_id))}
