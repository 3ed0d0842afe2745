"""Walls between organizations; what belongs together leaves together.

Apart from 0001, because Django adds the unique keys that the foreign keys name at the end of a migration.
"""

from django.db import migrations

from ground.tenancy.operations import TenantTable


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE contacts_contactidentifier ADD CONSTRAINT contacts_identifier_same_organization FOREIGN KEY (organization_id, contact_id) "
            "REFERENCES contacts_contact (organization_id, id) ON DELETE CASCADE",
            "ALTER TABLE contacts_contactidentifier DROP CONSTRAINT contacts_identifier_same_organization",
        ),
        migrations.RunSQL(
            "ALTER TABLE contacts_listmembership ADD CONSTRAINT contacts_membership_list_same_organization FOREIGN KEY (organization_id, contact_list_id) "
            "REFERENCES contacts_contactlist (organization_id, id) ON DELETE CASCADE",
            "ALTER TABLE contacts_listmembership DROP CONSTRAINT contacts_membership_list_same_organization",
        ),
        migrations.RunSQL(
            "ALTER TABLE contacts_listmembership ADD CONSTRAINT contacts_membership_contact_same_organization FOREIGN KEY (organization_id, contact_id) "
            "REFERENCES contacts_contact (organization_id, id) ON DELETE CASCADE",
            "ALTER TABLE contacts_listmembership DROP CONSTRAINT contacts_membership_contact_same_organization",
        ),
        migrations.RunSQL(
            "ALTER TABLE contacts_importproblem ADD CONSTRAINT contacts_problem_same_organization FOREIGN KEY (organization_id, contact_import_id) "
            "REFERENCES contacts_contactimport (organization_id, id) ON DELETE CASCADE",
            "ALTER TABLE contacts_importproblem DROP CONSTRAINT contacts_problem_same_organization",
        ),
        TenantTable("contacts_contact"),
        TenantTable("contacts_contactidentifier"),
        TenantTable("contacts_contactlist"),
        TenantTable("contacts_listmembership"),
        TenantTable("contacts_contactimport"),
        TenantTable("contacts_importproblem"),
    ]
