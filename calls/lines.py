"""What the pages of agents and connections show of calls: deliveries and their outcome, polls, numbers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection as database
from django.utils.translation import gettext as _

from agents import hooks
from agents.models import ConnectionState, Provider, ProviderConnection
from calls import providers
from calls.models import EventSource, EventState, Poll, PollState, ProviderEvent
from calls.services.polling import OVERLAP
from ground.jobs.models import UNFINISHED, Job

SHOWN = 12
COUNTED = 1000
EVERY = timedelta(minutes=10)  # how often beat plans polls

_LOOKS = {  # state -> colour of the pill, icon
    EventState.RECEIVED: ("due", "wait"),
    EventState.PROCESSED: ("ok", "check"),
    EventState.DROPPED: ("gone", "stop"),
    EventState.QUARANTINED: ("overdue", "warn"),
}


def line(connection: ProviderConnection, now: datetime) -> hooks.Line:
    """Needs the organization's context."""
    events = ProviderEvent.objects.filter(
        organization_id=connection.organization_id, connection_id=connection.id
    ).order_by("-received_at", "-id")[:SHOWN]
    provider = providers.find(connection.provider)
    return hooks.Line(
        [_delivery(event) for event in events],
        _asking(connection, now) if provider is not None and provider.lists_calls else None,
        connection.provider == Provider.GENERIC and connection.state == ConnectionState.ACTIVE,
    )


def _delivery(event: ProviderEvent) -> hooks.Delivery:
    state, icon = _LOOKS[EventState(event.state)]
    problems = [f"{each['pointer'] or '/'}: {each['detail']}" for each in event.problems[:3]]
    return hooks.Delivery(
        event.received_at,
        state,
        icon,
        str(event.get_state_display()),
        event.source == EventSource.PULLED,
        problems,
        event.call_id,
    )


def _asking(connection: ProviderConnection, now: datetime) -> hooks.Asking:
    poll = Poll.objects.filter(organization_id=connection.organization_id, connection_id=connection.id).first()
    job = (
        Job.objects.filter(
            organization_id=connection.organization_id,
            kind="calls.poll_connection",
            unique_key=str(connection.id),
            state__in=UNFINISHED,
        )
        .order_by("-id")
        .first()
    )
    asked_at = poll.asked_at if poll else None
    window = None
    if poll is not None:
        start, end = poll.round_at, poll.round_until
        window = (start, end) if start and end else (poll.read_until - OVERLAP, now)
    if not connection.is_active or not connection.has_api_key:
        next_at = None
    elif job is not None:
        next_at = max(job.run_at, now)
    else:
        next_at = max(asked_at + EVERY, now) if asked_at else now + EVERY
    return hooks.Asking(poll.read_until if poll else None, asked_at, window, next_at, _trouble(connection, poll, job))


def _trouble(connection: ProviderConnection, poll: Poll | None, job: Job | None) -> str:
    """What keeps us from asking, in words; "" when nothing does."""
    if not connection.has_api_key:
        return _("There is no key for the provider’s API, so calls whose delivery was lost are not made up for.")
    if poll is not None and poll.state == PollState.CREDENTIALS:
        return _("The provider refused our key. Put in another one; we ask again at once.")
    error = job.last_error if job is not None else ""
    if "provider_silent" in error:
        return _("The provider does not answer. We ask again; nothing is lost meanwhile.")
    if "answer_" in error:
        return _("The provider asked for patience. We ask again later; nothing is lost meanwhile.")
    if "vault_unavailable" in error:
        return _("The key store did not answer. We ask again in a moment.")
    return ""


def seen(organization_id: UUID, agent_ids: Sequence[UUID]) -> dict[UUID, hooks.Seen]:
    """Counted by index and no further than COUNTED. Needs the organization's context."""
    if not agent_ids:
        return {}
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT agent.id, held.calls, newest.ended_at FROM unnest(%s::uuid[]) AS agent(id) "
            "CROSS JOIN LATERAL (SELECT count(*) AS calls FROM (SELECT 1 FROM calls_call "
            "WHERE organization_id = %s AND agent_id = agent.id LIMIT %s) AS found) AS held "
            "LEFT JOIN LATERAL (SELECT ended_at FROM calls_call WHERE organization_id = %s AND agent_id = agent.id "
            "ORDER BY ended_at DESC LIMIT 1) AS newest ON true",
            [list(agent_ids), organization_id, COUNTED + 1, organization_id],
        )
        return {
            agent_id: hooks.Seen(min(calls, COUNTED), calls > COUNTED, last_at)
            for agent_id, calls, last_at in cursor.fetchall()
        }


hooks.lines.append(line)
hooks.seen.append(seen)
