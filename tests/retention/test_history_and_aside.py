"""The history of the periods and what was set aside, as lists: the file has what is filtered."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ground import audit
from ground.tenancy import acting_for
from retention.models import PeriodVersion
from tests.holdings import days_ago, keep_call

pytestmark = pytest.mark.django_db(transaction=True)


def at(organization, name, query="", **more):
    return reverse(f"retention:{name}", kwargs={"slug": organization.slug, **more}) + query


def read(answer):
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.fixture
def versions(people):
    """Three versions of the period of recordings, one undone, and one of transcripts; one of somebody else."""
    now = timezone.now()

    def version(organization, category, number, **more):
        with acting_for(organization.id):
            PeriodVersion.objects.create(
                organization_id=organization.id,
                category=category,
                version=number,
                n=90 - number,
                unit="day",
                reason=f"=reason {number}",
                set_by=f"member:{people.owner.pk}",
                set_at=now - timedelta(days=10 - number),
                effective_at=now - timedelta(days=10 - number),
                **more,
            )

    for number in (1, 2):
        version(people.organization, "recording", number)
    version(people.organization, "recording", 3, undone_at=now, undone_by=f"member:{people.owner.pk}")
    version(people.organization, "transcript", 1)
    version(people.other, "recording", 1)


def told(rows):
    return [(row["category"], int(row["version"]), row["in_force"]) for row in rows]


def test_the_history_is_filtered_and_taken_as_shown(people, versions):
    client = people.client("member")
    for query, expected in (
        ("?category=transcript", [("transcript", 1, "yes")]),
        ("?category=recording&undone=no&sort=set", [("recording", 1, "no"), ("recording", 2, "yes")]),
        ("?undone=yes", [("recording", 3, "no")]),
    ):
        shown = client.get(at(people.organization, "history_all", query)).context["shown"]
        seen = [(row.category, row.version, "yes" if forced else "no") for row, _by, _undone, forced in shown.rows]
        assert seen == expected
        assert told(read(client.get(at(people.organization, "history_all_csv", query)))) == expected
    rows = read(client.get(at(people.organization, "history_csv", category="recording")))
    assert told(rows) == [("recording", 3, "no"), ("recording", 2, "yes"), ("recording", 1, "no")]
    assert (rows[0]["why"], rows[0]["set_by"]) == ("'=reason 3", people.owner.get_full_name())


def test_the_history_of_one_kind_of_data_asks_for_no_kind(people, versions):
    client = people.client("member")
    page = client.get(at(people.organization, "history", category="recording"))
    assert at(people.organization, "history_csv", category="recording") in page.content.decode()
    assert "filter-category" not in page.content.decode()
    assert client.get(at(people.organization, "history_csv", category="nonsense")).status_code == 404
    answer = client.get(at(people.organization, "history_csv", "?undone=perhaps", category="recording"))
    assert answer["Location"] == at(people.organization, "history", "?undone=perhaps", category="recording")


@pytest.mark.parametrize(("role", "status"), [("outsider", 404), ("stranger", 302)])
def test_the_history_and_what_is_aside_are_nobody_elses(people, versions, role, status):
    for name in ("history_all_csv", "set_aside_csv"):
        assert people.client(role).get(at(people.organization, name)).status_code == status


@pytest.fixture
def aside(people):
    """A transcript and a recording set aside, the transcript first."""
    kept = keep_call(people.organization.id, days_ago(91), parts=("transcript", "recording"))
    with acting_for(people.organization.id):
        for record in (kept.transcript, kept.recording):
            type(record).objects.update(set_aside_at=timezone.now())
            audit.alerts.raise_alert(
                people.organization.id, "destruction.set_aside", key=str(record.id), error="ObjectStoreDown"
            )
        audit.alerts.raise_alert(people.organization.id, "destruction.set_aside", key=str(kept.recording.id), error="X")
        audit.alerts.raise_alert(people.organization.id, "backup.missing", key=str(kept.call.id))
    return kept


def test_what_was_set_aside_is_filtered_sorted_and_taken_as_shown(people, aside):
    client = people.client("member")
    transcript, recording = str(aside.transcript.id), str(aside.recording.id)
    for query, expected in (
        ("", [transcript, recording]),
        ("?sort=-tries", [recording, transcript]),
        ("?category=recording", [recording]),
        ("?category=call_metadata", []),
    ):
        shown = client.get(at(people.organization, "set_aside", query)).context["shown"]
        assert [str(each.record_id) for each in shown.rows] == expected, query
        rows = read(client.get(at(people.organization, "set_aside_csv", query)))
        assert [row["record"] for row in rows] == expected, query
    [row] = read(client.get(at(people.organization, "set_aside_csv", "?category=recording")))
    assert (row["category"], row["why_it_failed"], row["tries"]) == ("recording", "X", "2")


def test_a_record_that_went_another_way_meanwhile_is_said_to_be_gone(people, aside):
    with acting_for(people.organization.id):
        type(aside.transcript).objects.update(set_aside_at=None)
    assert "gone since" in people.client("member").get(at(people.organization, "set_aside")).content.decode()
