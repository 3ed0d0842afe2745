"""The door for programs: masked unless revealed, each item by itself, nobody else's."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from accounts.services import api_keys
from contacts.details import checked
from contacts.models import Contact
from contacts.services import add, details_of
from ground.audit.models import Event
from ground.tenancy import Actor, acting_for
from tests import factories
from tests.contacts.conftest import BY, NOW

pytestmark = pytest.mark.django_db(transaction=True)
ALL = ["contacts.read", "contacts.manage", "calls.reveal"]


def key(organization, scopes=ALL):
    by = Actor.member(factories.member(organization, "owner").id)
    with acting_for(organization.id):
        made = api_keys.create(organization_id=organization.id, name="k", scopes=list(scopes), by=by, at=timezone.now())
    return made.text


def call(method, path, token=None, body=None, **headers):
    headers = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    if token:
        headers["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    data = {} if body is None or method == "get" else {"data": json.dumps(body), "content_type": "application/json"}
    return getattr(Client(), method)(f"/api/v1/{path}", **data, **headers)


@pytest.fixture
def token(organization):
    return key(organization)


PERSON = {"name": "Marie Curie", "phones": ["06 12 34 56 42"], "emails": ["m@example.org"], "external_id": "A1"}


def test_no_key_wrong_scope_and_other_organization(organization, other, person):
    contact = person(name="Marie")
    paths = [("get", "contacts"), ("post", "contacts"), ("get", f"contacts/{contact.id}")]
    paths += [("patch", f"contacts/{contact.id}"), ("delete", f"contacts/{contact.id}"), ("post", "contacts/batch")]
    foreign, narrow = key(other), key(organization, ["calls.read"])
    for method, path in paths:
        assert call(method, path, body={}).status_code == 401, path
        assert call(method, path, narrow, body={}).status_code == 403, path
        if str(contact.id) in path:
            assert call(method, path, foreign, body={}).status_code == 404, path
    assert call("get", "contacts", foreign).json()["results"] == []
    with acting_for(organization.id):
        assert Contact.objects.count() == 1


def test_create_read_change_destroy(organization, token):
    made = call("post", "contacts", token, PERSON)
    assert (made.status_code, made.json()["outcome"]) == (201, "added")
    path = f"contacts/{made.json()['id']}"
    masked = call("get", path, token).json()
    assert masked["phones"] == ["+33 6 •• •• •• 42"]
    assert "Curie" not in json.dumps(masked)
    shown = call("get", path + "?reveal=true", token).json()
    assert (shown["name"], shown["phones"]) == ("Marie Curie", ["+33612345642"])
    with acting_for(organization.id):
        assert Event.objects.filter(kind="contacts.revealed", actor_kind="api_key").count() == 1
    changed = call("patch", path, token, {"note": "likes radium", "version": 1})
    assert changed.json()["version"] == 2
    assert call("patch", path, token, {"note": "x", "version": 1}).status_code == 409
    kept = call("get", path + "?reveal=true", token).json()
    assert (kept["note"], kept["name"], kept["external_id"]) == ("likes radium", "Marie Curie", "A1")
    assert call("delete", path, token).status_code == 204
    assert call("get", path, token).status_code == 404


def test_revealing_needs_its_own_scope(organization, person):
    contact = person(name="Marie Curie")
    answer = call("get", f"contacts/{contact.id}?reveal=true", key(organization, ["contacts.read"]))
    assert answer.status_code == 403
    with acting_for(organization.id):
        assert not Event.objects.filter(kind="contacts.revealed").exists()


@pytest.mark.parametrize(
    "body,pointer",
    [
        ({"phones": ["12"]}, "/phones"),
        ({"name": "a\u0001b"}, "/name"),
        ({"emails": ["nobody"]}, "/emails"),
        ({}, "/"),
        ({"name": "A", "legal_basis": "because"}, "/legal_basis"),
        ({"phones": "not a list"}, "/phones"),
    ],
)
def test_bad_input_names_the_field_and_never_the_value(organization, token, body, pointer):
    answer = call("post", "contacts", token, body)
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("application/problem+json")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert "nobody" not in answer.content.decode()
    with acting_for(organization.id):
        assert not Contact.objects.exists()


def test_a_reference_in_use_is_a_conflict(organization, token):
    call("post", "contacts", token, PERSON)
    assert call("post", "contacts", token, PERSON).status_code == 409
    with acting_for(organization.id):
        assert Contact.objects.count() == 1


def test_a_batch_judges_each_by_itself_and_is_idempotent(organization, token):
    items = [PERSON, {"name": "B", "phones": ["12"]}, {**PERSON, "note": "again"}, {"name": 5, "phones": {}}, {}]
    answer = call("post", "contacts/batch", token, {"contacts": items}, idempotency_key="one")
    results = answer.json()["results"]
    assert [item["outcome"] for item in results] == ["added", "refused", "updated", "refused", "refused"]
    assert results[0]["id"] == results[2]["id"]
    assert results[1]["errors"] == [{"field": "phones", "code": "invalid_phone"}]
    replay = call("post", "contacts/batch", token, {"contacts": items}, idempotency_key="one")
    assert replay["Idempotent-Replayed"] == "true"
    assert replay.json() == answer.json()
    with acting_for(organization.id):
        row = Contact.objects.get()
        assert details_of(organization.id, [row])[row.id].note == "again"


def test_a_thousand_yes_a_thousand_and_one_no(organization, token):
    many = [{"name": f"P {n}", "phones": [f"+336{10_000_000 + n:08d}"]} for n in range(1001)]
    assert call("post", "contacts/batch", token, {"contacts": many}).status_code == 400
    answer = call("post", "contacts/batch", token, {"contacts": many[:1000]})
    assert {item["outcome"] for item in answer.json()["results"]} == {"added"}
    with acting_for(organization.id):
        assert Contact.objects.count() == 1000


def test_cursors_walk_everything_once(organization, token):
    for n in range(7):
        add(organization_id=organization.id, details=checked(name=f"P {n}"), by=BY, at=NOW)
    seen, cursor = [], ""
    while True:
        page = call("get", f"contacts?limit=3{cursor}", token).json()
        seen += [item["id"] for item in page["results"]]
        if not page["next"]:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 7
    assert call("get", "contacts?cursor=x", token).status_code == 400
    assert call("get", "contacts?limit=x", token).status_code == 400


def test_search(organization, token):
    call("post", "contacts", token, PERSON)
    found = call("post", "contacts/search", token, {"value": "+33 (0)6 12 34 56 42"}).json()["results"]
    assert len(found) == 1
    assert call("post", "contacts/search", token, {"value": "\u200b"}).status_code == 400
    assert call("post", "contacts/search", token, []).status_code == 400
