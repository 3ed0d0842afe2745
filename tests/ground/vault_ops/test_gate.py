"""The gate notices every restore, serves nobody until the journal is replayed, and forgets nothing in a crash."""

import json
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from django.core.management import CommandError, call_command
from django.db import connections

from ground import vault
from ground.audit.services.epochs import current_epoch
from ground.vault import gate, gate_memory, journal, owner
from ground.vault.exceptions import JournalDamaged, JournalDown, NotOpen, RestoreFailed
from ground.vault.models import Checkpoint, KeyringCheckpoint
from tests.ground.vault_ops.conftest import filled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]
MODELS = [Checkpoint, KeyringCheckpoint]


@pytest.fixture(autouse=True)
def always_look(monkeypatch):
    monkeypatch.setattr(gate._seen, "seconds", 0)
    gate.forget()


@pytest.fixture
def rolled_back():
    """`rolled_back(model)`: the checkpoint row as it was when this was called is back, as after a restore."""

    def remember(model):
        before = model.objects.values().get()

        def put_back():
            model.objects.update(**{name: before[name] for name in ("number", "token", "journal_sequence")})

        return put_back

    return remember


def test_a_new_platform_is_open_and_stays_open_while_it_is_tended():
    gate.require_open()
    for number in (1, 2, 3):
        gate.tend()
        gate.require_open()
        assert [model.objects.get().number for model in MODELS] == [number, number]


@pytest.mark.parametrize("model", MODELS)
def test_an_older_database_shuts_the_gate_and_replay_opens_it(model, rolled_back):
    gate.tend()
    put_back = rolled_back(model)
    gate.tend()
    put_back()
    with pytest.raises(NotOpen, match="was restored"):
        gate.require_open()
    with pytest.raises(NotOpen):
        gate.tend()
    epoch = current_epoch()
    assert gate.open_again() == 0
    gate.require_open()
    assert current_epoch() == epoch + 1
    gate.tend()
    gate.require_open()


@pytest.mark.parametrize("model", MODELS)
def test_a_database_without_its_checkpoint_shuts_the_gate(model):
    gate.tend()
    model.objects.all().delete()
    with pytest.raises(NotOpen, match="lost its checkpoint"):
        gate.require_open()


def test_a_table_that_was_made_anew_shuts_the_gate_even_with_the_same_row(owner_connection):
    gate.tend()
    connection = owner_connection("keyring")
    connection.execute("ALTER TABLE vault_keyringcheckpoint RENAME TO before")
    connection.execute("CREATE TABLE vault_keyringcheckpoint (LIKE before INCLUDING ALL)")
    connection.execute("INSERT INTO vault_keyringcheckpoint SELECT * FROM before")
    role = connections["keyring"].settings_dict["USER"]
    connection.execute(f"GRANT SELECT, INSERT, UPDATE ON vault_keyringcheckpoint TO {role}")
    try:
        with pytest.raises(NotOpen, match="was restored"):
            gate.require_open()
    finally:
        connection.execute("DROP TABLE vault_keyringcheckpoint")
        connection.execute("ALTER TABLE before RENAME TO vault_keyringcheckpoint")
    gate.require_open()


def test_another_write_ahead_timeline_shuts_the_gate(monkeypatch):
    gate.tend()
    origin = gate._ORIGIN
    monkeypatch.setattr(gate, "_ORIGIN", origin.replace("left(pg_walfile_name(pg_current_wal_lsn()), 8)", "'00000002'"))
    with pytest.raises(NotOpen, match="was restored"):
        gate.require_open()


def test_a_journal_older_than_the_databases_shuts_the_gate_and_needs_a_decision(vault_home):
    gate.tend()
    memory = vault_home / "journal" / "where-we-stand.json"
    old = memory.read_bytes()
    journal.append(uuid4(), "hold_released", {"hold": uuid4()})
    gate.tend()
    memory.write_bytes(old)
    for path in (vault_home / "journal").glob("*.journal"):
        path.unlink()
    with pytest.raises(NotOpen, match="older than it"):
        gate.require_open()
    with pytest.raises(JournalDamaged, match="--accept-lost-journal"):
        gate.open_again()
    with pytest.raises(NotOpen):
        gate.require_open()
    gate.open_again(accept_lost_journal=True)
    gate.require_open()


def test_a_lost_memory_shuts_the_gate(vault_home):
    gate.tend()
    (vault_home / "journal" / "where-we-stand.json").unlink()
    with pytest.raises(NotOpen, match="does not know"):
        gate.require_open()
    (vault_home / "journal" / "where-we-stand.json").write_text("{")
    with pytest.raises(JournalDamaged):
        gate.require_open()


@pytest.mark.parametrize("place", ["gate.announced", "gate.written"])
def test_a_tending_process_killed_at_any_point_leaves_the_gate_open(place, other_process):
    gate.tend()
    killed = other_process("from ground.vault import gate; gate.tend()", SOTTOVOCE_FAULT=place)
    assert killed.wait(timeout=60) == -9
    gate.require_open()
    gate.tend()
    gate.require_open()


@pytest.mark.parametrize("place", ["gate.before_replay", "gate.before_opening"])
def test_a_replay_killed_at_any_point_leaves_the_gate_shut_and_can_be_repeated(place, other_process, rolled_back):
    gate.tend()
    put_back = rolled_back(Checkpoint)
    gate.tend()
    put_back()
    killed = other_process("from ground.vault import gate; gate.open_again()", SOTTOVOCE_FAULT=place)
    assert killed.wait(timeout=60) == -9
    with pytest.raises(NotOpen, match="replaying"):
        gate.require_open()
    gate.open_again()
    gate.require_open()


def test_an_unfinished_restore_cannot_be_opened_by_a_replay():
    gate.tend()
    gate.shut(gate.RESTORING)
    with pytest.raises(RestoreFailed):
        gate.open_again()
    with pytest.raises(NotOpen, match="restoring"):
        gate.require_open()


def test_replay_covers_everything_a_database_may_not_have_seen(rolled_back, monkeypatch):
    organization_id, _ = filled(1)
    gate.tend()
    put_back = rolled_back(KeyringCheckpoint)
    monkeypatch.setattr(journal, "_handlers", {"suppression": [lambda entry: seen.append(entry.sequence)]})
    for _ in range(3):
        journal.append(organization_id, "suppression", {"digest": b"d" * 16})
    gate.tend()
    put_back()
    seen = []
    gate.open_again()
    assert seen == [1, 2, 3]


def test_replay_leaves_out_what_both_databases_saw_more_than_a_day_before(monkeypatch):
    organization_id, _ = filled(1)
    monkeypatch.setattr(gate, "_SPARE", timedelta(0))
    monkeypatch.setattr(journal, "_handlers", {"suppression": [lambda entry: seen.append(entry.sequence)]})
    journal.append(organization_id, "suppression", {"digest": b"d" * 16})
    gate.tend()
    journal.append(organization_id, "suppression", {"digest": b"d" * 16})
    seen = []
    gate.open_again()
    assert seen == [2]


def test_a_torn_tail_of_the_journal_does_not_stop_the_replay(vault_home, monkeypatch):
    gate.tend()
    for _ in range(2):
        journal.append(uuid4(), "suppression", {"digest": b"d" * 16})
    [day] = (vault_home / "journal").glob("*.journal")
    whole = day.read_bytes()
    day.write_bytes(whole + whole.splitlines(keepends=True)[-1][:40])  # a writer died; nobody was told it was kept
    seen = []
    monkeypatch.setattr(journal, "_handlers", {"suppression": [lambda entry: seen.append(entry.sequence)]})
    assert gate.open_again() == 2
    assert journal.append(uuid4(), "suppression", {"digest": b"d" * 16}).sequence == 3
    gate.open_again()
    assert seen == [1, 2, 1, 2, 3]


def test_damage_inside_the_journal_keeps_the_gate_shut(vault_home, monkeypatch):
    for _ in range(3):
        journal.append(uuid4(), "suppression", {"digest": b"d" * 16})
    [day] = (vault_home / "journal").glob("*.journal")
    raw = bytearray(day.read_bytes())
    raw[len(raw) // 2] ^= 1
    day.write_bytes(raw)
    monkeypatch.setattr(journal, "_handlers", {"suppression": [lambda entry: None]})
    with pytest.raises(JournalDamaged):
        gate.open_again()
    with pytest.raises(NotOpen):
        gate.require_open()


def test_a_kind_without_a_handler_keeps_the_gate_shut(monkeypatch):
    gate.tend()
    journal.append(uuid4(), "suppression", {"digest": b"d" * 16})
    monkeypatch.setattr(journal, "_handlers", {})
    with pytest.raises(vault.exceptions.NoHandler):
        gate.open_again()
    with pytest.raises(NotOpen):
        gate.require_open()


def test_web_answers_503_with_a_request_id_and_health_says_why(client):
    gate.tend()
    gate.shut(gate.REPLAYING)
    answer = client.get("/anything", HTTP_X_REQUEST_ID="abcdefgh-1")
    assert (answer.status_code, answer["Retry-After"], answer["X-Request-ID"]) == (503, "60", "abcdefgh-1")
    assert json.loads(answer.content)["request_id"] == "abcdefgh-1"
    page = client.get("/", HTTP_ACCEPT="text/html", HTTP_X_REQUEST_ID="abcdefgh-2")
    assert (page.status_code, b"Being brought up to date" in page.content, b"abcdefgh-2" in page.content) == (
        503,
        True,
        True,
    )
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["restore_gate"]) == (503, "NotOpen")
    gate.open_again()
    assert client.get("/readyz").json()["checks"]["restore_gate"] == "ok"
    assert client.get("/anything").status_code != 503


def test_workers_do_nothing_while_the_gate_is_shut(monkeypatch):
    from config.celery import app

    done = []

    @app.task(name="tests.gated")
    def task():
        done.append(1)

    gate.shut(gate.REPLAYING)
    task()
    assert done == []
    gate.open_again()
    task()
    assert done == [1]


def test_the_command_says_the_state_and_replays(capsys, rolled_back):
    gate.tend()
    call_command("replay")
    assert "open" in capsys.readouterr().out
    put_back = rolled_back(Checkpoint)
    gate.tend()
    put_back()
    call_command("replay", "--status")
    assert "shut: the main database was restored" in capsys.readouterr().out
    call_command("replay")
    assert "0 journal entries replayed; the gate is open." in capsys.readouterr().out
    gate.shut(gate.RESTORING)
    with pytest.raises(CommandError, match="RestoreFailed"):
        call_command("replay")


def test_the_memory_survives_its_own_writing(vault_home):
    gate.tend()
    raw = (vault_home / "journal" / "where-we-stand.json").read_bytes()
    assert gate_memory.Memory.from_bytes(raw).to_bytes() == raw


def test_what_was_announced_by_somebody_else_since_is_not_confirmed():
    gate.tend()
    announced = {part: gate_memory.Standing(99, uuid4(), "another") for part in owner.PARTS}
    before = gate_memory.load()
    gate._confirm(announced)
    assert gate_memory.load() == before


def test_a_memory_that_is_not_ours_or_cannot_be_used_shuts_nothing_silently(settings, tmp_path):
    gate.tend()
    path = gate_memory._path()
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2'))
    with pytest.raises(JournalDamaged, match="does not read back"):
        gate_memory.load()
    path.unlink()
    path.mkdir()
    with pytest.raises(JournalDown, match="cannot be read"):
        gate_memory.load()
    with pytest.raises(JournalDown, match="cannot be written"):
        gate_memory.save(gate_memory.Memory())


def test_a_bucket_that_may_not_be_read_is_an_outage_and_no_empty_memory(settings, monkeypatch):
    def refuse(**_):
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    settings.KEYSTORE_BACKEND = "s3"
    monkeypatch.setattr(gate_memory, "s3_client", lambda: SimpleNamespace(get_object=refuse))
    monkeypatch.setattr(gate_memory, "_bucket", lambda: "ours")
    with pytest.raises(JournalDown):
        gate_memory.load()
