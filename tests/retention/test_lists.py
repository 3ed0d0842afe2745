"""Lists of proof: every sort across page borders, filters, hostile addresses, files that are the list, three people."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ground import audit
from ground.audit.models import Event
from ground.inventory.declarations import ScopeKind
from ground.inventory.models import Hold
from ground.tenancy import Actor, acting_for, uuid7
from retention.models import Certificate, PurgeRun

BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)
PAGES = {
    "purges": ("retention:purges", "retention:purges_csv", ["began", "records"], "retention.purges_exported"),
    "certificates": (
        "retention:certificates",
        "retention:certificates_csv",
        ["number"],
        "retention.certificates_exported",
    ),
    "holds": ("retention:holds", "retention:holds_csv", ["placed", "review"], "retention.holds_exported"),
    "log": ("audit:log", "audit:export", ["when"], "audit.log_exported"),
}


@pytest.fixture
def planted(people):
    """120 runs with certificates, at few moments and with few sizes; 45 holds; as many events."""
    organization, now = people.organization, timezone.now()
    with acting_for(organization.pk):
        runs = PurgeRun.objects.bulk_create(
            PurgeRun(
                organization_id=organization.pk,
                trigger="schedule",
                by=str(BY),
                state="failed" if number % 10 == 0 else "done",
                started_at=now - timedelta(days=number // 40),
                rows=number // 60,
            )
            for number in range(120)
        )
        Certificate.objects.bulk_create(
            Certificate(organization_id=organization.pk, run_id=run.pk, number=number, issued_at=run.started_at)
            for number, run in enumerate(runs, 1)
        )
        Hold.objects.bulk_create(
            Hold(
                organization_id=organization.pk,
                scope_kind=ScopeKind.CALL,
                call_id=uuid7(),
                key_id=uuid7(),
                sealed=b"x",
                review_on=(now + timedelta(days=number % 2 - 1)).date(),
                placed_at=now - timedelta(days=number // 15),
                placed_by=str(BY),
                released_at=now if number >= 42 else None,
            )
            for number in range(45)
        )
        for number in range(60):
            audit.append("test.happened", organization_id=organization.pk, actor=BY, number=number)
    return organization


def at(organization, name, query=""):
    return reverse(name, args=[organization.slug]) + query


def keys(page):
    return [row.pk for row in page.context["shown"].rows]


def read(answer):
    text = b"".join(answer.streaming_content).decode().removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text)))


def first_column(name):
    return {"purges": "run", "certificates": "certificate", "holds": "hold", "log": "id"}[name]


@pytest.mark.parametrize("name", ["purges", "certificates", "holds"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_sort_shows_every_row_once_both_ways_and_the_file_is_the_list(people, planted, name, sign):
    page_name, csv_name, sorts, kind = PAGES[name]
    client = people.client("member")
    for sort in sorts:
        page = client.get(at(planted, page_name, f"?sort={sign}{sort}"))
        assert page.content.decode().count("aria-sort=") == 1
        seen = [keys(page)]
        while page.context["shown"].onward:
            page = client.get(at(planted, page_name, page.context["shown"].onward))
            seen.append(keys(page))
        every = [key for part in seen for key in part]
        assert len(every) == len(set(every)) == {"purges": 120, "certificates": 120, "holds": 42}[name]
        back = client.get(at(planted, page_name, page.context["shown"].back))
        assert keys(back) == seen[-2]
        rows = read(client.get(at(planted, csv_name, f"?sort={sign}{sort}")))
        assert [row[first_column(name)] for row in rows] == [str(key) for key in every]
    with acting_for(planted.pk):
        event = Event.objects.filter(kind=kind).last()
    assert json.loads(event.payload)["rows_at_most"] == len(every)


def test_filters_narrow_page_and_file_alike(people, planted):
    client = people.client("member")
    page = client.get(at(planted, "retention:purges", "?state=failed"))
    assert page.context["shown"].count == 12
    assert len(read(client.get(at(planted, "retention:purges_csv", "?state=failed")))) == 12
    held = client.get(at(planted, "retention:holds", "?review=over&scope=call"))
    assert (held.context["shown"].count, len(held.context["shown"].chips)) == (42, 2)
    released = client.get(at(planted, "retention:holds", "?released=1"))
    assert released.context["shown"].count == 3
    assert "released=1" in released.context["shown"].head("review").query
    assert len(read(client.get(at(planted, "retention:holds_csv", "?released=1")))) == 3


def test_the_log_is_narrowed_by_day_kind_actor_and_thing(people, planted):
    client = people.client("owner")
    page = client.get(at(planted, "audit:log", "?kind=test.&stream=evidence&actor=system"))
    assert page.context["shown"].count == 60
    rows = read(client.get(at(planted, "audit:export", "?kind=test.&sort=when")))
    assert sorted(json.loads(row["payload"])["number"] for row in rows) == list(range(60))
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()
    assert client.get(at(planted, "audit:log", f"?kind=test.&until={yesterday}")).context["shown"].count == 0


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    "query", ["?state=x&since=%00&stream=1&nature=2&number=3", "?sort=organization_id", "?next=x~y~z", "?back=%FF"]
)
def test_a_hostile_address_is_an_ordinary_page_and_no_larger_file(people, planted, name, query):
    page_name, csv_name, _sorts, kind = PAGES[name]
    client = people.client("owner")
    page = client.get(at(planted, page_name, query))
    assert page.status_code == 200
    if page.context["shown"].notices and "sort" in query:
        assert client.get(at(planted, csv_name, query)).status_code == 302
        with acting_for(planted.pk):
            assert not Event.objects.filter(kind=kind).exists()


@pytest.mark.parametrize("name", PAGES)
def test_three_people(people, planted, name):
    page_name, csv_name, _sorts, _kind = PAGES[name]
    assert people.client("owner").get(at(planted, page_name)).status_code == 200
    assert people.client("outsider").get(at(planted, page_name)).status_code == 404
    assert people.client("outsider").get(at(planted, csv_name)).status_code == 404
    empty = people.client("outsider").get(at(people.other, page_name))
    if name != "log":
        assert empty.context["shown"].rows == []
        assert "Nothing matches" not in empty.content.decode()
        assert "btn-primary" in empty.content.decode()


def test_the_number_of_queries_does_not_grow_with_the_list(people, planted):
    client = people.client("member")
    for name in ("retention:purges", "retention:certificates"):
        counts = []
        for query in ("?state=failed", ""):
            client.get(at(planted, name, query))
            with CaptureQueriesContext(connection) as queries:
                client.get(at(planted, name, query))
            assert not any("OFFSET" in each["sql"] for each in queries)
            counts.append(len(queries))
        assert counts[1] - counts[0] in (0, 1)  # a list of one page is not counted


def test_ten_thousand_rows_are_not_counted_out_and_the_last_page_is_one_step_away(people):
    organization, now = people.organization, timezone.now()
    with acting_for(organization.pk):
        PurgeRun.objects.bulk_create(
            (
                PurgeRun(
                    organization_id=organization.pk, trigger="schedule", by=str(BY), started_at=now, rows=number % 7
                )
                for number in range(10_050)
            ),
            batch_size=2000,
        )
    client = people.client("member")
    page = client.get(at(organization, "retention:purges"))
    assert "10,000+ purges" in page.content.decode()
    with CaptureQueriesContext(connection) as queries:
        second = client.get(at(organization, "retention:purges", page.context["shown"].onward))
    assert not any("OFFSET" in each["sql"] for each in queries)
    assert not set(keys(page)) & set(keys(second))
    last = client.get(at(organization, "retention:purges", "?sort=began"))
    assert keys(client.get(at(organization, "retention:purges", page.context["shown"].onward))) == keys(second)
    assert not set(keys(last)) & set(keys(page))
