"""Chainable reads of the audit trail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models


class EventQuerySet(models.QuerySet[Any]):
    def newest_first(self) -> "EventQuerySet":
        """Ids are ordered by time (UUID version 7)."""
        return self.order_by("-id")


class BlockQuerySet(models.QuerySet[Any]):
    def of_chain(self, organization_id: UUID, stream: str) -> "BlockQuerySet":
        return self.filter(organization_id=organization_id, stream=stream)

    def older_than(self, moment: datetime) -> "BlockQuerySet":
        """Blocks in which every event is older than `moment`."""
        return self.filter(latest_at__lt=moment)


class AlertQuerySet(models.QuerySet[Any]):
    def open(self) -> "AlertQuerySet":
        return self.filter(resolved_at__isnull=True)
