"""What goes in and out. Rules live in contacts.details and the services."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from accounts.api.fields import Text, Whole
from contacts import details, masking, words
from contacts.exceptions import InvalidDetails
from contacts.models import Contact, ContactState, LegalBasis

BATCH_AT_MOST = 1000


class ContactInput(serializers.Serializer[Any]):
    """A person, in the clear, over TLS; sealed before it is stored."""

    name = Text(required=False, allow_blank=True, max_length=500, trim_whitespace=False)
    phones = serializers.ListField(child=Text(max_length=100), required=False, max_length=50)
    emails = serializers.ListField(child=Text(max_length=320), required=False, max_length=50)
    external_id = Text(required=False, allow_blank=True, max_length=500)
    note = Text(required=False, allow_blank=True, max_length=10_000)
    consent_reference = Text(required=False, allow_blank=True, max_length=500)
    legal_basis = serializers.ChoiceField(choices=LegalBasis.choices, required=False)
    language = Text(required=False, allow_blank=True, max_length=35, help_text="BCP 47, such as fr-FR")
    region = serializers.RegexField(
        r"^[A-Z]{2}$",
        required=False,
        help_text="ISO 3166 country that national phone numbers are read in; the organization's own by default",
    )


class ContactChange(ContactInput):
    """What is left out stays as it is. `version`: refuse (409) when somebody changed the contact since."""

    state = serializers.ChoiceField(choices=ContactState.choices, required=False)
    version = Whole(required=False, min_value=1)


class ContactBatch(serializers.Serializer[Any]):
    """Up to 1,000 people. Known ones (same reference, number or address) are completed, others added."""

    contacts = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=BATCH_AT_MOST)


class ContactOutput(serializers.Serializer[Any]):
    """A contact with its details masked; `details` only where they were revealed."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    phones = serializers.ListField(child=serializers.CharField())
    emails = serializers.ListField(child=serializers.CharField())
    has_external_id = serializers.BooleanField()
    has_note = serializers.BooleanField()
    legal_basis = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # DRF takes it off the class
    language = serializers.CharField()
    state = serializers.CharField()
    held = serializers.BooleanField()
    version = serializers.IntegerField()
    last_contact_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()


class ContactRevealed(ContactOutput):
    """A contact; with `reveal` in the clear, with the last three members, and the look was recorded."""

    external_id = serializers.CharField(required=False)
    note = serializers.CharField(required=False)
    consent_reference = serializers.CharField(required=False)


class ContactPage(serializers.Serializer[Any]):
    """One page, newest first. `next`: the cursor of the following page, null on the last."""

    results = ContactOutput(many=True)
    next = serializers.CharField(allow_null=True)


class ContactStored(serializers.Serializer[Any]):
    """What became of one person."""

    id = serializers.UUIDField(allow_null=True)
    outcome = serializers.CharField(help_text="added, updated, unchanged, ambiguous (matches several) or refused")
    version = serializers.IntegerField(required=False)


class BatchItem(ContactStored):
    index = serializers.IntegerField()
    errors = serializers.ListField(child=serializers.DictField(), required=False)  # type: ignore[assignment]  # the same


class BatchStored(serializers.Serializer[Any]):
    results = BatchItem(many=True)


def checked(values: Mapping[str, Any], country: str) -> details.Details:
    """Details from validated input; raises InvalidDetails."""
    return details.checked(
        name=values.get("name", ""),
        phones=values.get("phones", []),
        emails=values.get("emails", []),
        external_id=values.get("external_id", ""),
        note=values.get("note", ""),
        consent_reference=values.get("consent_reference", ""),
        region=values.get("region") or country or None,
    )


def refusal(error: InvalidDetails) -> serializers.ValidationError:
    """The problems of InvalidDetails as DRF says them."""
    found: dict[str, list[serializers.ErrorDetail]] = {}
    for name, code in error.problems:
        text = str(words.PROBLEMS.get(code, code))
        found.setdefault(name or "non_field_errors", []).append(serializers.ErrorDetail(text, code=code))
    return serializers.ValidationError(found)


def shown(row: Contact, opened: details.Details) -> dict[str, Any]:
    """A contact masked."""
    return {
        "id": row.id,
        "name": masking.name(opened.name),
        "phones": [masking.phone(phone) for phone in opened.phones],
        "emails": [masking.email(email) for email in opened.emails],
        "has_external_id": bool(opened.external_id),
        "has_note": bool(opened.note),
        "legal_basis": row.legal_basis,
        "source": row.source,
        "language": row.language,
        "state": row.state,
        "held": row.held,
        "version": row.sealed_version,
        "last_contact_at": row.last_contact_at,
        "created_at": row.created_at,
    }


def revealed(row: Contact, opened: details.Details) -> dict[str, Any]:
    """A contact in the clear."""
    return {**shown(row, opened), **opened.to_json()}
