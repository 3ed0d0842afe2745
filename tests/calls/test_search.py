"""The search of every page: by whole identifiers only, nothing of what was typed kept anywhere, every search noted."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from redis.exceptions import RedisError

from accounts.models import Role
from calls.models import Call
from calls.services import bulk, searching
from contacts.details import checked
from contacts.services import add
from ground.audit.models import Event
from ground.tenancy import acting_for
from tests import factories
from tests.calls.conftest import BY, run_jobs
from tests.calls.samples import AGENT_NUMBER, EMAIL, NAME, NUMBER, generic_call, generic_event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture
def call(client, organization, line):
    line.deliver(client, generic_event())
    run_jobs(organization)
    with acting_for(organization.id):
        return Call.objects.get()


@pytest.fixture
def people(organization, other):
    def signed_in(user):
        client = Client()
        client.force_login(user)
        return client

    found = {role: signed_in(factories.member(organization, role)) for role in (Role.OWNER, Role.MEMBER, Role.AUDITOR)}
    return found | {"outsider": signed_in(factories.member(other, Role.OWNER))}


def at(organization, path=""):
    return f"/o/{organization.slug}/search/{path}"


def ask(client, organization, value):
    """Search as the box of the top bar does, and follow to the results."""
    answer = client.post(at(organization), {"value": value}, follow=True)
    assert answer.status_code == 200
    return answer


def calls_of(answer):
    return [row.call.id for row in answer.context["rows"]]


def contact(organization, **values):
    return add(
        organization_id=organization.id,
        details=checked(region="FR", **values),
        legal_basis="contract",
        by=BY,
        at=datetime.now(UTC),
    )


def searches(organization):
    with acting_for(organization.id):
        return [
            (json.loads(event.payload), f"{event.actor_kind}:{event.actor_id}")
            for event in Event.objects.filter(kind="calls.searched", stream="access").order_by("id")
        ]


def many(organization, count, **changes):
    now = datetime.now(UTC)
    items = [
        {
            **{name: value for name, value in generic_call(now - timedelta(hours=number)).items() if name != "agent"},
            "call_id": f"many-{number}",
            **changes,
        }
        for number in range(count)
    ]
    bulk.create(organization_id=organization.id, items=items, by=BY, now=now)


class TestFinding:
    @pytest.mark.parametrize(
        "value, kind",
        [
            (NUMBER, "phone"),
            ("+1 (415) 555-0123", "phone"),
            ("1 415 555 0123", "phone"),
            (EMAIL.upper(), "email"),
            ("crm-9", "external_id"),
            (f"  {NAME.upper()}  ", "name"),
        ],
    )
    def test_a_person_is_found_however_written(self, organization, call, people, value, kind, no_canaries):
        many(organization, 2, **{"from": "+14155550999", "customer": {"name": "Else"}})
        answer = ask(people[Role.MEMBER], organization, value)
        assert calls_of(answer) == [call.id]
        assert kind in answer.context["kinds"]

    def test_a_part_finds_nobody_and_the_page_says_why(self, organization, call, people):
        for value in ("5550123", NAME.split(maxsplit=1)[0], "example.org"):
            answer = ask(people[Role.MEMBER], organization, value)
            assert calls_of(answer) == []
            assert "Nothing found" in answer.content.decode()
            assert "cannot be searched" in answer.content.decode()

    def test_a_contact_leads_to_calls_by_its_other_numbers(self, organization, call, people):
        row = contact(organization, name="Inès Moreau", phones=[NUMBER], emails=["ines@shop.example"])
        answer = ask(people[Role.MEMBER], organization, "ines@shop.example")
        assert [known.contact.id for known in answer.context["contacts"]] == [row.id]
        assert calls_of(answer) == [call.id]
        page = answer.content.decode()
        assert "Inès" not in page
        assert NUMBER not in page

    def test_namesakes_are_said_to_be_possible(self, organization, people):
        contact(organization, name="Marie Curie", phones=["+33 1 99 00 11 22"])
        contact(organization, name="Marie  CURIE", phones=["+33 1 99 00 11 33"])
        answer = ask(people[Role.MEMBER], organization, "marie curie")
        assert len(answer.context["contacts"]) == 2
        assert "Several people may share this name" in answer.content.decode()

    def test_a_national_number_is_read_by_the_organizations_country_and_that_is_said(self, organization, people):
        row = contact(organization, name="A", phones=["+33 6 12 34 56 78"])
        answer = ask(people[Role.MEMBER], organization, "06 12 34 56 78")
        assert [known.contact.id for known in answer.context["contacts"]] == [row.id]
        page = " ".join(answer.content.decode().split())
        assert "as a national number of FR, your organization’s country" in page
        assert "begins with + and its code" in page

    def test_a_national_number_without_a_country_says_what_is_missing(self, organization, people):
        organization.country = ""
        organization.save()
        answer = ask(people[Role.MEMBER], organization, "06 12 34 56 78")
        assert "has not said in which country it is" in answer.content.decode()

    def test_a_forgotten_plus_sign_is_a_second_reading(self, organization, people):
        row = contact(organization, name="A", phones=["+49 30 901820"])
        answer = ask(people[Role.MEMBER], organization, "49 30 901820")
        assert [known.contact.id for known in answer.context["contacts"]] == [row.id]

    def test_ids_find_their_objects(self, organization, call, people):
        row = contact(organization, name="A")
        client = people[Role.AUDITOR]
        assert calls_of(ask(client, organization, str(call.id))) == [call.id]
        assert [known.contact.id for known in ask(client, organization, str(row.id)).context["contacts"]] == [row.id]
        assert calls_of(ask(client, organization, "call-1")) == [call.id]  # as its provider calls it
        many(organization, 1)
        assert len(calls_of(ask(client, organization, "many-0"))) == 1  # as the sender's own system calls it
        assert "Nothing found" in ask(client, organization, str(uuid.uuid4())).content.decode()

    def test_the_organizations_own_number_is_nobodys(self, organization, call, people):
        assert calls_of(ask(people[Role.MEMBER], organization, AGENT_NUMBER)) == []


class TestWhatIsKept:
    def test_what_was_typed_stands_nowhere(self, organization, call, people, no_canaries):
        answer = people[Role.MEMBER].post(at(organization), {"value": NUMBER})
        assert answer.status_code == 302
        assert "0123" not in answer["Location"]
        page = people[Role.MEMBER].get(answer["Location"])
        assert NUMBER not in page.content.decode()
        assert "no-cache" in page["Cache-Control"]
        handle = answer["Location"].rstrip("/").rsplit("/", 1)[-1]
        kept = repr(cache.get(f"search:{handle}"))
        assert NUMBER not in kept
        assert NUMBER.lstrip("+") not in kept

    def test_results_have_pages_and_last_a_while(self, organization, people):
        many(organization, 60)
        client = people[Role.MEMBER]
        answer = ask(client, organization, NUMBER)
        place = answer.request["PATH_INFO"]
        assert answer.context["count"] == 60
        seen = [calls_of(answer)]
        while answer.context["shown"].onward:
            answer = client.get(place + answer.context["shown"].onward)
            seen.append(calls_of(answer))
        assert [len(page) for page in seen] == [50, 10]
        assert len({each for page in seen for each in page}) == 60
        assert calls_of(client.get(place + answer.context["shown"].back)) == seen[0]
        assert calls_of(client.get(place + "?outcome=busy")) == []
        assert "Nothing matches" in client.get(place + "?outcome=busy").content.decode()
        assert len(searches(organization)) == 1  # leafing is the same search
        cache.clear()
        over = client.get(place)
        assert over.status_code == 410
        assert "results are over" in over.content.decode()

    def test_results_are_for_the_one_who_searched(self, organization, other, call, people):
        place = people[Role.OWNER].post(at(organization), {"value": NUMBER})["Location"]
        assert people[Role.OWNER].get(place).status_code == 200
        assert people[Role.MEMBER].get(place).status_code == 410
        assert people["outsider"].get(place).status_code == 404
        handle = place.rstrip("/").rsplit("/", 1)[-1]
        assert people["outsider"].get(at(other, f"{handle}/")).status_code == 410

    def test_every_search_is_noted_with_kind_and_counts_only(self, organization, call, people):
        ask(people[Role.AUDITOR], organization, NUMBER)
        ask(people[Role.AUDITOR], organization, "Nobody At All")
        (first, who), (second, _) = searches(organization)
        assert first == {"kinds": ["external_id", "phone"], "contacts": 0, "calls": 1, "things": 0}
        assert second == {"kinds": ["external_id", "name"], "contacts": 0, "calls": 0, "things": 0}
        assert who.startswith("member:")

    def test_without_the_cache_the_first_page_still_comes(self, organization, call, people, monkeypatch):
        class Down:
            def __getattr__(self, name):
                def refuse(*args, **kwargs):
                    raise RedisError("down")

                return refuse

        monkeypatch.setattr(searching, "cache", Down())
        answer = people[Role.MEMBER].post(at(organization), {"value": NUMBER})
        assert answer.status_code == 200
        assert calls_of(answer) == [call.id]
        assert people[Role.MEMBER].get(at(organization, "x/")).status_code == 410


class TestWho:
    def test_an_outsider_is_refused_and_nothing_is_noted(self, organization, call, people):
        assert people["outsider"].get(at(organization)).status_code == 404
        assert people["outsider"].post(at(organization), {"value": NUMBER}).status_code == 404
        assert Client().post(at(organization), {"value": NUMBER}).status_code == 302
        assert searches(organization) == []

    def test_in_ones_own_organization_a_strangers_person_is_like_nobody(self, organization, other, call, people):
        """Someone else's call, somebody unknown: the same page, but for the masked words typed."""

        def shape(value):
            answer = ask(people["outsider"], other, value)
            assert (answer.context["count"], answer.context["contacts"], answer.context["things"]) == (0, [], [])
            return sorted(template.name for template in answer.templates if template.name), len(answer.content)

        assert shape(NUMBER) == shape("+1 415 555 0199")
        assert shape(str(call.id)) == shape(str(uuid.uuid4()))

    def test_searching_very_often_asks_for_a_pause(self, organization, people, monkeypatch):
        monkeypatch.setattr(searching, "SEARCHES", 2)
        client = people[Role.MEMBER]
        for _ in range(2):
            ask(client, organization, "x")
        answer = client.post(at(organization), {"value": "x"})
        assert answer.status_code == 429
        assert answer["Retry-After"] == "300"
        assert len(searches(organization)) == 2
        ask(people[Role.OWNER], organization, "x")

    def test_nothing_typed_is_said_and_searches_nothing(self, organization, people):
        assert people[Role.MEMBER].post(at(organization), {"value": "  "}).status_code == 422
        assert people[Role.MEMBER].post(at(organization), {"value": "x" * 321}).status_code == 422
        assert searches(organization) == []

    @pytest.mark.parametrize("value", ["\x00", "😀", "%00", "' OR 1=1 --", "a" * 320, "٠٦١٢٣٤٥٦٧٨", "@", "+"])
    def test_whatever_is_typed_the_page_answers(self, organization, people, value):
        answer = people[Role.MEMBER].post(at(organization), {"value": value}, follow=True)
        assert answer.status_code in {200, 422}

    def test_the_box_stands_on_every_page_of_an_organization(self, organization, people):
        page = people[Role.AUDITOR].get(f"/o/{organization.slug}/calls/").content.decode()
        assert 'id="top-search"' in page
        assert f'action="{at(organization)}"' in page


class TestUnusualWords:
    def test_text_as_long_as_an_id_that_is_none_is_looked_for_all_the_same(self, client, organization, people):
        for value in ("x" * 36, "zz" * 16):
            assert searching.read(organization.id, value, None).identifier is None
            assert ask(client, organization, value).status_code == 200

    def test_what_no_digest_can_be_made_of_finds_nothing(self, organization):
        found = searching.read(organization.id, "\u200b\u200b", None)
        assert (found.readings, found.by_kind, found.identifier) == ((), {}, None)
