"""The request log: every request of a program leaves one row, without identifiers, and no answer waits for it."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from accounts import request_log, request_words
from accounts.models import ApiRequest, Door
from accounts.services import api_keys
from agents import connections
from ground.tenancy import Actor, acting_for, uuid7
from retention.services import sweep
from tests import factories
from tests.holdings import days_ago

pytestmark = pytest.mark.django_db(transaction=True)
BY = Actor.system("test")


@pytest.fixture
def key(people):
    return api_keys.create(organization_id=people.home.pk, name="crm", scopes=["calls.read"], by=BY, at=timezone.now())


def rows(organization):
    with acting_for(organization.pk):
        return list(ApiRequest.objects.order_by("at", "id"))


def ask(client, key, path="/api/v1/calls", **more):
    return client.get(path, headers={"authorization": f"Bearer {key.text}", **more})


def row(organization, **fields):
    values = {
        "organization_id": organization.pk,
        "door": Door.API,
        "caller_id": uuid7(),
        "method": "GET",
        "route": "/api/v1/calls",
        "status": 200,
        "duration_ms": 12,
        "request_id": "request-1",
    }
    with acting_for(organization.pk):
        return ApiRequest.objects.create(**{**values, **fields})


def test_an_answered_request_leaves_one_row_of_its_organization(client, people, key):
    answer = ask(client, key, "/api/v1/calls?limit=1&cursor=secret", **{"x-request-id": "story-0001"})
    assert answer.status_code in {200, 400}
    (found,) = rows(people.home)
    assert (found.door, found.caller_id, found.method, found.route) == ("api", key.row.pk, "GET", "/api/v1/calls")
    assert (found.status, found.request_id) == (answer.status_code, "story-0001")
    assert found.response_bytes == len(answer.content)
    assert rows(people.other) == []


def test_identifiers_are_not_kept_and_the_problem_is(client, people, key):
    identifier = str(uuid7())
    assert ask(client, key, f"/api/v1/calls/{identifier}").status_code == 404
    (found,) = rows(people.home)
    assert identifier not in found.route
    assert found.route.startswith("/api/v1/calls/{")
    assert (found.status, found.problem) == (404, "not-found")
    assert found.route in request_words.routes()


def test_a_missing_scope_and_a_revoked_key_show_under_their_key(client, people, key):
    assert ask(client, key, "/api/v1/agents").status_code == 403
    api_keys.revoke(organization_id=people.home.pk, key_id=key.row.pk, by=BY, at=timezone.now())
    assert ask(client, key).status_code == 401
    assert [(each.status, each.problem) for each in rows(people.home)] == [
        (403, "permission-denied"),
        (401, "authentication-failed"),
    ]
    assert {each.caller_id for each in rows(people.home)} == {key.row.pk}


def test_who_is_unknown_leaves_no_row(client, people, key):
    assert client.get("/api/v1/calls").status_code == 401
    wrong = {"authorization": f"Bearer {key.text[:-1]}{'0' if key.text[-1] != '0' else '1'}"}
    assert client.get("/api/v1/calls", headers=wrong).status_code == 401
    assert client.post("/ingest/generic/unknown", data=b"{}", content_type="application/json").status_code == 404
    assert rows(people.home) == rows(people.other) == []


def test_a_log_that_cannot_be_written_changes_no_answer(client, people, key, monkeypatch):
    def fails(*arguments):
        raise DatabaseError("gone")

    monkeypatch.setattr(request_log, "_write", fails)
    assert ask(client, key).status_code == 200
    assert rows(people.home) == []


def test_pages_of_people_are_not_logged(people, as_):
    as_(people.owner).get(reverse("accounts:developers", args=[people.home.slug]))
    assert rows(people.home) == []


def test_rows_leave_with_the_platforms_logs(people, operator):
    organization = people.home
    old, new = row(organization, at=days_ago(400)), row(organization, at=days_ago(0))
    sweep.purge_expired(organization_id=organization.pk, by=BY, categories=["platform_log"])
    with acting_for(organization.pk):
        left = set(ApiRequest.objects.values_list("pk", flat=True))
    assert new.pk in left
    assert old.pk not in left


# ------------------------------------------------------------------ pages
def page(people, name="request_list", *more):
    return reverse(f"accounts:{name}", args=[people.home.slug, *more])


def test_the_list_filters_and_the_file_holds_exactly_what_is_filtered(people, as_, key):
    good = row(people.home, caller_id=key.row.pk, request_id="good-0001")
    bad = row(people.home, caller_id=key.row.pk, status=422, problem="invalid", request_id="bad-00001")
    row(people.other, request_id="strange-1")
    browser = as_(people.owner)
    assert all(each in browser.get(page(people)).content.decode() for each in (good.route, "crm", "422", "200"))
    for query, wanted in (
        ("?status=4", {bad}),
        ("?status=2", {good}),
        (f"?caller={key.row.pk}", {good, bad}),
        ("?method=POST", set()),
        ("?route=/api/v1/calls", {good, bad}),
        (f"?since={(timezone.now() + timedelta(days=2)).date().isoformat()}", set()),
    ):
        shown = browser.get(page(people) + query).content.decode()
        for each in (good, bad):
            assert (str(each.pk) in shown) == (each in wanted), query
        file = b"".join(browser.get(page(people, "request_csv") + query).streaming_content).decode()
        assert file.count("\r\n") == 1 + len(wanted), query
        assert "strange-1" not in file


def test_an_error_is_told_in_words(people, as_, key):
    bad = row(people.home, caller_id=key.row.pk, status=403, problem="permission-denied")
    text = as_(people.auditor).get(page(people, "request", bad.pk)).content.decode()
    assert "does not carry the scope" in text
    assert "request-1" in text


def test_members_outsiders_and_other_organizations_see_nothing(people, as_):
    mine = row(people.home)
    for name, more in (("request_list", ()), ("request_csv", ()), ("request", (mine.pk,))):
        assert as_(people.member).get(page(people, name, *more)).status_code == 403
        assert as_(people.outsider).get(page(people, name, *more)).status_code == 404
    elsewhere = reverse("accounts:request", args=[people.other.slug, mine.pk])
    assert as_(people.outsider).get(elsewhere).status_code == 404


@pytest.mark.parametrize("code", sorted(request_words._STATUS))
def test_every_answer_has_words(code):
    assert str(request_words.status(code))
    assert code < 400 or str(request_words.problem("", code))


def test_a_delivery_is_logged_under_its_connection(client, people, operator):
    organization = people.home
    with acting_for(organization.pk):
        made, _secret = connections.create(
            organization_id=organization.pk, provider="generic", name="Telephone", by=BY, at=timezone.now()
        )
    body = json.dumps({"type": "call.ended"})
    answer = client.post(f"/ingest/generic/{made.public_id}", data=body, content_type="application/json")
    assert answer.status_code == 401
    (found,) = rows(organization)
    assert (found.door, found.caller_id, found.status) == ("ingest", made.pk, 401)
    assert made.public_id not in found.route
    assert found.request_bytes == len(body)
    assert found.problem
    with acting_for(organization.pk):
        assert request_log.callers(organization.pk)[made.pk] == "Telephone"
    owner = factories.member(organization, "owner")
    client.force_login(owner)
    shown = client.get(reverse("accounts:request", args=[organization.slug, found.pk])).content.decode()
    assert "Telephone" in shown
