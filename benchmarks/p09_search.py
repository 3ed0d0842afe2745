"""P9: finding a person by number: what our way costs beside the bare index, and among ever more calls."""

from collections.abc import Callable
from itertools import cycle
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from rest_framework.test import APIRequestFactory

from benchmarks import many_calls, many_people, world
from benchmarks.harness import Bench, at_most, at_percentile, latency, timed
from calls.models import Call
from calls.people import with_digests
from calls.services import searching
from contacts.api.views import ContactSearchView
from ground import vault
from ground.tenancy import acting_for

TITLE = "Finding a person: our look-up beside the bare index, and its time among ever more calls"
PEOPLE, TIMES, ASKED = 50, 300, 200
SIZES = (100_000, 1_000_000, 5_000_000)


def measure(bench: Bench) -> None:
    """Ours: digest of the number, context with row-level security in a transaction, both number columns, the model."""
    organization_id = world.organization()
    token = many_calls.api_key(organization_id, ["contacts.read"])
    took: dict[int, list[float]] = {}
    kept = 0
    for size in bench.sizes(*SIZES):
        many_calls.kept(organization_id, size, already=kept)
        many_people.strangers(organization_id, (size - kept) // many_calls.CALLS_PER_PERSON)
        kept = size
        numbers = many_calls.phones(organization_id, PEOPLE, rows=size)
        find = _cycling(numbers, lambda number: look_up(organization_id, number))
        timed(find, TIMES)
        took[size] = [at_percentile(timed(find, TIMES), 50) for _ in range(bench.rounds)]
        bench.figure(f"median ms of a look-up among {size:,} calls", took[size], unit="ms")
    sizes = sorted(took)
    if len(sizes) > 1:
        ratios = [more / less for more, less in zip(sorted(took[sizes[-1]]), sorted(took[sizes[0]]), strict=True)]
        bench.figure(f"among {sizes[-1]:,} : among {sizes[0]:,}", ratios, unit="times", bound=at_most(1.4))
    with psycopg.connect(_dsn(), autocommit=True) as bare:
        bare.prepare_threshold = None
        digests = [vault.blind.digest(organization_id, "find", "phone", number) for number in numbers]
        bench.versus(
            f"ms among {kept:,} calls",
            latency("our look-up", find, times=TIMES),
            [
                (
                    latency(
                        "bare index, unprepared, behind the wall, in a transaction",
                        _cycling(digests, lambda digest: _bare(bare, organization_id, digest)),
                        times=TIMES,
                    ),
                    at_most(2),
                )
            ],
            unit="ms",
            profile=lambda: timed(find, TIMES),
        )
    many_people.people(organization_id, numbers)
    _whole_search(bench, organization_id, numbers, token, kept)
    bench.note(f"One contact to {many_calls.CALLS_PER_PERSON} calls, with a number and a name each.")


def _dsn() -> str:
    told = settings.DATABASES["default"]
    return psycopg.conninfo.make_conninfo(
        host=told["HOST"] or told.get("OPTIONS", {}).get("host"),
        port=told["PORT"] or None,
        dbname=told["NAME"],
        user=told["USER"],
        password=told["PASSWORD"],
    )


def _cycling(values: list[Any], run: Callable[[Any], Any]) -> Callable[[], Any]:
    turn = cycle(values)
    return lambda: run(next(turn))


def look_up(organization_id: UUID, number: str) -> list[UUID]:
    digests = vault.blind.candidates(organization_id, "find", "phone", number)
    with acting_for(organization_id):
        where = with_digests({"phone": digests})
        found = list(Call.objects.filter(where, organization_id=organization_id).values_list("id", flat=True))
    if len(found) != many_calls.CALLS_PER_PERSON:
        raise AssertionError(f"{len(found)} calls of {number}")
    return found


def _bare(connection: psycopg.Connection, organization_id: UUID, digest: bytes) -> list[Any]:
    with connection.transaction():
        connection.execute("SELECT set_config('app.organization', %s, true)", [str(organization_id)])
        return connection.execute(
            "SELECT id FROM calls_call WHERE organization_id = %s AND phone_index = %s", [organization_id, digest]
        ).fetchall()


def _whole_search(bench: Bench, organization_id: UUID, numbers: list[str], token: str, size: int) -> None:
    """What a person waits for: every reading of what was typed, contacts and calls; and the API's search."""

    def search(number: str) -> None:
        with acting_for(organization_id):
            query = searching.read(organization_id, number, "DE")
            found = searching.find(organization_id, query)
            if len(found.calls[:50]) != many_calls.CALLS_PER_PERSON or not found.contacts:
                raise AssertionError(f"what was planted for {number} was not found")

    whole = _cycling(numbers, search)
    timed(whole, 20)
    rounds = [at_percentile(timed(whole, ASKED), 95) for _ in range(bench.rounds)]
    bench.figure(f"p95 ms of the search box's question among {size:,} calls", rounds, unit="ms", bound=at_most(50))
    view, factory = ContactSearchView.as_view(), APIRequestFactory()

    def ask(number: str) -> None:
        request = factory.post(
            "/api/v1/contacts/search", {"value": number}, format="json", headers={"authorization": f"Bearer {token}"}
        )
        answer = view(request)
        if answer.status_code != 200 or len(answer.data["results"]) != 1:
            raise AssertionError(answer.data)

    asked = _cycling(numbers, ask)
    timed(asked, 20)
    rounds = [at_percentile(timed(asked, ASKED), 95) for _ in range(bench.rounds)]
    bench.figure("p95 ms of a request to the API's search of people", rounds, unit="ms", bound=at_most(50))
