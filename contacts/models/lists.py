"""Named groups of contacts."""

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.contacts import Contact
from ground.tenancy import uuid7


class ContactList(models.Model):
    """One named list, such as the people a reminder campaign may call."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    name = models.CharField(_("name"), max_length=120)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("contact list")
        verbose_name_plural = _("contact lists")
        constraints = [
            models.UniqueConstraint("organization_id", Lower("name"), name="contacts_list_name_once"),
            models.UniqueConstraint(fields=["organization_id", "id"], name="contacts_list_of_organization"),
        ]

    def __str__(self) -> str:
        return self.name


class ListMembership(models.Model):
    """One contact on one list. Leaves with either."""

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField(editable=False)
    contact_list = models.ForeignKey(
        ContactList, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("place on a list")
        verbose_name_plural = _("places on lists")
        indexes = [models.Index(fields=["organization_id", "contact"], name="contacts_membership_of_contact")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "contact_list", "contact"], name="contacts_membership_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} on {self.contact_list_id}"
