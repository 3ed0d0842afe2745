"""The tables of the plain models: made by the measurement that needs them, gone with its database."""

import uuid

from django.db import connection

from benchmarks import world
from benchmarks.plain.models import PlainCall, PlainTurn


def make_tables() -> None:
    """Both tables, empty, without row-level security: nothing stands in the way of the plain way."""
    with world.superuser() as superuser:
        role = connection.settings_dict["USER"]
        superuser.execute(f'GRANT CREATE ON SCHEMA public TO "{role}"')
    with connection.schema_editor() as editor:
        editor.create_model(PlainCall)
        editor.create_model(PlainTurn)


def plant(organization_id: uuid.UUID, calls: int, *, turns: int = 5) -> None:
    """`calls` calls with `turns` turns each, long over."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE plain_plaincall, plain_plainturn")
        cursor.execute(
            "INSERT INTO plain_plaincall SELECT gen_random_uuid(), %s, gen_random_uuid()::text, "
            "'+49301' || number, 'inbound', 'completed', now() - interval '400 days', now() - interval '400 days' "
            "+ number * interval '1 second', 60000 FROM generate_series(1, %s) AS number",
            [organization_id, calls],
        )
        cursor.execute(
            "INSERT INTO plain_plainturn (call_id, number, speaker, text) SELECT id, number, 'agent', "
            "repeat('what was said ', 5) FROM plain_plaincall, generate_series(1, %s) AS number",
            [turns],
        )
        cursor.execute("ANALYZE plain_plaincall, plain_plainturn")
