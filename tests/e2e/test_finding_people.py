"""Finding a person by number without the number standing anywhere, and what people of another organization see."""

import json

import pytest
from playwright.sync_api import expect

from accounts.models import Organization
from calls.models import Call
from contacts.models import Contact, ContactIdentifier
from contacts.services import details_of
from ground.tenancy import acting_for

pytestmark = pytest.mark.django_db(transaction=True)


def somebody(organization):
    """The details, in the clear, of a contact who was on a call."""
    with acting_for(organization.id):
        called = Call.objects.filter(phone_index__isnull=False).values("phone_index")
        contact_id = ContactIdentifier.objects.filter(digest__in=called).values_list("contact_id", flat=True).first()
        contact = Contact.objects.get(id=contact_id)
        return details_of(organization.id, [contact])[contact.id]


def test_a_person_is_found_by_number_and_the_number_stands_nowhere(visitor, demo, logins):
    organization = demo["delorme-optique"]
    person = somebody(organization)
    number = person.phones[0]
    visitor.sign_in(logins["member"])
    page = visitor.page
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("searchbox", name="Find a person or an id").fill(number)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/**")
    visitor.sees("Read as")
    expect(page.get_by_role("heading", name="Contacts")).to_be_visible()
    visitor.show("found-by-number")
    digits = number.removeprefix("+")
    assert not [url for url in [*asked, page.url] if digits in url or digits[-8:] in url]
    assert digits not in page.title()
    stored = page.evaluate("JSON.stringify([history.state, {...localStorage}, {...sessionStorage}, document.cookie])")
    assert digits not in stored

    address = page.url
    visitor.opens(page.locator("main a.rowlink:visible").first)
    assert digits not in page.url
    page.go_back()
    assert page.url == address
    page.get_by_role("searchbox", name="Find a person or an id").fill("+33 1 99 00 99 99")
    page.keyboard.press("Enter")
    visitor.sees("0 calls, 0 contacts")
    visitor.show("found-nobody")
    assert visitor.complaints == []


def test_results_are_for_whoever_searched(visitors, demo, logins):
    number = somebody(demo["delorme-optique"]).phones[0]
    member, owner = visitors(), visitors()
    member.sign_in(logins["member"])
    member.page.get_by_role("searchbox", name="Find a person or an id").fill(number)
    member.page.keyboard.press("Enter")
    member.page.wait_for_url("**/search/**")
    owner.sign_in(logins["owner"])
    owner.page.goto(member.page.url)
    owner.sees("These results are over")
    expect(owner.page.get_by_role("heading", name="Contacts")).to_have_count(0)


def test_the_outsider_sees_nothing(visitors, demo, logins):
    """Every address of the one organization, asked by the owner of another and by a stranger."""
    home = demo["delorme-optique"]
    with acting_for(home.id):
        call = Call.objects.filter(has_recording=True).first()
    inside = f"/o/{home.slug}"
    places = [
        "/", "/calls/", f"/calls/{call.id}/", f"/calls/{call.id}/audio", f"/calls/{call.id}/destroy/", "/contacts/",
        "/agents/", "/retention/", "/holds/", "/purges/", "/audit/", "/team/", "/developers/", "/settings/",
        "/calls/export.csv", "/notices/", "/search/",
    ]  # fmt: skip
    owner, outsider, stranger = visitors(), visitors(), visitors()
    owner.sign_in(logins["owner"])
    owner.go(f"{inside}/calls/{call.id}/")
    expect(owner.page.get_by_role("heading", name="The life of this call")).to_be_visible()
    outsider.sign_in(logins["owner GB"])
    assert home.name not in outsider.page.inner_text("body")
    names = set(Organization.objects.exclude(slug="ashby-and-daughters").values_list("name", flat=True))
    for place in places:
        answer = outsider.page.request.get(outsider.address + inside + place)
        assert answer.status == 404, place
        text = answer.text()
        assert not [name for name in names if name in text], place
        asked = stranger.page.request.get(stranger.address + inside + place, max_redirects=0)
        assert asked.status == 302 and asked.headers["location"].startswith("/account/login/"), place
    outsider.go(f"{inside}/calls/{call.id}/")
    outsider.show("outsider-nothing-here")
    stranger.go(f"{inside}/calls/{call.id}/")
    stranger.show("stranger-sign-in")
    assert owner.complaints == []
    assert all("404" in each for each in outsider.complaints), json.dumps(outsider.complaints)
