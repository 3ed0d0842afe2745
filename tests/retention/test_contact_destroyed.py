"""A contact destroyed before its time: the number typed, a grace with Undo, a certificate, and the page of its end."""

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact, ContactIdentifier
from contacts.services import details_of
from ground import vault
from ground.inventory import holds
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.tenancy import Actor, acting_for
from retention import attention
from retention.models import Certificate
from retention.planned import PlannedDestruction, Thing
from retention.services import certificates, grace
from tests.contacts.conftest import person as person
from tests.holdings import days_ago, keep_call
from tests.retention.test_views_purges import at

pytestmark = pytest.mark.django_db(transaction=True)
BY = Actor.member("01890000-0000-7000-8000-000000000001")


def page_of(organization, contact):
    return reverse("contacts:contact", args=[organization.slug, contact.id])


def destroy(organization, contact, step=""):
    return at(organization, f"contact_destroy{step}", object_id=contact.id)


def newest(organization, contact):
    with acting_for(organization.id):
        return grace.newest(organization.id, Thing.contact(contact.id))


def test_it_waits_then_goes_with_a_certificate(people, person):
    organization, client = people.organization, people.client("owner")
    gone, stays = person(name="Marie Curie", phones=["+33612345642"]), person(name="Zoë", phones=["+33612345643"])
    preview = client.get(destroy(organization, gone)).content.decode()
    assert "Type 1 to destroy" in preview
    assert "Curie" not in preview
    assert client.post(destroy(organization, gone), {"typed": "2"}).status_code == 422
    answer = client.post(destroy(organization, gone), {"typed": "1"}, follow=True)
    assert answer.redirect_chain == [(page_of(organization, gone), 302)]
    shown = answer.content.decode()
    assert "Will be destroyed on" in shown
    assert "will be destroyed at" in shown
    assert "See what would go" not in shown
    assert "destroyed in 10 min" in client.get(reverse("contacts:list", args=[organization.slug])).content.decode()
    with acting_for(organization.id):
        assert details_of(organization.id, [gone])[gone.id].name == "Marie Curie"  # nothing happened yet
        matters = [str(each.title) for each in attention.matters(organization.id, organization.slug, timezone.now())]
        key = Contact.objects.get(id=gone.id).key_id
    assert any(title.startswith("A contact is destroyed at") for title in matters)
    grace.carry_out(organization.id, newest(organization, gone).id)
    with acting_for(organization.id):
        assert list(Contact.objects.values_list("id", flat=True)) == [stays.id]
        assert not ContactIdentifier.objects.filter(contact_id=gone.id).exists()
        proof = certificates.signed(certificates.statements_of(Certificate.objects.get())[0]).content()
    assert vault.keys.existing(organization.id, {key}) == set()
    assert [(each["category"], each["records"]) for each in proof["destroyed"]] == [("contact", 1)]
    page = client.get(page_of(organization, gone))
    assert page.status_code == 410
    text = page.content.decode()
    assert "This contact was destroyed" in text
    assert "Certificate 1" in text
    assert "because a member decided so" in text
    assert "Curie" not in text
    assert client.get(destroy(organization, gone)).status_code == 404
    assert people.client("outsider").get(page_of(organization, gone)).status_code == 404
    search = at(organization, "search", "calls")
    assert "A contact that was destroyed" in client.post(search, {"value": str(gone.id)}, follow=True).content.decode()


def test_it_is_undone_in_time_and_its_calls_stay(people, person):
    organization, contact = people.organization, person(name="Marie", phones=["+33612345642"])
    kept = keep_call(organization.id, days_ago(5), parts=("recording",))
    people.client("owner").post(destroy(organization, contact), {"typed": "1"})
    for role, expected in (("auditor", 403), ("outsider", 404), ("stranger", 302)):
        assert people.client(role).post(destroy(organization, contact, "_undo")).status_code == expected
        assert people.client(role).post(destroy(organization, contact), {"typed": "1"}).status_code == expected
    assert newest(organization, contact).state == "waiting"
    state = destroy(organization, contact, "_state")
    assert "Undo" in people.client("owner").get(state, headers={"HX-Request": "true"}).content.decode()
    answer = people.client("member").post(destroy(organization, contact, "_undo"), follow=True).content.decode()
    assert "the contact stays until its time" in answer
    grace.carry_out(organization.id, newest(organization, contact).id)
    with acting_for(organization.id):
        assert Contact.objects.filter(id=contact.id).exists()
    assert kept.listen()


def test_a_hold_that_comes_meanwhile_keeps_it(people, person):
    organization, contact = people.organization, person(name="Marie", phones=["+33612345642"])
    client = people.client("owner")
    client.post(destroy(organization, contact), {"typed": "1"})
    holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.CONTACT, contact_id=contact.id, digests={}),
        reason="a claim",
        review_on=days_ago(-30).date(),
        by=BY,
        at=days_ago(0),
    )
    assert "will be destroyed at" not in client.get(page_of(organization, contact)).content.decode()
    grace.carry_out(organization.id, newest(organization, contact).id)
    shown = client.get(page_of(organization, contact)).content.decode()
    assert "a hold came during the grace and keeps it" in shown
    assert "A legal hold keeps all of it" in client.get(destroy(organization, contact)).content.decode()


def test_a_call_and_a_contact_do_not_get_in_each_others_way(people, person):
    organization, contact = people.organization, person(name="Marie", phones=["+33612345642"])
    kept = keep_call(organization.id, days_ago(5), parts=("recording",))
    grace.plan(organization_id=organization.id, thing=Thing.call(kept.call.id), confirmed_rows=2, by=BY)
    grace.plan(organization_id=organization.id, thing=Thing.contact(contact.id), confirmed_rows=1, by=BY)
    with acting_for(organization.id):
        assert PlannedDestruction.objects.filter(state="waiting").count() == 2
        assert grace.endings(organization.id, "call", [kept.call.id, contact.id]).keys() == {kept.call.id}
    client = people.client("owner")
    calls = client.get(reverse("calls:list", args=[organization.slug])).content.decode()
    assert "destroyed in 10 min" in calls
    page = client.get(reverse("calls:call", args=[organization.slug, kept.call.id])).content.decode()
    assert "will be destroyed at" in page
    assert "expires in" not in page
