"""The operator's own organization is swept like everyone's, with the tables that belong to nobody else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session

from ground.audit.models import Alert
from ground.profiles import Category
from ground.tenancy import Actor, acting_for
from retention.services import overdue, sweep
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(vault_home):
    return factories.organization(is_operator=True)


def test_the_operator_is_swept_in_every_category_without_a_failure(operator):
    report = sweep.purge_expired(organization_id=operator.id, by=Actor.system("test"))
    assert [(line.category, line.error) for line in report.lines if line.error] == []
    with acting_for(operator.id):
        assert not Alert.objects.filter(resolved_at=None).exists()
    assert set(overdue.measure(operator.id).values()) <= {0}


def test_old_sessions_leave_with_the_platform_log(operator):
    now = datetime.now(UTC)
    Session.objects.create(session_key="old", session_data="x", expire_date=now - timedelta(days=31))
    Session.objects.create(session_key="new", session_data="x", expire_date=now - timedelta(days=29))
    sweep.purge_expired(organization_id=operator.id, by=Actor.system("test"))
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


def test_log_files_leave_a_whole_day_at_a_time(operator, settings):
    today = datetime.now(UTC).date()
    settings.LOG_DIR.mkdir(parents=True)
    names = {days: f"web-{today - timedelta(days=days)}.log" for days in (0, 29, 31, 90)}
    for name in names.values():
        (settings.LOG_DIR / name).write_text("{}\n")
    sweep.purge_expired(organization_id=operator.id, by=Actor.system("test"), categories=[Category.PLATFORM_LOG])
    assert {file.name for file in settings.LOG_DIR.iterdir()} == {names[0], names[29]}
