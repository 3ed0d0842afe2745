"""One open alert per organization, kind and key."""

import os
from multiprocessing import get_context

import pytest
from django.db import connections

from ground import audit, tenancy
from ground.audit.exceptions import PersonalDataInAudit
from ground.audit.models import Alert
from tests.ground.audit.conftest import ANNA, BORIS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]


def alerts(organization_id=ANNA):
    with tenancy.acting_for(organization_id):
        return list(Alert.objects.filter(organization_id=organization_id).order_by("raised_at"))


def test_the_same_alert_counts_up_and_only_the_first_is_evidence():
    first = audit.alerts.raise_alert(ANNA, "vault.key_lost", "shelf", rows=1)
    assert audit.alerts.raise_alert(ANNA, "vault.key_lost", "shelf", rows=2) == first
    (alert,) = alerts()
    assert (alert.count, alert.details, alert.resolved_at) == (2, '{"rows":2}', None)
    with tenancy.acting_for(ANNA):
        assert [event.kind for event in audit.events(ANNA)] == ["audit.alert_raised"]
    assert alerts(BORIS) == []


def test_resolved_and_raised_again_is_a_new_one():
    audit.alerts.raise_alert(ANNA, "vault.key_lost")
    assert audit.alerts.resolve(ANNA, "vault.key_lost")
    assert not audit.alerts.resolve(ANNA, "vault.key_lost")
    audit.alerts.raise_alert(ANNA, "vault.key_lost")
    assert [alert.resolved_at is None for alert in alerts()] == [False, True]


def test_an_alert_carries_no_personal_data():
    with pytest.raises(PersonalDataInAudit):
        audit.alerts.raise_alert(ANNA, "vault.key_lost", "maria@example.org")
    assert alerts() == []


def _raise_many():
    connections.close_all()
    for _ in range(20):
        audit.alerts.raise_alert(ANNA, "vault.key_lost", "shelf")
    connections.close_all()
    os._exit(0)


def test_many_at_once_make_one_row():
    connections.close_all()
    processes = [get_context("fork").Process(target=_raise_many) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    (alert,) = alerts()
    assert alert.count == 80
