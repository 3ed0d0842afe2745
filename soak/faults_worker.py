"""A09, A12: the worker is killed with jobs in its hands, and jobs kill the worker."""

import time
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Max, Min

from ground.audit.models import Alert
from ground.jobs.models import Job
from ground.tenancy import acting_for
from soak import waiting, world
from soak.faults_servers import effects, enqueue
from soak.harness import Run, figure
from soak.ledger.models import Begun, Effect
from soak.nemesis import Nemesis
from soak.platform import shared

RERUN_SECONDS = 60
JOBS_PER_KILL = 50
WORK_MS = 50
DYING = 8  # so many may wait for their lease to run out when the next ones come
POISONS = ("soak.exit", "soak.memory", "soak.loop", "soak.shout")
MOST_ATTEMPTS = 3


@figure(
    "A09",
    "The worker is killed with jobs in its hands: none is lost, each has its effect once, and it begins again soon",
    full=200,
    small=2,
    unit="kills",
    share=1.5,
    platform=True,
)
def worker_killed(run: Run) -> None:
    platform = shared()
    nemesis = Nemesis(run, platform)
    organization_id = world.organization()
    ids: list[UUID] = []
    kills: list[datetime] = []
    for _ in run.turns():
        waiting.eventually(lambda: waiting.outstanding(organization_id, kind="soak.count") <= DYING, seconds=60)
        before = _begun(organization_id)
        ids += enqueue(organization_id, 8 if waiting.hurried() else JOBS_PER_KILL, milliseconds=WORK_MS)
        waiting.eventually(lambda seen=before: _begun(organization_id) > seen, seconds=60, every=0.02)
        time.sleep(run.random.uniform(0, 0.5))
        kills.append(datetime.now(UTC))
        nemesis.strike("worker_killed", "pool_process_killed")
        platform.tend()
    took = waiting.drained(organization_id, seconds=180, kind="soak.count")
    run.check("the backlog is worked off", took is not None, f"{waiting.outstanding(organization_id)} jobs left")
    counted = effects(organization_id)
    with acting_for(organization_id):
        aside = set(Job.objects.filter(kind="soak.count", state="quarantined").values_list("id", flat=True))
    lost = [one for one in ids if not counted[one] and one not in aside]
    run.check("0 jobs lost", not lost, f"{len(lost)} of {len(ids)}")
    run.check("every effect exactly once", all(counted[one] <= 1 for one in ids))
    run.tell(jobs=len(ids), set_aside_after_three_deaths=len(aside))
    _reruns(run, organization_id, kills)


def _begun(organization_id: UUID) -> int:
    with acting_for(organization_id):
        return Begun.objects.count()


def _reruns(run: Run, organization_id: UUID, kills: list[datetime]) -> None:
    """From the kill that hit an attempt to the beginning of the next one."""
    with acting_for(organization_id):
        began: dict[UUID, dict[int, datetime]] = {}
        for job_id, attempt, at in Begun.objects.values_list("job_id", "attempt", "at"):
            began.setdefault(job_id, {})[attempt] = at
    for attempts in began.values():
        for attempt, at in attempts.items():
            if attempt - 1 in attempts:
                hit = min((kill for kill in kills if kill >= attempts[attempt - 1]), default=attempts[attempt - 1])
                run.at_most("begins again after", (at - hit).total_seconds(), RERUN_SECONDS)
                run.tell(attempts_that_died=1)


@figure(
    "A12",
    "A job that kills its worker is set aside after three attempts with an alert, and the rest is worked off",
    full=4,
    small=4,
    unit="kinds of poison",
    platform=True,
)
def poison(run: Run) -> None:
    shared()
    organization_id, poisoned = world.organization(), world.organization()
    number = 30 if waiting.hurried() else 600
    plain = _throughput(organization_id, number)
    kinds = list(POISONS)
    run.random.shuffle(kinds)
    ids = {kind: enqueue(poisoned, 1, kind=kind)[0] for kind in kinds}
    beside = _throughput(organization_id, number)

    def over() -> bool:
        waiting.hasten(poisoned)
        return not sum(waiting.outstanding(poisoned, kind=kind) for kind in kinds)

    took = waiting.eventually(over, seconds=900, every=0.5)
    run.check("every poison comes to an end", took is not None)
    with acting_for(poisoned):
        for kind in kinds:
            job = Job.objects.get(id=ids[kind])
            wanted = "failed" if kind == "soak.shout" else "quarantined"
            run.same(f"{kind} is set aside", job.state, wanted, job.last_error)
            begun = Begun.objects.filter(job_id=job.id).count()
            run.at_most("attempts", max(begun, job.attempts), MOST_ATTEMPTS, unit="attempts")
            alert = Alert.objects.filter(kind__in=["jobs.quarantined", "jobs.failed"], key=kind).first()
            run.check("with an alert", alert is not None, kind)
            run.check("without its text", len(job.last_error) <= 128, kind)
            run.did()
    after = _throughput(organization_id, number)
    with acting_for(organization_id):
        left = Job.objects.exclude(state="done").filter(kind="soak.count").count()
    run.check("everything else is done", not left, f"{left} left")
    run.tell(jobs_beside=3 * number)
    run.note(
        f"Throughput of the rest: {plain:.0f} jobs/s before, {beside:.0f} while the poisons were at work "
        f"({beside / plain:.2f} of it), {after:.0f} afterwards; for information, on two pool processes."
    )


def _throughput(organization_id: UUID, number: int) -> float:
    """Jobs a second of so many short ones, from the first to the last effect."""
    ids = set(enqueue(organization_id, number, milliseconds=5))
    waiting.eventually(lambda: ids <= effects(organization_id).keys(), seconds=120, every=0.1)
    with acting_for(organization_id):
        span = Effect.objects.filter(job_id__in=ids).aggregate(first=Min("at"), last=Max("at"))
    if span["first"] is None:
        return 0.0
    return number / max(0.001, (span["last"] - span["first"]).total_seconds())
