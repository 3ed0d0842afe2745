"""Staff see how many connections there are, of which provider and in which state, and nothing of any of them."""

from django.db import migrations

from ground.tenancy.operations import Crossing


class Migration(migrations.Migration):
    dependencies = [("agents", "0002_walls")]

    operations = [
        Crossing(
            "agents_connection_counts",
            arguments="",
            returns="TABLE (provider text, state text, connections bigint, organizations bigint)",
            body=(
                "SELECT c.provider::text, c.state::text, count(*), count(DISTINCT c.organization_id) "
                "FROM agents_providerconnection c GROUP BY 1, 2 ORDER BY 1, 2"
            ),
            volatility="STABLE",
        ),
    ]
