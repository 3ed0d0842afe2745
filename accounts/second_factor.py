"""Secrets of second factors lie sealed in the vault; allauth's rows hold only a reference.

allauth calls `encrypt` once when a factor is set up and `decrypt` when a code is checked. When its row goes, by
whatever way, the sealed row and its key go too; Django's own signal is the only place that sees all these ways.
"""

from typing import Any
from uuid import UUID

from allauth.mfa.adapter import DefaultMFAAdapter
from django.db import transaction
from django.utils import timezone

from accounts.models import SignInSecret, operator_organization
from ground import tenancy, vault
from ground.inventory.superseded import retire_keys
from ground.profiles import Category
from ground.tenancy import uuid7

MARK = "vault:"
CATEGORY = Category.ACCOUNT


def seal(text: str) -> str:
    """A reference to `text`, which is sealed under a key of its own. Raises vault.Unavailable."""
    operator = operator_organization().pk
    sealer = vault.sealer(operator, CATEGORY, timezone.now())
    identifier = uuid7()
    with tenancy.acting_for(operator):
        sealer.ready()
        SignInSecret.objects.create(
            id=identifier,
            organization_id=operator,
            key_id=sealer.key_id,
            sealed=sealer.seal(text.encode(), object_id=identifier),
        )
        transaction.on_commit(sealer.confirm, robust=True)
    return f"{MARK}{identifier}"


def unseal(reference: str) -> str:
    """The text behind a reference. Raises ValueError for anything that is none, vault errors otherwise."""
    if not reference.startswith(MARK):
        raise ValueError("not a reference to a sealed secret")
    operator = operator_organization().pk
    with tenancy.acting_for(operator):
        row = SignInSecret.objects.get(organization_id=operator, pk=UUID(reference.removeprefix(MARK)))
    key = vault.keys.open_one(operator, row.key_id)
    return vault.unseal(key, bytes(row.sealed), category=CATEGORY, object_id=row.pk).decode()


def forget(references: list[str]) -> None:
    """The rows are gone with this transaction; their keys by a job written in it."""
    operator = operator_organization().pk
    ids = [UUID(reference.removeprefix(MARK)) for reference in references]
    with tenancy.acting_for(operator):
        rows = SignInSecret.objects.filter(organization_id=operator, pk__in=ids)
        key_ids = list(rows.values_list("key_id", flat=True))
        rows.delete()
        if key_ids:
            retire_keys(operator, key_ids, category=CATEGORY)


def forget_with(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Django's post_delete of allauth's Authenticator (connected in apps.py)."""
    data = instance.data if isinstance(instance.data, dict) else {}
    references = [value for value in data.values() if isinstance(value, str) and value.startswith(MARK)]
    if references:
        with transaction.atomic():
            forget(references)


class SealingMFAAdapter(DefaultMFAAdapter):
    """`MFA_ADAPTER`: no secret of a second factor is readable in the database."""

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)
