"""What a run would take: the slices a category makes due, counted."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts.models import Organization
from ground.clocks.exceptions import BeyondCalendar
from ground.inventory.destruction import Outcome
from ground.profiles import Category
from ground.tenancy import acting_for
from retention import periods
from retention.due import Slice, measure, slices
from retention.exceptions import NoPeriod, PeriodUnusable
from retention.models import RunState


@dataclass(slots=True)
class LineReport:
    """What one category of a run did, or would do in a dry run."""

    category: str
    period: str = ""
    origin: str = ""
    due: int = 0
    due_bytes: int = 0
    oldest: datetime | None = None
    outcome: Outcome = field(default_factory=Outcome)
    state: str = RunState.DONE
    error: str = ""

    parts: list[Slice] = field(default_factory=list)

    @property
    def routine(self) -> bool:
        """Logs without sealed content: they go every quarter of an hour, with a batch and an audit event but no run."""
        return not self.error and all(part.declaration.plain for part in self.parts)

    @property
    def applies(self) -> bool:
        """False: no period, nothing is purged (an open gap, or an error that raised an alert)."""
        return bool(self.period)


def line_for(organization_id: UUID, category: Category, now: datetime) -> LineReport:
    """The category's slices at `now`, with how much is due. Damaged periods come back as a failed line."""
    line = LineReport(category)
    operator = Organization.objects.filter(id=organization_id, is_operator=True).exists()
    with acting_for(organization_id):
        try:
            effective = periods.effective(organization_id, category, now)
            parts = list(slices(effective, now, operator=operator))
        except NoPeriod:
            return line
        except (PeriodUnusable, BeyondCalendar):
            line.state, line.error = RunState.FAILED, PeriodUnusable.__name__
            return line
        line.period, line.origin, line.parts = str(effective.period), effective.origin, parts
        for part in line.parts:
            found = measure(part, organization_id)
            line.due += found.rows
            line.due_bytes += found.bytes
            if found.oldest and (line.oldest is None or found.oldest < line.oldest):
                line.oldest = found.oldest
    return line
