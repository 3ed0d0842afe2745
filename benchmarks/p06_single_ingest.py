"""P6: storing one call a request with an idempotency key, beside a plain create that has neither key nor seal."""

from benchmarks import many_calls, posting, world
from benchmarks.harness import Bench, at_least, rate
from benchmarks.plain import api, tables

TITLE = "Single ingest: one call a request, with idempotency key, seal, blind index, audit and wall"
REQUESTS = 100


def measure(bench: Bench) -> None:
    """Ours commits several times: the idempotency claim, the data key, the call with its answer."""
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
        profile=lambda: posting.sent(keyed, prepare(), REQUESTS),
    )
    bench.note(posting.FAIRNESS)
