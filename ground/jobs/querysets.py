"""Chainable reads of jobs."""

from datetime import datetime
from typing import Any

from django.db import models


class JobQuerySet(models.QuerySet[Any]):
    def finished_before(self, moment: datetime) -> "JobQuerySet":
        """What the retention of job rows removes."""
        return self.filter(finished_at__lt=moment)
