"""A02: the n-th call outside fails, for every n and in two ways, and a trigger in the database for every table written.

Ingest (delivery, jobs, recording), many calls at once, purge, destruction on demand and export are first run whole, to
count. Then each is run again with one failure, repeated as its caller would (a provider, a program, a schedule, a
person), and everything is compared.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, connections

from accounts.models import IdempotentRequest
from calls.forms import NEWEST_FIRST
from calls.models import Call, CallReport, ProviderEvent, Recording, Transcript
from calls.services import exporting
from ground import vault
from ground.inventory import destruction
from ground.jobs import broker
from ground.tenancy import Actor, acting_for
from retention.services import reconcile, sweep
from soak import checker, failing, world
from soak.asking import Program, client
from soak.harness import Run, figure
from tests import factories, holdings
from tests.calls.conftest import Line, run_jobs
from tests.calls.samples import generic_call, generic_event, wav
from tests.calls.stub import Answer, StubServer
from tests.faults.test_calls_killed import recover
from tests.faults.test_purge_killed import finish

BY = Actor.system("soak")
OUTAGES = (vault.Unavailable, OperationalError, InterfaceError)
TRIES = 6


class Story:
    """One way through the platform, for an organization of its own. `act` answers whether it came to its end."""

    def __init__(self) -> None:
        self.organization = factories.organization()
        self.id = self.organization.id
        self.prepare()
        vault.forget_everything()
        broker.forget_failure()

    def prepare(self) -> None: ...
    def act(self) -> bool: ...
    def recover(self) -> None: ...
    def settled(self, run: Run) -> None: ...
    def close(self) -> None: ...

    def rows(self) -> list[int]:
        with acting_for(self.id):
            return [model.objects.count() for model in (Call, Transcript, CallReport, Recording)]


class Ingest(Story):
    """A signed delivery, the event read, the recording fetched."""

    def prepare(self) -> None:
        self.line, self.stub, self.sound = Line(self.organization, "generic"), StubServer(), wav(0.3)
        url = self.stub.on("/a.wav", Answer(200, self.sound, {"Content-Type": "audio/wav"}))
        self.event = generic_event(recordings=[{"url": url, "kind": "mono"}])

    def act(self) -> bool:
        answer = self.line.deliver(client(), self.event)
        if answer.status_code not in (200, 202):
            assert answer.status_code == 503, f"a delivery is answered {answer.status_code}"
            return False
        run_jobs(self.organization)
        return True

    def recover(self) -> None:
        recover(self.organization)

    def settled(self, run: Run) -> None:
        run.same("ingest: one of each", self.rows(), [1, 1, 1, 1])
        with acting_for(self.id):
            run.same("ingest: one event", ProviderEvent.objects.count(), 1)
            recording = Recording.objects.get()
        key = vault.keys.open_one(self.id, recording.key_id)
        sound = b"".join(vault.objects.open_range(key, recording.object_name))
        run.check("ingest: the recording sounds as it was sent", sound == self.sound)

    def close(self) -> None:
        self.stub.close()


class Batch(Story):
    """Three calls at once under an idempotency key."""

    def prepare(self) -> None:
        self.program, self.calls = Program(self.id), [generic_call(call_id=f"c{n}", agent=...) for n in range(3)]

    def act(self) -> bool:
        answer = self.program.store(self.calls, "one")
        in_flight = answer.status_code == 409 and answer.json()["code"] == "idempotency-in-flight"
        assert in_flight or answer.status_code in (201, 503), f"a batch is answered {answer.status_code}"
        return answer.status_code == 201

    def recover(self) -> None:
        """A claim whose release was lost runs out."""
        with acting_for(self.id):
            IdempotentRequest.objects.update(lease_until=holdings.days_ago(1))

    def settled(self, run: Run) -> None:
        run.same("batch: three of each", self.rows(), [3, 3, 3, 0])


class Purge(Story):
    """Two calls that are due, one that is not."""

    def prepare(self) -> None:
        self.due = [holdings.keep_call(self.id, holdings.days_ago(400 + n)) for n in range(2)]
        self.kept = holdings.keep_call(self.id, holdings.days_ago(10))

    def act(self) -> bool:
        report = sweep.purge_expired(organization_id=self.id, by=BY)
        return all(line.state == "done" for line in report.lines)

    def recover(self) -> None:
        finish(self.id)

    def settled(self, run: Run) -> None:
        run.same("purge: what was due is gone", self.rows(), [1, 1, 3, 1])  # reports have no period in this profile
        for one in self.due:
            run.check("purge: nothing opens it", not vault.keys.existing(self.id, [one.transcript.key_id]))
        run.check("purge: the rest reads", self.kept.open_transcript() and self.kept.listen())


class Erase(Story):
    """A program looks at what would go, confirms the number, and again until nothing is there."""

    def prepare(self) -> None:
        self.gone, self.kept = (holdings.keep_call(self.id, holdings.days_ago(5)) for _ in range(2))
        self.program = Program(self.id)

    def act(self) -> bool:
        path = f"/calls/{self.gone.call.id}"
        looked = self.program.get(f"{path}/destruction")
        if looked.status_code == 404:
            return True
        answer = looked
        if looked.status_code == 200:
            answer = self.program.delete(f"{path}?confirm={looked.json()['records']}")
        assert answer.status_code in (200, 404, 409, 503), f"a destruction is answered {answer.status_code}"
        return answer.status_code in (200, 404)

    def recover(self) -> None:
        finish(self.id)

    def settled(self, run: Run) -> None:
        run.same("erase: the other call is whole", self.rows(), [1, 1, 1, 1])
        run.check("erase: the other call reads", self.kept.open_transcript() and self.kept.listen())
        keys = [row.key_id for row in (self.gone.call, self.gone.recording, self.gone.transcript)]
        run.same("erase: no key is left", vault.keys.existing(self.id, keys), set())


class Export(Story):
    """One call as vCon with its sound, and all calls as CSV."""

    def prepare(self) -> None:
        Batch.prepare(self)
        assert Batch.act(self)

    def act(self) -> bool:
        with acting_for(self.id):
            call_id = Call.objects.order_by("id").values_list("id", flat=True)[0]
        self.vcon = exporting.as_vcon(organization_id=self.id, organization_name="O", call_id=call_id, by=BY)
        rows = Call.objects.filter(organization_id=self.id)
        self.csv = list(
            exporting.as_csv(
                organization_id=self.id, rows=rows, order=NEWEST_FIRST, time_zone="Europe/Paris", agents={}, by=BY
            )
        )
        return True

    def settled(self, run: Run) -> None:
        run.same("export: nothing changed", self.rows(), [3, 3, 3, 0])
        run.check("export: it is whole", self.vcon["dialog"] and len(self.csv) == 4, str(len(self.csv)))


STORIES = [Ingest, Batch, Purge, Erase, Export]


@dataclass(frozen=True, slots=True)
class Point:
    """Where one story fails: at the n-th call in one of two ways, or at a table's trigger."""

    story: type[Story]
    number: int = 0
    how: str = ""
    alias: str = ""
    table: str = ""


@figure(
    "A02",
    "Whatever call fails once, everything holds after a retry",
    full=1_500,
    small=8,
    unit="failures",
    share=3,
)
def every_call_once(run: Run) -> None:
    points: list[Point] = []
    for story in STORIES:
        whole = _played(run, Point(story))
        points += [Point(story, n, how) for n in range(1, whole.count + 1) for how in (failing.REFUSED, failing.LOST)]
        points += [Point(story, alias=alias, table=table) for alias, table in sorted(whole.tables)]
        run.tell(**{f"calls outside in {story.__name__.lower()}": whole.count})
    run.random.shuffle(points)
    for turn in run.turns():
        _played(run, points[turn % len(points)])
    run.tell(places_to_fail=len(points), places_failed=min(run.ran, len(points)))
    run.note(
        "COPY streams, which pass by the statement counter, fail through triggers of their tables. The root key is a "
        "file here; with a key management service the same two methods fail."
    )


def _played(run: Run, point: Point) -> failing.Outside:
    story = point.story()
    try:
        with failing.outside(point.number, point.how) as seen, _trigger(point):
            first = _act(run, story, point)
        if point.number or point.table:
            connections.close_all()
            _until_done(run, story, point, done=first)
        story.recover()
        _settle(story)
        before = len(run.failures)
        story.settled(run)
        checker.at_rest(run, story.id)
        if len(run.failures) > before:
            run.say(f"      at {seen.failed or point}, {point.how}, {point.story.__name__}")
    except Exception as error:
        run.check("a story came to its end", False, f"{point}: {type(error).__name__}: {error}"[:400])
    finally:
        story.close()
        connections.close_all()
    return seen


def _act(run: Run, story: Story, point: Point) -> bool:
    """One try. What it raises must be a named outage; programs are told 503."""
    try:
        return story.act()
    except OUTAGES:
        return False
    except Exception as error:
        run.check("a failure outside is a named outage", False, f"{point}: {type(error).__name__}: {error}"[:400])
        return False


def _until_done(run: Run, story: Story, point: Point, *, done: bool) -> None:
    for _ in range(TRIES):
        if done:
            return
        story.recover()
        done = _act(run, story, point)
    run.check("done after a few retries", done, str(point))


def _settle(story: Story) -> None:
    """What the schedule does in time: removals that wait, keys whose confirmation was lost, rows without a key."""
    destruction.remove_objects(story.id)
    with world.superuser("keyring") as keyring:
        keyring.execute("UPDATE vault_datakey SET deadline = now() - interval '1 day' WHERE state = 0")
    reconcile.reconcile(story.id)


@contextlib.contextmanager
def _trigger(point: Point) -> Iterator[None]:
    """The database itself refuses to write to one table."""
    if not point.table:
        yield
        return
    with world.superuser(point.alias) as server:
        server.execute(
            "CREATE OR REPLACE FUNCTION soak_refuses() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$"
        )
        server.execute(
            f"CREATE TRIGGER soak_refuses BEFORE INSERT OR UPDATE OR DELETE ON {point.table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION soak_refuses()"
        )
        try:
            yield
        finally:
            server.execute(f"DROP TRIGGER soak_refuses ON {point.table}")
