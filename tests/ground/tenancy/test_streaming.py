"""A CSV streamed under row-level security: the request's transaction is over before the first line leaves."""

import threading

import pytest
from django.db import connection, connections
from django.http import StreamingHttpResponse

from calls.models import Transcript
from ground.inventory.spreadsheets import csv_lines
from ground.tenancy import acting_for, current_organization
from tests import factories
from tests.retention import planting

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = 100


def pages(organization_id):
    """Ids page by page, each page in an `acting_for` of its own: no transaction is open between two."""
    last = None
    while True:
        with acting_for(organization_id):
            rows = Transcript.objects.filter(organization_id=organization_id).order_by("id")
            page = list((rows.filter(id__gt=last) if last else rows).values_list("id", "organization_id")[:PAGE])
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1][0]


def answer(organization_id):
    """What a view returns from inside its own transaction."""
    with acting_for(organization_id):
        return StreamingHttpResponse(csv_lines(["id", "organization"], pages(organization_id), bom=False))


@pytest.fixture
def two(vault_home, superuser_connection):
    both = factories.organization(), factories.organization()
    for organization in both:
        planting.transcripts(superuser_connection(), organization.id, rows=350, days_old=5)
    return both


def test_a_streamed_file_is_whole_and_holds_only_its_own_organization(two):
    ours, theirs = two
    lines = [line.decode() for line in answer(ours.id)]
    assert len(lines) == 351
    assert all(str(ours.id) in line and str(theirs.id) not in line for line in lines[1:])


def test_between_two_lines_no_transaction_and_no_context_is_left(two):
    for number, _line in enumerate(answer(two[0].id)):
        if number % PAGE:
            assert not connection.in_atomic_block
            assert current_organization() is None
            assert Transcript.objects.count() == 0  # without a context the table is empty


def test_a_stream_without_its_own_context_would_be_empty(two):
    """Why the rule: a query that runs when the transaction is over sees nothing, rather than somebody else's rows."""
    with acting_for(two[0].id):
        rows = Transcript.objects.order_by("id").values_list("id", flat=True)
    assert list(rows) == []


def test_two_streams_that_take_turns_on_one_connection_do_not_mix(two):
    streams = [iter(answer(organization.id)) for organization in two]
    next(streams[0]), next(streams[1])
    for one, other in zip(*streams, strict=True):
        assert str(two[0].id).encode() in one
        assert str(two[1].id).encode() in other


def test_a_stream_that_is_broken_off_leaves_the_connection_clean(two):
    stream = answer(two[0].id)
    for _, _line in zip(range(150), stream, strict=False):
        pass
    stream.close()
    assert current_organization() is None
    with acting_for(two[1].id):
        assert set(Transcript.objects.values_list("organization_id", flat=True)) == {two[1].id}


def test_rows_destroyed_while_the_file_streams_do_not_break_it(two):
    seen, raised = [], []

    def destroy():
        try:
            with acting_for(two[0].id):
                Transcript.objects.filter(id__in=Transcript.objects.order_by("-id").values("id")[:100]).delete()
        except BaseException as error:  # noqa: BLE001  (the test looks at it)
            raised.append(error)
        finally:
            connections.close_all()

    for number, line in enumerate(answer(two[0].id)):
        seen.append(line)
        if number == 50:
            thread = threading.Thread(target=destroy)
            thread.start()
            thread.join(10)
    assert raised == []
    assert len(seen) == 251
