"""Calls sorted by length: an index of its own, built without stopping anybody."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("calls", "0002_polls")]

    operations = [
        AddIndexConcurrently(
            "call",
            models.Index(
                F("organization_id"), F("duration_ms").asc(nulls_first=True), F("id"), name="calls_call_by_length"
            ),
        ),
    ]
