"""Only whole sealed blocks expire, only when old enough, and only with a signed statement."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.db.utils import DatabaseError
from django.utils import timezone

from ground import audit, tenancy
from ground.audit.exceptions import BlockExpired, NotExpirable
from ground.audit.models import Event, Expiry
from ground.audit.walk import Fault
from tests.ground.audit.conftest import ANNA, BORIS, SYSTEM, append, seal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home", "small_blocks")]


@pytest.fixture
def access_log(vault_home, small_blocks):
    """Three blocks of seven; returns the ids of the events."""
    ids = append(count=21, stream="access")
    seal()
    return ids


def expire(number, older_than=None):
    return audit.expire_block(ANNA, stream="access", number=number, older_than=older_than or timezone.now(), by=SYSTEM)


def left():
    with tenancy.acting_for(ANNA):
        return Event.objects.filter(organization_id=ANNA, stream="access").count()


def test_an_expired_block_leaves_its_header_and_the_chain_holds(access_log):
    assert expire(2) == 7
    assert left() == 14
    seal()
    report = audit.verify()
    assert report.ok
    access = next(chain for chain in report.chains if chain.stream == "access")
    assert (access.blocks, access.expired_blocks, access.events) == (3, 1, 14)
    with tenancy.acting_for(ANNA):
        assert audit.events(ANNA, kind="audit.block_expired").get().actor_id == "tests"
        with pytest.raises(Event.DoesNotExist):
            audit.proof(access_log[8], organization_id=ANNA)


def test_all_that_is_old_enough_goes_oldest_first_and_the_rest_stays(access_log):
    with tenancy.acting_for(ANNA):
        last_of_second = Event.objects.get(id=access_log[13]).occurred_at
    moment = last_of_second + timedelta(microseconds=1)
    assert audit.expire_blocks(ANNA, stream="access", older_than=moment, by=SYSTEM, limit=1).blocks == 1
    assert audit.expire_blocks(ANNA, stream="access", older_than=moment, by=SYSTEM).blocks == 1
    assert audit.expire_blocks(ANNA, stream="access", older_than=moment, by=SYSTEM).blocks == 0
    assert left() == 7
    assert audit.verify().ok


def test_a_block_with_one_younger_event_stays_whole(access_log):
    with tenancy.acting_for(ANNA):
        youngest = Event.objects.get(id=access_log[6]).occurred_at
    with pytest.raises(NotExpirable):
        expire(1, older_than=youngest)
    assert left() == 21


def test_what_is_not_sealed_does_not_expire():
    append(stream="access")
    with pytest.raises(NotExpirable):
        expire(1)
    assert left() == 1


@pytest.mark.usefixtures("access_log")
def test_the_same_block_expires_once():
    expire(1)
    with pytest.raises(NotExpirable):
        expire(1)


@pytest.mark.usefixtures("access_log")
def test_the_future_cannot_be_expired():
    with pytest.raises(NotExpirable):
        audit.expire_blocks(ANNA, stream="access", older_than=timezone.now() + timedelta(days=1), by=SYSTEM)


@pytest.mark.usefixtures("access_log")
def test_the_function_alone_removes_nothing():
    with pytest.raises(DatabaseError, match="no statement"), tenancy.acting_for(ANNA), connection.cursor() as cursor:
        cursor.execute("SELECT audit_expire_block(%s, 'access', 1, now())", [ANNA])
    with pytest.raises(DatabaseError, match="context"), tenancy.acting_for(BORIS), connection.cursor() as cursor:
        cursor.execute("SELECT audit_expire_block(%s, 'access', 1, now())", [ANNA])
    assert left() == 21


@pytest.mark.usefixtures("access_log")
def test_the_owner_may_remove_only_what_a_statement_covers(owner_connection):
    with tenancy.acting_for(ANNA):
        expire(1)
    database = owner_connection("default")
    database.execute("SET app.maintenance = 'on'")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.execute("DELETE FROM audit_event WHERE stream = 'access'")
    assert left() == 14


@pytest.mark.usefixtures("access_log")
def test_a_damaged_block_does_not_expire(superuser_connection):
    database = superuser_connection("default")
    database.execute("SET session_replication_role = replica")
    database.execute("DELETE FROM audit_event WHERE id = (SELECT first_event FROM audit_block WHERE number = 1)")
    with pytest.raises(DatabaseError, match="nothing expired"):
        expire(1)
    with tenancy.acting_for(ANNA):
        assert not Expiry.objects.exists()


@pytest.mark.usefixtures("access_log")
@pytest.mark.parametrize(
    "forgery", ["older_than = older_than + interval '1 day'", "expired_at = now()", "signature = sha512(signature)"]
)
def test_a_changed_statement_is_found(superuser_connection, forgery):
    expire(2)
    database = superuser_connection("default")
    database.execute("SET session_replication_role = replica")
    database.execute(f"UPDATE audit_expiry SET {forgery}")
    (problem,) = audit.verify().problems
    assert (problem.number, problem.fault) == (2, Fault.EXPIRY_NOT_STATED)


@pytest.mark.usefixtures("access_log")
def test_a_missing_statement_is_found(superuser_connection):
    expire(2)
    database = superuser_connection("default")
    database.execute("SET session_replication_role = replica")
    database.execute("DELETE FROM audit_expiry")
    (problem,) = audit.verify().problems
    assert (problem.number, problem.fault) == (2, Fault.EVENTS_CHANGED)


@pytest.mark.usefixtures("access_log")
def test_while_the_chain_is_verified_nothing_expires():
    from ground.audit.services.blocks import lock_key

    other = connection.copy("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [lock_key(ANNA, "access", "read")]
            )
            assert expire(1) is None
            assert audit.expire_blocks(ANNA, stream="access", older_than=timezone.now(), by=SYSTEM).blocks == 0
            cursor.execute("ROLLBACK")  # closing alone lets the lock go when the server gets to it
    finally:
        other.close()
    assert expire(1) == 7


def test_a_proof_of_an_expired_block_is_refused_by_name(access_log, monkeypatch):
    """Between the look-up of the event and that of its block the block may expire."""
    from ground.audit.services import proofs

    with tenancy.acting_for(ANNA):
        event = Event.objects.get(id=access_log[0])
    expire(1)
    monkeypatch.setattr(proofs.Event.objects, "get", lambda **_: event, raising=False)
    monkeypatch.setattr(type(Event.objects), "get", lambda self, *a, **k: event, raising=False)
    with pytest.raises(BlockExpired):
        audit.proof(access_log[0], organization_id=ANNA)
