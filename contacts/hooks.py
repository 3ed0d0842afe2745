"""What contacts ask of floors above. Named, ordered lists; retention registers at start.

`contacts.hooks.periods_in_force.append(function)`: how long the organization keeps a contact after the last contact.

`contacts.hooks.destruction`: which contacts are about to be destroyed, and what stands where a destroyed one stood.
"""

from collections.abc import Callable
from uuid import UUID

from accounts.bands import Destruction
from ground import profiles
from ground.profiles import Category, Period

PeriodInForce = Callable[[UUID, Category], Period | None]

periods_in_force: list[PeriodInForce] = []


def period_in_force(organization_id: UUID) -> Period | None:
    """The first answer; else the profile's default; None when nobody has decided a period."""
    for ask in periods_in_force:
        period = ask(organization_id, Category.CONTACT)
        if period is not None:
            return period
    return profiles.current().categories[Category.CONTACT].default


destruction = Destruction()
