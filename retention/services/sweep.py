"""The purge of one organization: what is due is destroyed, and the run that did it proves it.

Invariant: nothing goes that is not due by the period in force at the database's now, that a hold covers, or that a
person was not asked about although it is unusually much. Every category stands alone: a missing or damaged period, an
outage or a bad row stops that category (or row), is named and raises an alert, and never stops the rest.

A dead run's lease ends by itself, and the next run first finishes what it left (`destruction.resume`). No step holds a
transaction longer than one batch. Running it twice destroys nothing twice.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from django.db import OperationalError
from django.db.models import Q

from ground import audit, vault
from ground.inventory import destruction, removals
from ground.inventory.outcomes import Outcome, Reason
from ground.inventory.plain import delete_plain
from ground.profiles import Category
from ground.tenancy import Actor, acting_for
from ground.vault.exceptions import ObjectStoreDown
from retention import due
from retention.exceptions import PurgeUnderway
from retention.models import Approval, PurgeRun, RunState, SweepMark
from retention.services import guard, lease, runs
from retention.services.plan import LineReport, line_for
from retention.services.sweepers import SWEEPERS

log = structlog.get_logger(__name__)
_CALLS = (Category.RECORDING, Category.TRANSCRIPT, Category.CALL_REPORT, Category.CALL_METADATA)
ORDER = [*_CALLS, *(category for category in Category if category not in _CALLS)]  # contents before what names them


@dataclass(slots=True)
class Report:
    """One run: `run_id` is None when nothing was due or it was a dry run."""

    organization_id: UUID
    run_id: UUID | None = None
    lines: list[LineReport] = field(default_factory=list)
    more: bool = False  # the time given was over before everything was done: another run goes on

    @property
    def rows(self) -> int:
        """Rows destroyed."""
        return sum(line.outcome.rows for line in self.lines)


def purge_expired(
    *,
    organization_id: UUID,
    by: Actor,
    trigger: str = "schedule",
    dry_run: bool = False,
    categories: Iterable[str] | None = None,
    seconds: float | None = None,
) -> Report:
    """Destroy everything whose time is over; a dry run only says what that would be.

    `seconds`: after so long no further batch is begun, and `Report.more` says so.

    Raises PurgeUnderway while another run of the organization is at work, NotOpen after a restore.
    """
    wanted = [category for category in ORDER if categories is None or category in set(categories)]
    if dry_run:
        return _would_run(organization_id, wanted)
    vault.gate.require_open()
    holder = lease.take(organization_id)
    try:
        until = None if seconds is None else time.monotonic() + seconds
        return _Run(organization_id, holder, by, trigger, until).over(wanted)
    finally:
        lease.give_back(organization_id, holder)


def _would_run(organization_id: UUID, wanted: list[Category]) -> Report:
    report, now = Report(organization_id), due.database_now()
    for category in wanted:
        line = line_for(organization_id, category, now)
        with acting_for(organization_id):
            if line.due and not guard.judge(organization_id, category, line.parts, line.due, now).may_run:
                line.state = RunState.WAITING
        if line.due or line.error:
            report.lines.append(line)
    return report


@dataclass(slots=True)
class _Run:
    """One run at work. Its row is written when there is something to say."""

    organization_id: UUID
    holder: UUID
    by: Actor
    trigger: str
    until: float | None = None
    row: PurgeRun | None = None

    @property
    def over_time(self) -> bool:
        return self.until is not None and time.monotonic() >= self.until

    def over(self, wanted: list[Category]) -> Report:
        report = Report(self.organization_id)
        self._resume()
        for category in wanted:
            if self.over_time:
                break
            now = due.database_now()
            line = line_for(self.organization_id, category, now)
            self._alert_about_period(category, line)
            if line.applies:
                self._one_category(category, line, now)
            if line.due or line.outcome.rows or line.error:
                report.lines.append(line)
                if line.routine or (self.row is None and runs.repeats(self.organization_id, line)):
                    continue
                runs.store_line(self._started(), line)
        report.more = self.over_time
        if self.row is not None:
            report.run_id = self.row.id
            runs.finish(self.row, by=self.by)
        return report

    def _resume(self) -> None:
        """What a dead run left. An outage here is everybody's own outage below; plain rows need no keyring to go."""
        try:
            destruction.resume(self.organization_id)
        except (vault.VaultError, OperationalError) as error:
            log.warning("retention.resume_waits", organization=str(self.organization_id), reason=type(error).__name__)

    def _started(self) -> PurgeRun:
        if self.row is None:
            self.row = runs.start(self.organization_id, by=self.by, trigger=self.trigger)
        return self.row

    def _alert_about_period(self, category: Category, line: LineReport) -> None:
        if line.error:
            audit.alerts.raise_alert(self.organization_id, "retention.period_unusable", key=category, error=line.error)
        else:
            audit.alerts.resolve(self.organization_id, "retention.period_unusable", key=category)

    def _one_category(self, category: Category, line: LineReport, now: datetime) -> None:
        with acting_for(self.organization_id):
            verdict = guard.judge(self.organization_id, category, line.parts, line.due, now)
        if not verdict.may_run:
            line.state = RunState.WAITING
            audit.alerts.raise_alert(
                self.organization_id,
                "retention.approval_needed",
                key=category,
                rows=line.due,
                unexplained=verdict.unexplained,
            )
            return
        try:
            for part in line.parts if line.due else ():
                self._destroy(part, line)
            if extra := SWEEPERS.get(category):
                line.outcome.rows += extra(self.organization_id, self.by, now)
        except PurgeUnderway:
            raise
        except Exception as error:
            if not isinstance(error, (vault.VaultError, OperationalError, OSError)):
                log.exception("retention.category_failed", category=str(category))
            line.state, line.error = RunState.FAILED, type(error).__name__
            audit.alerts.raise_alert(self.organization_id, "retention.category_failed", key=category, error=line.error)
            return
        audit.alerts.resolve(self.organization_id, "retention.category_failed", key=category)
        if self.over_time:
            return  # not all of it: pace, confirmation and approval still cover the rest
        if audit.alerts.resolve(self.organization_id, "retention.approval_needed", key=category):
            runs.answer_waiting(self.organization_id, category)
        self._remember(category, line, now, verdict.approval)

    def _destroy(self, part: due.Slice, line: LineReport) -> None:
        """Batch by batch until nothing of the slice is due; the lease is extended as it goes."""
        organization_id = self.organization_id
        step = self._plain_step if part.declaration.plain else self._sealed_step
        where = part.where()
        while not self.over_time:
            lease.extend(organization_id, self.holder)
            done = step(part, where, None if line.routine else self._started().id)
            line.outcome.include(done)
            if done.latest is not None:  # not again through the dead entries of what just went
                where = part.where() & Q(**{f"{part.declaration.clock}__gte": done.latest})
            if done.objects:
                self._remove_objects()
            if not done.moved(part.declaration):
                return

    def _plain_step(self, part: due.Slice, where: Q, run_id: UUID | None) -> Outcome:
        return delete_plain(
            part.declaration, self.organization_id, where, reason=Reason.EXPIRED, by=self.by, run_id=run_id
        )

    def _sealed_step(self, part: due.Slice, where: Q, run_id: UUID | None) -> Outcome:
        batch_id = destruction.claim(
            part.declaration, self.organization_id, where, reason=Reason.EXPIRED, by=self.by, run_id=run_id
        )
        return destruction.execute(self.organization_id, batch_id) if batch_id else Outcome()

    def _remove_objects(self) -> None:
        """Objects are unreadable already; what a silent store keeps is left to the job enqueued with the rows."""
        try:
            removals.remove_objects(self.organization_id)
        except ObjectStoreDown:
            audit.alerts.raise_alert(self.organization_id, "destruction.object_store_down")
        else:
            audit.alerts.resolve(self.organization_id, "destruction.object_store_down")

    def _remember(self, category: Category, line: LineReport, now: datetime, approval: Approval | None) -> None:
        """How far the sweep got; a category that waits or failed keeps its old mark."""
        with acting_for(self.organization_id):
            if line.parts:
                SweepMark.objects.update_or_create(
                    organization_id=self.organization_id,
                    category=category,
                    defaults={"cutoff": max(part.cutoff for part in line.parts), "swept_at": now},
                )
            if approval is not None:
                Approval.objects.filter(id=approval.id).update(used_at=now)
