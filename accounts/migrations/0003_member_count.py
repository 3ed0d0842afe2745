from django.db import migrations

from ground.tenancy.operations import Crossing


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_keys_invitations_requests_secrets")]

    operations = [
        Crossing(
            "accounts_member_count",
            arguments="organization uuid",
            returns="bigint",
            body="SELECT count(*) FROM accounts_membership m WHERE m.organization_id = organization",
            volatility="STABLE",
        ),
    ]
