"""Walls between organizations, and what staff may see over them: figures and lines of the log, nobody's address."""

from django.db import migrations

from ground.tenancy.operations import Crossing, TenantTable


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_emails_notices_preferences")]

    operations = [
        TenantTable("delivery_email"),
        TenantTable("delivery_emailcontent"),
        TenantTable("delivery_notice"),
        Crossing(
            "delivery_email_counts",
            arguments="",
            returns="TABLE (kind text, state text, emails bigint, attempts bigint, oldest timestamptz)",
            body=(
                "SELECT e.kind::text, e.state::text, count(*), sum(e.attempts)::bigint, min(e.queued_at) "
                "FROM delivery_email e GROUP BY 1, 2 ORDER BY 1, 2"
            ),
            volatility="STABLE",
        ),
        Crossing(
            "delivery_emails_latest",
            arguments="wanted text, how_many integer",
            returns=(
                "TABLE (id uuid, organization_id uuid, kind text, state text, attempts integer, resends integer, "
                "last_error text, queued_at timestamptz, sent_at timestamptz, readable boolean)"
            ),
            body=(
                "SELECT e.id, e.organization_id, e.kind::text, e.state::text, e.attempts::integer, "
                "e.resends::integer, e.last_error::text, e.queued_at, e.sent_at, "
                "EXISTS (SELECT 1 FROM delivery_emailcontent c "
                "WHERE c.organization_id = e.organization_id AND c.id = e.id) "
                "FROM delivery_email e WHERE e.state = wanted ORDER BY e.queued_at DESC, e.id DESC LIMIT how_many"
            ),
            volatility="STABLE",
        ),
    ]
