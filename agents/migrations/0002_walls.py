"""Walls between organizations; what belongs together leaves together.

Apart from 0001, because Django adds the unique keys that the foreign keys name at the end of a migration.
"""

from django.db import migrations

from agents.operations import Published
from ground.tenancy.operations import Crossing, TenantTable


class Migration(migrations.Migration):
    dependencies = [("agents", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE agents_agent ADD CONSTRAINT agents_agent_connection_same_organization "
            "FOREIGN KEY (organization_id, connection_id) "
            "REFERENCES agents_providerconnection (organization_id, id) ON DELETE CASCADE",
            "ALTER TABLE agents_agent DROP CONSTRAINT agents_agent_connection_same_organization",
        ),
        migrations.RunSQL(
            "ALTER TABLE agents_agentrevision ADD CONSTRAINT agents_revision_agent_same_organization "
            "FOREIGN KEY (organization_id, agent_id) "
            "REFERENCES agents_agent (organization_id, id) ON DELETE CASCADE",
            "ALTER TABLE agents_agentrevision DROP CONSTRAINT agents_revision_agent_same_organization",
        ),
        TenantTable("agents_agentactivity"),
        TenantTable("agents_providerconnection"),
        TenantTable("agents_agent"),
        TenantTable("agents_agentrevision"),
        Published("agents_agentrevision"),
        Crossing(
            "agents_connection_of",
            arguments="wanted text",
            returns="TABLE (id uuid, organization_id uuid, provider text, state text)",
            body=(
                "SELECT c.id, c.organization_id, c.provider::text, c.state::text "
                "FROM agents_providerconnection c WHERE c.public_id = wanted"
            ),
            volatility="STABLE",
        ),
    ]
