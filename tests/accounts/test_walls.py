"""Every tenant table of accounts: no context, no rows; another context, no rows, no insert, no update, no delete."""

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.models import (
    ApiKey,
    ApiRequest,
    IdempotentRequest,
    Invitation,
    Membership,
    SignInSecret,
    StaffAccess,
    StaffSession,
    User,
)
from ground import tenancy
from ground.tenancy import uuid7
from ground.tenancy.crossings import CROSSINGS
from tests import factories

pytestmark = pytest.mark.django_db
WALLED = [ApiKey, ApiRequest, IdempotentRequest, Invitation, Membership, SignInSecret, StaffAccess, StaffSession]
OPEN = {"User", "Organization", "User_groups", "User_user_permissions"}


def make(model, organization, person):
    now = timezone.now()
    values = {
        ApiKey: {"name": "a", "prefix": uuid7().hex[-8:], "secret_digest": b"0" * 32, "scopes": ["calls.read"]},
        ApiRequest: {
            "door": "api",
            "caller_id": uuid7(),
            "method": "GET",
            "route": "/",
            "status": 200,
            "duration_ms": 1,
            "request_id": "x",
        },
        IdempotentRequest: {"key": uuid7().hex, "fingerprint": b"0" * 32, "lease_until": now},
        Invitation: {
            "role": "member",
            "key_id": uuid7(),
            "address": b"x",
            "token_digest": uuid7().bytes * 2,
            "invited_by": person,
            "expires_at": now,
        },
        Membership: {"user": person, "role": "member"},
        SignInSecret: {"key_id": uuid7(), "sealed": b"x"},
        StaffAccess: {"rule": "never"},
        StaffSession: {
            "staff": person,
            "purpose": "fault",
            "reason": "x",
            "minutes": 5,
            "state": "asked",
            "runs_out_at": now,
        },
    }[model]
    return model.objects.create(organization_id=organization.pk, **values)


def test_every_table_is_walled_or_excused():
    models = {model.__name__ for model in apps.get_app_config("accounts").get_models(include_auto_created=True)}
    assert models == {model.__name__ for model in WALLED} | OPEN


@pytest.mark.parametrize("model", WALLED, ids=lambda model: model.__name__)
def test_a_row_is_seen_and_changed_by_its_organization_alone(model):
    home, other, person = factories.organization(), factories.organization(), factories.user()
    with tenancy.acting_for(home.pk):
        row = make(model, home, person)
        assert model.objects.count() == 1
    assert model.objects.count() == 0
    assert model.objects.filter(pk=row.pk).delete()[0] == 0
    with tenancy.acting_for(other.pk):
        assert model.objects.count() == 0
        assert model.objects.filter(pk=row.pk).update(organization_id=other.pk) == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            make(model, home, person)
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        make(model, home, person)
    with tenancy.acting_for(home.pk):
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            model.objects.filter(pk=row.pk).update(organization_id=other.pk)
        assert model.objects.count() == 1


def test_every_crossing_of_accounts_is_listed():
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname FROM pg_proc WHERE prosecdef AND proname LIKE 'accounts\\_%'")
        found = {row[0] for row in cursor.fetchall()}
    assert found == {name for name in CROSSINGS if name.startswith("accounts_")}


def test_a_crossing_leaves_no_door_open_behind_it():
    home = factories.organization()
    factories.member(home)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT accounts_member_count(%s)", [home.pk])
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT current_setting('app.maintenance', true)")
        assert cursor.fetchone()[0] in ("", None)
        cursor.execute("SELECT set_config('app.maintenance', 'on', true)")
        assert Membership.objects.count() == 0
    assert User.objects.count() == 1
