"""Files of contacts: checked before they are stored, resumed where they stopped, stored once however often sent."""

import csv
import io

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from contacts import parsing
from contacts.details import checked
from contacts.exceptions import ImportRefused, UnknownImport, UnknownList
from contacts.models import Contact, ContactImport, ImportProblem, ListMembership
from contacts.services import create_list, details_of, find, imports, upsert
from contacts.services.upserting import Incoming
from ground import faults, vault
from ground.audit.models import Event
from ground.jobs.models import Job
from ground.tenancy import acting_for
from tests.contacts.conftest import BY, NOW, run_jobs

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = (
    "Name;Téléphone;E-Mail;ID\n"
    "Marie Curie;06 12 34 56 42;marie@example.org;A1\n"
    "Zoë 李小龍;+49 151 23456789;;A2\n"
    '"Curie, Pierre";"06 12 34 56 43";pierre@example.org;A3\n'
)


def received(organization, text, encoding="utf-8"):
    content = text if isinstance(text, bytes) else text.encode(encoding)
    return imports.receive(organization_id=organization.id, content=content, by=BY, at=NOW)


def named(organization, row, **values):
    values = {"mapping": row.mapping, "has_header": row.has_header, "region": "FR", **values}
    return imports.name_columns(organization_id=organization.id, import_id=row.id, by=BY, at=NOW, **values)


def look(organization, row):
    with acting_for(organization.id):
        return imports.find_import(organization.id, row.id)


def through(organization, text, **values):
    """Receive, name, check, store: the whole way, as the job runner does it."""
    row = received(organization, text)
    named(organization, row, **values)
    run_jobs(organization, "contacts.check_import")
    checked_row = look(organization, row)
    imports.start(organization_id=organization.id, import_id=row.id, by=BY, at=NOW)
    run_jobs(organization, "contacts.store_import")
    return checked_row, look(organization, row)


def people(organization):
    with acting_for(organization.id):
        rows = list(Contact.objects.order_by("id"))
        return [details_of(organization.id, rows)[row.id] for row in rows]


def problems(organization, row):
    with acting_for(organization.id):
        found = ImportProblem.objects.filter(contact_import=row).order_by("row_number", "field")
        return list(found.values_list("row_number", "field", "code"))


def test_a_file_is_guessed_checked_and_stored(organization):
    dry, done = through(organization, GOOD)
    assert (dry.state, dry.added, dry.rows_done) == ("checked", 3, 3)
    assert (done.state, done.added, done.updated, done.refused) == ("finished", 3, 0, 0)
    stored = {person.name: person for person in people(organization)}
    assert set(stored) == {"Marie Curie", "Zoë 李小龍", "Curie, Pierre"}
    assert stored["Marie Curie"].phones == ("+33612345642",)
    with acting_for(organization.id):
        assert find(organization.id, "+4915123456789").count() == 1
        event = Event.objects.get(kind="contacts.imported")
    assert "Curie" not in str(event.payload)


def test_nothing_is_stored_before_it_was_checked(organization):
    row = received(organization, GOOD)
    with pytest.raises(ImportRefused, match="not_checked"):
        imports.start(organization_id=organization.id, import_id=row.id, by=BY, at=NOW)
    named(organization, row)
    run_jobs(organization, "contacts.check_import")
    assert people(organization) == []


def test_the_same_file_again_changes_nothing(organization):
    through(organization, GOOD)
    with acting_for(organization.id):
        before = list(Contact.objects.order_by("id").values_list("id", "key_id", "sealed_version"))
    dry, done = through(organization, GOOD)
    assert dry.updated == 3
    assert (done.added, done.updated, done.unchanged) == (0, 0, 3)
    with acting_for(organization.id):
        assert list(Contact.objects.order_by("id").values_list("id", "key_id", "sealed_version")) == before


def test_duplicate_rows_become_one_contact(organization):
    text = "name,phone\nMarie,+33612345642\nMarie Curie,06 12 34 56 42\nOther,+33612345699\n"
    _dry, done = through(organization, text)
    assert (done.added, done.updated) == (2, 1)
    assert {person.name for person in people(organization)} == {"Marie Curie", "Other"}


def test_a_row_that_matches_two_people_is_left_to_a_person(organization, person):
    person(phones=["+33612345642"])
    person(emails=["m@example.org"])
    _dry, done = through(organization, "phone,email\n+33612345642,m@example.org\n")
    assert (done.added, done.updated, done.refused) == (0, 0, 1)
    assert problems(organization, done) == [(2, "", "ambiguous")]


def test_every_bad_row_is_named_and_the_rest_is_stored(organization):
    huge = "x" * 30_000
    text = (
        "name,phone,email,note\n"
        "Good,+33612345642,,\n"
        "Bad phone,12,,\n"
        "Bad mail,,nobody,\n"
        "Nul\x00name,+33612345643,,\n"
        f"Huge,+33612345644,,{huge}\n"
        "Two,abc,def,\n"
        ",,,only a note\n"
        "Also good 🦊,+33612345645,,\n"
        "Short row\n"
    )
    dry, done = through(organization, text)
    expected = [
        (3, "phones", "invalid_phone"),
        (4, "emails", "invalid_email"),
        (5, "name", "control_characters"),
        (6, "", "unreadable"),
        (7, "emails", "invalid_email"),
        (7, "phones", "invalid_phone"),
        (8, "", "empty"),
    ]
    assert problems(organization, done) == expected
    assert (dry.added, dry.refused) == (3, 6)
    assert (done.added, done.refused, done.rows_done) == (3, 6, 9)
    lines = list(
        csv.reader(io.StringIO("".join(imports.problem_lines(organization.id, done.id)).removeprefix("\ufeff")))
    )
    assert lines[0] == ["row", "problem", "name", "phone", "email", "note"]
    assert [line[0] for line in lines[1:]] == ["3", "4", "5", "6", "7", "8"]
    assert lines[1] == ["3", "phones: invalid_phone", "Bad phone", "12", "", ""]


def test_the_error_file_runs_no_formula(organization):
    text = 'name,phone\n=HYPERLINK("http://x"),12\n@SUM(1),13\n"\t=1+1",14\n-2+3,15\n＝cmd,16\n'
    _dry, done = through(organization, text)
    assert done.refused == 5
    for line in csv.reader(io.StringIO("".join(imports.problem_lines(organization.id, done.id)))):
        for cell in line:
            assert not cell.lstrip("\t ").startswith(("=", "@", "-2+", "＝"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_that_spreadsheets_write(organization, encoding):
    text = "Prénom;Nom;Téléphone\nZoë;Müller;06 12 34 56 42\n"
    row = received(organization, text, encoding)
    assert row.mapping == {"0": "first_name", "1": "last_name", "2": "phone"}
    named(organization, row)
    run_jobs(organization, "contacts.check_import")
    imports.start(organization_id=organization.id, import_id=row.id, by=BY, at=NOW)
    run_jobs(organization, "contacts.store_import")
    assert [person.name for person in people(organization)] == ["Zoë Müller"]


@pytest.mark.parametrize(
    "content,reason",
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n \n", "empty"),
        (b",,,\n,,\n", "empty"),
        (b"name\n\x81\x8d\x8f\n", "encoding"),
        (b"," * 200 + b"a\n", "too_many_columns"),
        (b"x" * (parsing.FILE_BYTES_AT_MOST + 1), "too_large"),
    ],
)
def test_files_that_are_none_are_refused_and_leave_nothing(organization, content, reason):
    with pytest.raises(ImportRefused, match=reason):
        received(organization, content)
    with acting_for(organization.id):
        assert not ContactImport.objects.exists()
    assert list(vault.objects.store().list(f"{organization.id}/")) == []


@pytest.mark.parametrize(
    "mapping,reason",
    [
        ({"0": "phone", "9": "name"}, "unknown_field"),
        ({"0": "password"}, "unknown_field"),
        ({"0": "name", "1": "name"}, "field_twice"),
        ({"0": "note"}, "nothing_identifies"),
        ({}, "nothing_identifies"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(organization, mapping, reason):
    row = received(organization, GOOD)
    with pytest.raises(ImportRefused, match=reason):
        named(organization, row, mapping=mapping)
    assert look(organization, row).state == "uploaded"


def test_a_file_without_header_keeps_its_first_person(organization):
    row = received(organization, "Marie,+33612345642\nPierre,+33612345643\n")
    assert (row.has_header, row.rows_total, row.mapping) == (False, 2, {})
    named(organization, row, mapping={"0": "name", "1": "phone"})
    run_jobs(organization, "contacts.check_import")
    imports.start(organization_id=organization.id, import_id=row.id, by=BY, at=NOW)
    run_jobs(organization, "contacts.store_import")
    assert len(people(organization)) == 2


def test_imported_people_go_on_a_list(organization, other):
    made = create_list(organization_id=organization.id, name="Reminders", by=BY, at=NOW)
    _dry, _done = through(organization, GOOD, list_id=made.id)
    with acting_for(organization.id):
        assert ListMembership.objects.filter(contact_list=made).count() == 3
    foreign = create_list(organization_id=other.id, name="Theirs", by=BY, at=NOW)
    row = received(organization, GOOD)
    with pytest.raises(UnknownList):
        named(organization, row, list_id=foreign.id)


def test_another_organization_finds_no_import(organization, other):
    row = received(organization, GOOD)
    with pytest.raises(UnknownImport):
        imports.start(organization_id=other.id, import_id=row.id, by=BY, at=NOW)
    imports.discard(organization_id=other.id, import_id=row.id, by=BY)
    assert look(organization, row).state == "uploaded"


def many(count, start=0):
    return "name,phone,id\n" + "".join(
        f"Person {n},+336{n:08d},R{n}\n" for n in range(10_000_000 + start, 10_000_000 + start + count)
    )


@pytest.mark.parametrize("point", ["contacts.import_before_commit", "contacts.import_after_commit"])
def test_a_killed_import_goes_on_where_it_stopped(organization, monkeypatch, point):
    monkeypatch.setattr(imports, "BATCH_ROWS", 20)
    row = received(organization, many(100))
    named(organization, row)
    run_jobs(organization, "contacts.check_import")
    imports.start(organization_id=organization.id, import_id=row.id, by=BY, at=NOW)

    class Killed(BaseException):
        pass

    reached = []

    def die(name):
        if name == point:
            reached.append(name)
            if len(reached) == 3:
                raise Killed

    monkeypatch.setattr(faults, "point", die)
    with pytest.raises(Killed):
        imports.store(organization.id, row.id)
    half = look(organization, row)
    with acting_for(organization.id):
        assert Contact.objects.count() == half.rows_done == half.added
    assert half.rows_done == (40 if point.endswith("before_commit") else 60)
    monkeypatch.setattr(faults, "point", lambda name: None)
    done = imports.store(organization.id, row.id)
    assert (done.state, done.added, done.rows_done) == ("finished", 100, 100)
    with acting_for(organization.id):
        assert Contact.objects.count() == 100


def test_the_file_goes_a_day_after_the_end(organization):
    _dry, done = through(organization, GOOD)
    key, name = done.key_id, done.object_name
    with acting_for(organization.id):
        jobs_left = Job.objects.filter(kind="contacts.forget_import", state="ready")
        assert jobs_left.count() == 2
        jobs_left.update(run_at=NOW)
    assert "done" in run_jobs(organization, "contacts.forget_import")
    with acting_for(organization.id):
        assert not ContactImport.objects.exists()
        assert not ImportProblem.objects.exists()
        assert Contact.objects.count() == 3
    assert vault.keys.existing(organization.id, [key]) == set()
    assert not vault.objects.store().exists(name)


def test_a_damaged_file_stops_the_import_with_a_reason(organization, vault_home):
    row = received(organization, GOOD)
    named(organization, row)
    [path] = [path for path in (vault_home / "objects").rglob("*") if path.is_file()]
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(content))
    assert run_jobs(organization, "contacts.check_import") == ["failed"]
    assert (look(organization, row).state, look(organization, row).failure) == ("failed", "file_unreadable")


def test_no_cell_of_the_file_stands_in_the_database(organization, superuser_connection):
    through(organization, "name,phone\nPerpetua Quillfeather,12\nPerpetua Quill,+33612345642\n")
    raw = superuser_connection("default")
    for (table,) in raw.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
        with raw.cursor().copy(f'COPY "{table}" TO STDOUT') as lines:
            text = b"".join(bytes(line) for line in lines).decode(errors="replace").lower()
        assert "perpetua" not in text, table
        assert b"perpetua".hex() not in text, table
    store = vault.objects.store()
    for item in store.list(f"{organization.id}/"):
        assert b"Perpetua" not in b"".join(store.open(item.name))


def queries_of(organization, count, start):
    batch = [
        Incoming(checked(name=f"P {n}", phones=[f"+336{n:08d}"], external_id=f"R{n}"))
        for n in range(20_000_000 + start, 20_000_000 + start + count)
    ]
    with CaptureQueriesContext(database) as captured:
        results = upsert(organization_id=organization.id, people=batch, by=BY, at=NOW)
    assert len(results) == count
    return len(captured)


def test_queries_do_not_grow_with_rows(organization):
    queries_of(organization, 5, 0)
    assert queries_of(organization, 10, 100) == queries_of(organization, 300, 1000)
    assert queries_of(organization, 10, 100) == queries_of(organization, 300, 1000)


@pytest.mark.slow
def test_ten_thousand_contacts(organization):
    _dry, done = through(organization, many(10_000))
    assert (done.state, done.added, done.refused) == ("finished", 10_000, 0)
    with acting_for(organization.id):
        assert Contact.objects.count() == 10_000
        assert find(organization.id, "+33610009999").count() == 1
