"""P12: the tally of what is held, kept in every storing and destroying transaction: its cost, and that it is exact."""

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC
from unittest.mock import patch
from uuid import UUID

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate

from benchmarks import many_calls, world
from benchmarks.harness import Bench, Way, at_least, at_most, rate
from benchmarks.p02_row_purge import prepared, purge
from calls.models import Call, CallReport, Transcript
from ground.inventory import destruction, tally
from ground.tenancy import acting_for

TITLE = "Roll-ups: storing with the tally beside storing without, and the tally beside a recount"
BATCH, BATCHES, ERASED = 500, 4, 300
_MODELS = {"call_metadata": Call, "transcript": Transcript, "call_report": CallReport}


def measure(bench: Bench) -> None:
    """Bulk storing of whole calls (facts, transcript, report), and then everything that moves the tally."""
    organization_id, other = world.organization(), world.organization()
    for each in (organization_id, other):
        many_calls.stored(each, 10, text=True)
    bench.versus(
        "calls/s",
        _storing("with the tally", organization_id, nullcontext()),
        [(_storing("without", other, patch.object(tally, "add_many")), at_least(0.85))],
        unit="calls/s",
        profile=lambda: many_calls.stored(organization_id, BATCH * BATCHES, text=True),
    )
    prepared(organization_id)
    purge(organization_id)
    bench.figure("off from a recount after a purge", [_off(organization_id)], unit="records", bound=at_most(0))
    _erase(organization_id)
    bench.figure("off from a recount after an erasure", [_off(organization_id)], unit="records", bound=at_most(0))
    while tally.fold(organization_id, limit=5_000):
        pass
    bench.figure("off from a recount after folding", [_off(organization_id)], unit="records", bound=at_most(0))


def _storing(name: str, organization_id: UUID, around: AbstractContextManager) -> Way:
    def store(_: None) -> int:
        with around:
            for _batch in range(BATCHES):
                many_calls.stored(organization_id, BATCH, text=True)
        return BATCH * BATCHES

    return rate(name, store)


def _erase(organization_id: UUID) -> None:
    """Some calls with all their parts, as an erasure destroys them."""
    with acting_for(organization_id):
        calls = list(Call.objects.order_by("id").values_list("id", flat=True)[:ERASED])
    for model, column in ((Transcript, "call_id"), (CallReport, "call_id"), (Call, "id")):
        destruction.destroy_now(
            model,
            organization_id,
            where=Q(**{f"{column}__in": calls}),
            reason=destruction.Reason.ERASURE,
            by=many_calls.BY,
        )


def _off(organization_id: UUID) -> int:
    """Rows and bytes of every category and day by which the tally differs from what is there."""
    off = 0
    with acting_for(organization_id):
        for category, model in _MODELS.items():
            counted = {
                day: tally.Amount(rows, size)
                for day, rows, size in model.objects.values_list(TruncDate("ended_at", tzinfo=UTC)).annotate(
                    rows=Count("*"), size=Sum("stored_bytes")
                )
            }
            told = tally.by_day(organization_id, category)
            for day in counted.keys() | told.keys():
                here, said = counted.get(day, tally.NOTHING), told.get(day, tally.NOTHING)
                off += abs(here.rows - said.rows) + abs(here.bytes - said.bytes)
    return off
