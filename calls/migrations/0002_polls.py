"""Calls that are asked from the provider: where a message came from, and how far was asked."""

from django.db import migrations, models
from django.db.models import Q

import ground.tenancy.ids
from ground.tenancy.operations import TenantTable


class Migration(migrations.Migration):
    dependencies = [("calls", "0001_initial")]

    operations = [
        migrations.AddField(
            "providerevent",
            "source",
            models.CharField(
                max_length=10,
                choices=[("delivered", "sent by the provider"), ("pulled", "asked from the provider")],
                default="delivered",
                db_default="delivered",
            ),
        ),
        migrations.CreateModel(
            name="Poll",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=ground.tenancy.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("organization_id", models.UUIDField(editable=False)),
                ("connection_id", models.UUIDField()),
                (
                    "state",
                    models.CharField(
                        max_length=12,
                        choices=[
                            ("working", "asks for missed calls"),
                            ("credentials", "the provider refused our key"),
                        ],
                        default="working",
                    ),
                ),
                ("read_until", models.DateTimeField()),
                ("round_at", models.DateTimeField(null=True)),
                ("round_until", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "poll of a provider",
                "verbose_name_plural": "polls of providers",
                "constraints": [
                    models.UniqueConstraint(fields=["organization_id", "connection_id"], name="calls_poll_once"),
                    models.CheckConstraint(
                        condition=Q(round_at__isnull=True, round_until__isnull=True)
                        | Q(round_at__isnull=False, round_until__isnull=False),
                        name="calls_poll_round_whole",
                    ),
                ],
            },
        ),
        TenantTable("calls_poll"),
    ]
