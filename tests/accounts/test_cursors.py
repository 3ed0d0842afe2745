"""Places in a list as text, and what one may ask of it: read without believing anything. No database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F, Q
from django.utils import timezone as django_timezone

from accounts.lists import filters
from accounts.lists.filters import NotAFilter
from accounts.lists.keyset import BadCursor, Cursor, Order, Sort, cursor_of, read_cursor
from accounts.models import Organization
from calls.models import Call

ID = UUID("0192aaaa-0000-7000-8000-000000000001")
AT = datetime(2026, 11, 22, 10, 15, 0, 250, tzinfo=UTC)
ENDED = Order(Sort("ended", column="ended_at"))
LENGTH = Order(Sort("length", column="duration_ms", kind="number", nullable=True))
REVIEW = Order(Sort("review", column="review_on", kind="day"), falling=False)
NEWEST = Order(Sort("when", kind="id"))
NAME = Order(Sort("name", column="name", kind="text"))
ROWS = Call.objects.all()


# ------------------------------------------------------------------ order
@pytest.mark.parametrize(
    "order, forward, backward",
    [
        (ENDED, [F("ended_at").desc(), F("pk").desc()], [F("ended_at").asc(), F("pk").asc()]),
        (REVIEW, [F("review_on").asc(), F("pk").asc()], [F("review_on").desc(), F("pk").desc()]),
        (NEWEST, [F("pk").desc()], [F("pk").asc()]),
        (
            LENGTH,
            [F("duration_ms").desc(nulls_last=True), F("pk").desc()],
            [F("duration_ms").asc(nulls_first=True), F("pk").asc()],
        ),
    ],
)
def test_rows_are_ordered_by_the_column_and_then_by_their_key(order, forward, backward):
    assert order.columns() == forward
    assert order.columns(backward=True) == backward


def test_what_lies_beyond_a_place():
    place = Cursor(AT, ID)
    assert ENDED.beyond(place) == Q(ended_at__lte=AT) & (Q(ended_at__lt=AT) | Q(pk__lt=ID))
    assert ENDED.beyond(place, backward=True) == Q(ended_at__gte=AT) & (Q(ended_at__gt=AT) | Q(pk__gt=ID))
    assert replace(ENDED, falling=False).beyond(place) == ENDED.beyond(place, backward=True)
    assert NEWEST.beyond(Cursor(None, ID)) == Q(pk__lt=ID)
    assert NEWEST.beyond(Cursor(None, ID), backward=True) == Q(pk__gt=ID)


def test_rows_without_a_value_are_smallest():
    place, nothing = Cursor(5, ID), Cursor(None, ID)
    smaller = Q(duration_ms__lte=5) & (Q(duration_ms__lt=5) | Q(pk__lt=ID))
    assert LENGTH.beyond(place) == smaller | Q(duration_ms__isnull=True)
    larger = Q(duration_ms__gte=5) & (Q(duration_ms__gt=5) | Q(pk__gt=ID))
    assert LENGTH.beyond(place, backward=True) == larger
    assert LENGTH.beyond(nothing) == Q(duration_ms__isnull=True) & Q(pk__lt=ID)
    among = Q(duration_ms__isnull=True) & Q(pk__gt=ID)
    assert LENGTH.beyond(nothing, backward=True) == among | Q(duration_ms__isnull=False)


def test_the_place_of_a_row_may_lie_behind_a_relation():
    row = SimpleNamespace(pk=ID, member=SimpleNamespace(user=SimpleNamespace(joined=AT)))
    assert Order(Sort("joined", column="member__user__joined")).place_of(row) == Cursor(AT, ID)
    assert NEWEST.place_of(row) == Cursor(None, ID)


# ------------------------------------------------------------------ cursors
def row(**values):
    return SimpleNamespace(pk=ID, **values)


@pytest.mark.parametrize(
    "order, values, text",
    [
        (ENDED, {"ended_at": AT}, f"ended~2026-11-22T10:15:00.000250Z~{ID}"),
        (ENDED, {"ended_at": AT.astimezone(timezone(timedelta(hours=2)))}, f"ended~2026-11-22T10:15:00.000250Z~{ID}"),
        (LENGTH, {"duration_ms": 61_500}, f"length~61500~{ID}"),
        (LENGTH, {"duration_ms": 0}, f"length~0~{ID}"),
        (LENGTH, {"duration_ms": None}, f"length~~{ID}"),
        (REVIEW, {"review_on": date(2026, 11, 22)}, f"review~2026-11-22~{ID}"),
        (NEWEST, {}, f"when~~{ID}"),
    ],
)
def test_a_cursor_leads_back_to_its_row(order, values, text):
    assert cursor_of(row(**values), order) == text
    assert read_cursor(text, order, ROWS) == order.place_of(row(**values))


def test_a_text_never_stands_in_a_cursor():
    assert cursor_of(row(name="Ada"), NAME) == f"name~~{ID}"


def test_a_key_that_is_a_number_is_read_as_one():
    class Key:
        def get_internal_type(self):
            return "BigAutoField"

        def to_python(self, text):
            return int(text)

    numbered = SimpleNamespace(model=SimpleNamespace(_meta=SimpleNamespace(pk=Key())))
    assert read_cursor("when~~7", NEWEST, numbered) == Cursor(None, 7)
    with pytest.raises(BadCursor):
        read_cursor("when~~seven", NEWEST, numbered)


@pytest.mark.parametrize(
    "order, text",
    [
        (ENDED, ""),
        (ENDED, "ended"),
        (ENDED, "ended~2026-11-22T10:15:00Z"),
        (ENDED, "ended~2026-11-22T10:15:00Z~"),
        (ENDED, f"length~2026-11-22T10:15:00Z~{ID}"),
        (ENDED, f"ended~soon~{ID}"),
        (ENDED, f"ended~~{ID}"),
        (ENDED, f"ended~2026-11-22T10:15:00~{ID}"),
        (ENDED, f"ended~1969-12-31T10:15:00Z~{ID}"),
        (ENDED, f"ended~2201-01-01T00:00:00Z~{ID}"),
        (ENDED, "ended~2026-11-22T10:15:00Z~7"),
        (LENGTH, f"length~long~{ID}"),
        (replace(LENGTH, sort=replace(LENGTH.sort, nullable=False)), f"length~~{ID}"),
        (REVIEW, f"review~22.11.2026~{ID}"),
        (ENDED, f"ended~{'0' * 200}2026-11-22T10:15:00Z~{ID}"),
    ],
)
def test_what_is_no_cursor_of_this_list_is_refused(order, text):
    with pytest.raises(BadCursor):
        read_cursor(text, order, ROWS)


@pytest.mark.parametrize("year", [1970, 2200])
def test_the_first_and_the_last_year_of_a_cursor(year):
    assert read_cursor(f"ended~{year}-06-01T00:00:00Z~{ID}", ENDED, ROWS).value.year == year


# ------------------------------------------------------------------ filters
def refused(what, text):
    with pytest.raises(NotAFilter):
        what.read(text)
    return True


DIRECTION = filters.choice("direction", "Direction", [("in", "inbound"), ("out", "outbound")], column="direction")
SINCE, UNTIL = filters.since("From", "ended_at"), filters.until("To", "ended_at")


def test_one_of_some_values():
    assert DIRECTION.read("in") == "in"
    assert refused(DIRECTION, "sideways")
    assert DIRECTION.condition("in") == Q(direction="in")
    assert DIRECTION.words("in") == "Direction: inbound"
    numbered = filters.choice("n", "N", [(1, "one")], where=lambda value: Q(number=int(value)))
    assert numbered.read("1") == "1"
    assert numbered.condition("1") == Q(number=1)


def test_yes_and_no():
    held = filters.yes_no("held", "Hold", "held", yes="held", no="free")
    assert held.condition(held.read("yes")) == Q(held=True)
    assert held.condition(held.read("no")) == Q(held=False)
    assert held.words("no") == "Hold: free"


def test_days_are_whole_days_of_the_zone_that_is_active():
    with django_timezone.override(ZoneInfo("Europe/Paris")):
        first = datetime(2026, 11, 22, tzinfo=ZoneInfo("Europe/Paris"))
        assert SINCE.condition(SINCE.read("2026-11-22")) == Q(ended_at__gte=first)
        assert UNTIL.condition(UNTIL.read("2026-11-22")) == Q(ended_at__lt=first + timedelta(days=1))
        assert SINCE.moment(date(2026, 11, 22)) == first
        assert SINCE.moment(date(2026, 11, 22)).utcoffset() == timedelta(hours=1)
        asked = filters.until("To", where=lambda moment: Q(at=moment))
        assert asked.condition(date(2026, 11, 22)) == Q(at=first + timedelta(days=1))
    assert (SINCE.name, UNTIL.name, SINCE.kind) == ("since", "until", "day")
    assert SINCE.words(date(2026, 11, 22)) == "From 22 Nov 2026"


@pytest.mark.parametrize("text", ["1969-12-31", "2201-01-01", "20261122", "2026-W47-7", "yesterday", "", "2026-02-30"])
def test_what_is_no_day(text):
    assert refused(SINCE, text)


@pytest.mark.parametrize("text", ["1970-01-01", "2200-12-31"])
def test_the_first_and_the_last_day(text):
    assert SINCE.read(text) == date.fromisoformat(text)


def test_a_technical_word():
    code = filters.Code(name="kind", label="Kind", column="kind")
    assert code.read("calls.stored_2") == "calls.stored_2"
    assert refused(code, "Calls")
    assert refused(code, "a b")
    assert code.words("calls") == "Kind: calls"
    assert code.condition("calls") == Q(kind="calls")


def test_words_hold_no_nul():
    words = filters.Words(name="q", label="Name", column="name__icontains")
    assert words.read("Klinik") == "Klinik"
    assert refused(words, "Kli\0nik")


def test_an_opaque_id():
    about = filters.Id(name="about", label="About", column="object_id")
    assert about.read(str(ID)) == ID
    assert refused(about, "me")
    assert about.words(ID) == "About: 0192aaaa-0000…"


def test_organizations_have_ids_as_keys():
    assert read_cursor(f"when~~{ID}", NEWEST, Organization.objects.all()) == Cursor(None, ID)
