"""Retention for programs: exact previews, confirmed changes, holds, runs, certificates; scopes and neighbours."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from accounts.services import api_keys
from ground import vault
from ground.audit.models import Event
from ground.inventory import holds
from ground.inventory.models import Hold
from ground.tenancy import Actor, acting_for
from ground.vault.exceptions import KeyringDown
from retention.models import PeriodVersion
from retention.services import sweep
from retention.services.verifying import verify
from tests import factories
from tests.holdings import days_ago, exists, keep_call

BY = Actor.system("test")
SCOPES = ["retention.read", "retention.change", "holds.read", "holds.place", "purges.read"]
pytestmark = pytest.mark.django_db(transaction=True)


class Api:
    def __init__(self, organization, scopes=SCOPES):
        with acting_for(organization.id):
            made = api_keys.create(
                organization_id=organization.id, name="test", scopes=list(scopes), by=BY, at=timezone.now()
            )
        self.headers = {"Authorization": f"Bearer {made.text}"}

    def get(self, path, **query):
        return Client().get(f"/api/v1/{path}", query, headers=self.headers)

    def post(self, path, body=None, **headers):
        return Client().post(
            f"/api/v1/{path}", json.dumps(body or {}), "application/json", headers={**self.headers, **headers}
        )


@pytest.fixture
def api(organization):
    return Api(organization)


def purge(organization):
    return sweep.purge_expired(organization_id=organization.id, by=BY)


def versions(organization):
    with acting_for(organization.id):
        return PeriodVersion.objects.count()


def test_periods_with_bounds_and_sources(api):
    found = {entry["category"]: entry for entry in api.get("retention").json()["results"]}
    assert found["recording"]["period"] == {"n": 90, "unit": "day"}
    assert found["recording"]["maximum"] == {"n": 365, "unit": "day"}
    assert found["recording"]["changed_by"] == "organization"
    assert found["call_report"]["period"] is None
    assert found["call_report"]["unstated"] is True
    assert found["call_metadata"]["bounds_source"] == "KLARIQO-RET-04"
    assert api.get("retention/recording").json()["versions"] == []
    assert api.get("retention/nonsense").status_code == 404


def test_preview_change_and_undo(api, organization):
    keep_call(organization.id, days_ago(70))
    seen = api.post("retention/recording/preview", {"n": 60, "unit": "day"}).json()
    assert seen["records"] == 1
    assert versions(organization) == 0
    body = {"n": 60, "unit": "day", "reason": "shorter", "counted_at": seen["counted_at"]}
    refused = api.post("retention/recording/change", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong-confirmation")
    assert versions(organization) == 0
    body["confirmed_records"] = 1
    keyed = {"Idempotency-Key": "once"}
    first = api.post("retention/recording/change", body, **keyed)
    assert first.status_code == 201
    assert api.post("retention/recording/change", body, **keyed).json() == first.json()
    assert versions(organization) == 1
    assert api.get("retention/recording").json()["waiting"]["period"] == {"n": 60, "unit": "day"}
    assert api.post("retention/recording/undo").json()["undone_at"]
    again = api.post("retention/recording/undo")
    assert (again.status_code, again.json()["code"]) == (409, "nothing-to-undo")


@pytest.mark.parametrize(
    "category, body, status, code",
    [
        ("recording", {"n": 400, "unit": "day"}, 422, "outside-bounds"),
        ("recording", {"n": 0, "unit": "day"}, 400, "invalid"),
        ("recording", {"n": 5, "unit": "week"}, 400, "invalid"),
        ("recording", {"n": 90, "unit": "day"}, 409, "unchanged"),
        ("recording", {"n": 39_999, "unit": "year"}, 422, "outside-bounds"),
        ("call_metadata", {"n": 5, "unit": "day"}, 422, "not-yours-to-change"),
        (
            "recording",
            {"n": 60, "unit": "day", "counted_at": "2020-01-01T00:00:00Z", "confirmed_records": 0},
            409,
            "wrong-confirmation",
        ),
    ],
)
def test_a_change_that_may_not_be_is_a_problem(api, organization, category, body, status, code):
    answer = api.post(f"retention/{category}/change", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert versions(organization) == 0


def test_a_hold_is_placed_and_ended_once_although_the_first_answer_never_came(api, organization, monkeypatch):
    """What fails after the commit is told to whoever asks again with the same key."""
    kept = keep_call(organization.id, days_ago(91))
    body = {"call_id": str(kept.call.id), "reason": "a claim", "review_on": days_ago(-30).date().isoformat()}

    def broken(*arguments, **named):
        raise KeyringDown("the connection broke")

    with monkeypatch.context() as patch:
        patch.setattr(vault.keys, "confirm", broken)
        assert api.post("holds", body, **{"Idempotency-Key": "place"}).status_code == 503
    made = api.post("holds", body, **{"Idempotency-Key": "place"})
    assert (made.status_code, made["Idempotent-Replayed"]) == (201, "true")
    assert [hold["id"] for hold in api.get("holds").json()["results"]] == [made.json()["id"]]

    there = f"holds/{made.json()['id']}/release"
    with monkeypatch.context() as patch:
        patch.setattr(holds, "clear_released", broken)
        assert api.post(there, **{"Idempotency-Key": "end"}).status_code == 503
    ended = api.post(there, **{"Idempotency-Key": "end"})
    assert (ended.status_code, ended["Idempotent-Replayed"]) == (200, "true")
    assert ended.json()["released_at"]


def test_a_hold_keeps_a_call_until_it_is_released(api, organization):
    kept = keep_call(organization.id, days_ago(91))
    body = {"call_id": str(kept.call.id), "reason": "a claim", "review_on": days_ago(-30).date().isoformat()}
    made = api.post("holds", body)
    assert made.status_code == 201
    assert {"category": "recording", "records": 1, "past_period": 1} in made.json()["keeps"]
    assert "claim" not in made.content.decode()
    purge(organization)
    assert kept.listen()
    hold_id = made.json()["id"]
    assert [hold["id"] for hold in api.get("holds").json()["results"]] == [hold_id]
    assert api.get(f"holds/{hold_id}/reason").json() == {"reason": "a claim"}
    with acting_for(organization.id):
        assert Event.objects.filter(kind="retention.hold_reason_read", stream="access").count() == 1
    assert api.post(f"holds/{hold_id}/release").status_code == 200
    assert api.post(f"holds/{hold_id}/release").json()["code"] == "hold-not-in-force"
    assert api.get("holds", released="true").json()["results"][0]["released_at"]
    purge(organization)
    assert not exists(organization.id, kept.recording)


@pytest.mark.parametrize(
    "scope, status",
    [
        ({}, 400),
        ({"call_id": "00000000-0000-0000-0000-000000000000"}, 404),
        ({"agent_id": "00000000-0000-0000-0000-000000000000"}, 404),
        ({"contact_id": "00000000-0000-0000-0000-000000000000"}, 404),
        ({"identifier": "12", "identifier_kind": "phone"}, 422),
        ({"identifier": "+33199001122"}, 400),
        ({"start": "2026-05-02T00:00:00Z", "end": "2026-05-01T00:00:00Z"}, 400),
        ({"start": "2026-05-02T00:00:00Z", "end": "2026-05-03T00:00:00Z", "review_on": "2020-01-01"}, 422),
    ],
)
def test_a_hold_without_content_is_a_problem(api, organization, scope, status):
    body = {"reason": "x", "review_on": days_ago(-30).date().isoformat(), **scope}
    assert api.post("holds", body).status_code == status
    with acting_for(organization.id):
        assert not Hold.objects.exists()


def test_runs_and_certificates_page_by_page(api, organization):
    for number in range(3):
        keep_call(organization.id, days_ago(91 + number))
        purge(organization)
    first = api.get("purge-runs", limit=2).json()
    second = api.get("purge-runs", limit=2, cursor=first["next"]).json()
    assert len(first["results"]) == 2
    assert len(second["results"]) == 1
    assert second["next"] is None
    assert api.get("purge-runs", cursor="nonsense").status_code == 400
    assert api.get("purge-runs", state="failed").json()["results"] == []
    run = first["results"][0]
    lines = api.get(f"purge-runs/{run['id']}").json()["lines"]
    assert {line["category"]: line["records"] for line in lines} == {"recording": 1, "transcript": 1}
    assert [entry["number"] for entry in api.get("certificates").json()["results"]] == [3, 2, 1]
    detail = api.get(f"certificates/{run['certificate_id']}").json()
    assert [statement["moment"] for statement in detail["statements"]] == ["unreadable"]
    bundle = api.get(f"certificates/{run['certificate_id']}/bundle")
    assert verify(bundle.content).valid


def test_a_key_without_the_scope_moves_nothing(organization):
    kept = keep_call(organization.id, days_ago(91))
    reader = Api(organization, ["retention.read", "holds.read"])
    assert reader.post("retention/recording/change", {"n": 120, "unit": "day"}).status_code == 403
    assert reader.post("retention/recording/undo").status_code == 403
    body = {"call_id": str(kept.call.id), "reason": "x", "review_on": "2030-01-01"}
    assert reader.post("holds", body).status_code == 403
    assert reader.get("purge-runs").status_code == 403
    assert Client().get("/api/v1/retention").status_code == 401
    assert versions(organization) == 0
    with acting_for(organization.id):
        assert not Hold.objects.exists()


def test_a_neighbours_key_sees_and_moves_nothing(api, organization):
    kept = keep_call(organization.id, days_ago(91))
    made = api.post("holds", {"call_id": str(kept.call.id), "reason": "x", "review_on": "2030-01-01"}).json()
    keep_call(organization.id, days_ago(91))
    run_id = purge(organization).run_id
    certificate_id = api.get(f"purge-runs/{run_id}").json()["certificate_id"]
    other = Api(factories.organization())
    for path in (
        f"holds/{made['id']}",
        f"holds/{made['id']}/reason",
        f"purge-runs/{run_id}",
        f"certificates/{certificate_id}",
        f"certificates/{certificate_id}/bundle",
    ):
        assert other.get(path).status_code == 404, path
    assert other.post(f"holds/{made['id']}/release").status_code == 404
    assert (
        other.post("holds", {"call_id": str(kept.call.id), "reason": "x", "review_on": "2030-01-01"}).status_code == 404
    )
    assert other.get("holds").json()["results"] == []
    with acting_for(organization.id):
        assert Hold.objects.filter(released_at=None).count() == 1


def test_the_description_of_the_api_names_every_operation():
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator().get_schema(request=None, public=True)
    operations = {entry["operationId"] for path in schema["paths"].values() for entry in path.values()}
    assert {
        "retention_list",
        "retention_get",
        "retention_preview",
        "retention_change",
        "retention_undo",
        "holds_list",
        "holds_place",
        "holds_get",
        "holds_reason",
        "holds_release",
        "purge_runs_list",
        "purge_runs_get",
        "certificates_list",
        "certificates_get",
        "certificates_bundle",
    } <= operations
