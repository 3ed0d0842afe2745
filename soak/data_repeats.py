"""A18: a request that is sent again and again, also at the same moment, happens once and is answered the same.

Clients start together behind a barrier and repeat while they are told that the first is still being carried out, as
programs do. Deliveries of providers are repeated in the same way.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections
from django.utils import timezone

from accounts.models import IdempotentRequest
from calls.models import Call, CallReport, ProviderEvent, Transcript
from ground import vault
from ground.tenancy import acting_for
from soak.asking import Program, client
from soak.harness import Run, figure
from tests.calls.conftest import Line
from tests.calls.samples import generic_call, generic_event
from tests.factories import organization as new_organization

REPEATS = 100
AT_ONCE = 16  # connections of PostgreSQL are the limit, not the platform
TRIES = 400


@figure(
    "A18",
    "A repeated request has one effect and one answer, and its key serves no other request",
    full=1_000,
    small=3,
    unit=f"keys × {REPEATS} repeats",
    share=1.5,
)
def repeated(run: Run) -> None:
    organization = new_organization()
    program = Program(organization.id)
    line = Line(organization, "generic")
    repeats = REPEATS if run.count > 10 else 20
    if repeats != REPEATS:
        run.note(f"In this small count each request was sent {repeats} times.")
    stored = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for turn in run.turns():
            batch = [_call(turn, place) for place in range(run.random.randrange(1, 4))]
            stored += len(batch)
            _one_key(run, pool, program, batch, repeats, turn)
            _one_delivery(run, pool, line, repeats, turn)
            _kept(run, organization.id, stored, turn)
    _after_a_day(run, organization.id, program)


def _call(turn: int, place: int) -> dict[str, Any]:
    moment = datetime.now(UTC) - timedelta(minutes=place)
    return generic_call(moment, call_id=f"repeat-{turn}-{place}", agent=...)


def _together(pool: ThreadPoolExecutor, send: Any, repeats: int) -> list[Any]:
    """The answers of `repeats` sendings; the first lot starts at the same moment."""
    barrier, pause = threading.Barrier(min(AT_ONCE, repeats)), threading.Event()

    def one(number: int) -> Any:
        try:
            if number < barrier.parties:
                barrier.wait(timeout=30)
            for _ in range(TRIES):
                answer = send()
                if answer.status_code != 409 or answer.json()["code"] != "idempotency-in-flight":
                    return answer
                pause.wait(0.05)
            return answer
        finally:
            connections.close_all()

    return list(pool.map(one, range(repeats)))


def _one_key(run: Run, pool: ThreadPoolExecutor, program: Program, batch: list[Any], repeats: int, turn: int) -> None:
    key = f"key-{turn}"
    answers = _together(pool, lambda: program.store(batch, key), repeats)
    told = {(answer.status_code, answer.content) for answer in answers}
    run.same("one answer to all repeats", len(told), 1, str(sorted(told)[:3])[:300])
    run.same("carried out", {answer.status_code for answer in answers}, {201})
    first = sum("Idempotent-Replayed" not in answer for answer in answers)
    run.same("carried out once, replayed otherwise", first, 1)
    other = program.store([*batch, _call(turn, 99)], key)
    run.same(
        "the key serves no other request", (other.status_code, other.json()["code"]), (422, "idempotency-key-reused")
    )
    again = program.store(batch, key)
    run.check("and still answers its own", again.content == answers[0].content)


def _one_delivery(run: Run, pool: ThreadPoolExecutor, line: Line, repeats: int, turn: int) -> None:
    payload = {**generic_event(), "data": _call(turn, 50) | {"agent": line.agent}}
    answers = _together(
        pool,
        lambda: line.deliver(client(), payload, event_id=f"event-{turn}"),
        repeats // 5,
    )
    run.check("deliveries accepted", {answer.status_code for answer in answers} <= {200, 202})
    run.same("one event for all repeats", len({answer.json()["id"] for answer in answers}), 1)


def _kept(run: Run, organization_id: Any, stored: int, turn: int) -> None:
    with acting_for(organization_id):
        for model in (Call, Transcript, CallReport):
            run.same(f"rows: {model.__name__}", model.objects.count(), stored)
        run.same("rows: events", ProviderEvent.objects.count(), turn + 1)
        run.same("keys remembered", IdempotentRequest.objects.count(), turn + 1)
        wanted = {
            key
            for model in (Call, Transcript, CallReport, ProviderEvent)
            for key in model.objects.values_list("key_id", flat=True)
        }
    run.same("every row has its key", vault.keys.existing(organization_id, wanted), wanted)


def _after_a_day(run: Run, organization_id: Any, program: Program) -> None:
    """A key is kept for 24 hours, and may then be used for something else."""
    for hours, status in ((23.9, 422), (24.1, 201)):
        program.store([_call(-1, 0)], "a day")
        with acting_for(organization_id):
            IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(hours=hours))
        answer = program.store([_call(-2, 0)], "a day")
        run.same(f"another request after {hours} hours", answer.status_code, status)
