"""The door for programs: batches whole or not at all, lists by key, destruction with its eyes open."""

from datetime import date, timedelta, timezone
from urllib.parse import quote

import pytest

from accounts.models import Role
from accounts.services import api_keys
from calls.models import Call, CallReport, Recording, Transcript
from ground import vault
from ground.audit.models import Event
from ground.inventory import holds, tally
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.tenancy import Actor, acting_for
from ground.vault.exceptions import KeyringDown
from tests import factories
from tests.calls.conftest import BY, everything_of, run_jobs, unavailable
from tests.calls.samples import EMAIL, NAME, NUMBER, SAID, generic_call, generic_event, iso, wav
from tests.calls.stub import Answer

pytestmark = pytest.mark.django_db(transaction=True)
ALL_SCOPES = ["calls.read", "calls.listen", "calls.reveal", "calls.write", "calls.destroy"]
URL = "/api/v1/calls"


@pytest.fixture
def api(organization, now):
    return Api(organization, ALL_SCOPES, now)


class Api:
    def __init__(self, organization, scopes, now):
        from django.test import Client

        owner = Actor.member(factories.member(organization, Role.OWNER).pk)
        made = api_keys.create(organization_id=organization.id, name="test", scopes=scopes, by=owner, at=now)
        self.client, self.headers = Client(), {"authorization": f"Bearer {made.text}"}

    def get(self, path, **headers):
        return self.client.get(path, headers={**self.headers, **headers})

    def post(self, items, **headers):
        return self.client.post(
            URL, {"calls": items}, content_type="application/json", headers={**self.headers, **headers}
        )

    def delete(self, path):
        return self.client.delete(path, headers=self.headers)


def batch(now, count, **changes):
    return [
        generic_call(now - timedelta(minutes=place), call_id=f"c{place}", agent=..., **changes)
        for place in range(count)
    ]


class TestBatch:
    def test_many_calls_at_once(self, organization, api, now, no_canaries):
        answer = api.post(batch(now, 30))
        assert answer.status_code == 201
        results = answer.json()["results"]
        assert [each["index"] for each in results] == list(range(30))
        assert {each["state"] for each in results} == {"created"}
        assert everything_of(organization, Call, Transcript, CallReport) == {
            "Call": 30,
            "Transcript": 30,
            "CallReport": 30,
        }
        with acting_for(organization.id):
            assert {str(each) for each in Call.objects.values_list("id", flat=True)} == {each["id"] for each in results}
            assert Event.objects.filter(kind="calls.batch_stored").count() == 1
            keys = {
                key
                for model in (Call, Transcript, CallReport)
                for key in model.objects.values_list("key_id", flat=True)
            }
            assert tally.totals(organization.id)["call_metadata"].rows == 30
        assert vault.keys.existing(organization.id, keys) == keys
        assert len(keys) == 90

    def test_it_reads_back(self, organization, api, now):
        call_id = api.post(batch(now, 1)).json()["results"][0]["id"]
        shown = api.get(f"{URL}/{call_id}").json()
        assert shown["person"]["number"] == "+1 4 •• •• •• • 23"
        assert shown["cost"] == {"amount": "0.41", "currency": "USD"}
        assert api.get(f"{URL}/{call_id}/transcript").json()["turns"][1]["text"] == SAID
        assert api.get(f"{URL}/{call_id}/report").json()["summary"] == "Asked about an order."
        revealed = api.get(f"{URL}/{call_id}?reveal=true").json()["person"]
        assert (revealed["number"], revealed["name"], revealed["email"]) == (NUMBER, NAME, EMAIL)

    def test_every_bad_item_is_named_and_nothing_is_stored(self, organization, api, now):
        items = batch(now, 5)
        items[1]["direction"] = "up"
        items[3]["ended_at"] = "2026-01-01T00:00:00"
        items[3]["agent"] = "nobody"
        items[4]["call_id"] = "c0"
        items[2]["recordings"] = [{"url": "https://x.amazonaws.com/a"}]
        answer = api.post(items)
        assert answer.status_code == 422
        assert {each["pointer"] for each in answer.json()["errors"]} == {
            "/calls/1/direction",
            "/calls/3/ended_at",
            "/calls/4/call_id",
            "/calls/2/recordings",
        }
        assert not any(everything_of(organization, Call, Transcript, CallReport).values())

    @pytest.mark.parametrize("agent", ["nobody", "01890000-0000-7000-8000-000000000009"])
    def test_unknown_agents(self, api, now, agent):
        answer = api.post([{**batch(now, 1)[0], "agent": agent}])
        assert answer.json()["errors"][0]["code"] == "unknown_agent"

    def test_an_agent_decides_what_is_kept(self, organization, api, line, now):
        line.publish(recording=False, transcript=False, at=now - timedelta(days=3))
        answer = api.post([{**batch(now, 1)[0], "agent": str(line.agent_id)}])
        assert answer.status_code == 201
        assert everything_of(organization, Call, Transcript, CallReport) == {
            "Call": 1,
            "Transcript": 0,
            "CallReport": 0,
        }

    def test_known_calls_are_refused_together(self, organization, api, now):
        assert api.post(batch(now, 2)).status_code == 201
        answer = api.post(batch(now, 3))
        assert answer.status_code == 422
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/calls/0/call_id", "/calls/1/call_id"]
        assert everything_of(organization, Call)["Call"] == 2

    def test_destroyed_calls_are_dropped(self, organization, api, now):
        first = api.post(batch(now, 1)).json()["results"][0]["id"]
        assert api.delete(f"{URL}/{first}?confirm=3").status_code == 200
        states = [each["state"] for each in api.post(batch(now, 2)).json()["results"]]
        assert states == ["dropped", "created"]

    def test_the_same_request_twice_is_carried_out_once(self, organization, api, now):
        items = batch(now, 3)
        first = api.post(items, **{"idempotency-key": "k1"})
        again = api.post(items, **{"idempotency-key": "k1"})
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert everything_of(organization, Call)["Call"] == 3

    @pytest.mark.parametrize("body", [{}, [], {"calls": {}}, {"calls": [], "x": 1}, None])
    def test_other_bodies(self, api, body):
        answer = api.client.post(
            URL, body if body is not None else "x", content_type="application/json", headers=api.headers
        )
        assert answer.status_code == 400

    @pytest.mark.parametrize("count", [0, 1001])
    def test_sizes(self, api, count):
        assert api.post([{}] * count).status_code == 422

    def test_an_outage_stores_nothing(self, organization, api, now, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr("ground.vault.keys.mint_wrapped", unavailable(KeyringDown("x")))
            assert api.post(batch(now, 3)).status_code == 503
        assert everything_of(organization, Call)["Call"] == 0

    def test_a_row_that_the_database_refuses_stores_nothing(self, organization, api, now, monkeypatch):
        from calls.services import bulk

        real = bulk.insert_many

        def insert(model, rows):
            if model is CallReport:
                raise RuntimeError("no")
            real(model, rows)

        monkeypatch.setattr(bulk, "insert_many", insert)
        with pytest.raises(RuntimeError):
            api.post(batch(now, 3))
        assert not any(everything_of(organization, Call, Transcript, CallReport).values())

    def test_few_rows_and_many_are_inserted_alike(self, organization, api, now, monkeypatch):
        """Few go as JSON, many by COPY: every column of every part arrives the same."""
        sent = batch(now, 2)
        api.post([{**sent[0], "call_id": "some"}])
        monkeypatch.setattr("calls.services.inserting._COPY_FROM", 1)
        api.post([{**sent[0], "call_id": "many"}])
        for model in (Call, Transcript, CallReport):
            with acting_for(organization.id):
                few, many = model.objects.order_by("created_at").values()
            differ = {name for name in few if few[name] != many[name]}
            assert differ <= {"id", "call_id", "key_id", "sealed", "tombstone", "stamp", "event_at", "created_at"}
            assert {type(value) for value in few.values()} == {type(value) for value in many.values()}

    def test_rows_are_born_held_under_a_hold(self, organization, api, now):
        scope = HoldScope(kind=ScopeKind.PERIOD, start=now - timedelta(days=1), end=now + timedelta(days=1))
        holds.place(organization_id=organization.id, scope=scope, reason="x", review_on=date(2030, 1, 1), by=BY, at=now)
        api.post(batch(now, 2))
        with acting_for(organization.id):
            assert set(Call.objects.values_list("held", flat=True)) == {True}
            assert set(Transcript.objects.values_list("held", flat=True)) == {True}

    @pytest.mark.slow
    def test_a_thousand_calls_in_one_batch(self, organization, api, now):
        answer = api.post(batch(now, 1000))
        assert answer.status_code == 201
        with acting_for(organization.id):
            assert Call.objects.count() == 1000


class TestLists:
    def test_pages_follow_each_other(self, organization, api, now):
        api.post(batch(now, 25))
        seen, cursor = [], ""
        while cursor is not None:
            page = api.get(f"{URL}?limit=10&cursor={cursor}").json()
            seen += page["results"]
            cursor = page["next"]
        assert len({call["id"] for call in seen}) == 25
        ended = [call["ended_at"] for call in seen]
        assert ended == sorted(ended, reverse=True)

    def test_pages_hold_when_calls_end_at_the_same_moment(self, organization, api, now):
        items = [{**generic_call(now, call_id=f"c{place}", agent=...)} for place in range(7)]
        api.post(items)
        first = api.get(f"{URL}?limit=4").json()
        second = api.get(f"{URL}?limit=4&cursor={first['next']}").json()
        assert len({call["id"] for call in first["results"] + second["results"]}) == 7

    def test_filters(self, organization, api, line, now):
        items = batch(now, 4)
        items[0]["direction"] = "outbound"
        items[1]["outcome"] = "busy"
        items[2]["agent"] = str(line.agent_id)
        ids = [each["id"] for each in api.post(items).json()["results"]]

        def found(query):
            return {call["id"] for call in api.get(f"{URL}?{query}").json()["results"]}

        assert found("direction=outbound") == {ids[0]}
        assert found("outcome=busy") == {ids[1]}
        assert found(f"agent={line.agent_id}") == {ids[2]}
        assert found(f"start={iso(now - timedelta(minutes=6, seconds=30))}") == {ids[0], ids[1]}
        assert found(f"end={iso(now - timedelta(minutes=6, seconds=30))}") == {ids[2], ids[3]}
        far = (now - timedelta(minutes=6, seconds=30)).astimezone(timezone(timedelta(hours=18, minutes=34)))
        assert found(f"start={quote(far.isoformat())}") == {ids[0], ids[1]}

    @pytest.mark.parametrize(
        "query",
        [
            "cursor=x",
            "cursor=W10",
            "limit=0",
            "limit=x",
            "limit=1000",
            "agent=1",
            "direction=up",
            "start=2026-01-01",
            "end=x",
            "start=0001-01-01T00:00:00%2B18:00",
            "end=9999-12-31T23:00:00-18:00",
            "cursor=ended~2026-01-31T09:00:00~01a20402-4560-7b1f-9364-1cbfb8711e3e",
        ],
    )
    def test_bad_questions(self, api, query):
        answer = api.get(f"{URL}?{query}")
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"


class TestOneCall:
    @pytest.fixture
    def call(self, client, organization, line, stub):
        url = stub.on("/a.wav", Answer(200, wav(0.5)))
        line.deliver(client, generic_event(recordings=[{"url": url}]))
        run_jobs(organization)
        with acting_for(organization.id):
            return Call.objects.get()

    def test_recording_in_part(self, api, call):
        answer = api.get(f"{URL}/{call.id}/recording", range="bytes=0-3")
        assert (answer.status_code, b"".join(answer.streaming_content)) == (206, b"RIFF")
        outside = api.get(f"{URL}/{call.id}/recording", range="bytes=99999999-")
        assert (outside.status_code, outside["Content-Type"]) == (416, "application/problem+json")
        assert outside["Content-Range"].startswith("bytes */")

    def test_destruction_is_shown_first_and_confirmed(self, organization, api, call):
        shown = api.get(f"{URL}/{call.id}/destruction").json()
        assert (shown["records"], shown["recordings"], shown["transcripts"], shown["reports"]) == (5, 1, 1, 1)
        assert api.delete(f"{URL}/{call.id}").status_code == 400
        wrong = api.delete(f"{URL}/{call.id}?confirm=4")
        assert (wrong.status_code, wrong.json()["records"]) == (409, 5)
        assert everything_of(organization, Call)["Call"] == 1
        assert api.delete(f"{URL}/{call.id}?confirm=5").status_code == 200
        assert not any(everything_of(organization, Call, Recording, Transcript, CallReport).values())
        assert list(vault.objects.store().list(f"{organization.id}/")) == []
        assert api.get(f"{URL}/{call.id}").status_code == 404

    def test_a_held_call_is_not_destroyed(self, organization, api, call, now):
        scope = HoldScope(kind=ScopeKind.CALL, call_id=call.id)
        holds.place(organization_id=organization.id, scope=scope, reason="x", review_on=date(2030, 1, 1), by=BY, at=now)
        answer = api.delete(f"{URL}/{call.id}?confirm=5")
        assert (answer.status_code, answer.json()["code"]) == (409, "on-legal-hold")
        assert everything_of(organization, Call, Recording) == {"Call": 1, "Recording": 1}

    def test_parts_that_are_not_there(self, api, now):
        call_id = api.post([generic_call(now, agent=..., turns=..., summary=..., analysis=...)]).json()["results"][0][
            "id"
        ]
        for part in ("transcript", "report", "recording"):
            assert api.get(f"{URL}/{call_id}/{part}").status_code == 404

    @pytest.mark.parametrize(
        "scopes, path, status",
        [
            (["calls.read"], "", 200),
            (["calls.read"], "/transcript", 403),
            (["calls.read"], "/recording", 403),
            (["calls.read"], "?reveal=true", 403),
            (["calls.listen"], "/report", 200),
            (["calls.listen"], "", 403),
        ],
    )
    def test_scopes(self, organization, call, now, scopes, path, status):
        assert Api(organization, scopes, now).get(f"{URL}/{call.id}{path}").status_code == status

    def test_another_organization_sees_nothing(self, organization, other, call, now):
        theirs = Api(other, ALL_SCOPES, now)
        assert theirs.get(URL).json()["results"] == []
        for path in ("", "/transcript", "/report", "/recording", "/destruction"):
            assert theirs.get(f"{URL}/{call.id}{path}").status_code == 404
        assert theirs.delete(f"{URL}/{call.id}?confirm=5").status_code == 404
        assert everything_of(organization, Call)["Call"] == 1

    def test_without_a_key(self, client, call):
        assert client.get(f"{URL}/{call.id}").status_code == 401


def test_a_batch_whose_commit_was_not_heard_of_keeps_its_keys_and_its_answer(organization, api, now, monkeypatch):
    """The connection breaks after the commit: the calls are there, readable, and a repeat learns of them."""
    from django.db import OperationalError
    from django.db.backends.base.base import BaseDatabaseWrapper

    from calls.services import bulk

    inserted, insert, commit = [], bulk._insert, BaseDatabaseWrapper._commit

    def noted(*arguments):
        inserted.append(True)
        insert(*arguments)

    def unheard(self):
        commit(self)
        if inserted and self.alias == "default":
            inserted.clear()
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(bulk, "_insert", noted)
    monkeypatch.setattr(BaseDatabaseWrapper, "_commit", unheard)
    items = batch(now, 3)
    assert api.post(items, **{"idempotency-key": "one"}).status_code == 503
    again = api.post(items, **{"idempotency-key": "one"})
    assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
    with acting_for(organization.id):
        keys = {
            key for model in (Call, Transcript, CallReport) for key in model.objects.values_list("key_id", flat=True)
        }
        assert {str(each) for each in Call.objects.values_list("id", flat=True)} == {
            each["id"] for each in again.json()["results"]
        }
    assert vault.keys.existing(organization.id, keys) == keys
    assert len(keys) == 9
