from datetime import UTC, datetime, timedelta

import pytest

from contacts.life import life_of
from contacts.models import Contact
from ground.profiles import Period

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "days_ago,period,held,state,words",
    [
        (0, "90 days", False, "kept", "expires in 90 days"),
        (89, "90 days", False, "due", "expires in 1 day"),
        (90, "90 days", False, "due", "leaves with the next purge"),
        (61, "90 days", False, "due", "expires in 29 days"),
        (400, "90 days", True, "held", "held"),
        (400, None, False, "kept", "no period decided"),
    ],
)
def test_the_pill_says_where_a_contact_stands(days_ago, period, held, state, words):
    contact = Contact(last_contact_at=NOW - timedelta(days=days_ago), held=held)
    life = life_of(contact, Period.parse(period) if period else None, NOW)
    assert (life.state, life.words) == (state, words)
    assert (life.due_at is None) == (period is None)


def test_the_last_hours():
    contact = Contact(last_contact_at=NOW - timedelta(days=89, hours=23))
    assert life_of(contact, Period.parse("90 days"), NOW).words == "expires today"


def test_thirty_days_are_not_soon():
    contact = Contact(last_contact_at=NOW - timedelta(days=60))
    assert life_of(contact, Period.parse("90 days"), NOW).state == "kept"


def test_a_confirmed_destruction_waits_out_its_grace():
    contact = Contact(last_contact_at=NOW)
    life = life_of(contact, Period.parse("90 days"), NOW, NOW + timedelta(minutes=9))
    assert (life.state, life.words) == ("due", "destroyed in 9 min")
    assert life.due_at == NOW + timedelta(days=90)
