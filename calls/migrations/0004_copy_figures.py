"""Figures of providers' copies for the staff site."""

from django.db import migrations

from ground.tenancy.operations import Crossing


class Migration(migrations.Migration):
    dependencies = [("calls", "0003_calls_by_length")]

    operations = [
        Crossing(
            "calls_copy_figures",
            arguments="",
            returns="TABLE (state text, copies bigint, organizations bigint, attempts bigint, "
            "oldest_seconds double precision)",
            body="SELECT c.state::text, count(*), count(DISTINCT c.organization_id), max(c.attempts)::bigint, "
            "coalesce(extract(epoch FROM clock_timestamp() - min(coalesce(c.asked_at, c.due_at)) "
            "FILTER (WHERE c.state IN ('due', 'asked', 'credentials', 'failed'))), 0)::double precision "
            "FROM calls_providercopy c GROUP BY c.state ORDER BY c.state",
            volatility="STABLE",
        ),
    ]
