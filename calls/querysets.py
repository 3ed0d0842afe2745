"""Chainable reads of calls. Lists are pages by key, newest first, never counted whole."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import models
from django.db.models import Q

from calls.exceptions import BadCursor

if TYPE_CHECKING:
    from calls.models import Call

LARGEST_PAGE = 200
COUNT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class CallPage:
    """Some calls, newest first. `next_cursor` leads to older ones, `previous_cursor` to newer ones, "" at the ends."""

    calls: "list[Call]"
    next_cursor: str = ""
    previous_cursor: str = ""


class CallQuerySet(models.QuerySet[Any]):
    def matching(
        self,
        *,
        agent_id: UUID | None = None,
        direction: str = "",
        outcome: str = "",
        start: datetime | None = None,
        end: datetime | None = None,
        recording: bool | None = None,
        held: bool | None = None,
        phone_digests: list[bytes] | None = None,
    ) -> "CallQuerySet":
        """Calls with these facts; `start` inclusive, `end` exclusive, both over the moment the call ended."""
        wanted = Q()
        if agent_id is not None:
            wanted &= Q(agent_id=agent_id)
        if direction:
            wanted &= Q(direction=direction)
        if outcome:
            wanted &= Q(outcome=outcome)
        if start is not None:
            wanted &= Q(ended_at__gte=start)
        if end is not None:
            wanted &= Q(ended_at__lt=end)
        if recording is not None:
            wanted &= Q(has_recording=recording)
        if held is not None:
            wanted &= Q(held=held)
        if phone_digests is not None:
            wanted &= Q(phone_index__in=phone_digests) | Q(second_phone_index__in=phone_digests)
        return self.filter(wanted)

    def page(
        self, organization_id: UUID, *, cursor: str = "", newer: str = "", limit: int = 50, **filters: Any
    ) -> CallPage:
        """One page of an organization's calls: older than `cursor`, or newer than `newer`; filters as in `matching`.

        Raises BadCursor. Needs the organization's context.
        """
        limit = max(1, min(limit, LARGEST_PAGE))
        rows = self.filter(organization_id=organization_id).matching(**filters)
        if newer and not cursor:
            ended_at, call_id = _opened(newer)
            rows = rows.filter(Q(ended_at__gte=ended_at) & (Q(ended_at__gt=ended_at) | Q(id__gt=call_id)))
            found = list(rows.order_by("ended_at", "id")[: limit + 1])
            more, calls = len(found) > limit, found[:limit][::-1]
            return CallPage(calls, _cursor(calls[-1]) if calls else "", _cursor(calls[0]) if more else "")
        if cursor:
            ended_at, call_id = _opened(cursor)
            rows = rows.filter(Q(ended_at__lte=ended_at) & (Q(ended_at__lt=ended_at) | Q(id__lt=call_id)))
        calls = list(rows.order_by("-ended_at", "-id")[: limit + 1])
        more, calls = len(calls) > limit, calls[:limit]
        return CallPage(calls, _cursor(calls[-1]) if more else "", _cursor(calls[0]) if cursor and calls else "")

    def capped_count(self) -> int:
        """How many rows, counted up to 10,000 and no further (10,001 means "more")."""
        return len(self.order_by().values_list("id")[: COUNT_LIMIT + 1])


def _cursor(call: "Call") -> str:
    text = json.dumps([call.ended_at.isoformat(), str(call.id)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _opened(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        ended_at, call_id = json.loads(text)
        moment = datetime.fromisoformat(ended_at)
        if moment.tzinfo is None:
            raise BadCursor
        return moment, UUID(call_id)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise BadCursor from None
