"""Keys, looks of staff and the desk's organizations as lists: the file has what is filtered, and nothing more."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from accounts.models import ApiKey, StaffSession
from accounts.services import api_keys, staff_access
from ground import audit
from ground.tenancy import Actor, acting_for
from tests import factories
from tests.accounts.test_staff_access import ask, at, browser, let_time_pass

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def read(answer):
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def events(organization, kind):
    with acting_for(organization.pk):
        return [json.loads(event.payload) for event in audit.events(organization.pk).filter(kind=kind)]


# ------------------------------------------------------------------ keys
@pytest.fixture
def keys(people):
    made = [
        api_keys.create(
            organization_id=people.home.pk, name=name, scopes=["calls.read"], by=Actor.member(people.owner.pk), at=NOW
        )
        for name in ("crm", '=cmd|"/c calc"')
    ]
    api_keys.revoke(organization_id=people.home.pk, key_id=made[0].row.pk, by=Actor.member(people.owner.pk), at=NOW)
    return made


def test_keys_are_taken_as_filtered_and_without_secrets(people, keys, as_):
    address = at(people.home, "accounts:keys_csv")
    rows = read(as_(people.owner).get(f"{address}?state=revoked"))
    assert [(row["name"], row["state"]) for row in rows] == [("crm", "revoked")]
    everything = b"".join(as_(people.owner).get(address).streaming_content).decode()
    assert "\"'=cmd|" in everything
    assert not any(key.text in everything for key in keys)
    assert events(people.home, "accounts.keys_exported") == [{"rows_at_most": 1}, {"rows_at_most": 2}][::-1]


def test_whoever_does_not_see_keys_takes_none(people, keys, as_):
    address = at(people.home, "accounts:keys_csv")
    for person, status in ((people.member, 403), (people.outsider, 404), (None, 302)):
        assert as_(person).get(address).status_code == status
    assert events(people.home, "accounts.keys_exported") == []


def test_after_a_key_was_made_the_list_leads_to_its_own_page(people, as_):
    answer = as_(people.owner).post(
        at(people.home, "accounts:key_create"), {"name": "crm", "scopes": ["calls.read"], "days": ""}
    )
    shown, page = answer.context["shown"], at(people.home, "accounts:developers")
    assert ApiKey.objects.count() == 0  # walled: nobody acts here
    assert shown.head("used").query == f"{page}?sort=-used"
    assert f'action="{page}"' in answer.content.decode()


# ------------------------------------------------------------------ staff
@pytest.fixture
def looks(people):
    """Three sessions: one that ran out, one that was ended, one that runs."""
    over, ended, running = (ask(people.home, factories.staff(name=name)) for name in ("=Ada", "Bea", "Cleo"))
    let_time_pass(over)
    staff_access.end(organization_id=people.home.pk, session_id=ended.pk, by=Actor.member(people.owner.pk))
    return over, ended, running


def test_earlier_looks_are_a_list_and_running_ones_stand_above_it(people, looks, as_):
    page = as_(people.member).get(at(people.home, "accounts:staff_access"))
    assert [each["who"] for each in page.context["live"]] == ["Cleo"]
    assert [each["who"] for each in page.context["shown"].rows] == ["Bea", "=Ada"]
    ended = as_(people.member).get(at(people.home, "accounts:staff_access") + "?ending=ended&purpose=question")
    assert len(ended.context["shown"].rows) == 2  # time that ran out is an end, written down or not
    assert (
        as_(people.member).get(at(people.home, "accounts:staff_access") + "?ending=refused").context["shown"].rows == []
    )


def test_earlier_looks_are_taken_as_filtered(people, looks, as_):
    address = at(people.home, "accounts:staff_access_csv")
    rows = read(as_(people.member).get(address))
    assert [(row["who"], row["ending"]) for row in rows] == [("Bea", "ended"), ("'=Ada", "ended")]
    assert rows[0]["reason"] == "They asked why a purge is late"
    assert rows[0]["ended_by"] == people.owner.get_full_name()
    assert read(as_(people.member).get(f"{address}?content=yes")) == []
    assert as_(people.outsider).get(address).status_code == 404
    assert browser(StaffSession.staff.field.related_model.objects.get(name="Cleo")).get(address).status_code == 403


def test_the_desks_organizations_are_filtered_sorted_and_taken(people, operator):
    staff = factories.staff()
    client, address = browser(staff), reverse("desk:organizations_csv")
    assert [row["name"] for row in read(client.get(address))] == ["Elsewhere", "Home", "Operator"]
    assert [row["name"] for row in read(client.get(f"{address}?q=HOM&state=active"))] == ["Home"]
    page = client.get(reverse("desk:home") + "?sort=-name")
    assert [row.name for row, _figures in page.context["shown"].rows] == ["Operator", "Home", "Elsewhere"]
    assert f'href="{address}?sort=-name"' in page.content.decode()
    [told] = events(operator, "accounts.organizations_exported")[1:]
    assert told == {"rows_at_most": 3}


def test_nobody_but_staff_takes_the_desks_organizations(people, operator, as_):
    address = reverse("desk:organizations_csv")
    for person in (people.owner, people.member, people.outsider):
        assert as_(person).get(address).status_code == 404
    assert as_(None).get(address)["Location"].startswith("/account/login/")
    assert as_(factories.staff()).get(address)["Location"] == reverse("mfa_index")
    assert events(operator, "accounts.organizations_exported") == []
