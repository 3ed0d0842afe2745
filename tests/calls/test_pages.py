"""The pages of calls: who sees what, what stands in addresses, what leaves as CSV and vCon, what is noted."""

import base64
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from calls.models import Call
from calls.services import bulk
from ground import vault
from ground.audit.models import Event
from ground.inventory.spreadsheets import safe_cell as safe
from ground.tenancy import acting_for
from tests import factories
from tests.calls.conftest import BY, run_jobs
from tests.calls.samples import AGENT_NUMBER, EMAIL, NAME, NUMBER, SAID, generic_call, generic_event, wav
from tests.calls.stub import Answer

SOUND = wav(3.0)
SCHEMA = json.loads((Path(__file__).parent / "vcon_json_schema.json").read_text())  # from the working group's draft
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call(client, organization, line, stub):
    url = stub.on("/a.wav", Answer(200, SOUND))
    line.deliver(client, generic_event(recordings=[{"url": url}]))
    run_jobs(organization)
    with acting_for(organization.id):
        return Call.objects.get()


@pytest.fixture
def people(organization, other):
    """Clients: owner, member, auditor of the organization; an outsider who owns another one."""

    def signed_in(user):
        client = Client()
        client.force_login(user)
        return client

    found = {role: signed_in(factories.member(organization, role)) for role in (Role.OWNER, Role.MEMBER, Role.AUDITOR)}
    return found | {"outsider": signed_in(factories.member(other, Role.OWNER))}


def at(organization, path=""):
    return f"/o/{organization.slug}/calls/{path}"


def events(organization, kind):
    with acting_for(organization.id):
        return Event.objects.filter(kind=kind, stream="access").count()


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
    return bulk.create(organization_id=organization.id, items=items, by=BY, now=now)


class TestList:
    def test_shows_masked_calls_to_everyone_who_may_see_calls(self, organization, call, people):
        for role in (Role.OWNER, Role.MEMBER, Role.AUDITOR):
            page = people[role].get(at(organization)).content.decode()
            assert "•• • 23" in page
            assert NUMBER not in page
            assert NAME not in page
            assert str(call.id) in page

    def test_outsider_learns_nothing_and_nothing_is_noted(self, organization, call, people):
        before = {kind: events(organization, kind) for kind in ("calls.revealed", "calls.exported", "calls.listened")}
        for path in ("", f"{call.id}/", f"{call.id}/audio", f"{call.id}/call.vcon.json", "export.csv"):
            assert people["outsider"].get(at(organization, path)).status_code == 404
        assert people["outsider"].post(at(organization, f"{call.id}/reveal/")).status_code == 404
        assert {kind: events(organization, kind) for kind in before} == before

    def test_another_organizations_call_is_not_found_in_ones_own(self, other, call, people):
        assert people["outsider"].get(at(other, f"{call.id}/")).status_code == 404
        assert str(call.id) not in people["outsider"].get(at(other)).content.decode()

    def test_filters_stand_in_the_address_and_as_chips(self, organization, call, people):
        many(organization, 3, outcome="busy", direction="outbound")
        page = people[Role.MEMBER].get(at(organization, "?outcome=busy&direction=outbound")).content.decode()
        assert str(call.id) not in page
        assert page.count("rowlink") == 6  # table and cards
        assert "?direction=outbound" in page
        assert "?outcome=busy" in page
        assert "rowlink" not in people[Role.MEMBER].get(at(organization, "?state=held")).content.decode()

    def test_nonsense_in_the_address_filters_nothing(self, organization, call, people):
        for query in ("?agent=x", "?outcome=%00", "?since=yesterday", "?state=zzz", "?agent=" + str(call.id)):
            answer = people[Role.MEMBER].get(at(organization, query))
            assert answer.status_code == 200
            assert str(call.id) in answer.content.decode()
        answer = people[Role.MEMBER].get(at(organization, "?next=rubbish"))
        assert "no longer exists" in answer.content.decode()
        assert str(call.id) in answer.content.decode()

    def test_pages_lead_to_older_and_back(self, organization, people):
        many(organization, 120)
        client, seen = people[Role.MEMBER], []
        answer = client.get(at(organization))
        for _ in range(3):
            seen.append([row.call.id for row in answer.context["rows"]])
            older = answer.context["shown"].onward
            answer = client.get(at(organization, older)) if older else answer
        assert [len(page) for page in seen] == [50, 50, 20]
        assert len({call for page in seen for call in page}) == 120
        back = client.get(at(organization, answer.context["shown"].back))
        assert [row.call.id for row in back.context["rows"]] == seen[1]
        first = client.get(at(organization, back.context["shown"].back))
        assert [row.call.id for row in first.context["rows"]] == seen[0]
        assert first.context["shown"].back == ""

    def test_nobody_is_found_here_by_anything(self, organization, call, people):
        """Finding a person is the search's; this page takes no value at all."""
        assert people[Role.MEMBER].post(at(organization), {"value": NUMBER}).status_code == 405
        assert str(call.id) in people[Role.MEMBER].get(at(organization, f"?value={NUMBER}")).content.decode()

    def test_the_number_of_queries_does_not_grow_with_the_page(self, organization, people):
        counts = []
        for more in (1, 49):
            many(organization, more, account=f"a{more}")
            people[Role.MEMBER].get(at(organization))
            with CaptureQueriesContext(connections["default"]) as queries:
                assert people[Role.MEMBER].get(at(organization)).status_code == 200
            counts.append(len([each for each in queries.captured_queries if each["sql"].startswith('SELECT "')]))
        assert counts[0] == counts[1] <= 12

    def test_a_call_whose_key_is_lost_does_not_take_the_list_with_it(self, organization, call, people):
        many(organization, 2)
        vault.keys.destroy(organization.id, [call.key_id])
        answer = people[Role.MEMBER].get(at(organization))
        assert len(answer.context["rows"]) == 3


class TestCallPage:
    def test_has_sound_words_report_facts_and_life(self, organization, call, people):
        page = people[Role.MEMBER].get(at(organization, f"{call.id}/")).content.decode()
        for wanted in (SAID, "Asked about an order.", "Recorded", "Beyond recovery", "data-player", "w-off"):
            assert wanted in page
        assert "90 days from the end of the call" in page
        assert NUMBER not in page
        assert NAME not in page

    def test_opening_it_is_a_look_but_no_listening(self, organization, call, people):
        people[Role.MEMBER].get(at(organization, f"{call.id}/"))
        assert events(organization, "calls.transcript_read") == 1
        assert events(organization, "calls.listened") == 0
        page = people[Role.MEMBER].get(at(organization, f"{call.id}/")).content.decode()
        assert "read the transcript" in page

    def test_an_auditor_sees_facts_but_neither_hears_nor_reads(self, organization, call, people):
        page = people[Role.AUDITOR].get(at(organization, f"{call.id}/")).content.decode()
        assert SAID not in page
        assert "data-player" not in page
        assert "Your role does not listen to it." in page
        assert events(organization, "calls.transcript_read") == 0
        assert people[Role.AUDITOR].post(at(organization, f"{call.id}/reveal/")).status_code == 403
        assert events(organization, "calls.revealed") == 0

    def test_revealing_is_noted_and_never_kept(self, organization, call, people):
        whole = people[Role.MEMBER].post(at(organization, f"{call.id}/reveal/"))
        assert NAME in whole.content.decode()
        assert whole["Cache-Control"] == "no-store"
        piece = people[Role.MEMBER].post(at(organization, f"{call.id}/reveal/"), headers={"HX-Request": "true"})
        assert "+1 415-555-0123" in piece.content.decode()
        assert "<html" not in piece.content.decode()
        assert events(organization, "calls.revealed") == 2

    def test_a_damaged_part_is_said_and_the_rest_shows(self, organization, call, people, superuser_connection):
        superuser_connection().execute("UPDATE calls_transcript SET sealed = decode('01aabb', 'hex')")
        page = people[Role.MEMBER].get(at(organization, f"{call.id}/")).content.decode()
        assert "the transcript cannot be opened" in page
        assert "Asked about an order." in page

    def test_actions_follow_the_role(self, organization, call, people):
        owner = people[Role.OWNER].get(at(organization, f"{call.id}/")).content.decode()
        member = people[Role.MEMBER].get(at(organization, f"{call.id}/")).content.decode()
        for words in ("Place a hold", "Export vCon", "Destroy this call now"):
            assert words in owner
            assert words not in member


class TestTakingOut:
    def test_csv_is_what_is_filtered_and_noted_first(self, organization, call, people):
        many(organization, 3, outcome="busy")
        answer = people[Role.OWNER].get(at(organization, "export.csv?outcome=busy"))
        assert events(organization, "calls.list_exported") == 1
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["outcome"] for row in rows] == ["busy"] * 3
        assert rows[0]["number"] == f"'{NUMBER}"
        assert people[Role.MEMBER].get(at(organization, "export.csv")).status_code == 403
        assert events(organization, "calls.list_exported") == 1

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-2+3", "@x", "\tx", "\rx", "\nx"])
    def test_no_cell_is_a_formula(self, text):
        assert safe(text).startswith("'")
        assert safe("plain") == "plain"

    def test_csv_of_several_pages_has_every_call_once(self, organization, people):
        many(organization, 430)
        answer = people[Role.OWNER].get(at(organization, "export.csv"))
        rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
        assert len({row["call"] for row in rows}) == len(rows) == 430

    def test_vcon_is_valid_and_carries_the_sound(self, organization, call, people):
        answer = people[Role.OWNER].get(at(organization, f"{call.id}/call.vcon.json"))
        found = json.loads(answer.content)
        jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(found)
        [dialog] = found["dialog"]
        assert base64.urlsafe_b64decode(dialog["body"] + "==") == SOUND
        assert found["parties"][0] == {"tel": f"tel:{NUMBER}", "name": NAME, "mailto": EMAIL, "role": "caller"}
        assert found["parties"][1]["tel"] == f"tel:{AGENT_NUMBER}"
        said = next(each for each in found["analysis"] if each["type"] == "transcript")
        assert said["body"][1] == {"party": 0, "text": SAID, "start": 2.1, "end": 3.0}
        assert events(organization, "calls.exported") == 1
        assert people[Role.MEMBER].get(at(organization, f"{call.id}/call.vcon.json")).status_code == 403

    @pytest.mark.parametrize("outcome", ["completed", "no_answer", "busy", "failed", "voicemail", "transferred"])
    def test_vcon_of_a_call_without_anything_is_valid(self, organization, people, outcome):
        bare = {"turns": None, "summary": None, "analysis": None, "customer": None, "outcome": outcome}
        now = datetime.now(UTC)
        item = {name: value for name, value in (generic_call(now) | bare).items() if value is not None}
        item.pop("agent")
        [result] = bulk.create(organization_id=organization.id, items=[item], by=BY, now=now)
        answer = people[Role.OWNER].get(at(organization, f"{result.id}/call.vcon.json"))
        found = json.loads(answer.content)
        jsonschema.Draft7Validator(SCHEMA).validate(found)
        assert found["analysis"] == []
