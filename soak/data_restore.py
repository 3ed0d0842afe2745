"""A20: databases that are older than erasures come back, and nothing that was erased is readable before serving.

The drill is the operator's: both databases from old backups, the erasure journal and key store as they are. While the
journal is replayed the gate is looked at, and every door asked.
"""

import time
from typing import Any

from django.db import connections
from django.db.models import Q

from calls.models import Call, Recording, Transcript
from ground import vault
from ground.inventory import tombstones
from ground.inventory.destruction import Reason, destroy_now
from ground.tenancy import Actor, acting_for
from ground.vault import backup, backup_archive, gate, owner, restore
from ground.vault.exceptions import KeyLost, NotOpen
from soak.asking import Program, client
from soak.harness import Run, figure
from tests import factories, holdings

KEPT = 5
BY = Actor.system("soak")


@figure("A20", "A restore brings back nothing that was erased after the backup", full=100, small=4, unit="erasures")
def drill(run: Run) -> None:
    organization = factories.organization()
    program = Program(organization.id)
    when = holdings.days_ago(10)
    alive = [holdings.keep_call(organization.id, when, parts=("recording", "transcript")) for _ in range(KEPT)]
    erased = [holdings.keep_call(organization.id, when, parts=("recording", "transcript")) for _ in range(run.count)]
    gate.tend()
    old = [backup.take(part) for part in (owner.MAIN, owner.KEYRING)]
    for call in erased:
        for row in (call.recording, call.transcript, call.call):
            destroy_now(type(row), organization.id, where=Q(id=row.id), reason=Reason.ERASURE, by=BY)
        run.did()
        if run.over:
            break
    erased = erased[: run.ran]
    began = time.monotonic()
    asked = _restored(run, old, program)
    run.tell(erasures_replayed=run.ran, requests_refused_while_replaying=asked)
    run.at_most("restored and replayed within", time.monotonic() - began, 900)
    gate.require_open()
    _gone(run, organization.id, program, erased)
    run.same("everything else reads", [one.open_transcript() for one in alive], [b"what was said"] * KEPT)
    run.check("and sounds", all(one.listen() == holdings.SOUND for one in alive))
    run.same("served again", program.get("/calls").status_code, 200)


def _restored(run: Run, old: list[Any], program: Program) -> int:
    """Restore, and ask every door in the middle of the replay; how many requests were refused."""
    replay, patience, asked = gate.journal.replay, restore.PATIENCE_SECONDS, 0

    def look_first(*arguments: Any, **options: Any) -> Any:
        nonlocal asked
        for answer in (
            program.get("/calls"),
            client().get("/"),
            client().post("/ingest/generic/unknown", b"{}", content_type="application/json"),
        ):
            run.same("closed while replaying", answer.status_code, 503)
            asked += 1
        try:
            gate.require_open()
        except NotOpen:
            shut = True
        else:
            shut = False
        run.check("the gate is shut while replaying", shut)
        return replay(*arguments, **options)

    restore.PATIENCE_SECONDS, gate.journal.replay = 0, look_first
    try:
        restore.restore([backup_archive.read(one.path) for one in old], tell=lambda sentence: None)
    finally:
        restore.PATIENCE_SECONDS, gate.journal.replay = patience, replay
    connections.close_all()
    run.check("doors were asked while it was shut", asked)
    return asked


def _gone(run: Run, organization_id: Any, program: Program, erased: list[holdings.Held]) -> None:
    rows = [row for call in erased for row in (call.recording, call.transcript, call.call)]
    keys = [row.key_id for row in rows]
    digests = {bytes(row.tombstone) for row in rows}
    with acting_for(organization_id):
        for model in (Call, Recording, Transcript):
            ids = [row.id for row in rows if isinstance(row, model)]
            run.same(f"erased rows: {model.__name__}", model.objects.filter(id__in=ids).count(), 0)
        run.same("tombstones stand", tombstones.present(organization_id, digests), digests)
    run.same("erased keys", vault.keys.existing(organization_id, keys), set())
    left = {each.name for each in vault.objects.store().list(f"{organization_id}/")}
    run.check("erased objects", not left & {call.recording.object_name for call in erased})
    for call in run.random.sample(erased, min(20, len(erased))):
        run.same("the interface knows nothing of it", program.get(f"/calls/{call.call.id}").status_code, 404)
        for read in (call.open_transcript, call.listen):
            try:
                read()
            except KeyLost:
                opened = False
            else:
                opened = True
            run.check("nothing opens what was erased", not opened)
