"""The one mechanism of lists: what an address may ask, both ways through the pages, the file of what is shown."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.template import engines
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils.translation import ngettext_lazy

from accounts import lists
from accounts.lists import asked as asking
from accounts.models import ApiKey
from ground.audit.models import Event
from ground.tenancy import Actor, acting_for
from tests import factories

SOME_ID = "01a20392-0000-7000-8000-00000000abcd"
pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
CREATED = lists.Sort("created", "Created", "created_at")
NAME = lists.Sort("name", "Name", "name", "text")
USED = lists.Sort("used", "Last used", "last_used_at", nullable=True)
BY_ID = lists.Sort("id", "Id", kind="id")
NAMED = lists.Named(
    rows="API keys",
    ask="Filter keys",
    count=ngettext_lazy("%(n)s key", "%(n)s keys", "counter"),
    csv="accounts:keys_csv",
)
KEYS = lists.Declaration(
    named=NAMED,
    sorts=(CREATED, NAME, USED, BY_ID),
    filters=(
        lists.choice("name", "Name", [("even", "Even"), ("odd", "Odd")], column="name", any_words="All"),
        lists.yes_no("live", "Live", "revoked_at__isnull", yes="in force", no="revoked"),
        lists.since("From", "created_at"),
        lists.until("To", "created_at"),
        lists.Id(name="key", label="Key", column="id"),
        lists.Code(name="prefix", label="Prefix", column="prefix"),
    ),
    size=4,
)
ORDERS = [f"{sign}{sort.name}" for sort in KEYS.sorts for sign in ("", "-")]


@pytest.fixture
def home():
    return factories.organization(name="Home")


@pytest.fixture
def keys(home):
    """Eleven keys: three moments, two names, one in three never used: every sort has equal values at page borders."""
    with acting_for(home.pk):
        return ApiKey.objects.bulk_create(
            ApiKey(
                organization=home,
                name="even" if number % 2 == 0 else "odd",
                prefix=f"{number:08}",
                secret_digest=b"x",
                scopes=["calls.read"],
                created_at=START + timedelta(hours=number // 4),
                last_used_at=None if number % 3 == 0 else START + timedelta(days=number % 2),
                revoked_at=START if number > 8 else None,
            )
            for number in range(11)
        )


def read(text=""):
    return lists.read(KEYS, QueryDict(text.removeprefix("?")))


def show(home, text=""):
    with acting_for(home.pk):
        return read(text).show(ApiKey.objects.filter(organization_id=home.pk))


def expected(keys, order):
    sort = next(each for each in KEYS.sorts if each.name == order.removeprefix("-"))

    def place(key):
        value = getattr(key, sort.column)
        return (value is not None, value or START if sort.kind == "moment" else value, key.pk)

    return [key.pk for key in sorted(keys, key=place, reverse=order.startswith("-"))]


def ids(shown):
    return [key.pk for key in shown.rows]


# ------------------------------------------------------------------ pages
@pytest.mark.parametrize("order", ORDERS)
def test_every_order_leads_through_all_rows_once_and_back_again(home, keys, order):
    pages = [show(home, f"sort={order}")]
    while pages[-1].onward:
        pages.append(show(home, pages[-1].onward))
    assert [len(page.rows) for page in pages] == [4, 4, 3]
    assert [key for page in pages for key in ids(page)] == expected(keys, order)
    back = [pages[-1]]
    while back[-1].back:
        back.append(show(home, back[-1].back))
    assert [ids(page) for page in back] == [ids(page) for page in pages[::-1]]
    assert [page.count for page in pages] == [11, 11, 11]


def test_rows_that_came_or_went_meanwhile_shift_no_page(home, keys):
    first = show(home, "sort=-created")
    with acting_for(home.pk):
        ApiKey.objects.filter(pk=first.rows[0].pk).delete()
        ApiKey.objects.create(
            organization=home,
            name="new",
            prefix="new",
            secret_digest=b"x",
            scopes=["calls.read"],
            created_at=START + timedelta(days=9),
        )
    assert ids(show(home, first.onward)) == expected(keys, "-created")[4:8]
    assert show(home, show(home, first.onward).back).rows[0].name == "new"  # a short page before is the first page


def test_a_place_that_is_gone_leads_to_the_beginning_and_says_so(home, keys):
    second = show(home, show(home, "sort=name").onward)
    with acting_for(home.pk):
        ApiKey.objects.filter(pk=second.rows[-1].pk).delete()
    shown = show(home, second.onward)
    assert (ids(shown)[0], len(shown.notices)) == (expected(keys, "name")[0], 1)


def test_an_address_never_carries_a_text_that_is_sorted_by(home, keys):
    assert "even" not in show(home, "sort=name").onward


@pytest.mark.parametrize(
    "query",
    [
        "next=rubbish",
        "next=created~2026-03-01T12:00:00~" + SOME_ID,  # no zone
        "next=created~0001-01-01T00:00:00%2B00:00~" + SOME_ID,
        "next=created~~" + SOME_ID,
        "next=id~~nothing",
        "next=name~x~" + SOME_ID,
        "back=" + "9" * 5000,
        "next=created~%00~%00",
        "sort=secret_digest",
        "sort=--created",
        "sort=%00",
        "name=neither",
        "name=" + "x" * 500,
        "name[]=1&name=%F0%9F",
        "live=maybe",
        "since=yesterday",
        "since=0000-00-00",
        "until=9999-12-31",
        "until=20260301",
        "key=42",
        "prefix=' OR 1=1 --",
    ],
)
def test_what_makes_no_sense_is_left_out_and_the_page_says_so(home, keys, query):
    asked = read(query)
    shown = show(home, query)
    assert ids(shown) == expected(keys, "-created")[:4]
    assert len(shown.notices) == 1
    assert shown.chips == []
    assert asked.is_exact == ("next" in query or "back" in query)


def test_unknown_names_are_nothing(home, keys):
    shown = show(home, "utm_source=x&organization_id=y&offset=5")
    assert (ids(shown), shown.notices, shown.query) == (expected(keys, "-created")[:4], [], "?")


# ------------------------------------------------------------------ filters
def test_filters_narrow_stand_in_the_address_and_as_chips(home, keys):
    shown = show(home, "name=even&live=yes&sort=used&next=rubbish")
    assert {key.name for key in shown.rows} == {"even"}
    assert [chip.words for chip in shown.chips] == ["Name: Even", "Live: in force"]
    assert [chip.without for chip in shown.chips] == ["?live=yes&sort=used", "?name=even&sort=used"]
    assert shown.cleared == "?sort=used"
    assert shown.query == "?name=even&live=yes&sort=used"


def test_days_are_whole_days_of_the_organizations_zone(home, keys):
    assert show(home, "since=2026-03-01&until=2026-03-01").count == 11
    assert show(home, "until=2026-02-28").count == 0
    assert show(home, "since=2026-03-02").is_filtered


def test_an_id_is_asked_for_by_a_link(home, keys):
    shown = show(home, f"key={keys[3].pk}")
    assert ids(shown) == [keys[3].pk]


def test_no_row_of_another_organization_is_ever_in_a_list(home, keys):
    other = factories.organization(name="Elsewhere")
    with acting_for(other.pk):
        assert read(f"key={keys[0].pk}").show(ApiKey.objects.all()).rows == []
        assert read(f"sort=name&next=name~~{keys[0].pk}").show(ApiKey.objects.all()).notices


# ------------------------------------------------------------------ counting and queries
def test_nothing_is_counted_past_the_limit(home, keys, monkeypatch):
    monkeypatch.setattr(asking, "COUNTED_AT_MOST", 5)
    monkeypatch.setattr("accounts.lists.words.COUNTED_AT_MOST", 5)
    with CaptureQueriesContext(connection) as queries:
        shown = show(home)
    assert (shown.count, shown.counted) == (6, "5+")
    assert any("LIMIT 6" in query["sql"] and "COUNT" in query["sql"] for query in queries)
    assert not any("OFFSET" in query["sql"] for query in queries)


def test_a_list_of_one_page_is_not_counted_twice(home, keys):
    with CaptureQueriesContext(connection) as queries:
        assert show(home, f"key={keys[0].pk}").count == 1
    assert not any("COUNT" in query["sql"] for query in queries)


def test_the_number_of_queries_does_not_depend_on_the_page(home, keys):
    second = show(home).onward
    counts = set()
    for address in (second, show(home, second).onward):
        with CaptureQueriesContext(connection) as queries:
            show(home, address)
        counts.add(
            len([query for query in queries if query["sql"].startswith("SELECT") and "set_config" not in query["sql"]])
        )
    assert counts == {2}


# ------------------------------------------------------------------ heads
def render(text, **context):
    return engines["django"].from_string("{% load lists %}" + text).render(context)


def filters(home, shown, **more):
    """The filters as the page of keys has them."""
    request = RequestFactory().get(f"/o/{home.slug}/developers/")
    request.resolver_match = resolve(request.path)
    return render("{% list_filters shown %}", shown=shown, request=request, **more)


def test_the_column_sorted_by_says_so_and_turns_round(home, keys):
    shown = show(home, "name=even")
    head = render("{% list_head shown 'created' 'When' %}", shown=shown)
    assert 'aria-sort="descending"' in head
    assert 'href="?name=even&amp;sort=created"' in head
    other = render("{% list_head shown 'name' 'Name' %}", shown=shown)
    assert "aria-sort" not in other
    assert 'href="?name=even&amp;sort=name"' in other
    turned = show(home, "sort=created")
    assert 'aria-sort="ascending"' in render("{% list_head shown 'created' 'When' %}", shown=turned)
    assert turned.head("created").query == "?"  # as the list opens: nothing in the address


def test_ways_through_pages_of_moments_are_called_by_time(home, keys):
    second = show(home, show(home).onward)
    assert render("{% list_pages shown %}", shown=second).index("Newer") < render(
        "{% list_pages shown %}", shown=second
    ).index("Older")
    by_name = show(home, show(home, "sort=name").onward)
    text = render("{% list_pages shown %}", shown=by_name)
    assert ("Further" in text, "Older" in text) == (True, False)
    assert "nav" not in render("{% list_pages shown %}", shown=show(home, f"key={keys[0].pk}"))


def test_the_form_keeps_what_is_asked_and_escapes_what_is_hostile(home, keys):
    shown = show(home, f"name=even&key={keys[0].pk}&prefix=<script>")
    text = filters(home, shown)
    assert '<option value="even" selected>Even</option>' in text
    assert f'type="hidden" name="key" value="{keys[0].pk}"' in text
    assert "<script>" not in text
    assert f'href="/o/{home.slug}/developers/keys.csv?name=even&amp;key={keys[0].pk}"' in text
    assert "Clear all" in text
    assert "1 key<" in text


def test_the_form_is_folded_until_something_is_filtered_and_the_chips_are_outside(home, keys):
    folded, unfolded = filters(home, show(home)), filters(home, show(home, "name=even"))
    assert re.search(r'<details class="fold"\s+id="list-fold"\s+>', folded)
    assert re.search(r'<details class="fold"\s+id="list-fold"\s+open>', unfolded)
    assert unfolded.index("</details>") < unfolded.index('class="chips"')


def test_nothing_at_all_asks_nothing_and_offers_no_file(home, keys):
    empty = show(home)
    empty.rows = []
    assert "<form" not in filters(home, empty)
    nothing_found = show(home, "live=no&name=even&until=2000-01-01")
    assert "<form" in filters(home, nothing_found)
    assert "export" not in filters(home, nothing_found)
    assert "keys.csv" not in filters(home, nothing_found)


@pytest.mark.parametrize(("permissions", "offered"), [({"calls.export"}, True), ({"calls.read"}, False)])
def test_the_file_is_offered_to_whoever_may_take_it(home, keys, permissions, offered):
    shown = show(home)
    named = replace(NAMED, csv_needs="calls.export")
    shown.asked.declaration = replace(KEYS, named=named)
    assert ("keys.csv" in filters(home, shown, permissions=permissions)) is offered
    assert "keys.csv" not in filters(home, shown, permissions=permissions, organization=home, takes_and_asks=False)


def test_a_list_shown_on_another_page_leads_to_its_own(home, keys):
    with acting_for(home.pk):
        rows = ApiKey.objects.filter(organization_id=home.pk)
        shown = lists.read(KEYS, QueryDict("name=even"), path="/its/own/").show(rows)
    assert shown.chips[0].without == "/its/own/?"
    assert shown.onward.startswith("/its/own/?name=even&next=")
    assert shown.query == "?name=even"


# ------------------------------------------------------------------ CSV
@pytest.fixture
def exported(home):
    """`exported("name=even")`: the rows of the file, all batches."""

    def lines(query="", **more):
        asked = read(query)
        made = lists.csv_rows(
            asked.narrow(ApiKey.objects.filter(organization_id=home.pk)),
            asked.order,
            organization_id=home.pk,
            kind="accounts.keys_exported",
            by=Actor.system("test"),
            header=["id", "name"],
            cells=lambda rows: [[row.pk, row.name] for row in rows],
            **{"step": 3, **more},
        )
        return list(csv.reader(io.StringIO("".join(made).removeprefix("\ufeff"))))[1:]

    return lines


@pytest.mark.parametrize("order", ORDERS)
def test_the_file_is_the_list_in_its_order(home, keys, exported, order):
    assert [line[0] for line in exported(f"sort={order}")] == [str(key) for key in expected(keys, order)]
    evens = exported(f"name=even&sort={order}")
    assert len(evens) == 6
    assert {line[1] for line in evens} == {"even"}


def test_taking_a_file_is_written_down_with_how_much_it_holds_at_most(home, keys, exported):
    exported("name=odd")
    with acting_for(home.pk):
        event = Event.objects.get(kind="accounts.keys_exported")
    assert (event.stream, json.loads(event.payload)["rows_at_most"]) == ("access", 5)


def test_a_file_that_ends_early_says_so(home, keys, exported):
    lines = exported("", most=5)
    assert [line[0] for line in lines[:5]] == [str(key) for key in expected(keys, "-created")[:5]]
    assert "ends here after 5 lines" in lines[5][0]
    assert len(exported("", most=11)) == 11


def test_no_cell_of_a_file_runs(home, keys, exported):
    with acting_for(home.pk):
        ApiKey.objects.filter(pk=keys[0].pk).update(name="=HYPERLINK(1)")
    assert [name for _key, name in exported() if "HYPERLINK" in name] == ["'=HYPERLINK(1)"]
