"""What lower floors ask of retention through their hook lists: the period in force, what comes too late to keep,
and what is to be said of one call or contact."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from agents import hooks as agent_hooks
from calls import hooks as call_hooks
from contacts import hooks as contact_hooks
from ground import clocks
from ground.profiles import Category, Period
from ground.tenancy import acting_for
from retention import due, periods
from retention.exceptions import NoPeriod, PeriodUnusable
from retention.views import destroying


def period_in_force(organization_id: UUID, category: Category) -> Period | None:
    """The period an agent may only shorten, and a contact is kept for."""
    with acting_for(organization_id):
        try:
            return periods.effective(organization_id, category, due.database_now()).period
        except (NoPeriod, PeriodUnusable):
            return None


def kept(organization_id: UUID, categories: Iterable[str]) -> dict[str, call_hooks.Kept]:
    """How long calls say something is kept, and who decided it."""
    return {
        category: call_hooks.Kept(
            found.period, found.origin, found.version.effective_at if found.version else None, found.agents
        )
        for category, found in periods.effective_all(organization_id, categories, datetime.now(UTC)).items()
    }


def may_store(organization_id: UUID, category: str, agent_id: UUID | None, clock: datetime) -> bool:
    """No for what would already be past its period: it would only be stored to be destroyed at once.

    By the database's clock, as the purge: one that is wrong here would turn away what is still to be kept.
    """
    now = due.database_now()
    try:
        found = periods.effective(organization_id, category, now)
    except (NoPeriod, PeriodUnusable):
        return True
    shorter = found.agents.get(agent_id) if agent_id else None
    return not clocks.is_due(clock, shorter or found.period, now)


agent_hooks.periods_in_force.append(period_in_force)
contact_hooks.periods_in_force.append(period_in_force)
call_hooks.periods.append(kept)
call_hooks.may_store.append(may_store)
call_hooks.things.append(destroying.things_with)
for _destruction, _door in (
    (call_hooks.destruction, destroying.CALL),
    (contact_hooks.destruction, destroying.CONTACT),
):
    _destruction.bands.append(partial(destroying.band, _door))
    _destruction.endings.append(partial(destroying.endings, _door))
    _destruction.remains.append(partial(destroying.page_of_destroyed, _door))
