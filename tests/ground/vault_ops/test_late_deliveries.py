"""A provider that tells us again, after a restore, of a call that was erased: it does not come back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.models import Q

from calls.models import Call, CallReport, Recording, Transcript
from ground.inventory.destruction import Reason, destroy_now
from ground.tenancy import Actor
from ground.vault import backup, gate, owner, restore
from tests import embedded
from tests.calls.conftest import everything_of, line, organization, run_jobs  # noqa: F401  (fixtures)
from tests.calls.samples import generic_event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]
PARTS = (Call, Transcript, CallReport, Recording)


@pytest.fixture(autouse=True)
def fresh_databases_afterwards(monkeypatch):
    monkeypatch.setattr(restore, "PATIENCE_SECONDS", 0)
    yield
    connections.close_all()
    embedded.copy_databases()


@pytest.mark.parametrize("backup_knows_the_call", [True, False])
def test_a_late_webhook_after_a_restore_brings_nobody_back(
    client,
    organization,
    line,
    backup_knows_the_call,
):
    event = generic_event()
    gate.tend()
    if not backup_knows_the_call:
        old = backup.take(owner.MAIN)
    assert line.deliver(client, event).status_code == 202
    run_jobs(organization)
    assert everything_of(organization, *PARTS)["Call"] == 1
    if backup_knows_the_call:
        old = backup.take(owner.MAIN)
    for model in PARTS:
        destroy_now(model, organization.id, where=Q(), reason=Reason.ERASURE, by=Actor.system("test"))

    gate.shut(gate.RESTORING)
    gate.forget()
    assert line.deliver(client, event).status_code == 503, "acknowledges nothing while a restore is under way"
    call_command("restore", str(old.path), "--main-only", "--yes")

    assert line.deliver(client, event, at=datetime.now(UTC) + timedelta(seconds=5)).status_code in (200, 202)
    run_jobs(organization)
    assert not any(everything_of(organization, *PARTS).values())
