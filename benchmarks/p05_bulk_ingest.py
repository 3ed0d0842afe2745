"""P5: storing many calls in one request, through our API and as Django REST framework does it."""

from uuid import UUID

from benchmarks import costs, many_calls, posting, world
from benchmarks.harness import Bench, Way, at_least, rate
from benchmarks.plain import api, tables

TITLE = "Bulk ingest: 100 calls a request, checked, sealed, indexed blindly, audited, behind the wall"
EACH, REQUESTS, SINGLE = 100, 10, 200
WHY = (
    "Most of a row's time is Python of this process: reading and judging the form, reading the number as "
    "libphonenumber does, three digests, a key made and wrapped, the seal, a row with nine indexes. The goals were set "
    "from hand-written views that do none of it."
)


def measure(bench: Bench) -> None:
    """Facts and a number in every call, no transcript: what the plain model has too."""
    tables.make_tables()
    organization_id = world.organization()
    many_calls.stored(organization_id, EACH)
    post = posting.ours(organization_id)

    def prepare() -> list[bytes]:
        posting.within_the_rate()
        return [posting.encoded({"calls": many_calls.items(EACH)}) for _ in range(REQUESTS)]

    bench.versus(
        "rows/s",
        rate("our API, 100 a request", lambda bodies: posting.sent(post, bodies, EACH * REQUESTS), prepare),
        [
            (_single(organization_id), at_least(25)),
            (_many(organization_id), at_least(5)),
        ],
        unit="rows/s",
    )
    bench.note(posting.FAIRNESS)
    bench.explain(
        lambda: costs.broken_down(
            "One row of ours",
            lambda bodies: posting.sent(post, bodies, EACH * REQUESTS),
            prepare=prepare,
            units=EACH * REQUESTS,
        )
    )
    bench.note(WHY)


def _single(organization_id: UUID) -> Way:
    post = posting.poster(api.PlainOne, "/plain", {})

    def prepare() -> list[bytes]:
        tables.plant(organization_id, 0)
        return [posting.encoded(body) for body in api.bodies(organization_id, many_calls.items(SINGLE))]

    return rate("ModelSerializer create, one a request", lambda bodies: posting.sent(post, bodies, SINGLE), prepare)


def _many(organization_id: UUID) -> Way:
    post = posting.poster(api.PlainMany, "/plain", {})

    def prepare() -> list[bytes]:
        tables.plant(organization_id, 0)
        return [posting.encoded(api.bodies(organization_id, many_calls.items(EACH))) for _ in range(REQUESTS)]

    return rate(
        "ModelSerializer many=True and bulk_create",
        lambda bodies: posting.sent(post, bodies, EACH * REQUESTS),
        prepare,
    )
