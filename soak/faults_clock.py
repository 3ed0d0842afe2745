"""A13: the clocks of web and worker are wrong by up to two days; the database's alone decides."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import time_machine

from calls.services import processing, receiving
from ground import clocks, jobs
from ground.inventory import destruction
from ground.jobs.models import Job
from ground.profiles import Category
from ground.tenancy import Actor, acting_for
from retention import due as due_rows
from retention import periods
from retention.models import PlannedDestruction
from retention.planned import PlanState, Thing
from retention.services import grace, moments, sweep
from soak import checker, forked, planting
from soak.faults_purge import BY, time_passes
from soak.faults_servers import provider
from soak.harness import Run, figure
from soak.planting import Planted
from soak.senders import Provider
from tests.calls.samples import encoded, generic_event

SKEW_HOURS = 48


@figure(
    "A13",
    "Clocks of web and worker wrong by up to 48 hours, jumping: nothing is destroyed or turned away early, or late",
    full=500,
    small=2,
    unit="wrong clocks",
)
def clock_skew(run: Run) -> None:
    with provider(run) as sender:
        organization_id = sender.id
        for number in run.turns():
            skew = timedelta(hours=run.random.choice([-SKEW_HOURS, SKEW_HOURS, run.random.uniform(-48, 48)]))
            not_yet, over = _around_the_end(run, organization_id)
            planned = _planned(organization_id, skew)
            _delivered(run, sender, number, skew)
            ended = forked.killed_after(lambda skew=skew: _all_work(organization_id, skew), None)
            run.check("work under a wrong clock comes to its end", not ended.failed, ended.place)
            seen = checker.stock(organization_id)
            _compare(run, organization_id, seen, not_yet, over)
            _kept(run, organization_id, planned)
            run.tell(clocks_ahead=int(skew > timedelta(0)), clocks_behind=int(skew < timedelta(0)))
            time_passes(organization_id)
        checker.at_rest(run, organization_id)
    run.note(
        "The clock is moved inside of the processes that do the work (time-machine, as a library preload is not "
        "everywhere to be had); PostgreSQL keeps its own. Days of 23 and 25 hours are in the figure of the arithmetic."
    )


def _period_end(organization_id: UUID, category: Category) -> datetime:
    """Recordings that ended before are due now."""
    now = due_rows.database_now()
    with acting_for(organization_id):
        return clocks.cutoff(now, periods.effective(organization_id, category, now).period)


def _around_the_end(run: Run, organization_id: UUID) -> tuple[list[Planted], list[Planted]]:
    """Calls whose recordings are due in up to 47 hours, and such as are due since a little while."""
    end = _period_end(organization_id, Category.RECORDING)
    hours = [run.random.uniform(0.05, 47) for _ in range(3)]
    not_yet = [
        one for each in hours for one in planting.calls(organization_id, 1, ended_at=end + timedelta(hours=each))
    ]
    over = planting.calls(organization_id, 2, ended_at=end - timedelta(minutes=run.random.uniform(1, 59)))
    return not_yet, over


def _planned(organization_id: UUID, skew: timedelta) -> UUID:
    """A person destroys a call, with a day to think again, on a web process with that clock."""
    [one] = planting.calls(organization_id, 1, ended_at=datetime.now(UTC) - timedelta(days=1))
    with time_machine.travel(datetime.now(UTC) + skew):
        made = grace.plan(
            organization_id=organization_id,
            thing=Thing.call(one.call),
            confirmed_rows=3,
            by=Actor.member("01890000-0000-7000-8000-000000000001"),
        )
    return made.id


def _delivered(run: Run, sender: Provider, number: int, skew: timedelta) -> None:
    """A call that ended an hour inside of its period arrives where the clock is wrong."""
    ended = _period_end(sender.id, Category.CALL_METADATA) + timedelta(hours=1)
    name = f"late-{run.seed}-{number}"
    sender.journal.sends(name)
    event = generic_event(
        call_id=name, started_at=_iso(ended - timedelta(minutes=3)), answered_at=..., ended_at=_iso(ended)
    )
    body = encoded(event)
    now = datetime.now(UTC) + skew
    with time_machine.travel(now):
        public_id = sender.line.path.rstrip("/").rpartition("/")[2]
        answer = receiving.receive(
            "generic", public_id, sender.line.headers(body, name, at=now), body, now=datetime.now(UTC)
        )
    sender.journal.answered(name, answer.status)
    run.check("a call inside of its period is taken", answer.status == 202, f"{answer.status} {answer.code}, {skew}")
    if answer.event_id:
        with time_machine.travel(now):
            processing.process(sender.id, answer.event_id, now=datetime.now(UTC))
        run.check("and is kept", sender.stored()[name], f"{skew}")


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _all_work(organization_id: UUID, skew: timedelta) -> None:
    """What worker and beat do, in a process whose clock is wrong, and jumps once more on the way."""
    with time_machine.travel(datetime.now(UTC) + skew):
        sweep.purge_expired(organization_id=organization_id, by=BY)
    with time_machine.travel(datetime.now(UTC) - skew):
        sweep.purge_expired(organization_id=organization_id, by=BY)
        destruction.remove_objects(organization_id)
        moments.settle(organization_id)
    with time_machine.travel(datetime.now(UTC) + skew), acting_for(organization_id):
        planned = list(Job.objects.filter(kind="retention.destroy_planned", state="ready").values_list("id", flat=True))
    for job_id in planned:
        with time_machine.travel(datetime.now(UTC) + skew):
            jobs.run(job_id, organization_id)


def _compare(run: Run, organization_id: UUID, seen: checker.Stock, not_yet: list[Planted], over: list[Planted]) -> None:
    early = {one.recording for one in not_yet} - seen.ids
    run.check("0 early deletions", not early, f"{len(early)}")
    late = {one.recording for one in over} & seen.ids
    run.check("what was due by the database's clock is gone", not late, f"{len(late)}")
    run.check("and its object with it", not {one.object_name for one in over} & seen.objects)


def _kept(run: Run, organization_id: UUID, planned: UUID) -> None:
    with acting_for(organization_id):
        state = PlannedDestruction.objects.get(id=planned).state
    run.same("a day to think again is a day", state, PlanState.WAITING)
