from django.db import migrations, models

from ground.tenancy.operations import Crossing
from retention import sql


class Migration(migrations.Migration):

    dependencies = [
        ("retention", "0001_initial"),
        ("accounts", "0001_initial"),
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="purgeline",
            index=models.Index(
                fields=["organization_id", "category", "-id"],
                name="line_open",
                condition=models.Q(state__in=["waiting", "failed"]),
            ),
        ),
        Crossing(
            "retention_overdue_figures",
            arguments="",
            returns="TABLE (category text, seconds bigint, oldest_measure_seconds double precision)",
            body=sql.OVERDUE,
        ),
        Crossing(
            "retention_purge_figures",
            arguments="",
            returns=(
                "TABLE (runs_done bigint, runs_failed bigint, runs_waiting bigint, runs_running bigint, "
                "rows_destroyed numeric, bytes_destroyed numeric, certificates bigint, "
                "last_sweep_seconds double precision, slowest_sweep_seconds double precision, set_aside bigint)"
            ),
            body=sql.PURGES,
        ),
        Crossing(
            "retention_alert_figures",
            arguments="",
            returns="TABLE (kind text, open bigint)",
            body=sql.ALERTS,
        ),
        Crossing(
            "retention_staff_figures",
            arguments="",
            returns=(
                "TABLE (organization_id uuid, runs bigint, waiting bigint, failed bigint, rows_destroyed numeric, "
                "certificates bigint, overdue_seconds bigint, last_sweep_at timestamptz, reconciled_at timestamptz, "
                "keys_lost bigint, open_alerts bigint)"
            ),
            body=sql.STAFF,
        ),
    ]
