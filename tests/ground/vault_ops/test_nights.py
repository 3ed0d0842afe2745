"""A night is done once, whoever starts it; it is taken up again after a kill; its report is evidence."""

import os
import signal
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.management import CommandError, call_command

from ground.audit.models import Alert, Event
from ground.tenancy import acting_for
from ground.vault import backup, backup_check, gate, hooks, keys, keystore, nights, owner, rotation, tasks
from ground.vault.exceptions import BackupFailed, KeyringDown, NotOpen
from ground.vault.models import Checkpoint, Night
from tests import factories
from tests.ground.vault_ops.conftest import filled, opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]
TODAY = date(2026, 11, 22)


@pytest.fixture
def operator():
    return factories.organization(is_operator=True).id


def test_a_night_backs_up_rotates_tests_and_reports(operator):
    organization_id, secrets = filled(6)
    keys.destroy(organization_id, list(secrets)[:2])
    report = nights.run(TODAY)
    assert report["failed"] == []
    assert (report["versions_rotated"], report["keys_rewrapped"], report["keys_in_backup"]) == (1, 4, 4)
    assert report["rows_restored_for_trial"] > 50
    assert len(backup.paths(owner.MAIN)) == len(backup.paths(owner.KEYRING)) == 1
    night = Night.objects.get(on=TODAY)
    assert night.finished_at is not None
    assert night.report == report
    assert hooks.operator() == operator
    with acting_for(operator):
        [event] = Event.objects.filter(kind="vault.night_over")
    assert '"versions_rotated":1' in event.payload


def test_a_quiet_night_still_leaves_a_tested_keyring_backup(operator):
    organization_id, secrets = filled(3)
    report = nights.run(TODAY)
    assert (report["versions_due"], report["keys_in_backup"], report["keys_unopened"]) == (0, 3, 0)
    assert backup_check.last_verified(owner.KEYRING)["keys"] == 3
    assert opened(organization_id, secrets) == secrets


def test_one_night_is_made_once(operator):
    assert nights.run(TODAY) is not None
    assert nights.run(TODAY) is None
    assert nights.run(TODAY + timedelta(days=1)) is not None


def test_two_night_processes_make_one_night(operator, other_process):
    code = """
        from datetime import date
        from ground.vault import nights
        print("made" if nights.run(date(2026, 11, 22)) else "left to the other")
    """
    both = [other_process(code) for _ in range(2)]
    said = sorted(process.communicate(timeout=120)[0].strip() for process in both)
    assert said == ["left to the other", "made"]
    assert len(backup.paths(owner.MAIN)) == 1


@pytest.mark.parametrize("step", ["backup", "rotation", "keyring", "pruning", "trial"])
def test_a_night_killed_after_any_step_is_taken_up_again(operator, other_process, step):
    organization_id, secrets = filled(4)
    gone = next(iter(secrets))
    [version] = keys.destroy(organization_id, [gone]).shelf_versions
    code = "from datetime import date\nfrom ground.vault import nights\nnights.run(date(2026, 11, 22))"
    killed = other_process(code, SOTTOVOCE_FAULT=f"night.after_{step}")
    assert killed.wait(timeout=120) == -9
    assert Night.objects.get(on=TODAY).finished_at is None
    assert nights.run(TODAY)["failed"] == []
    assert version in rotation.settled(organization_id, [version])
    del secrets[gone]
    assert opened(organization_id, secrets) == secrets


def test_a_failing_step_leaves_the_night_unfinished_with_an_alert_and_the_rest_done(operator, monkeypatch):
    organization_id, secrets = filled(4)
    [version] = keys.destroy(organization_id, list(secrets)[:1]).shelf_versions
    take = backup.take

    def no_room_for_main(part):
        if part == owner.MAIN:
            raise OSError(28, "No space left on device")
        return take(part)

    monkeypatch.setattr(backup, "take", no_room_for_main)
    report = nights.run(TODAY)
    assert (report["failed"], report["backup_error"]) == (["backup"], "OSError")
    assert version in rotation.settled(organization_id, [version]), "a full disk for dumps does not stop erasure"
    with acting_for(operator):
        assert Alert.objects.filter(kind="vault.night_unfinished", resolved_at=None).count() == 1
    monkeypatch.setattr(backup, "take", take)
    assert nights.run(TODAY)["failed"] == []
    with acting_for(operator):
        assert Alert.objects.filter(kind="vault.night_unfinished", resolved_at=None).count() == 0


def test_a_shut_gate_stops_the_night():
    gate.tend()
    gate.shut(gate.REPLAYING)
    with pytest.raises(NotOpen):
        nights.run(TODAY)
    assert backup.paths(owner.MAIN) == []


def test_the_trial_restore_comes_once_a_week(operator, monkeypatch):
    assert "rows_restored_for_trial" in nights.run(TODAY)
    assert "rows_restored_for_trial" not in nights.run(TODAY + timedelta(days=1))
    monkeypatch.setattr(nights, "TRIAL_EVERY", timedelta(0))
    assert "rows_restored_for_trial" in nights.run(TODAY + timedelta(days=7))


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2026-11-22T02:14:59", "2026-11-21"), ("2026-11-22T02:15:00", "2026-11-22"), ("2026-11-22T23:00", "2026-11-22")],
)
def test_the_night_of_a_moment(now, expected):
    assert nights.slot(datetime.fromisoformat(now).replace(tzinfo=UTC), time(2, 15)).isoformat() == expected


def test_watching_does_a_missed_night_soon_after_the_start_and_ends_when_asked(operator, monkeypatch):
    monkeypatch.setattr(nights, "SETTLE_SECONDS", 0)
    looked = []

    def stopped():
        looked.append(1)
        return len(looked) > 1

    nights.watch(time(0, 0), stopped)
    assert Night.objects.filter(finished_at__isnull=False).count() == 1


def test_the_command_prints_the_report_once(operator, capsys, settings):
    call_command("nightly")
    assert '"failed": []' in capsys.readouterr().out
    call_command("nightly")
    assert "done already" in capsys.readouterr().out
    settings.KEYRING_DATABASE_OWNER_URL = ""
    with pytest.raises(CommandError, match="NoOwner"):
        call_command("nightly")


def test_a_finding_of_the_night_is_an_alert_of_that_organization(superuser_connection):
    organization = factories.organization()
    _, secrets = filled(3, organization_id=organization.id)
    keys.destroy(organization.id, list(secrets)[:1])
    superuser_connection("keyring").execute(
        "UPDATE vault_datakey SET wrapped = set_byte(wrapped, 0, get_byte(wrapped, 0) # 1)"
    )
    rotation.night(datetime.now(UTC))
    with acting_for(organization.id):
        assert list(Alert.objects.values_list("kind", flat=True)) == ["vault.data_key_damaged"]


def test_notes_that_no_backup_can_ask_about_are_forgotten(operator):
    organization_id, secrets = filled(2)
    keys.destroy(organization_id, list(secrets))
    nights.run(TODAY)
    store = keystore.store()
    assert len(store.record(organization_id).destroyed) == 1
    assert nights._forget_notes(datetime.now(UTC)) == 0
    for part in owner.PARTS:
        for path in backup.paths(part):
            path.unlink()
    assert nights._forget_notes(datetime.now(UTC) + timedelta(days=4000)) == 1
    assert store.record(organization_id).destroyed == {}


@pytest.mark.parametrize("trouble", ["a step failed", "the keyring is down"])
def test_a_night_that_was_not_made_is_tried_again_soon(monkeypatch, trouble):
    waits = []

    def night(on):
        if trouble == "a step failed":
            return {"failed": ["backup"]}
        raise KeyringDown("no answer")

    monkeypatch.setattr(nights, "run", night)
    monkeypatch.setattr(nights, "_sleep", lambda seconds, stopped: waits.append(seconds))
    nights.watch(time(2), stopped=lambda: len(waits) > 2)
    assert waits == [nights.SETTLE_SECONDS, nights.RETRY_SECONDS, nights.RETRY_SECONDS]


def test_waiting_ends_when_asked_and_when_the_time_is_over(monkeypatch):
    slept = []
    monkeypatch.setattr(nights.time, "sleep", slept.append)
    asked = iter([False, False, True])
    nights._sleep(3600, lambda: next(asked))
    assert len(slept) == 2
    nights._sleep(-1, lambda: False)
    assert len(slept) == 2


def test_the_command_stays_until_it_is_told_to_stop(monkeypatch, restored_signals):
    watched = []

    def watch(at, stopped):
        assert not stopped()
        os.kill(os.getpid(), signal.SIGTERM)
        watched.append((at, stopped()))

    monkeypatch.setattr(nights, "watch", watch)
    call_command("nightly", "--watch", "--at", "03:30")
    assert watched == [(time(3, 30), True)]


def test_the_command_ends_with_an_error_when_a_step_failed(operator, monkeypatch, capsys):
    def down(part):
        raise BackupFailed("no room")

    monkeypatch.setattr(backup, "take", down)
    with pytest.raises(CommandError, match="Not everything was done: backup"):
        call_command("nightly")
    assert '"backup_error": "BackupFailed"' in capsys.readouterr().out


@pytest.fixture
def restored_signals():
    before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


def test_the_minutes_work_says_that_the_gate_is_shut_and_leaves_it_shut(operator, caplog):
    tasks.tend()
    assert Checkpoint.objects.get().number == 1
    gate.shut(gate.REPLAYING)
    tasks.tend()
    assert "vault.gate_shut" in caplog.text
    assert Checkpoint.objects.get().number == 1
