"""The restore matrix: nothing erased is readable again, nothing alive is lost where it can be kept."""

import shutil
from datetime import UTC, date, datetime
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.models import Q

from calls.models import Call, Transcript
from ground import vault
from ground.audit.services.epochs import current_epoch
from ground.inventory import holds, tombstones
from ground.inventory.declarations import HoldScope
from ground.inventory.destruction import Reason, destroy_now
from ground.inventory.models import Hold
from ground.tenancy import Actor, acting_for
from ground.vault import backup, backup_archive, escrow, gate, keys, keystore, owner, restore, rotation
from ground.vault.exceptions import (
    BackupDamaged,
    BackupPruned,
    KeyLost,
    NotOpen,
    RestoreFailed,
    RootMissing,
    ShelfDestroyed,
    ShelfLost,
    Tampered,
)
from tests import embedded, factories, holdings

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]
MEMBER = Actor.system("test")


@pytest.fixture(autouse=True)
def fresh_databases_afterwards(monkeypatch):
    monkeypatch.setattr(restore, "PATIENCE_SECONDS", 0)
    yield
    connections.close_all()
    embedded.copy_databases()


def destroy(row, organization_id):
    destroy_now(type(row), organization_id, where=Q(id=row.id), reason=Reason.ERASURE, by=MEMBER)


def take_both():
    return {owner.MAIN: backup.take(owner.MAIN), owner.KEYRING: backup.take(owner.KEYRING)}


@pytest.fixture
def story():
    """Before the old backups: `alive`, `erased`. After them `erased` is erased, `later` comes."""
    organization = factories.organization()
    when = holdings.days_ago(10)
    alive = holdings.keep_call(organization.id, when, parts=("transcript",))
    erased = holdings.keep_call(organization.id, when, parts=("transcript",))
    gate.tend()
    old = take_both()
    destroy(erased.transcript, organization.id)
    later = holdings.keep_call(organization.id, when, parts=("transcript",))
    gate.tend()
    return SimpleNamespace(id=organization.id, alive=alive, erased=erased, later=later, old=old)


def lose(kept):
    """The key store after the accident: whole, only its mirror, or nothing."""
    store = keystore.store()
    places = {"kept": [], "mirror only": [store.primary], "lost": [store.primary, store.mirror]}[kept]
    for place in places:
        shutil.rmtree(place.folder)
    vault.forget_everything()


def assert_erased(story):
    """Row and key are gone, nothing opens it, and it may not come back."""
    with acting_for(story.id):
        assert not Transcript.objects.filter(id=story.erased.transcript.id).exists()
        digest = bytes(story.erased.transcript.tombstone)
        assert tombstones.present(story.id, [digest]) == {digest}
    assert keys.existing(story.id, [story.erased.transcript.key_id]) == set()
    with pytest.raises(KeyLost):
        story.erased.open_transcript()


@pytest.mark.parametrize("store", ["kept", "mirror only", "lost"])
@pytest.mark.parametrize("keyring", ["old", "new"])
@pytest.mark.parametrize("main", ["old", "new"])
def test_the_matrix(story, main, keyring, store):
    new = take_both() if "new" in (main, keyring) else {}
    wanted = [
        (story.old if which == "old" else new)[part] for part, which in zip(owner.PARTS, (main, keyring), strict=True)
    ]
    lose(store)
    epoch = current_epoch()

    restore.restore([backup_archive.read(one.path) for one in wanted], tell=lambda sentence: None)

    gate.require_open()
    assert current_epoch() >= epoch
    assert_erased(story)
    with acting_for(story.id):
        assert Transcript.objects.filter(id=story.alive.transcript.id).exists()
        assert Transcript.objects.filter(id=story.later.transcript.id).exists() == (main == "new")
    if store == "lost":
        with pytest.raises(ShelfLost):
            story.alive.open_transcript()
        assert keys.existing(story.id, [story.alive.transcript.key_id]), "lost is not destroyed"
        return
    assert story.alive.open_transcript() == b"what was said"
    if keyring == "new":
        assert story.later.open_transcript() == b"what was said"
    else:
        with pytest.raises(KeyLost):
            story.later.open_transcript()
    if store == "mirror only":
        call_command("repair_keystore")
    assert vault.keys.mint(story.id, "transcript", datetime.now(UTC))


@pytest.mark.parametrize("part", owner.PARTS)
def test_one_database_alone_may_be_restored(story, part):
    call_command("restore", str(story.old[part].path), f"--{part}-only", "--yes")
    assert_erased(story)
    assert story.alive.open_transcript() == b"what was said"


def test_a_keyring_of_before_a_rotation_was_pruned_and_the_newest_serves_an_old_main(story):
    rotation.night(datetime.now(UTC))
    with pytest.raises(BackupDamaged, match="no manifest"):
        backup_archive.read(story.old[owner.KEYRING].path)
    with pytest.raises(BackupPruned):
        list(backup_archive.open_archive(story.old[owner.KEYRING]))
    call_command("restore", str(story.old[owner.MAIN].path), "--yes")
    assert_erased(story)
    assert story.alive.open_transcript() == b"what was said"


def test_a_stray_copy_of_a_keyring_of_before_a_rotation_opens_nothing_of_that_shelf(story, tmp_path):
    for suffix in (".path", ".archive"):
        path = getattr(story.old[owner.KEYRING], suffix[1:])
        shutil.copy(path, tmp_path / path.name)
    rotation.night(datetime.now(UTC))
    stray = backup_archive.read(tmp_path / story.old[owner.KEYRING].path.name)
    restore.restore([stray], tell=lambda sentence: None)
    assert_erased(story)
    with pytest.raises(ShelfDestroyed):
        story.alive.open_transcript()
    restore.restore([backup.newest(owner.KEYRING)], tell=lambda sentence: None)
    assert story.alive.open_transcript() == b"what was said"
    assert_erased(story)


def test_a_hold_placed_after_the_backup_survives_the_restore(story):
    hold = holds.place(
        organization_id=story.id,
        scope=HoldScope(kind="call", call_id=story.alive.call.id),
        reason="a dispute",
        review_on=date(2027, 1, 1),
        by=MEMBER,
        at=datetime.now(UTC),
    )
    call_command("restore", str(story.old[owner.MAIN].path), "--yes")
    with acting_for(story.id):
        assert Hold.objects.filter(id=hold.id, released_at=None).exists()
        assert Transcript.objects.get(id=story.alive.transcript.id).held
    destroy(story.alive.transcript, story.id)
    assert holdings.exists(story.id, story.alive.transcript)


def test_what_was_erased_is_erased_in_both_databases_before_anybody_is_served(story, monkeypatch):
    replay = vault.journal.replay
    seen = []

    def look_first(*arguments, **options):
        seen.append(True)
        with pytest.raises(NotOpen):
            gate.require_open()
        return replay(*arguments, **options)

    monkeypatch.setattr(gate.journal, "replay", look_first)
    call_command("restore", str(story.old[owner.MAIN].path), "--yes")
    assert seen, "the gate was still shut and the journal not yet replayed"
    assert_erased(story)


def test_late_webhooks_after_a_restore_bring_nobody_back(story):
    destroy(story.erased.call, story.id)
    call_command("restore", str(story.old[owner.MAIN].path), "--yes")
    digest = bytes(story.erased.call.tombstone)
    with acting_for(story.id):
        assert not Call.objects.filter(id=story.erased.call.id).exists()
        assert tombstones.present(story.id, [digest]) == {digest}


def test_without_yes_and_with_a_damaged_archive_nothing_happens(story):
    path = story.old[owner.MAIN].archive
    with pytest.raises(CommandError, match="--yes"):
        call_command("restore", str(story.old[owner.MAIN].path))
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 3] ^= 1
    path.write_bytes(raw)
    with pytest.raises((CommandError, Tampered), match=r"Tampered|does not open"):
        call_command("restore", str(story.old[owner.MAIN].path), "--yes")
    gate.require_open()
    assert story.later.open_transcript() == b"what was said"


@pytest.mark.parametrize("place", ["restore.cleared", "restore.loaded"])
def test_a_restore_killed_in_the_middle_stays_shut_and_the_same_command_finishes_it(story, place, other_process):
    path = story.old[owner.MAIN].path
    code = """
        import sys
        from django.core.management import call_command
        from ground.vault import restore
        restore.PATIENCE_SECONDS = 0
        call_command("restore", sys.argv[1], "--yes")
    """
    killed = other_process(code, path, SOTTOVOCE_FAULT=place)
    assert killed.wait(timeout=60) == -9
    with pytest.raises(NotOpen):
        gate.require_open()
    with pytest.raises(RestoreFailed):
        gate.open_again()
    call_command("restore", str(path), "--yes")
    assert_erased(story)
    assert story.alive.open_transcript() == b"what was said"


def test_crossings_stay_closed_to_the_public_after_a_restore(story, superuser_connection):
    query = "SELECT p.proname FROM pg_proc p WHERE p.prosecdef AND has_function_privilege('public', p.oid, 'EXECUTE')"
    call_command("restore", str(backup.take(owner.MAIN).path), "--main-only", "--yes")
    assert superuser_connection("default").execute(query).fetchall() == []


def test_row_level_security_stands_after_a_restore(story):
    call_command("restore", str(backup.take(owner.MAIN).path), "--main-only", "--yes")
    assert Transcript.objects.count() == 0, "no context, no rows"
    with acting_for(story.id):
        assert Transcript.objects.count() == 2


def test_a_backup_of_another_owner_is_refused_with_its_name(story, monkeypatch):
    manifest = backup.take(owner.MAIN)
    monkeypatch.setitem(manifest.body, "owner", "somebody_else")
    with pytest.raises(BackupDamaged, match="somebody_else"):
        restore.restore([manifest], tell=lambda sentence: None)
    gate.require_open()


def test_a_lost_root_comes_back_from_escrow_and_everything_opens(story, settings):
    paper = escrow.export("correct horse battery staple")
    settings.ROOT_KEY_FILE.unlink()
    vault.forget_everything()
    with pytest.raises(RootMissing):
        story.alive.open_transcript()
    escrow.import_root(paper, "correct horse battery staple", settings.ROOT_KEY_FILE)
    vault.forget_everything()
    assert story.alive.open_transcript() == b"what was said"
    call_command("restore", str(story.old[owner.MAIN].path), "--yes")
    assert_erased(story)


def test_after_the_key_store_is_lost_new_things_can_be_kept_once_the_loss_is_accepted(story):
    lose("lost")
    with pytest.raises(ShelfLost):
        keys.mint(story.id, "transcript", story.alive.call.ended_at)
    call_command("repair_keystore", "--accept-loss")
    [key] = keys.mint(story.id, "transcript", story.alive.call.ended_at)
    assert keys.open_one(story.id, key.id).secret == key.secret
    with pytest.raises(ShelfLost):
        story.alive.open_transcript()


def test_which_backups_one_manifest_brings(story):
    main, keyring = story.old[owner.MAIN], story.old[owner.KEYRING]
    assert [one.part for one in restore.plan(main.path)] == [owner.MAIN, owner.KEYRING]
    assert [one.id for one in restore.plan(main.path, only=owner.KEYRING)] == [keyring.id]
    assert [one.id for one in restore.plan(main.path, only=owner.MAIN)] == [main.id]
    with pytest.raises(BackupDamaged, match="only main was asked for"):
        restore.plan(keyring.path, only=owner.MAIN)


def test_a_backup_of_an_older_release_is_migrated_and_one_that_cannot_be_stays_shut(story, owner_connection):
    forget = "DELETE FROM django_migrations WHERE app = 'sessions' AND name = '0001_initial'"
    owner_connection("default").execute("DROP TABLE django_session")
    owner_connection("default").execute(forget)
    older = backup.take(owner.MAIN)
    call_command("restore", str(older.path), "--yes", stdout=(said := StringIO()))
    assert "Migrating the main database to this release" in said.getvalue()
    with owner.connect(owner.MAIN) as connection:
        assert connection.execute("SELECT count(*) FROM django_session").fetchone() == (0,)
        connection.execute(forget)  # now the table is there and its migration is not known: it cannot be made
    broken = backup.take(owner.MAIN)
    with pytest.raises(CommandError, match="migrating the main database failed"):
        call_command("restore", str(broken.path), "--yes", stdout=StringIO())
    with pytest.raises(NotOpen):
        gate.require_open()
