"""A person's details: sealed, found however written, replaced under a new key, destroyed for good."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db import connection as database

from contacts import masking
from contacts.details import checked, digests
from contacts.exceptions import (
    ChangedMeanwhile,
    InvalidDetails,
    NothingToMerge,
    OnLegalHold,
    ReferenceTaken,
    UnknownContact,
)
from contacts.models import Contact, ContactIdentifier
from contacts.services import Incoming, details_of, find, get, merge, remove, reveal, touched, update, upsert
from ground import vault
from ground.audit.models import Event
from ground.inventory import tally
from ground.tenancy import acting_for
from tests.contacts.conftest import BY, NOW, run_jobs

pytestmark = pytest.mark.django_db


def opened(organization, contact_id):
    with acting_for(organization.id):
        row = get(organization.id, contact_id)
        return details_of(organization.id, [row])[row.id]


def found(organization, value, **how):
    with acting_for(organization.id):
        return {row.id for row in find(organization.id, value, **how)}


@pytest.mark.parametrize(
    "written",
    [
        "+33612345642",
        "+33 6 12 34 56 42",
        "0033 6 12 34 56 42",
        "(+33) 6-12-34-56-42",
        "tel:+33-6-12-34-56-42",
        "+３３６１２３４５６４２",
        "\u202a+33 6 12 34 56 42\u202c",
    ],
)
def test_a_number_is_found_however_it_is_written(organization, person, written):
    contact = person(name="Marie", phones=["06 12 34 56 42"])
    assert found(organization, written) == {contact.id}
    assert found(organization, "06 12 34 56 42", region="FR") == {contact.id}
    assert found(organization, "+33612345643") == set()


@pytest.mark.parametrize(
    "written", ["Marie.Curie@Example.ORG", " marie.curie@example.org ", "mailto:marie.curie@example.org"]
)
def test_an_address_is_found_however_it_is_written(organization, person, written):
    contact = person(emails=["marie.curie@example.org"])
    assert found(organization, written) == {contact.id}


def test_names_and_references_are_found_too(organization, person):
    contact = person(name="José  Ångström", external_id="CRM-9")
    assert found(organization, "JOSE\u0301 ångstro\u0308m") == {contact.id}
    assert found(organization, "CRM-9", kind="external_id") == {contact.id}
    assert found(organization, "crm-9", kind="external_id") == set()


def test_what_is_no_identifier_is_refused(organization):
    with acting_for(organization.id), pytest.raises(vault.blind.NotAnIdentifier):
        find(organization.id, "\u200b ")


def test_the_same_person_in_two_organizations_never_matches(organization, other, person):
    person(phones=["+33612345642"])
    assert found(other, "+33612345642") == set()
    details = checked(phones=["+33612345642"])
    assert not set(digests(organization.id, details)) & set(digests(other.id, details))


def test_adding_opens_again_and_counts(organization, person):
    contact = person(
        name="Zoë 李小龍 🦊", phones=["+33 6 12 34 56 42"], emails=["a@b.fr"], external_id="x1", note="line\r\nline"
    )
    details = opened(organization, contact.id)
    assert details.name == "Zoë 李小龍 🦊"
    assert details.phones == ("+33612345642",)
    assert details.note == "line\nline"
    with acting_for(organization.id):
        assert tally.totals(organization.id)["contact"].rows == 1
        assert ContactIdentifier.objects.count() == 4
        assert Event.objects.filter(kind="contacts.added").count() == 1


@pytest.mark.parametrize(
    "values,problem",
    [
        ({}, ("", "empty")),
        ({"note": "only a note"}, ("", "empty")),
        ({"name": "a\x00b"}, ("name", "control_characters")),
        ({"name": "a\x1bb"}, ("name", "control_characters")),
        ({"name": "\ud800"}, ("name", "broken_text")),
        ({"name": "x" * 201}, ("name", "too_long")),
        ({"name": "A", "note": "x" * 4001}, ("note", "too_long")),
        ({"phones": ["12"]}, ("phones", "invalid_phone")),
        ({"phones": ["call me"]}, ("phones", "invalid_phone")),
        ({"phones": ["06 12 34 56 42"]}, ("phones", "invalid_phone")),
        ({"emails": ["nobody"]}, ("emails", "invalid_email")),
        ({"emails": ["a@b@c.fr"]}, ("emails", "invalid_email")),
        ({"phones": [f"+336123456{n:02d}" for n in range(11)]}, ("phones", "too_many")),
    ],
)
def test_details_that_cannot_be_kept_are_named_without_their_value(values, problem):
    with pytest.raises(InvalidDetails) as refused:
        checked(**values)
    assert problem in refused.value.problems
    assert "12" not in str(refused.value)


def test_a_change_seals_anew_and_destroys_the_old_key(organization, person):
    contact = person(name="Marie", phones=["+33612345642"])
    changed = update(
        organization_id=organization.id,
        contact_id=contact.id,
        details=checked(name="Marie C.", phones=["+33612345643"]),
        seen_version=1,
        by=BY,
        at=NOW,
    )
    assert changed.key_id != contact.key_id
    assert changed.sealed_version == 2
    assert opened(organization, contact.id).phones == ("+33612345643",)
    assert found(organization, "+33612345642") == set()
    assert found(organization, "+33612345643") == {contact.id}
    assert run_jobs(organization) == ["done"]
    assert vault.keys.existing(organization.id, [contact.key_id, changed.key_id]) == {changed.key_id}
    with acting_for(organization.id), pytest.raises(vault.VaultError):
        details_of(organization.id, [contact])
    with pytest.raises(ChangedMeanwhile):
        update(organization_id=organization.id, contact_id=contact.id, seen_version=1, language="fr", by=BY, at=NOW)


def test_unchanged_details_keep_their_key(organization, person):
    contact = person(name="Marie")
    same = update(
        organization_id=organization.id,
        contact_id=contact.id,
        details=checked(name="Marie"),
        language="fr",
        by=BY,
        at=NOW,
    )
    assert (same.key_id, same.language, same.sealed_version) == (contact.key_id, "fr", 1)


def test_a_reference_belongs_to_one_contact(organization, person):
    first, second = person(external_id="A1"), person(name="B")
    with pytest.raises(ReferenceTaken):
        person(external_id="A1")
    with pytest.raises(ReferenceTaken):
        update(organization_id=organization.id, contact_id=second.id, details=checked(external_id="A1"), by=BY, at=NOW)
    assert found(organization, "A1") == {first.id}
    with acting_for(organization.id):
        assert Contact.objects.count() == 2
    row = {"organization_id": organization.id, "kind": "external_id", "digest": b"x" * 16}
    with acting_for(organization.id):
        ContactIdentifier.objects.create(contact=first, **row)
        with pytest.raises(IntegrityError), transaction.atomic():
            ContactIdentifier.objects.create(contact=second, **row)


@pytest.mark.parametrize("how", ["flip", "cut", "swap", "version", "other_row"])
def test_tampered_details_are_a_named_error(organization, person, how):
    one, two = person(name="One"), person(name="Two")
    if how == "flip":
        sealed = bytearray(one.sealed)
        sealed[20] ^= 1
        one.sealed = bytes(sealed)
    elif how == "cut":
        one.sealed = bytes(one.sealed)[:-1]
    elif how == "swap":
        one.sealed, one.key_id = two.sealed, two.key_id
    elif how == "version":
        one.sealed_version = 7
    else:
        one.key_id = two.key_id
    with acting_for(organization.id), pytest.raises(vault.VaultError):
        details_of(organization.id, [one])


def test_a_look_is_an_access_event(organization, person):
    contact = person(name="Marie Curie")
    with acting_for(organization.id):
        assert reveal(organization_id=organization.id, contact=contact, by=BY).name == "Marie Curie"
        event = Event.objects.get(kind="contacts.revealed")
    assert (event.stream, event.object_id, event.actor_id) == ("access", str(contact.id), BY.id)
    assert "Curie" not in str(event.payload)


def test_the_clock_moves_forward_only(organization, person):
    contact = person(phones=["+33612345642"])
    namesake = person(name="Somebody", phones=["+33612345699"])
    wanted = digests(organization.id, checked(name="Somebody", phones=["+33612345642"]))
    later = NOW + timedelta(days=3)
    assert touched(organization.id, wanted, later) == 1
    assert touched(organization.id, wanted, NOW + timedelta(days=1)) == 0
    assert touched(organization.id, [], later) == 0
    with acting_for(organization.id):
        assert get(organization.id, contact.id).last_contact_at == later
        assert get(organization.id, namesake.id).last_contact_at == NOW
        days = {day: amount.rows for day, amount in tally.by_day(organization.id, "contact").items()}
    assert days == {NOW.date(): 1, later.date(): 1}


def test_another_organization_sees_changes_and_touches_nothing(organization, other, person):
    contact = person(phones=["+33612345642"])
    wanted = digests(organization.id, checked(phones=["+33612345642"]))
    assert touched(other.id, wanted, NOW + timedelta(days=1)) == 0
    with pytest.raises(UnknownContact):
        update(organization_id=other.id, contact_id=contact.id, language="fr", by=BY, at=NOW)
    with acting_for(other.id):
        assert not Contact.objects.exists()
        assert not ContactIdentifier.objects.exists()
    with acting_for(organization.id):
        assert get(organization.id, contact.id).last_contact_at == NOW


def test_an_identifier_cannot_point_at_another_organizations_contact(organization, other, person):
    contact = person(name="Marie")
    with acting_for(other.id), pytest.raises(IntegrityError), transaction.atomic():
        ContactIdentifier.objects.create(organization_id=other.id, contact=contact, kind="phone", digest=b"x" * 16)


def test_without_context_there_is_nobody(organization, person):
    person(name="Marie")
    assert not Contact.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_removing_destroys_key_row_and_every_trace(organization, person):
    contact, kept = person(name="Marie", phones=["+33612345642"]), person(name="Other")
    outcome = remove(organization_id=organization.id, contact_ids=[contact.id], by=BY)
    assert outcome.rows == 1
    assert vault.keys.existing(organization.id, [contact.key_id]) == set()
    assert found(organization, "+33612345642") == set()
    with acting_for(organization.id):
        assert list(Contact.objects.values_list("id", flat=True)) == [kept.id]
        assert set(ContactIdentifier.objects.values_list("contact_id", flat=True)) == {kept.id}
        assert tally.totals(organization.id)["contact"].rows == 1


@pytest.mark.django_db(transaction=True)
def test_a_held_contact_is_neither_removed_nor_merged_away(organization, person):
    contact, other_one = person(name="Marie"), person(name="M. Curie")
    with acting_for(organization.id):
        Contact.objects.filter(id=contact.id).update(held=True)
    assert remove(organization_id=organization.id, contact_ids=[contact.id], by=BY).rows == 0
    with pytest.raises(OnLegalHold):
        merge(organization_id=organization.id, keep_id=other_one.id, other_ids=[contact.id], by=BY, at=NOW)
    with pytest.raises(OnLegalHold):
        update(organization_id=organization.id, contact_id=contact.id, details=checked(name="X"), by=BY, at=NOW)
    update(organization_id=organization.id, contact_id=contact.id, language="fr", by=BY, at=NOW)
    assert opened(organization, contact.id).name == "Marie"


def test_a_file_leaves_held_details_as_they_are(organization, person):
    contact = person(name="Marie", phones=["+33612345642"])
    with acting_for(organization.id):
        Contact.objects.filter(id=contact.id).update(held=True)
    sent = Incoming(checked(name="Other", phones=["+33612345642"]), "consent")
    [result] = upsert(organization_id=organization.id, people=[sent], by=BY, at=NOW)
    assert (result.outcome, result.contact_id) == ("skipped", contact.id)
    assert opened(organization, contact.id).name == "Marie"


@pytest.mark.django_db(transaction=True)
def test_merging_joins_details_and_destroys_the_others(organization, person):
    keep = person(name="Marie Curie", phones=["+33612345642"], external_id="A1")
    gone = person(
        NOW + timedelta(days=2), name="M. Curie", phones=["+33612345643"], emails=["m@c.fr"], note="likes radium"
    )
    merge(organization_id=organization.id, keep_id=keep.id, other_ids=[gone.id, keep.id], by=BY, at=NOW)
    details = opened(organization, keep.id)
    assert details.name == "Marie Curie"
    assert set(details.phones) == {"+33612345642", "+33612345643"}
    assert (details.emails, details.note, details.external_id) == (("m@c.fr",), "likes radium", "A1")
    assert found(organization, "+33612345643") == {keep.id}
    assert vault.keys.existing(organization.id, [gone.key_id]) == set()
    with acting_for(organization.id):
        assert Contact.objects.count() == 1
        assert get(organization.id, keep.id).last_contact_at == NOW + timedelta(days=2)
        assert {day: amount.rows for day, amount in tally.by_day(organization.id, "contact").items()} == {
            (NOW + timedelta(days=2)).date(): 1
        }
    assert set(run_jobs(organization)) == {"done"}
    assert opened(organization, keep.id) == details
    with pytest.raises(NothingToMerge):
        merge(organization_id=organization.id, keep_id=keep.id, other_ids=[keep.id], by=BY, at=NOW)
    with pytest.raises(UnknownContact):
        merge(organization_id=organization.id, keep_id=keep.id, other_ids=[uuid4()], by=BY, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_no_plaintext_anywhere_in_the_databases(organization, person, superuser_connection):
    contact = person(
        name="Perpetua Quillfeather",
        phones=["+33612345642"],
        emails=["quill@feather.example"],
        external_id="CRM-QUILL-77",
        note="allergic to zinc",
        consent_reference="form-2231",
    )
    update(
        organization_id=organization.id,
        contact_id=contact.id,
        details=checked(name="Perpetua Quillfeather-Moon", phones=["+33612345642"], note="allergic to zinc"),
        by=BY,
        at=NOW,
    )
    needles = ["quillfeather", "612345642", "quill@", "crm-quill", "zinc", "form-2231"]
    for alias in ("default", "keyring"):
        raw = superuser_connection(alias)
        tables = raw.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            with raw.cursor().copy(f'COPY "{table}" TO STDOUT') as lines:
                text = b"".join(bytes(line) for line in lines).decode(errors="replace").lower()
            hexed = text.replace("\\\\x", "")
            for needle in needles:
                assert needle not in text, (alias, table, needle)
                assert needle.encode().hex() not in hexed, (alias, table, needle)


def test_masks_show_enough_to_recognise_and_too_little_to_use():
    assert masking.phone("+33612345642") == "+33 6 •• •• •• 42"
    assert masking.phone("+14155550123") == "+1 4 •• •• •• • 23"
    assert masking.email("marie.curie@example.org") == "m•••@e•••.org"
    assert masking.name("Marie Skłodowska Curie") == "M. S. C."
    assert masking.name("李小龍") == "李."
    assert masking.phone("+123") == "••••"


def test_raw_sql_of_the_application_cannot_cross(organization, other, person):
    person(name="Marie")
    with acting_for(other.id):
        cursor = database.cursor()
        cursor.execute("UPDATE contacts_contact SET language = 'xx'")
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM contacts_contactidentifier")
        assert cursor.rowcount == 0
