"""Appending, and what the database refuses."""

from uuid import uuid4

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from ground import audit, tenancy
from ground.audit.exceptions import PersonalDataInAudit
from ground.audit.models import Event
from ground.tenancy.exceptions import ContextMismatch
from tests.ground.audit.conftest import ANNA, BORIS, SYSTEM, append, seal, undone

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]


def count(organization_id=ANNA):
    with tenancy.acting_for(organization_id):
        return Event.objects.filter(organization_id=organization_id).count()


def test_an_event_is_what_was_said_and_nothing_more():
    subject = uuid4()
    with tenancy.acting_for(ANNA):
        event_id = audit.append(
            "calls.recording_played",
            organization_id=ANNA,
            actor=tenancy.Actor.member(subject),
            object_type="calls.call",
            object_id=subject,
            stream="access",
            seconds=12,
        )
        event = audit.events(ANNA, stream="access", object_id=subject).get()
    assert event.id == event_id
    assert (event.kind, event.actor_kind, event.actor_id) == ("calls.recording_played", "member", str(subject))
    assert (event.payload, event.epoch) == ('{"seconds":12}', 1)
    assert event.transaction_id > 0


def test_there_are_two_streams_and_no_third():
    with tenancy.acting_for(ANNA), pytest.raises(ValueError, match="evidence or access"):
        audit.append("calls.recording_played", organization_id=ANNA, actor=SYSTEM, stream="third")
    assert count() == 0


def test_event_and_deed_commit_together_or_not_at_all():
    undone()
    assert count() == 0


def test_personal_data_is_refused_and_nothing_written():
    with tenancy.acting_for(ANNA), pytest.raises(PersonalDataInAudit):
        audit.append("tests.happened", organization_id=ANNA, actor=SYSTEM, name="Maria Duval")
    with tenancy.acting_for(ANNA), pytest.raises(PersonalDataInAudit):
        audit.append("tests.happened", organization_id=ANNA, actor=tenancy.Actor.system("maria@example.org"))
    assert count() == 0


def test_the_context_must_be_the_organization_of_the_event():
    with pytest.raises(ContextMismatch):
        audit.append("tests.happened", organization_id=ANNA, actor=SYSTEM)
    with tenancy.acting_for(BORIS), pytest.raises(ContextMismatch):
        audit.append("tests.happened", organization_id=ANNA, actor=SYSTEM)
    assert count() == 0
    assert count(BORIS) == 0


def test_another_organization_sees_none_of_it():
    append(ANNA, 2)
    seal()
    with tenancy.acting_for(BORIS), connection.cursor() as cursor:
        for table in ("audit_event", "audit_block"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("table", ["audit_event", "audit_block", "audit_epoch", "audit_expiry"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET signing_key = 'x'", "UPDATE {} SET kind = 'x'", "DELETE FROM {}", "TRUNCATE {}"]
)
def test_the_application_may_not_change_evidence(table, statement):
    append(ANNA, 2)
    seal()
    with pytest.raises(DatabaseError), tenancy.acting_for(ANNA), connection.cursor() as cursor:
        cursor.execute(statement.format(table))
    assert count() == 2


@pytest.mark.parametrize("who", ["owner", "superuser"])
@pytest.mark.parametrize("table", ["audit_event", "audit_block"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET stream = stream", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_owner_and_the_superuser_are_refused_too(request, who, table, statement):
    append(ANNA, 2)
    seal()
    database = request.getfixturevalue(f"{who}_connection")("default")
    database.execute("SET app.maintenance = 'on'")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        database.execute(statement.format(table))
    assert count() == 2


def test_two_appends_never_wait_for_each_other():
    """The first transaction stays open; the second must finish at once."""
    other = connection.copy("default")
    try:
        with transaction.atomic(), tenancy.acting_for(ANNA):
            audit.append("tests.happened", organization_id=ANNA, actor=SYSTEM)
            with other.cursor() as cursor:
                cursor.execute("SET lock_timeout = '500ms'")
                cursor.execute("BEGIN")
                cursor.execute("SELECT set_config('app.organization', %s, true)", [str(ANNA)])
                cursor.execute(
                    "INSERT INTO audit_event (id, organization_id, stream, kind, actor_kind, actor_id, object_type,"
                    " object_id, payload) VALUES (%s, %s, 'evidence', 'tests.happened', 'system', 'x', '', '', '{}')",
                    [uuid4(), ANNA],
                )
                cursor.execute("COMMIT")
    finally:
        other.close()
    assert count() == 2
