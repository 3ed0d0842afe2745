"""Chainable reads of calls."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q


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
