"""A key is replaced by a key of its own organization: the reference carries it, so its check asks about no other."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_staff_sessions")]

    operations = [
        migrations.AlterField(
            model_name="apikey",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.apikey",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.UniqueConstraint(fields=("organization", "id"), name="accounts_apikey_of_organization"),
        ),
        migrations.RunSQL(
            "ALTER TABLE accounts_apikey ADD CONSTRAINT accounts_apikey_replaced_same_organization "
            "FOREIGN KEY (organization_id, replaced_by_id) REFERENCES accounts_apikey (organization_id, id) "
            "DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE accounts_apikey DROP CONSTRAINT accounts_apikey_replaced_same_organization",
        ),
    ]
