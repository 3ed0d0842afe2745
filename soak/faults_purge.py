"""A01: the purge killed at random moments over all its phases, and afterwards everything compared."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import F

from calls.models import Call, Recording, Transcript
from ground import vault
from ground.inventory import destruction, tombstones
from ground.inventory.models import DestructionBatch, ObjectRemoval
from ground.tenancy import Actor, acting_for
from retention.models import PurgeRun, SweepState
from retention.services import guard, moments, sweep
from soak import checker, forked, planting, world
from soak.harness import Run, figure
from soak.planting import Planted

BY = Actor.system("soak")
DUE_EACH, LIVE, HELD = 1_000, 60, 40
SHORTEST_MS, LONGEST_MS = 1, 200
PLACES = [
    "destruction.after_journal",
    "destruction.after_keys",
    "destruction.before_commit",
    "destruction.after_rows",
    "removals.after_store",
]


@figure(
    "A01",
    "The purge survives kill -9 at any point: nothing orphaned, nothing readable to nothing, nothing live touched",
    full=500,
    small=8,
    unit="kills",
    share=2,
)
def purge_killed(run: Run) -> None:
    organization_id = world.organization()
    now = datetime.now(UTC)
    live = planting.calls(organization_id, LIVE, ended_at=now - timedelta(days=2))
    held = planting.calls(organization_id, HELD, ended_at=now - timedelta(days=399), held=True)
    safe = [*live, *held]
    due: list[Planted] = []
    for _ in run.turns():
        if not _left(organization_id):
            due += planting.calls(organization_id, min(DUE_EACH, 10 * run.count), ended_at=now - timedelta(days=400))
            _approve(organization_id, len(due))
        ended = _kill_one(run, organization_id)
        if ended.failed:
            run.check("the purge fails only by being killed", False, ended.place)
        run.tell(**{"killed" if ended.killed else "came to its end": 1, f"last at {ended.place}": 1})
        world.only_us()
        seen = checker.stock(organization_id)
        checker.between(run, organization_id, seen)
        _untouched(run, organization_id, safe, seen)
        time_passes(organization_id)
    _finish(organization_id)
    seen = checker.at_rest(run, organization_id)
    _gone(run, organization_id, due, seen)
    _untouched(run, organization_id, safe, seen, every=True)
    keys = [key for one in due for key in (one.recording_key, one.transcript_key)]
    number = len(due)
    checker.evidence(
        run,
        organization_id,
        {"call_metadata": number, "recording": number, "transcript": number} if number else {},
        keys,
    )
    run.tell(recordings_destroyed=number, live_and_held_calls=len(safe))
    run.note(
        "The folder store keeps no versions; what a versioned bucket keeps is looked at by the tests of the bucket. "
        "A dead run's leases are ended by the figure instead of waiting ten minutes after each kill."
    )


def _kill_one(run: Run, organization_id: UUID) -> forked.Ended:
    """One kill in four counts from the beginning of the work, the others from a place that it passes on its way."""
    seconds = run.random.uniform(SHORTEST_MS, LONGEST_MS) / 1000
    since = "" if run.random.random() < 0.25 else run.random.choice(PLACES)
    if since:
        seconds *= run.random.random() ** 3  # most of them soon after the place
    return forked.killed_after(lambda: _purge(organization_id), seconds, since=since)


def _purge(organization_id: UUID) -> None:
    sweep.purge_expired(organization_id=organization_id, by=BY)
    destruction.remove_objects(organization_id)
    moments.settle(organization_id)


def _approve(organization_id: UUID, rows: int) -> None:
    """So much at once waits for a person otherwise."""
    for category in ("call_metadata", "recording", "transcript"):
        guard.approve(organization_id=organization_id, category=category, rows=rows, by=BY, at=datetime.now(UTC))


def time_passes(organization_id: UUID) -> None:
    """The leases of a dead run end, its claims may be resumed, its removals tried again; the run is abandoned."""
    hour = timedelta(hours=1)
    with acting_for(organization_id):
        SweepState.objects.update(leased_until=F("started_at") - hour)
        DestructionBatch.objects.filter(state="claimed").update(claimed_at=F("claimed_at") - hour)
        ObjectRemoval.objects.update(next_at=F("next_at") - hour)
        PurgeRun.objects.filter(state="running").update(started_at=F("started_at") - hour)


def _finish(organization_id: UUID) -> None:
    """What the schedule does in time: sweeps and settlements until nothing is left to do."""
    for _ in range(4):
        time_passes(organization_id)
        _purge(organization_id)
    with acting_for(organization_id):
        DestructionBatch.objects.update(claimed_at=F("claimed_at") - timedelta(hours=1))
        PurgeRun.objects.update(finished_at=F("finished_at") - timedelta(hours=1))
    moments.settle(organization_id)
    moments.settle(organization_id)


def _left(organization_id: UUID) -> int:
    with acting_for(organization_id):
        return sum(
            model.objects.filter(held=False, ended_at__lt=datetime.now(UTC) - timedelta(days=300)).count()
            for model in (Call, Recording, Transcript)
        )


def _gone(run: Run, organization_id: UUID, due: list[Planted], seen: checker.Stock) -> None:
    ids = {row for one in due for row in (one.call, one.recording, one.transcript)}
    run.check("every due record is gone", not ids & seen.ids, f"{len(ids & seen.ids)} left")
    names = {one.object_name for one in due}
    run.check("every due object is gone", not names & seen.objects, f"{len(names & seen.objects)} left")
    digests = {digest for one in due for digest in one.tombstones}
    with acting_for(organization_id):
        planted = tombstones.present(organization_id, digests)
    run.check("every destroyed record has its tombstone", planted == digests, f"{len(digests - planted)} without")


def _untouched(
    run: Run, organization_id: UUID, safe: list[Planted], seen: checker.Stock, *, every: bool = False
) -> None:
    """Live and held records: all rows, keys and objects there; a few (or all) of them opened and heard."""
    ids = {row for one in safe for row in (one.call, one.recording, one.transcript)}
    run.check("0 live records touched", ids <= seen.ids, f"{len(ids - seen.ids)} gone")
    opened = safe if every else run.random.sample(safe, 2)
    for one in opened:
        keys = vault.keys.open(organization_id, [one.recording_key, one.transcript_key])
        heard = b"".join(vault.objects.open_range(keys[one.recording_key], one.object_name))
        run.check("what is kept opens", heard == planting.sound_of(one.recording), str(one.recording))
