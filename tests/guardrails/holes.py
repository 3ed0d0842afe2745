"""Holes in the wall, as plain builds have them: how each is made, what leaks through it, and which lint finds it.

A hole is made by the superuser in a table with a row of another organization, tried with the application's rights,
and closed again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from ground.tenancy import uuid7
from tests import embedded
from tests.guardrails import test_catalogue as lint
from tests.guardrails.plant import plant_row


def app():
    """An autocommit connection with the application's rights."""
    return psycopg.connect(embedded._url(embedded.APP, embedded.database_names()["default"]), autocommit=True)


def sees(connection, statement):
    """Whether a transaction of another organization reads a row by this."""
    with connection.transaction():
        connection.execute("SELECT set_config('app.organization', %s, true)", [str(uuid7())])
        return connection.execute(statement).fetchone()[0] > 0


def refused(*classes):
    """A leak of one bit: an error of these classes says that somebody else has the value."""

    def tried(connection, statement):
        try:
            with connection.transaction():
                connection.execute("SELECT set_config('app.organization', %s, true)", [str(uuid7())])
                connection.execute(statement)
                raise psycopg.Rollback
        except classes:
            return True
        return False

    return tried


@dataclass(frozen=True, slots=True)
class Hole:
    """`make`, `close`, `attempt`: SQL with {table}. `leaks(connection, attempt)`. `found_by`: a lint that must fail."""

    name: str
    make: str
    close: str
    attempt: str
    found_by: Callable[..., None]
    leaks: Callable[[psycopg.Connection, str], bool] = sees
    as_owner: bool = False
    by_alias: bool = True
    only: str = ""  # the one table it is made for


_COUNT = "SELECT count(*) FROM {table}"
_CHILD = (
    "CREATE TABLE hole (organization_id uuid NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);"
    "CREATE INDEX ON hole (organization_id);"
    "ALTER TABLE hole ENABLE ROW LEVEL SECURITY; ALTER TABLE hole FORCE ROW LEVEL SECURITY;"
    "CREATE POLICY tenant ON hole USING (organization_id = (SELECT NULLIF(current_setting('app.organization', true), "
    "'')::uuid)); CREATE POLICY maintenance ON hole TO {owner} USING (false);"
    "CREATE TABLE hole_2026 PARTITION OF hole FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
    "GRANT SELECT ON hole, hole_2026 TO {app}; INSERT INTO hole VALUES (gen_random_uuid(), '2026-05-05')"
)
HOLES = [
    Hole(
        "a table without row-level security",
        "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        _COUNT,
        lint.test_every_table_with_an_organization_has_forced_row_level_security,
    ),
    Hole(
        "the owner, where it is not forced",
        "ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        _COUNT,
        lint.test_every_table_with_an_organization_has_forced_row_level_security,
        as_owner=True,
    ),
    Hole(
        "one more policy that lets everything through",
        "CREATE POLICY hole ON {table} USING (true)",
        "DROP POLICY hole ON {table}",
        _COUNT,
        lint.test_policies_are_the_two_we_know_and_ask_once_per_query,
    ),
    Hole(
        "a partition asked directly",
        _CHILD,
        "DROP TABLE hole",
        "SELECT count(*) FROM hole_2026",
        lint.test_every_table_with_an_organization_has_forced_row_level_security,
    ),
    Hole(
        "a plain view",
        "CREATE VIEW hole AS SELECT * FROM {table}; GRANT SELECT ON hole TO {app}",
        "DROP VIEW hole",
        "SELECT count(*) FROM hole",
        lint.test_no_view_and_no_materialized_view_leads_around_the_wall,
    ),
    Hole(
        "a materialized view",
        "CREATE MATERIALIZED VIEW hole AS SELECT * FROM {table}; GRANT SELECT ON hole TO {app}",
        "DROP MATERIALIZED VIEW hole",
        "SELECT count(*) FROM hole",
        lint.test_no_view_and_no_materialized_view_leads_around_the_wall,
    ),
    Hole(
        "a function with its maker's rights",
        "CREATE FUNCTION hole() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM {table}'",
        "DROP FUNCTION hole()",
        "SELECT hole()",
        lint.test_every_crossing_is_listed_with_its_reason,
        by_alias=False,
    ),
    Hole(
        "TRUNCATE",
        "GRANT TRUNCATE, SELECT ON {table} TO {app}",
        "REVOKE TRUNCATE ON {table} FROM {app}",
        "TRUNCATE {table}",
        lint.test_the_application_role_is_nobody_special,
        leaks=lambda connection, statement: not refused(psycopg.Error)(connection, statement),
    ),
    Hole(
        "a role that passes every policy",
        "ALTER ROLE {app} BYPASSRLS",
        "ALTER ROLE {app} NOBYPASSRLS",
        _COUNT,
        lint.test_the_application_role_is_nobody_special,
    ),
    Hole(
        "a unique value across organizations",
        "CREATE UNIQUE INDEX hole ON {table} (name)",
        "DROP INDEX hole",
        "INSERT INTO {table} (id, organization_id, name, created_at) "
        "SELECT gen_random_uuid(), current_setting('app.organization')::uuid, 'x', now()",
        lint.test_no_unique_key_tells_what_another_organization_has,
        leaks=refused(psycopg.errors.UniqueViolation),
        only="contacts_contactlist",
    ),
    Hole(
        "a reference without the organization",
        "ALTER TABLE {table} ADD COLUMN hole uuid REFERENCES {table} (id)",
        "ALTER TABLE {table} DROP COLUMN hole",
        "INSERT INTO {table} (id, organization_id, name, created_at, hole) "
        "SELECT gen_random_uuid(), current_setting('app.organization')::uuid, 'y', now(), '{row}'",
        lint.test_a_reference_between_tenants_tables_carries_the_organization,
        leaks=lambda connection, statement: not refused(psycopg.errors.ForeignKeyViolation)(connection, statement),
        only="contacts_contactlist",
    ),
]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a hole: it leaked nothing before, it leaked, the lint named it, and the wall is whole again."""

    tight_before: bool
    leaked: bool
    found: bool
    whole_again: bool


def tables():
    """Tables a hole may be made in: tenants' own, appended to and changed, which no other one refers to."""
    with embedded.superuser("default") as connection:
        special = connection.execute(
            "SELECT confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' "
            "UNION SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'append_only%'"
        ).fetchall()
    return sorted(lint.tenant_tables("default") - {row[0] for row in special})


def attempt(hole, table="calls_transcript"):
    """Make the hole in a table with a row of somebody, look through it, ask the lint, and close it."""
    table, somebody = hole.only or table, uuid7()
    with embedded.superuser("default") as superuser, embedded.superuser("default") as planting:
        plant_row(planting, table, somebody)
        row = planting.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()[0]
        words = {"table": table, "app": embedded.APP, "owner": embedded.OWNER, "row": row}
        tight = not _leaks(hole, words) and not _named(hole)
        superuser.execute(hole.make.format(**words))
        try:
            leaked, found = _leaks(hole, words), _named(hole)
        finally:
            superuser.execute(hole.close.format(**words))
            whole = not _named(hole)
            planting.execute(f"DELETE FROM {table}")
    return Tried(tight, leaked, found, whole)


def _leaks(hole, words):
    with embedded.owner("default") if hole.as_owner else app() as connection:
        try:
            return hole.leaks(connection, hole.attempt.format(**words))
        except psycopg.errors.DatabaseError:
            return False


def _named(hole):
    """Whether the lint fails."""
    try:
        hole.found_by("default") if hole.by_alias else hole.found_by()
    except AssertionError:
        return True
    return False
