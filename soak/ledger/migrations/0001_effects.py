import django.db.models.functions.datetime
from django.db import migrations, models

from ground.tenancy.operations import TenantTable


def fields():
    return [
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("organization_id", models.UUIDField()),
        ("job_id", models.UUIDField()),
        ("attempt", models.PositiveIntegerField()),
        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
    ]


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Effect",
            fields=fields(),
            options={"indexes": [models.Index(fields=["organization_id", "job_id"], name="ledger_effect_of_job")]},
        ),
        migrations.CreateModel(
            name="Begun",
            fields=fields(),
            options={"indexes": [models.Index(fields=["organization_id", "job_id"], name="ledger_begun_of_job")]},
        ),
        TenantTable("ledger_effect"),
        TenantTable("ledger_begun"),
    ]
