"""A repeated request gets the very bytes of the first answer: jsonb had put its members in another order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_key_replaced_within_its_organization")]

    operations = [
        migrations.AlterField(model_name="idempotentrequest", name="answer", field=models.TextField(null=True)),
    ]
