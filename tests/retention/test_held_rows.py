"""What is held costs the sweep nothing. HELD_ROWS=1000000 plants the full number."""

import os
import time

import pytest
from django.db import connection

from calls.models import Transcript
from ground.inventory import tally
from ground.tenancy import Actor, acting_for
from retention import due, periods
from retention.services import overdue, sweep
from tests.holdings import days_ago, exists, keep_call
from tests.retention import planting

BY = Actor.system("test")
HELD = int(os.environ.get("HELD_ROWS", "30000"))
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def held(organization, superuser_connection):
    planting.transcripts(superuser_connection(), organization.id, rows=HELD, days_old=120, held=True)
    with acting_for(organization.id):
        tally.add(organization.id, "transcript", days_ago(120), rows=HELD)
    return organization


def plan_of(rows):
    """The plan that really ran, as text."""
    query, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query}", parameters)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_a_sweep_walks_past_no_held_row(held):
    gone = keep_call(held.id, days_ago(95), parts=("transcript",))
    with acting_for(held.id):
        effective = periods.effective(held.id, "transcript", due.database_now())
        [part] = [one for one in due.slices(effective, due.database_now()) if one.declaration.model is Transcript]
        free = due.rows_of(part.declaration, held.id).filter(part.where() & part.declaration.free())
        plan = plan_of(free.order_by("ended_at", "id").values_list("id")[:2000])
    assert "calls_text_due" in plan, plan
    assert "Rows Removed by Filter" not in plan, plan

    began = time.perf_counter()
    assert sweep.purge_expired(organization_id=held.id, by=BY).rows == 1
    took = time.perf_counter() - began
    print(f"sweep over {HELD} held rows: {took * 1000:.0f} ms")
    assert took < 3
    assert not exists(held.id, gone.transcript)
    with acting_for(held.id):
        assert Transcript.objects.filter(held=True).count() == HELD


def test_the_overdue_figure_walks_past_no_held_row(held):
    began = time.perf_counter()
    assert overdue.measure(held.id)["transcript"] == 0
    took = time.perf_counter() - began
    print(f"overdue over {HELD} held rows: {took * 1000:.0f} ms")
    assert took < 1


def test_an_agents_shorter_period_walks_past_no_held_row_either(organization, superuser_connection):
    agent_id = planting.agent()
    rows = HELD
    planting.transcripts(superuser_connection(), organization.id, rows=rows, days_old=40, held=True, agent_id=agent_id)
    now = due.database_now()
    with acting_for(organization.id):
        effective = periods.effective(organization.id, "transcript", now)
        shorter = {agent_id: periods.Period(30, periods.Unit.DAY)}
        effective = periods.Effective(
            effective.category, effective.rule, effective.period, effective.origin, None, shorter
        )
        [part] = [one for one in due.slices(effective, now) if one.agent_id]
        free = due.rows_of(part.declaration, organization.id).filter(part.where() & part.declaration.free())
        plan = plan_of(free.order_by("ended_at", "id").values_list("id")[:2000])
    assert "Rows Removed by Filter" not in plan, plan
