from django.db import migrations, models

import ground.tenancy.ids
from ground.tenancy.operations import TenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("retention", "0002_open_lines_and_figures"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlannedDestruction",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=ground.tenancy.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("organization_id", models.UUIDField()),
                ("call_id", models.UUIDField()),
                ("records", models.PositiveIntegerField()),
                ("planned_by", models.CharField(max_length=80)),
                ("planned_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Can still be undone"),
                            ("started", "Being destroyed"),
                            ("destroyed", "Destroyed"),
                            ("undone", "Undone"),
                            ("refused", "Nothing was destroyed"),
                        ],
                        default="waiting",
                        max_length=12,
                    ),
                ),
                ("refusal", models.CharField(blank=True, max_length=12)),
                ("run_id", models.UUIDField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=80)),
            ],
            options={
                "indexes": [models.Index(fields=["organization_id", "call_id", "-id"], name="plan_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["waiting", "started"])),
                        fields=("organization_id", "call_id"),
                        name="one_plan_for_a_call",
                    )
                ],
            },
        ),
        TenantTable("retention_planneddestruction"),
    ]
