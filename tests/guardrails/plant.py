"""A plausible row for any table, written by the superuser with triggers and foreign keys off."""

from psycopg import sql

_VALUES = {
    "uuid": "gen_random_uuid()",
    "bytea": "'\\x00112233445566778899aabbccddeeff'::bytea",
    "bool": "false",
    "timestamptz": "now()",
    "date": "current_date",
    "jsonb": "'{}'::jsonb",
    "xid8": "pg_current_xact_id()",
    "inet": "'127.0.0.1'::inet",
}
_NUMBERS = {"int2", "int4", "int8", "numeric", "float8"}


def plant_row(connection, table, organization_id):
    """Insert one row that belongs to `organization_id`: every column that must be filled gets something of its type."""
    connection.execute("SET session_replication_role = replica")
    checks = connection.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'", [table]
    ).fetchall()
    columns = connection.execute(
        "SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
        "WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' "
        "AND a.attgenerated = '' AND a.attnotnull",
        [table],
    ).fetchall()
    names, values = [], []
    for name, kind in columns:
        names.append(sql.Identifier(name))
        if name == "organization_id":
            values.append(sql.Literal(str(organization_id)) + sql.SQL("::uuid"))
        elif kind in _NUMBERS:
            values.append(sql.SQL("1"))
        elif kind.startswith("_"):
            values.append(sql.SQL("'{}'"))
        else:
            values.append(sql.SQL(_VALUES.get(kind, "'x'")))
    with connection.transaction():
        definitions = []
        for (constraint,) in checks:
            definition = connection.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s",
                [table, constraint],
            ).fetchone()[0]
            definitions.append((constraint, definition))
            connection.execute(
                sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(constraint))
            )
        connection.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table), sql.SQL(", ").join(names), sql.SQL(", ").join(values)
            )
        )
        for constraint, definition in definitions:
            connection.execute(
                sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {} NOT VALID").format(
                    sql.Identifier(table),
                    sql.Identifier(constraint),
                    sql.SQL(definition.removesuffix(" NOT VALID")),
                )
            )
