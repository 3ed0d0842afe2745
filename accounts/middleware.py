"""Everything under /o/<slug>/ runs for exactly one organization.

The person's membership is looked up before the view; the view and the rendering of its template then run in one
transaction in which the database shows only that organization. An exception rolls it back. Views that commit in steps
say `own_transactions`. Times are shown in the organization's time zone.
"""

import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts import access, error_views
from accounts.exceptions import AccessNotStated
from accounts.models import User
from ground import tenancy, vault

_log = logging.getLogger(__name__)

PREFIX = "o/<slug:slug>/"
LAST = "organization"


class OrganizationMiddleware:
    """Sets `request.organization` and `request.membership`; both are None elsewhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.organization = None  # type: ignore[attr-defined]
        request.membership = None  # type: ignore[attr-defined]
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
        organization, place = access.enter(request.user, str(rest.pop("slug")))
        request.organization, request.membership = organization, place  # type: ignore[attr-defined]
        if request.session.get(LAST) != str(organization.pk):
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
        if not access.stated(request):
            raise AccessNotStated(f"{getattr(view, '__qualname__', view)} names no permission")
        return response
