"""What is declared, checked and printed."""

import dataclasses
import json
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import call_command

from calls.models import Call, Transcript
from ground import profiles
from ground.inventory import checks, declarations, declare, journalled, no_personal_data, tombstones, walk
from ground.inventory.declarations import Subject, declaration_of
from ground.inventory.exceptions import DeclaredTwice
from ground.jobs.models import Slot
from ground.tenancy import acting_for
from tests.holdings import days_ago, keep_call


def command(*arguments):
    said = StringIO()
    call_command("inventory", *arguments, stdout=said, no_color=True)
    return said.getvalue()


def test_the_inventory_is_printed_for_people_and_for_machines():
    text, read = command(), json.loads(command("--json"))
    assert {entry["model"] for entry in read["declared"]} == {one.label for one in declarations()}
    assert "calls.Recording  (recording)" in text
    assert "counted from ended_at, sealed under its own key" in text
    assert "counted from created_at, not sealed" in text
    assert "as long as what it belongs to" in text
    assert "recipients  none" in text or all(entry["recipients"] for entry in read["declared"])
    for label, reason in read["without"].items():
        assert f"  {label}: {reason}" in text


def test_a_model_is_declared_once_or_excused_once():
    excused = Call._meta.apps.get_model("inventory", "Tombstone")
    for again in (
        lambda: declare(declaration_of(Transcript)),
        lambda: declare(dataclasses.replace(declaration_of(Transcript), model=excused)),
        lambda: no_personal_data(Transcript, "none"),
        lambda: no_personal_data(excused, "none"),
    ):
        with pytest.raises(DeclaredTwice):
            again()
    assert declaration_of(Transcript).category == "transcript"


def test_a_declared_column_that_is_not_there_is_an_error():
    missing = dataclasses.replace(declaration_of(Transcript), clock="finished_on", carry=("call_id", "nobody"))
    assert [error.id for error in checks._columns(missing)] == ["inventory.E002"] * 2
    assert "calls.Transcript declares the column finished_on" in checks._columns(missing)[0].msg
    assert checks._columns(declaration_of(Transcript)) == []


def test_what_is_counted_is_never_deleted_as_a_plain_row():
    plain = declaration_of(Slot)
    assert plain.plain
    assert not dataclasses.replace(plain, tallied=True).plain


def test_ids_and_digests_of_the_journal_have_sixteen_bytes():
    ids = [UUID(int=1), UUID(int=2)]
    assert journalled.unpack_ids(journalled.pack_ids(ids)) == ids
    with pytest.raises(ValueError, match="16 bytes"):
        journalled.pack([b"short"])
    with pytest.raises(ValueError, match="16-byte values"):
        journalled.unpack("00" * 17)


def test_without_a_window_in_the_profile_no_tombstone_is_given_an_end(monkeypatch):
    told = profiles.current()
    figure = dataclasses.replace(told.windows.tombstone, value=None)
    without = dataclasses.replace(told, windows=dataclasses.replace(told.windows, tombstone=figure))
    monkeypatch.setattr(profiles, "current", lambda: without)
    with pytest.raises(LookupError, match="no tombstone window"):
        tombstones.lifetime()


@pytest.mark.django_db(transaction=True)
def test_nothing_asked_for_is_nothing_destroyed(organization):
    with acting_for(organization.id):
        assert tombstones.present(organization.id, [b""]) == set()
        assert tombstones.plant(organization.id, [b""], at=days_ago(0)) == 0


@pytest.mark.django_db(transaction=True)
def test_an_export_goes_page_by_page_to_the_end(organization):
    kept = [keep_call(organization.id, days_ago(n), parts=()) for n in range(1, 6)]
    subject = Subject(organization.id, call_ids=[one.call.id for one in kept])
    exported = [category for category, _ in walk.export(subject, page=2)]
    assert exported.count("call_metadata") == 5
