from django.db import migrations

from ground.tenancy.operations import Crossing
from retention import sql


class Migration(migrations.Migration):
    """What is overdue of a closed organization is overdue; its figures stay until nothing of it is left."""

    dependencies = [
        ("retention", "0004_contacts_are_planned_too"),
        ("accounts", "0001_initial"),
        ("inventory", "0001_initial"),
    ]

    operations = [
        Crossing(
            "retention_overdue_figures",
            arguments="",
            returns="TABLE (category text, seconds bigint, oldest_measure_seconds double precision)",
            body=sql.OVERDUE_OF_ALL,
            before=sql.OVERDUE,
        ),
        Crossing(
            "retention_purge_figures",
            arguments="",
            returns=(
                "TABLE (runs_done bigint, runs_failed bigint, runs_waiting bigint, runs_running bigint, "
                "rows_destroyed numeric, bytes_destroyed numeric, certificates bigint, "
                "last_sweep_seconds double precision, slowest_sweep_seconds double precision, set_aside bigint)"
            ),
            body=sql.PURGES_OF_ALL,
            before=sql.PURGES,
        ),
        Crossing(
            "retention_staff_figures",
            arguments="",
            returns=(
                "TABLE (organization_id uuid, runs bigint, waiting bigint, failed bigint, rows_destroyed numeric, "
                "certificates bigint, overdue_seconds bigint, last_sweep_at timestamptz, reconciled_at timestamptz, "
                "keys_lost bigint, open_alerts bigint)"
            ),
            body=sql.STAFF_WHILE_ANYTHING_IS_LEFT,
            before=sql.STAFF,
        ),
    ]
