"""The wall is built by migrations, and every migration goes back."""

from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connections, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState

from ground.tenancy import acting_for, current_organization, reading_for, routing
from ground.tenancy.operations import Crossing, TenantTable
from tests import embedded

pytestmark = pytest.mark.django_db(transaction=True)
_LEFT = (
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' UNION ALL "
    "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' "
    "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') UNION ALL "
    "SELECT policyname FROM pg_policies WHERE schemaname = 'public'"
)


@pytest.fixture
def as_owner(scratch):
    """`as_owner(alias)`: Django's connection, pointed at a copy of the database as its owner."""
    before = {}

    def point(alias):
        connection = connections[alias]
        before[alias] = dict(connection.settings_dict)
        connection.close()
        connection.settings_dict.update(NAME=scratch(alias), USER=embedded.OWNER)
        return connection

    yield point
    for alias, kept in before.items():
        connections[alias].close()
        connections[alias].settings_dict.update(NAME=kept["NAME"], USER=kept["USER"])


@pytest.mark.slow
@pytest.mark.parametrize("alias", ["default", "keyring"])
def test_every_migration_goes_back_and_leaves_nothing(as_owner, alias):
    connection = as_owner(alias)
    executor = MigrationExecutor(connection)
    executor.migrate([(app, None) for app in sorted(executor.loader.migrated_apps)])
    with connection.cursor() as cursor:
        cursor.execute(_LEFT)
        assert {row[0] for row in cursor.fetchall()} == {"django_migrations"}


def test_a_plan_says_in_words_what_a_migration_builds(as_owner):
    as_owner("default")
    said = StringIO()
    call_command("migrate", "audit", "zero", "--plan", stdout=said)
    assert "Wall around audit_event" in said.getvalue()
    assert "Make audit_event append-only" in said.getvalue()
    assert "Named crossing audit_" in said.getvalue()


def state_with(table):
    state = ProjectState()
    fields = [("id", models.UUIDField(primary_key=True)), ("organization_id", models.UUIDField())]
    state.add_model(ModelState("audit", "Epoch", fields, {"db_table": table}))
    return state


def test_an_operation_on_a_table_that_no_model_has_is_refused():
    with connections["default"].schema_editor(collect_sql=True) as editor:
        with pytest.raises(ValueError, match="no model in the migration state has the table no_such_table"):
            TenantTable("no_such_table").database_forwards("audit", editor, ProjectState(), state_with("another"))
        assert editor.collected_sql == []


def test_a_replaced_crossing_goes_back_to_the_body_before():
    crossing = Crossing(
        "audit_tests", arguments="one uuid, two text", returns="bigint", body="SELECT 2", before="SELECT 1"
    )
    with connections["default"].schema_editor(collect_sql=True) as editor:
        crossing.database_backwards("audit", editor, None, None)
    text = "\n".join(editor.collected_sql)
    assert "CREATE OR REPLACE FUNCTION audit_tests(one uuid, two text)" in text
    assert "SELECT 1" in text
    assert "SELECT 2" not in text
    assert "REVOKE ALL ON FUNCTION audit_tests(uuid, text) FROM PUBLIC" in text
    assert "DROP" not in text


def test_a_model_that_left_the_product_had_lived_in_the_main_database():
    router = routing.KeyringRouter()
    assert router.allow_migrate("default", "vault", "no_longer_here")
    assert not router.allow_migrate("keyring", "vault", "no_longer_here")


def test_only_an_id_names_an_organization():
    with pytest.raises(TypeError, match="id as UUID"), acting_for(str(uuid4())):
        pytest.fail("never inside")


def test_a_look_up_asked_alone_has_a_transaction_of_its_own():
    organization_id = uuid4()
    with reading_for(organization_id):
        assert current_organization() == organization_id
    assert current_organization() is None
    with acting_for(organization_id), reading_for(organization_id):
        assert current_organization() == organization_id
