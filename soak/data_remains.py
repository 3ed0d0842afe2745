"""A29: what PostgreSQL keeps of destroyed keys opens with nothing that anybody still has.

Remnants are looked for byte by byte in heap files, write-ahead log and an old dump, before and after the night in
which shelves with destroyed keys are wrapped anew and the old shelf key is destroyed. The search is that of the tests.
"""

import time
from datetime import UTC, datetime

from ground.vault import backup, backup_archive, keys, rotation
from soak import world
from soak.harness import Run, figure
from tests.ground.vault_ops import residue
from tests.ground.vault_ops.conftest import filled, opened, wrapped_rows

SHELF = 200  # keys of one organization in one turn


@figure("A29", "Nothing that is left of a destroyed key opens", full=20_000, small=SHELF, unit="keys", share=0.6)
def remnants(run: Run) -> None:
    for _ in run.turns(SHELF):
        organization_id, secrets = filled(SHELF)
        with world.scratch() as folder:
            dump = folder / "old.dump"
            dump.write_bytes(b"".join(backup_archive.open_archive(backup.take(backup.KEYRING))))
            _one_shelf(run, organization_id, secrets, dump)
    run.note(
        "Unreadable to the platform at once (the row is gone); beyond recovery from heap, write-ahead log and old "
        "backups after the next night; gone from backups when the backup window is over."
    )


def _one_shelf(run: Run, organization_id, secrets, dump) -> None:
    gone = set(run.random.sample(sorted(secrets), run.random.randrange(1, SHELF // 2)))
    residues = {key_id: row for key_id, row in wrapped_rows(organization_id).items() if key_id in gone}
    began = time.monotonic()
    keys.destroy(organization_id, gone)
    run.at_most("unreadable online after", time.monotonic() - began, 60)
    run.same("rows of destroyed keys", keys.existing(organization_id, gone), set())
    residue.checkpoint_and_vacuum()

    in_files, in_dump = residue.found_in_files(residues), residue.found_in_dump(residues, dump)
    run.check("the search finds what is left (it would otherwise prove nothing)", in_files and in_dump == gone)
    run.same("opens before the night, as ADR and certificate say", residue.opening(organization_id, residues), gone)

    rotation.night(datetime.now(UTC))
    residue.checkpoint_and_vacuum()
    run.tell(
        destroyed=len(gone),
        still_in_files_after_the_night=len(residue.found_in_files(residues)),
        still_in_an_old_dump=len(residue.found_in_dump(residues, dump)),
    )
    run.same("destroyed keys that open after the night", residue.opening(organization_id, residues), set())
    left = {key_id: secret for key_id, secret in secrets.items() if key_id not in gone}
    run.check("every other key opens as before", opened(organization_id, left) == left)
