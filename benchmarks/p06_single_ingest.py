"""P6: storing one call a request with an idempotency key, beside a plain create that has neither key nor seal."""

from collections.abc import Callable
from functools import partial

from benchmarks import costs, many_calls, posting, world
from benchmarks.harness import Bench, at_least, rate
from benchmarks.plain import api, tables

TITLE = "Single ingest: one call a request, with idempotency key, seal, blind index, audit and wall"
REQUESTS = 100
WHY = (
    "A plain create is two messages to one database, which commits by itself. Ours asks who calls, whether the request "
    "was answered before, whether the call is known, may be kept, was destroyed here, whether a hold covers it and "
    "whether its key is in time; then writes call, tally, evidence and answer, and commits once. Each question is a "
    "promise, asked inside the transaction that it guards. So one request of ours takes several times one plain "
    "create, and the goal, set from a view that asks nothing, stands out of reach; whoever has many calls sends many "
    "in a request."
)


def measure(bench: Bench) -> None:
    """Ours commits once, behind a keyring whose commits serve many requests where traffic is brisk."""
    tables.make_tables()
    organization_id = world.organization()
    many_calls.stored(organization_id, 1)
    keyed, bare = posting.ours(organization_id, idempotent=True), posting.ours(organization_id)
    plain = posting.poster(api.PlainOne, "/plain", {})

    def prepare() -> list[bytes]:
        posting.within_the_rate()
        return [posting.encoded({"calls": [each]}) for each in many_calls.items(REQUESTS)]

    def prepare_plain() -> list[bytes]:
        tables.plant(organization_id, 0)
        return [posting.encoded(body) for body in api.bodies(organization_id, many_calls.items(REQUESTS))]

    bench.versus(
        "requests/s",
        rate("our API with Idempotency-Key", lambda bodies: posting.sent(keyed, bodies, REQUESTS), prepare),
        [
            (
                rate(
                    "ModelSerializer create",
                    lambda bodies: posting.sent(plain, bodies, REQUESTS),
                    prepare_plain,
                ),
                at_least(1.5),
            ),
            (rate("our API without the key", lambda bodies: posting.sent(bare, bodies, REQUESTS), prepare), None),
        ],
        unit="requests/s",
    )
    bench.note(posting.FAIRNESS)
    for about, post, made in (("One request of ours", keyed, prepare), ("One plain create", plain, prepare_plain)):
        bench.explain(partial(costs.broken_down, about, partial(_send, post), prepare=made, units=REQUESTS))
    bench.note(WHY)


def _send(post: Callable[[bytes], None], bodies: list[bytes]) -> int:
    return posting.sent(post, bodies, REQUESTS)
