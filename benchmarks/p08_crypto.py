"""P8: what sealing costs: its share of ingest, an upload sealed and not, and the memory of one stream."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID

from benchmarks import many_calls, stores, world
from benchmarks.apart import apart, growth
from benchmarks.harness import Bench, at_least, at_most, rate
from calls.services import bulk
from ground import vault
from ground.tenancy import uuid7
from ground.vault import blind, digests, keys, sealing

TITLE = "What sealing costs: share of ingest, uploads sealed and unsealed, memory of one stream"
BATCH, BATCHES = 500, 4
SOUND, UPLOADS_TO_FOLDER, UPLOADS_TO_BUCKET = 2 * 2**20, 40, 12
STREAM, PIECE = 256 * 2**20, 64 * 1024


def measure(bench: Bench) -> None:
    """Ingest of whole calls: facts, person, forty turns, summary, analysis; three keys each."""
    organization_id = world.organization()
    many_calls.stored(organization_id, 10, text=True)
    found = [_shares(organization_id) for _ in range(bench.rounds)]
    bench.figure(
        "share of ingest CPU in ciphers and digests",
        [share["crypto"] for share in found],
        unit="%",
        bound=at_most(10),
    )
    bench.figure("share in bringing numbers into one form, for digests", [share["form"] for share in found], unit="%")
    _on(bench, organization_id, stores.folder(), UPLOADS_TO_FOLDER)
    with stores.bucket(bench.note) as store:
        if store is not None:
            _on(bench, organization_id, store, UPLOADS_TO_BUCKET)
    bench.note(
        f"{BATCH * BATCHES:,} calls a round for the shares; uploads of {SOUND // 2**20} MiB; one stream of "
        f"{STREAM // 2**20} MiB in a process of its own, its peak of resident memory above what it had before."
    )


def _shares(organization_id: UUID) -> dict[str, float]:
    """Percent of this process's CPU while it stores."""
    bodies = [many_calls.items(BATCH, text=True) for _ in range(BATCHES)]
    crypto = [(sealing, "seal"), (vault, "seal"), (keys, "wrap_keys"), (digests, "under"), (os, "urandom")]
    with _timing(crypto) as ciphers, _timing([(blind, "normalise")]) as forms:
        began = time.process_time_ns()
        for batch in bodies:
            bulk.create(organization_id=organization_id, items=batch, by=many_calls.BY, now=datetime.now(UTC))
        whole = time.process_time_ns() - began
    return {"crypto": 100 * sum(ciphers) / whole, "form": 100 * sum(forms) / whole}


@contextmanager
def _timing(places: list[tuple[Any, str]]) -> Iterator[list[int]]:
    """Nanoseconds of CPU in these functions; one called by another counts once."""
    took: list[int] = []
    inside = False

    def around(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            nonlocal inside
            if inside:
                return work(*arguments, **named)
            inside = True
            began = time.thread_time_ns()
            try:
                return work(*arguments, **named)
            finally:
                took.append(time.thread_time_ns() - began)
                inside = False

        return run

    with ExitStack() as stack:
        for module, name in places:
            stack.enter_context(patch.object(module, name, around(getattr(module, name))))
        yield took


def _on(bench: Bench, organization_id: UUID, store: stores.Store, uploads: int) -> None:
    sound = os.urandom(SOUND)

    def pieces() -> Iterator[bytes]:
        return (sound[place : place + PIECE] for place in range(0, SOUND, PIECE))

    def fresh() -> list[tuple[Any, str]]:
        minted = vault.keys.mint(organization_id, "recording", datetime.now(UTC), count=uploads)
        return [(key, vault.objects.name(organization_id, "recording", uuid7())) for key in minted]

    def sealed(each: list[tuple[Any, str]]) -> int:
        for key, name in each:
            vault.objects.put_sealed(key, name, pieces())
        return len(each)

    def unsealed(each: list[tuple[Any, str]]) -> int:
        for _key, name in each:
            vault.objects.store().put(name, pieces())
        return len(each)

    bench.versus(
        f"{store.name}, uploads/s",
        rate("sealed", sealed, fresh),
        [(rate("unsealed", unsealed, fresh), at_least(0.95))],
        unit="uploads/s",
        profile=lambda: sealed(fresh()),
    )
    bench.figure(
        f"{store.name}: memory of one sealed stream",
        [apart(lambda: _stream(organization_id)) for _ in range(min(bench.rounds, 2))],
        unit="MiB",
        bound=at_most(16),
    )


def _stream(organization_id: UUID) -> float:
    """MiB that one long upload takes, after a short one has opened what stays open."""
    vault.forget_everything()
    for bytes_ in (PIECE, STREAM):
        key = vault.keys.mint(organization_id, "recording", datetime.now(UTC))[0]
        name = vault.objects.name(organization_id, "recording", uuid7())
        took = growth(lambda k=key, n=name, b=bytes_: vault.objects.put_sealed(k, n, _zeros(b)))
        vault.objects.store().delete_many([name])
    return took


def _zeros(length: int) -> Iterator[bytes]:
    piece = bytes(PIECE)
    return (piece for _ in range(length // PIECE))
