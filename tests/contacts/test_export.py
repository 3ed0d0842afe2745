"""Contacts as a file: exactly what the list shows, logged before its first byte, harmless in a spreadsheet."""

import csv
import io
import json

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import lists
from contacts.forms import ADDED
from contacts.models import Contact
from contacts.services import create_list, exporting, put_on_list
from ground import vault
from ground.audit.models import Event
from ground.tenancy import acting_for
from ground.vault.exceptions import KeyringDown
from tests import factories
from tests.contacts.conftest import BY, NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(organization):
    client = Client()
    client.force_login(factories.member(organization, "owner"))
    return client


def address(organization, query=""):
    return reverse("contacts:csv", args=[organization.slug]) + query


def read(answer):
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:])))


def exports(organization):
    with acting_for(organization.id):
        return [json.loads(each.payload) for each in Event.objects.filter(kind="contacts.list_exported")]


def test_everything_newest_first(organization, other, owner, person):
    person(name="Marie Curie", phones=["+33612345642", "+33142685300"], emails=["marie@example.org"], note="radium")
    person(name="Zażółć 李", external_id="crm-9")
    person(name="Somebody Else", owner=other)
    rows = read(owner.get(address(organization)))
    assert [row["name"] for row in rows] == ["Zażółć 李", "Marie Curie"]
    assert rows[1]["phones"] == "'+33612345642; +33142685300"
    assert (rows[1]["emails"], rows[1]["note"], rows[1]["readable"]) == ("marie@example.org", "radium", "yes")
    assert rows[0]["external_id"] == "crm-9"


def test_only_a_list(organization, owner, person):
    on, _off = person(name="On"), person(name="Off")
    made = create_list(organization_id=organization.id, name="VIP", by=BY, at=NOW)
    put_on_list(organization_id=organization.id, list_id=made.id, contact_ids=[on.id], by=BY, at=NOW)
    rows = read(owner.get(address(organization, f"?list={made.id}")))
    assert [row["name"] for row in rows] == ["On"]
    for wrong in ("nonsense", on.id):  # a file of more than was asked for would be worse than none
        answer = owner.get(address(organization, f"?list={wrong}"))
        assert (answer.status_code, len(exports(organization))) == (302, 1)
        assert "was left out" in owner.get(answer["Location"]).content.decode()


def everybody(organization):
    rows = Contact.objects.filter(organization_id=organization.id)
    return exporting.as_csv(organization_id=organization.id, rows=rows, order=lists.Order(ADDED), by=BY)


def test_it_is_logged_before_the_first_byte_and_without_names(organization, owner, person):
    person(name="Marie Curie", phones=["+33612345642"])
    answer = owner.get(address(organization))
    [told] = exports(organization)
    assert told["rows_at_most"] == 1
    assert "612345642" not in str(told)
    assert answer["Cache-Control"] == "no-store"
    assert "attachment" in answer["Content-Disposition"]
    with acting_for(organization.id):
        assert Event.objects.get(kind="contacts.list_exported").stream == "access"


@pytest.mark.parametrize("role, status", [("admin", 200), ("member", 403), ("auditor", 403)])
def test_only_who_leads_takes_contacts_out(organization, person, role, status):
    person(name="Marie Curie")
    client = Client()
    client.force_login(factories.member(organization, role))
    assert client.get(address(organization)).status_code == status
    offered = address(organization) in client.get(reverse("contacts:list", args=[organization.slug])).content.decode()
    assert offered == (status == 200)
    assert len(exports(organization)) == (status == 200)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "|calc", "＝1"])
def test_no_cell_runs_in_a_spreadsheet(organization, owner, person, text):
    person(name=f"{text}x", note=f"{text}\nsecond line", external_id="7")
    [row] = read(owner.get(address(organization)))
    for name in ("name", "note"):
        assert row[name].startswith("'"), row[name]


def test_the_reader_may_be_slow_nothing_is_held_meanwhile(organization, person, monkeypatch):
    monkeypatch.setattr(exporting, "BATCH", 2)
    for number in range(5):
        person(name=f"Person {number}")
    lines = everybody(organization)
    next(lines)
    for _line in lines:
        assert not connection.in_atomic_block
    rows = list(everybody(organization))
    assert len(rows) == 6


def test_who_is_destroyed_meanwhile_is_not_in_the_rest(organization, person, monkeypatch):
    monkeypatch.setattr(exporting, "BATCH", 1)
    first, _second = person(name="First"), person(name="Second")
    lines = everybody(organization)
    assert "contact" in next(lines)
    assert "Second" in next(lines)
    from contacts.services import remove

    remove(organization_id=organization.id, contact_ids=[first.id], by=BY)
    assert list(lines) == []


def test_a_lost_key_leaves_a_marked_line_and_the_others(organization, owner, person):
    lost, _fine = person(name="Lost"), person(name="Fine")
    vault.keys.destroy(organization.id, [lost.key_id])
    rows = read(owner.get(address(organization)))
    assert [(row["name"], row["readable"]) for row in rows] == [("Fine", "yes"), ("", "no")]


def test_an_outage_is_no_short_file(organization, person, monkeypatch):
    person(name="Marie Curie")

    def refuse(*args, **options):
        raise KeyringDown("down")

    monkeypatch.setattr(vault.keys, "open", refuse)
    lines = everybody(organization)
    next(lines)
    with pytest.raises(KeyringDown):
        next(lines)
    with acting_for(organization.id):
        assert Contact.objects.count() == 1
