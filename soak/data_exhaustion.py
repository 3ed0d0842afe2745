"""A23: what runs out is said with 429, 413 or 503, never with 500; nothing is half written; afterwards all is well."""

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connections

from accounts.models import Role
from calls.models import Call, ProviderEvent
from ground.tenancy import acting_for
from soak import world
from soak.asking import Program, client
from soak.harness import Run, figure
from tests import factories, processes
from tests.calls.conftest import Line
from tests.calls.samples import generic_call, generic_event
from tests.embedded import APP

FULL_DISK = """
import sys
from soak import full_disk
full_disk.main(sys.argv[1])
"""


class Doors:
    """Everything that may be asked of one organization, and what it holds."""

    def __init__(self) -> None:
        self.organization = factories.organization()
        self.program, self.line = Program(self.organization.id), Line(self.organization, "generic")
        self.browser, self.sent = client(), 0
        self.browser.force_login(factories.member(self.organization, Role.OWNER))

    def ask(self) -> dict[str, Any]:
        """One answer of every kind of door; what is stored is new each time."""
        self.sent += 1
        call = generic_call(call_id=f"call-{self.sent}", agent=...)
        event = {**generic_event(), "data": generic_call(call_id=f"event-{self.sent}")}
        return {
            "a list for a program": self.program.get("/calls"),
            "calls of a program": self.program.store([call], f"key-{self.sent}"),
            "a delivery": self.line.deliver(client(), event, event_id=f"event-{self.sent}"),
            "a page": self.browser.get(f"/o/{self.organization.slug}/calls/"),
            "the sign-in page": client().get("/account/login/"),
        }

    def stored(self) -> tuple[int, int]:
        with acting_for(self.organization.id):
            return Call.objects.count(), ProviderEvent.objects.count()


@contextlib.contextmanager
def no_connection_left() -> Iterator[None]:
    connections.close_all()
    with world.superuser(None) as server:
        server.execute(f"ALTER ROLE {APP} CONNECTION LIMIT 0")
        try:
            yield
        finally:
            server.execute(f"ALTER ROLE {APP} CONNECTION LIMIT -1")
            connections.close_all()


@contextlib.contextmanager
def statements_take_too_long() -> Iterator[None]:
    """Somebody holds a lock on the tables, and the server gives a statement a quarter of a second."""
    connections.close_all()
    with world.superuser(None) as server, world.superuser() as holder:
        server.execute(f"ALTER ROLE {APP} SET statement_timeout = '250ms'")
        try:
            with holder.transaction():
                holder.execute("LOCK TABLE calls_call, calls_providerevent, accounts_organization")
                yield
        finally:
            server.execute(f"ALTER ROLE {APP} RESET statement_timeout")
            connections.close_all()


SHORTAGES = [no_connection_left, statements_take_too_long]


@figure("A23", "What runs out is answered 429 or 503, and nothing is half written", full=60, small=3, unit="shortages")
def shortages(run: Run) -> None:
    doors = Doors()
    for turn in run.turns():
        if turn % 3 == 2:
            full_disk(run, f"{run.seed}-{turn}")
            continue
        before, shortage = doors.stored(), SHORTAGES[turn % 3]
        with shortage():
            for door, answer in doors.ask().items():
                fine = answer.status_code in (429, 503)
                fine |= door == "the sign-in page" and answer.status_code == 200  # it may need no table at all
                run.check(f"{shortage.__name__.replace('_', ' ')}: 503", fine, f"{door}: {answer.status_code}")
                if answer.status_code == 503:
                    run.check("a 503 says when to try again", answer.headers.get("Retry-After"), door)
        run.same("nothing half written", doors.stored(), before)
        began = time.monotonic()
        statuses = {door: answer.status_code for door, answer in doors.ask().items()}
        run.check("normal after relief", all(status < 300 for status in statuses.values()), str(statuses))
        run.at_most("normal after relief", time.monotonic() - began, 60)
    too_large(run, doors)
    too_often(run, doors)


def full_disk(run: Run, seed: str) -> None:
    code, output = processes.run(settings, FULL_DISK, seed)
    looks = [json.loads(line) for line in output.splitlines() if line.startswith('["')]
    run.check("the program on a full disk came to its end", code == 0 and looks, output[-1500:])
    for what, ok, seen in looks:
        run.check(f"full disk: {what}", ok, seen)


def too_large(run: Run, doors: Doors) -> None:
    before = doors.stored()
    big = b" " * (settings.INGEST_MAX_BYTES + 1)
    run.same("a delivery too large is 413", doors.line.deliver(client(), big).status_code, 413)
    answer = doors.program.store([generic_call(call_id="big", agent=..., summary="x" * 9_000_000)])
    run.check("a request too large is 413", answer.status_code in (400, 413), str(answer.status_code))
    run.same("nothing of it was written", doors.stored(), before)


def too_often(run: Run, doors: Doors) -> None:
    from accounts.api.throttling import KeyRateThrottle

    rate, KeyRateThrottle.THROTTLE_RATES = KeyRateThrottle.THROTTLE_RATES, {"api_key": "5/min"}
    try:
        program = Program(doors.organization.id)
        statuses = [program.get("/calls").status_code for _ in range(8)]
    finally:
        KeyRateThrottle.THROTTLE_RATES = rate
    run.same("too often is 429", statuses, [200] * 5 + [429] * 3)
