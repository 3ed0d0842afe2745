"""The catalogue of both databases, linted: every tenant table has its wall, nobody holds a way around it."""

import pytest
from django.apps import apps
from django.db import connections

from ground.tenancy.crossings import CROSSINGS
from ground.tenancy.routing import lives_in_keyring

pytestmark = pytest.mark.django_db
ALIASES = ["default", "keyring"]


def rows(alias, statement, parameters=()):
    with connections[alias].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def tenant_tables(alias):
    return {
        row[0]
        for row in rows(
            alias,
            "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE a.attname = 'organization_id' AND NOT a.attisdropped AND c.relkind IN ('r', 'p') "
            "AND n.nspname = 'public'",
        )
    }


@pytest.mark.parametrize("alias", ALIASES)
def test_every_table_with_an_organization_has_forced_row_level_security(alias):
    protected = {
        row[0] for row in rows(alias, "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
    }
    tables = tenant_tables(alias)
    assert tables
    assert tables - protected == set()


@pytest.mark.parametrize("alias", ALIASES)
def test_policies_are_the_two_we_know_and_ask_once_per_query(alias):
    policies = rows(alias, "SELECT tablename, policyname, roles::text[], qual, with_check FROM pg_policies")
    app = connections[alias].settings_dict["USER"]
    by_table = {}
    for table, name, roles, qual, check in policies:
        by_table.setdefault(table, {})[name] = (roles, qual, check)
    for table in tenant_tables(alias):
        tenant, maintenance = by_table[table]["tenant"], by_table[table]["maintenance"]
        assert set(by_table[table]) == {"tenant", "maintenance"}, table
        for text in tenant[1:]:
            assert "( SELECT" in text and "NULLIF(current_setting('app.organization'" in text, table
        assert app not in maintenance[0]
        assert "public" not in maintenance[0]


@pytest.mark.parametrize("alias", ALIASES)
def test_the_application_role_is_nobody_special(alias):
    (row,) = rows(
        alias,
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user",
    )
    assert row == (False, False, False, False)
    assert (
        rows(
            alias, "SELECT relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = current_user"
        )
        == []
    )
    assert rows(alias, "SELECT has_schema_privilege(current_user, 'public', 'CREATE')") == [(False,)]
    truncatable = rows(
        alias,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
        "AND has_table_privilege(current_user, oid, 'TRUNCATE')",
    )
    assert truncatable == []


@pytest.mark.parametrize("alias", ALIASES)
def test_append_only_tables_may_only_be_appended(alias):
    changeable = rows(
        alias,
        "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname = 'append_only' "
        "AND (has_table_privilege(current_user, c.oid, 'UPDATE') "
        "OR has_table_privilege(current_user, c.oid, 'DELETE'))",
    )
    assert changeable == []


def test_every_crossing_is_listed_with_its_reason():
    found = set()
    for alias in ALIASES:
        found |= {
            row[0]
            for row in rows(
                alias,
                "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
                "WHERE p.prosecdef AND n.nspname = 'public'",
            )
        }
    assert found == set(CROSSINGS)
    assert all(reason.strip() for reason in CROSSINGS.values())


@pytest.mark.parametrize("alias", ALIASES)
def test_crossings_are_not_for_everyone(alias):
    open_to_all = rows(
        alias,
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef "
        "AND n.nspname = 'public' AND EXISTS (SELECT 1 FROM aclexplode(p.proacl) WHERE grantee = 0)",
    )
    assert open_to_all == []


@pytest.mark.parametrize("alias", ALIASES)
def test_no_view_and_no_materialized_view_leads_around_the_wall(alias):
    assert (
        rows(
            alias,
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' "
            "AND (c.relkind = 'm' OR (c.relkind = 'v' AND NOT coalesce(c.reloptions::text[] @> "
            "ARRAY['security_invoker=true'], false)))",
        )
        == []
    )


@pytest.mark.parametrize("alias", ALIASES)
def test_an_index_of_every_tenant_table_starts_with_the_organization(alias):
    leading = {
        row[0]
        for row in rows(
            alias,
            "SELECT DISTINCT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] "
            "WHERE a.attname = 'organization_id'",
        )
    }
    assert tenant_tables(alias) - leading == set()


# Unique values across organizations. Whoever tries one learns that somebody has it; so only what nobody can guess.
UNIQUE_EVERYWHERE = {
    ("accounts_apikey", "prefix"): "random, and made by us: nobody chooses one",
    ("accounts_invitation", "token_digest"): "the digest of 256 random bits",
    ("accounts_staffsession", "staff_id"): "a person of the operator has one session at a time, wherever it is",
    ("agents_providerconnection", "public_id"): "random, made by us, and public by nature",
}


@pytest.mark.parametrize("alias", ALIASES)
def test_no_unique_key_tells_what_another_organization_has(alias):
    found = rows(
        alias,
        "SELECT c.relname, string_agg(a.attname::text, ',' ORDER BY a.attnum) FROM pg_index i "
        "JOIN pg_class c ON c.oid = i.indrelid "
        "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) "
        "WHERE i.indisunique AND c.relname = ANY (%s) GROUP BY i.indexrelid, c.relname "
        "HAVING coalesce(NOT 'organization_id' = ANY (array_agg(a.attname::text)), true)",
        [sorted(tenant_tables(alias))],
    )
    assert {each for each in found if each[1] != "id"} - set(UNIQUE_EVERYWHERE) == set()


@pytest.mark.parametrize("alias", ALIASES)
def test_a_reference_between_tenants_tables_carries_the_organization(alias):
    """PostgreSQL checks references past every policy: without it, trying an id tells that another one has it."""
    tables = sorted(tenant_tables(alias))
    references = rows(
        alias,
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' "
        "AND conrelid::regclass::text = ANY (%s) AND confrelid::regclass::text = ANY (%s)",
        [tables, tables],
    )
    assert references
    assert [name for name, text in references if text.count("organization_id") != 2] == []


def test_models_and_tables_agree_on_who_is_a_tenant():
    for model in apps.get_models():
        names = {field.attname for field in model._meta.concrete_fields}
        alias = "keyring" if lives_in_keyring(model) else "default"
        assert ("organization_id" in names) == (model._meta.db_table in tenant_tables(alias)), model
