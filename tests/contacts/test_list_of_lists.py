"""The lists of contacts as a list, and the files on their way in as a file."""

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse

from contacts.services import create_list, put_on_list
from tests import factories
from tests.contacts.conftest import BY, NOW
from tests.contacts.test_pages import upload

pytestmark = pytest.mark.django_db(transaction=True)


def as_(organization, role):
    client = Client()
    client.force_login(factories.member(organization, role))
    return client


def at(organization, name, query=""):
    return reverse(f"contacts:{name}", args=[organization.slug]) + query


def read(answer):
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.fixture
def lists(organization, other, person):
    """Two lists, one with two people on it; and one of somebody else."""
    reminders = create_list(organization_id=organization.id, name="Reminders", by=BY, at=NOW)
    create_list(organization_id=organization.id, name="@SUM(A1)", by=BY, at=NOW)
    create_list(organization_id=other.id, name="Elsewhere", by=BY, at=NOW)
    people = [person(name="Ada").id, person(name="Bea").id]
    put_on_list(organization_id=organization.id, list_id=reminders.id, contact_ids=people, by=BY, at=NOW)
    return reminders


def test_lists_are_shown_with_how_many_are_on_them(organization, lists):
    member = as_(organization, "member")
    for query, expected in (
        ("?sort=made", [("Reminders", 2), ("@SUM(A1)", 0)]),
        ("?people=yes", [("Reminders", 2)]),
        ("?people=no", [("@SUM(A1)", 0)]),
    ):
        shown = member.get(at(organization, "lists", query)).context["shown"]
        assert [(each.name, people) for each, people in shown.rows] == expected
        file = read(member.get(at(organization, "lists_csv", query)))
        assert [(row["name"].removeprefix("'"), int(row["people"])) for row in file] == expected
    assert read(member.get(at(organization, "lists_csv", "?people=no")))[0]["name"] == "'@SUM(A1)"


def test_whoever_manages_contacts_makes_and_removes_lists_there(organization, lists):
    owner, auditor = as_(organization, "owner"), as_(organization, "auditor")
    page = owner.get(at(organization, "lists")).content.decode()
    assert reverse("contacts:list_remove", args=[organization.slug, lists.id]) in page
    answer = owner.post(at(organization, "list_create"), {"name": "Autumn"})
    assert answer["Location"] == at(organization, "lists")
    assert "Autumn" in owner.get(at(organization, "lists")).content.decode()
    seen = auditor.get(at(organization, "lists"))
    assert seen.status_code == 403 or b"list_remove" not in seen.content


def test_files_on_their_way_in_are_taken_without_what_stands_in_them(organization, other):
    owner = as_(organization, "owner")
    upload(owner, organization, "Nom;Téléphone\nMarie Curie;06 12 34 56 42\n")
    [row] = read(owner.get(at(organization, "imports_csv")))
    assert row["state"] == "uploaded"
    assert "Marie" not in str(row)
    assert read(owner.get(at(organization, "imports_csv", "?state=finished"))) == []
    outsider = as_(other, "owner")
    assert outsider.get(at(organization, "imports_csv")).status_code == 404
    assert read(outsider.get(at(other, "imports_csv"))) == []
