"""A provider that behaves: signs every delivery, repeats it until it is acknowledged, and sometimes once more."""

import http.client
import itertools
import random
import threading
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any
from uuid import UUID

from calls.identity import call_digests
from calls.models import Call, ProviderEvent, Recording
from ground.jobs.models import Job
from ground.tenancy import acting_for
from soak import waiting
from soak.harness import Run
from soak.journal import Journal
from soak.platform import Platform
from tests import factories
from tests.calls.conftest import Line
from tests.calls.samples import encoded, generic_event, wav
from tests.calls.stub import Answer, StubServer

TIMEOUT_SECONDS = 8.0


class Provider:
    """One organization with a line, and what was sent on it."""

    def __init__(self, journal: Journal, *, recordings_of: float = 0.0) -> None:
        self.organization = factories.organization()
        self.line = Line(self.organization, "generic")
        self.journal, self.recordings_of = journal, recordings_of
        self._line_id = self.line.connection.id
        self.stub = StubServer()
        self.sound = wav(0.1)
        self.with_recording: set[str] = set()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    @property
    def id(self) -> UUID:
        identifier: UUID = self.organization.id
        return identifier

    def next_call(self, chance: random.Random) -> tuple[str, bytes]:
        """The name and the body of a call nobody has sent."""
        with self._lock:
            name = f"call-{next(self._numbers)}"
        fields: dict[str, Any] = {"call_id": name}
        if chance.random() < self.recordings_of:
            fields["recordings"] = [{"url": self.stub.on(f"/{name}.wav", Answer(200, self.sound))}]
            self.with_recording.add(name)
        return name, encoded(generic_event(**fields))

    def post(self, platform: Platform, name: str, body: bytes) -> int | str:
        """One try; the status, or what went wrong."""
        headers = {**self.line.headers(body, f"event-{name}"), "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", self.line.path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()

    # ---- what the platform has of it
    def stored(self) -> dict[str, list[UUID]]:
        """{name of a sent call: ids of the stored calls with its identity}."""
        found: dict[str, list[UUID]] = {}
        with acting_for(self.id):
            rows: dict[bytes, list[UUID]] = {}
            for identifier, tombstone in Call.objects.values_list("id", "tombstone"):
                rows.setdefault(bytes(tombstone), []).append(identifier)
            for name in self.journal.sent:
                [digest, *_] = call_digests(self.id, "generic", str(self._line_id), name)
                found[name] = rows.get(digest, [])
        return found

    def counts(self) -> dict[str, int]:
        with acting_for(self.id):
            calls, events = Call.objects.filter(connection_id=self._line_id), ProviderEvent.objects.all()
            return {"calls": calls.count(), "events": events.count()}

    def recordings(self) -> list[UUID]:
        """The call ids of every stored recording of a call that came this way."""
        with acting_for(self.id):
            mine = Call.objects.filter(connection_id=self._line_id).values("id")
            return list(Recording.objects.filter(call_id__in=mine).values_list("call_id", flat=True))

    def close(self) -> None:
        self.stub.close()


class Traffic(AbstractContextManager["Traffic"]):
    """Threads that send calls until told to stop; each call is repeated until it is acknowledged."""

    def __init__(
        self, platform: Platform, provider: Provider, *, senders: int, seed: int, pause: float = 0.0, most: int = 10**9
    ) -> None:
        self.platform, self.provider, self.pause, self.most = platform, provider, pause, most
        self._stopping = threading.Event()
        self.last_answer = time.monotonic()
        self._threads = [
            threading.Thread(target=self._send, args=(random.Random(f"{seed}:{number}"),), daemon=True)
            for number in range(senders)
        ]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """What is on its way is still delivered."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def _send(self, chance: random.Random) -> None:
        journal = self.provider.journal
        while not self._stopping.is_set() and len(journal.sent) < self.most:
            name, body = self.provider.next_call(chance)
            journal.sends(name)
            self._until_acknowledged(name, body, chance)
            if chance.random() < 0.1:  # providers repeat what was acknowledged, too
                journal.answered(name, self.provider.post(self.platform, name, body))
            if self.pause:
                time.sleep(chance.uniform(0, 2 * self.pause))

    def _until_acknowledged(self, name: str, body: bytes, chance: random.Random) -> None:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            status = self.provider.post(self.platform, name, body)
            self.provider.journal.answered(name, status)
            if isinstance(status, int) and 200 <= status < 300:
                self.last_answer = time.monotonic()
                return
            time.sleep(chance.uniform(0.05, 0.4))


def complete(run: Run, provider: Provider, *, seconds: float = 180) -> None:
    """Everything acknowledged is there exactly once, worked off to the end, with exactly one recording where due."""
    took = waiting.drained(provider.id, seconds=seconds)
    run.check("the backlog is worked off", took is not None, f"{waiting.outstanding(provider.id)} jobs left")
    journal, stored = provider.journal, provider.stored()
    lost = [name for name in journal.acknowledged if not stored[name]]
    doubled = [name for name, ids in stored.items() if len(ids) > 1]
    known = {identifier for ids in stored.values() for identifier in ids}
    counts, recordings = provider.counts(), provider.recordings()
    run.check("0 acknowledged calls lost", not lost, f"{len(lost)}: {lost[:3]}")
    run.check("0 calls doubled", not doubled and counts["calls"] == len(known), f"{len(doubled)}: {doubled[:3]}")
    run.check("one event for each delivered call", counts["events"] <= len(journal.sent), str(counts))
    wanted = {stored[name][0] for name in provider.with_recording & journal.acknowledged if stored[name]}
    run.check("0 recordings lost", wanted <= set(recordings), f"{len(wanted - set(recordings))}")
    run.check("0 recordings doubled", len(recordings) == len(set(recordings)), f"{len(recordings)}")
    with acting_for(provider.id):
        ended_badly = list(Job.objects.filter(state__in=["failed", "quarantined"]).values_list("kind", "last_error"))
    run.check("no job failed for good", not ended_badly, str(ended_badly[:5]))
    run.tell(calls_sent=len(journal.sent), calls_acknowledged=len(journal.acknowledged), recordings=len(recordings))
    run.tell(**{f"answers {status}": number for status, number in sorted(journal.answers.items())})
