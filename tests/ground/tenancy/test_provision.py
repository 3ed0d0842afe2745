"""The role of web and worker: made once, granted what it needs, refused when it could do more."""

from io import StringIO
from uuid import uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ground.tenancy.crossings import CROSSINGS
from ground.tenancy.provision import CannotProvision, provision
from tests import embedded

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "sottovoce_new"


def exists(role):
    with embedded.superuser() as connection:
        return connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [role]).fetchone()


@pytest.fixture
def database(scratch):
    name = scratch("default")
    yield name
    if exists(NEW):
        with psycopg.connect(make_conninfo(embedded._DSN, dbname=name), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(NEW)))


def test_the_command_says_what_was_granted_and_may_be_repeated():
    said = StringIO()
    call_command("provision", stdout=said)
    call_command("provision", stdout=said)
    main, keyring, *again = said.getvalue().splitlines()
    assert again == [main, keyring]
    assert main.startswith(f"main: role {embedded.APP} kept, ")
    assert f"{len([name for name in CROSSINGS if not name.startswith('vault_')])} crossings" in main
    assert keyring.startswith(f"keyring: role {embedded.APP} kept, ")


def test_without_the_owners_connections_nothing_is_tried(settings):
    settings.KEYRING_DATABASE_OWNER_URL = settings.DATABASE_OWNER_URL = ""
    with pytest.raises(CommandError, match="must name the owner's connections"):
        call_command("provision", stdout=StringIO())


def test_an_owner_who_may_not_create_roles_is_told_what_to_run(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", embedded._url(NEW, embedded.database_names()["default"]))
    with pytest.raises(CommandError, match=f"have an administrator run: CREATE ROLE {NEW} LOGIN NOSUPERUSER"):
        call_command("provision", stdout=StringIO())
    assert not exists(NEW)


@pytest.mark.parametrize("password", ["", "test"])
def test_a_missing_role_is_made_and_sees_no_organization_by_itself(database, password):
    owner_url = make_conninfo(embedded._DSN, dbname=database)
    app_url = embedded._url(NEW, database)
    grants = provision(owner_url=owner_url, app_url=app_url if password else app_url.replace(":test@", "@"))
    assert (grants.role, grants.created) == (NEW, True)
    assert grants.append_only > 0
    assert (exists(NEW)[0] is not None) == bool(password)
    assert not provision(owner_url=owner_url, app_url=app_url).created
    if not password:  # an administrator has yet to say how it signs in
        return
    with psycopg.connect(app_url, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM calls_call").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("INSERT INTO calls_call (id, organization_id) VALUES (%s, %s)", [uuid4(), uuid4()])
        for forbidden in ("UPDATE audit_event SET kind = ''", "TRUNCATE calls_call", "DELETE FROM django_migrations"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)


@pytest.mark.parametrize("role", [embedded.OWNER, "the superuser"])
def test_a_role_that_could_do_more_is_refused(role):
    name = embedded.database_names()["default"]
    if role == "the superuser":
        role = psycopg.conninfo.conninfo_to_dict(embedded._DSN)["user"]
    with pytest.raises(CannotProvision, match="must use another role"):
        provision(owner_url=embedded._url(embedded.OWNER, name), app_url=embedded._url(role, name))
