from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("retention", "0003_planned_destructions"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="planneddestruction", name="one_plan_for_a_call"),
        migrations.RemoveIndex(model_name="planneddestruction", name="plan_newest"),
        migrations.RenameField(model_name="planneddestruction", old_name="call_id", new_name="object_id"),
        migrations.AddField(
            model_name="planneddestruction",
            name="object_type",
            field=models.CharField(
                choices=[("call", "Call"), ("contact", "Contact")], db_default="call", default="call", max_length=12
            ),
        ),
        migrations.AddConstraint(
            model_name="planneddestruction",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "started"])),
                fields=("organization_id", "object_type", "object_id"),
                name="one_plan_for_a_thing",
            ),
        ),
        migrations.AddIndex(
            model_name="planneddestruction",
            index=models.Index(fields=["organization_id", "object_type", "object_id", "-id"], name="plan_newest"),
        ),
    ]
