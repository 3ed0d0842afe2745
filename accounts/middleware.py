"""Everything under /o/<slug>/ runs for exactly one organization.

The person's membership is looked up before the view; the view and the rendering of its template then run in one
transaction in which the database shows only that organization. An exception rolls it back. Views that commit in steps
say `own_transactions`. Times are shown in the organization's time zone.

Staff of the operator get in for the time of a session and only look: what would write, and what would hand out a
file, is refused here whatever the view allows; what was answered is noted before it leaves.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts import access, error_views
from accounts.exceptions import AccessNotStated
from accounts.models import User
from accounts.services import staff_access
from accounts.staff_gate import has_second_factor
from ground import tenancy, vault

_log = logging.getLogger(__name__)

PREFIX = "o/<slug:slug>/"
LAST = "organization"
PERSONAL = ("/account/", "/staff/", "/desk/")
READING = ("GET", "HEAD")

# Words in the names of addresses that hand out files: refused before anything is written about them.
TAKING = ("csv", "export", "download", "vcon", "pdf", "archive")
# Addresses that are asked by POST so that no number or name stands in an address, but change nothing. For staff they
# open with the content of a session, for each uncovers a person or asks by one.
ASKING = frozenset({"calls:search", "calls:reveal", "contacts:reveal", "retention:hold_reason"})


def _own_zone(request: HttpRequest) -> ZoneInfo | None:
    """The zone a person chose for their own pages; an organization's pages show the organization's."""
    if not request.path.startswith(PERSONAL):
        return None
    user = request.user
    return ZoneInfo(user.time_zone) if isinstance(user, User) and user.time_zone else None


class OrganizationMiddleware:
    """Sets `request.organization` and `request.membership`; both are None elsewhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        access.set_place(request, None, None)
        with timezone.override(_own_zone(request)):
            return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        arguments: tuple[object, ...],
        named: dict[str, object],
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if match is None or not match.route.startswith(PREFIX) or not isinstance(request.user, User):
            return None  # a stranger was sent to the login already
        rest = dict(named)
        organization, place = access.enter(
            request.user, str(rest.pop("slug")), second_factor=request.user.is_staff and has_second_factor(request)
        )
        access.set_place(request, organization, place)
        if place.session is not None:
            _refuse_what_is_not_looking(request, place)
        elif request.session.get(LAST) != str(organization.pk):
            request.session[LAST] = str(organization.pk)
        try:
            with timezone.override(ZoneInfo(organization.time_zone)):
                if access.wants_own_transactions(view):
                    return self._answer(request, view, arguments, rest)
                with tenancy.acting_for(organization.pk):
                    return self._answer(request, view, arguments, rest)
        except vault.Unavailable:
            return self.process_exception(request, None)

    def process_exception(self, request: HttpRequest, error: Exception | None) -> HttpResponseBase | None:
        """Keys, keyring or objects out of reach: 503, for every page."""
        if error is not None and not isinstance(error, vault.Unavailable):
            return None
        _log.warning("a part of the vault does not answer")
        return error_views.unavailable(request)

    @staticmethod
    def _answer(
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        arguments: tuple[object, ...],
        named: dict[str, object],
    ) -> HttpResponseBase:
        response = view(request, *arguments, **named)
        render = getattr(response, "render", None)
        if callable(render):
            response = render()
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED and not access.stated(request):
            raise AccessNotStated(f"{getattr(view, '__qualname__', view)} names no permission")
        place: access.Place | None = getattr(request, "membership", None)
        if place is not None and place.session is not None:
            _note_the_look(request, place, response, named)
        return response


def _refuse_what_is_not_looking(request: HttpRequest, place: access.Place) -> None:
    """Before the view runs. Raises PermissionDenied."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    if any(word in name for word in TAKING):
        raise PermissionDenied("a staff session takes nothing out")
    if request.method in READING:
        return
    if not (place.session and place.session.content and request.method == "POST" and name in ASKING):
        raise PermissionDenied("a staff session only looks")


def _note_the_look(
    request: HttpRequest, place: access.Place, response: HttpResponseBase, named: dict[str, object]
) -> None:
    """Before the answer leaves. A file is not handed out (PermissionDenied); what shows nothing is no look."""
    if place.session is None or response.status_code >= 400 or 300 <= response.status_code < 400:
        return
    if response.get("Content-Disposition", "").strip().lower().startswith("attachment"):
        raise PermissionDenied("a staff session takes nothing out")
    about = next((value for value in named.values() if isinstance(value, UUID)), None)
    staff_access.note_look(
        place.session,
        page=request.resolver_match.view_name if request.resolver_match else "unknown",
        address=request.get_full_path(),
        about=about,
        asked=request.method not in READING,
    )
