"""What people would write otherwise: Django models without keys, walls or evidence, for comparison only.

Their tables are made by the measurement that needs them, owned by the application role, and gone with its database.
"""

import uuid

from django.db import connection, models

from benchmarks import world


class PlainCall(models.Model):
    """A call with its facts in the clear."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organization_id = models.UUIDField(db_index=True)
    external_id = models.CharField(max_length=64, unique=True)
    phone = models.CharField(max_length=32, db_index=True)
    direction = models.CharField(max_length=10)
    outcome = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(db_index=True)
    duration_ms = models.PositiveIntegerField()

    class Meta:
        app_label = "plain"

    def __str__(self) -> str:
        return f"plain call {self.id}"


class PlainTurn(models.Model):
    """One turn of a call, as a row."""

    call = models.ForeignKey(PlainCall, on_delete=models.CASCADE, related_name="turns")
    number = models.PositiveIntegerField()
    speaker = models.CharField(max_length=10)
    text = models.TextField()

    class Meta:
        app_label = "plain"

    def __str__(self) -> str:
        return f"plain turn {self.id}"


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
