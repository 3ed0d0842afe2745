"""Contacts on the screen: who may, what is masked, what is recorded."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from contacts.models import Contact, ContactImport
from contacts.services import create_list, details_of
from ground.audit.models import Event
from ground.tenancy import acting_for
from tests import factories
from tests.contacts.conftest import BY, NOW, run_jobs

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def owner(organization):
    return signed_in(factories.member(organization, "owner"))


@pytest.fixture
def member(organization):
    return signed_in(factories.member(organization, "member"))


@pytest.fixture
def auditor(organization):
    return signed_in(factories.member(organization, "auditor"))


@pytest.fixture
def outsider(other):
    return signed_in(factories.member(other, "owner"))


def at(organization, name, *args):
    return reverse(f"contacts:{name}", args=[organization.slug, *args])


def destroying(organization, step, contact):
    return reverse(f"retention:contact_destroy{step}", args=[organization.slug, contact.id])


def everything(organization, contact):
    """Every address of the app with the method it takes."""
    some = uuid4()
    return [
        ("get", at(organization, "list")),
        ("get", at(organization, "csv")),
        ("post", at(organization, "csv")),
        ("get", at(organization, "new")),
        ("post", at(organization, "new")),
        ("post", at(organization, "list_create")),
        ("post", at(organization, "list_remove", some)),
        ("get", at(organization, "import_upload")),
        ("post", at(organization, "import_upload")),
        ("get", at(organization, "import", some)),
        ("get", at(organization, "import_progress", some)),
        ("post", at(organization, "import_start", some)),
        ("post", at(organization, "import_discard", some)),
        ("get", at(organization, "import_problems", some)),
        ("get", at(organization, "contact", contact.id)),
        ("post", at(organization, "reveal", contact.id)),
        ("get", at(organization, "edit", contact.id)),
        ("post", at(organization, "edit", contact.id)),
        ("post", at(organization, "place", contact.id)),
        ("post", at(organization, "merge", contact.id)),
        ("get", destroying(organization, "", contact)),
        ("post", destroying(organization, "", contact)),
        ("post", destroying(organization, "_undo", contact)),
        ("get", destroying(organization, "_state", contact)),
    ]


def test_strangers_and_outsiders_learn_nothing_and_change_nothing(organization, outsider, person):
    contact = person(name="Marie Curie", phones=["+33612345642"])
    for method, address in everything(organization, contact):
        stranger = getattr(Client(), method)(address)
        assert stranger.status_code == 302
        assert "login" in stranger["Location"]
        assert getattr(outsider, method)(address).status_code == 404, address
    with acting_for(organization.id):
        assert Contact.objects.count() == 1
        assert not Event.objects.filter(kind="contacts.revealed").exists()


def test_an_auditor_looks_but_neither_reveals_nor_changes(organization, auditor, person):
    contact = person(name="Marie Curie")
    assert auditor.get(at(organization, "list")).status_code == 200
    assert auditor.get(at(organization, "contact", contact.id)).status_code == 200
    refused = [
        ("post", "reveal"),
        ("get", "edit"),
        ("post", "edit"),
        ("post", "merge"),
        ("post", "place"),
    ]
    for method, name in refused:
        assert getattr(auditor, method)(at(organization, name, contact.id)).status_code == 403, name
    assert auditor.get(at(organization, "import_upload")).status_code == 403
    assert auditor.post(destroying(organization, "", contact), {"typed": "1"}).status_code == 403
    assert auditor.post(destroying(organization, "_undo", contact)).status_code == 403
    with acting_for(organization.id):
        assert Contact.objects.count() == 1


def test_pages_mask_until_somebody_looks_and_the_look_is_recorded(organization, member, person):
    contact = person(name="Marie Curie", phones=["+33612345642"], emails=["marie@example.org"], note="likes radium")
    for page in (member.get(at(organization, "list")), member.get(at(organization, "contact", contact.id))):
        text = page.content.decode()
        assert "M. C." in text
        for secret in ("Curie", "12345642", "marie@", "radium"):
            assert secret not in text
    shown = member.post(at(organization, "reveal", contact.id))
    assert "Marie Curie" in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    with acting_for(organization.id):
        assert Event.objects.filter(kind="contacts.revealed", stream="access").count() == 1


def test_adding_and_changing(organization, owner):
    values = {"name": "Zoë", "phones": "06 12 34 56 42\n06 12 34 56 43", "emails": "", "legal_basis": "consent"}
    assert owner.post(at(organization, "new"), values).status_code == 302
    with acting_for(organization.id):
        row = Contact.objects.get()
        assert details_of(organization.id, [row])[row.id].phones == ("+33612345642", "+33612345643")
    page = owner.get(at(organization, "edit", row.id)).content.decode()
    assert "+33612345642" in page
    changed = {**values, "name": "Zoë M.", "version": 1}
    assert owner.post(at(organization, "edit", row.id), changed).status_code == 302
    late = owner.post(at(organization, "edit", row.id), {**changed, "name": "Other"})
    assert "Somebody changed this contact meanwhile" in late.content.decode()


@pytest.mark.parametrize(
    "values,words",
    [
        ({"name": ""}, "nothing that identifies"),
        ({"name": "A", "phones": "12"}, "no phone number"),
        ({"name": "A", "emails": "x@"}, "no e-mail address"),
        ({"name": "A", "language": "english"}, "Write it like"),
        ({"name": "A", "legal_basis": "because"}, "Select a valid choice"),
    ],
)
def test_bad_input_is_said_in_words_and_stores_nothing(organization, owner, values, words):
    page = owner.post(at(organization, "new"), {"legal_basis": "contract", **values})
    assert page.status_code == 200
    assert words in page.content.decode()
    with acting_for(organization.id):
        assert not Contact.objects.exists()


def test_merging_from_the_page(organization, owner, person):
    keep, gone = person(name="Marie Curie", phones=["+33612345642"]), person(phones=["+33612345642"], note="n")
    assert "Perhaps the same person" in owner.get(at(organization, "contact", keep.id)).content.decode()
    assert owner.post(at(organization, "merge", keep.id), {"other": [str(gone.id)]}).status_code == 302
    with acting_for(organization.id):
        assert [row.id for row in Contact.objects.all()] == [keep.id]
    assert owner.post(at(organization, "merge", keep.id), {"other": ["x"]}).status_code == 404
    nothing = owner.post(at(organization, "merge", keep.id), follow=True)
    assert nothing.status_code == 200
    assert "Nothing was merged" in nothing.content.decode()


def test_pages_of_fifty(organization, member, person):
    made = [person(name=f"Person {n}") for n in range(52)]
    first = member.get(at(organization, "list"))
    assert len(first.context["rows"]) == 50
    second = member.get(at(organization, "list") + first.context["shown"].onward)
    assert len(second.context["rows"]) == 2
    assert not second.context["shown"].onward
    back = member.get(at(organization, "list") + second.context["shown"].back)
    assert len(back.context["rows"]) == 50
    everybody = {each["row"].id for page in (first, second) for each in page.context["rows"]}
    assert everybody == {row.id for row in made}
    assert member.get(at(organization, "list") + "?next=nonsense").status_code == 200


def test_lists(organization, owner, person):
    contact = person(name="Marie")
    assert owner.post(at(organization, "list_create"), {"name": "Reminders"}).status_code == 302
    made = create_list(organization_id=organization.id, name="Other", by=BY, at=NOW)
    owner.post(at(organization, "place", contact.id), {"list": str(made.id)})
    page = owner.get(at(organization, "list") + f"?list={made.id}")
    assert [each["row"].id for each in page.context["rows"]] == [contact.id]
    owner.post(at(organization, "place", contact.id), {"list": str(made.id), "off": "1"})
    assert owner.get(at(organization, "list") + f"?list={made.id}").context["rows"] == []
    owner.post(at(organization, "list_remove", made.id))
    assert owner.post(at(organization, "place", contact.id), {"list": "nonsense"}).status_code == 404


def upload(client, organization, text, name="people.csv"):
    file = SimpleUploadedFile(name, text.encode(), content_type="text/csv")
    return client.post(at(organization, "import_upload"), {"file": file})


def test_the_wizard_from_file_to_contacts(organization, owner):
    answer = upload(owner, organization, "Nom;Téléphone\nMarie Curie;06 12 34 56 42\nBad;12\n")
    with acting_for(organization.id):
        row = ContactImport.objects.get()
    step = at(organization, "import", row.id)
    assert answer["Location"] == step
    page = owner.get(step)
    assert "Téléphone" in page.content.decode()
    values = {
        "column_0": "name",
        "column_1": "phone",
        "has_header": "on",
        "region": "FR",
        "legal_basis": "contract",
        "on_match": "update",
        "list_id": "",
    }
    assert owner.post(step, {**values, "column_1": "name"}).status_code == 200
    assert owner.post(step, values).status_code == 302
    assert "hx-trigger" in owner.get(step).content.decode()
    run_jobs(organization, "contacts.check_import")
    checked = owner.get(step).content.decode()
    assert "1 people would be added" in checked
    assert "no phone number" in checked
    owner.post(at(organization, "import_start", row.id))
    run_jobs(organization, "contacts.store_import")
    assert "The import is finished" in owner.get(step).content.decode()
    csv = b"".join(owner.get(at(organization, "import_problems", row.id)).streaming_content).decode()
    assert "Bad" in csv
    with acting_for(organization.id):
        assert Contact.objects.count() == 1
    assert owner.post(at(organization, "import_discard", row.id)).status_code == 302
    assert owner.get(step).status_code == 404


def test_a_file_that_is_none_is_refused_in_words(organization, owner):
    page = upload(owner, organization, "  \n")
    assert "The file has no lines" in page.content.decode() or "empty" in page.content.decode()
    assert owner.post(at(organization, "import_upload"), {}).status_code == 200
