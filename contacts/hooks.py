"""What contacts ask of floors above. Named, ordered lists; retention registers at start.

`contacts.hooks.periods_in_force.append(function)`: how long the organization keeps a contact after the last contact.

`contacts.hooks.bands`, `endings`, `remains`: what stands on top of a contact's page, which contacts are about to be
destroyed and when, and the page where a destroyed contact stood; as `calls.hooks` has them for calls.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from accounts.bands import Band
from ground import profiles
from ground.profiles import Category, Period

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from accounts.access import OrganizationContext

PeriodInForce = Callable[[UUID, Category], Period | None]

periods_in_force: list[PeriodInForce] = []


def period_in_force(organization_id: UUID) -> Period | None:
    """The first answer; else the profile's default; None when nobody has decided a period."""
    for ask in periods_in_force:
        period = ask(organization_id, Category.CONTACT)
        if period is not None:
            return period
    return profiles.current().categories[Category.CONTACT].default


bands: list[Callable[["OrganizationContext", UUID], Band | None]] = []


def bands_of(context: "OrganizationContext", contact_id: UUID) -> list[Band]:
    """What stands on top of this contact's page. Needs the context."""
    return [band for ask in bands if (band := ask(context, contact_id)) is not None]


endings: list[Callable[[UUID, Iterable[UUID]], Mapping[UUID, datetime]]] = []


def endings_of(organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """When each of these contacts will be destroyed, if somebody confirmed that. Needs the context."""
    wanted = list(ids)
    return {contact_id: at for ask in endings for contact_id, at in ask(organization_id, wanted).items()}


remains: "list[Callable[[HttpRequest, OrganizationContext, UUID], HttpResponse | None]]" = []


def remains_of(request: "HttpRequest", context: "OrganizationContext", contact_id: UUID) -> "HttpResponse | None":
    """The page where a destroyed contact stood, or None. Needs the context."""
    return next((page for ask in remains if (page := ask(request, context, contact_id)) is not None), None)
