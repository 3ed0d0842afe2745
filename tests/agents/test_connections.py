"""Secrets: sealed, shown once, two at most, gone when replaced."""

import base64
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from standardwebhooks import Webhook

from agents import connections
from agents.exceptions import (
    InvalidAddress,
    InvalidSecret,
    InvalidSettings,
    RotationUnderway,
    UnfitProof,
    UnknownConnection,
)
from agents.models import ProviderConnection
from ground import jobs, vault
from ground.audit.models import Event
from ground.jobs.models import Job
from ground.tenancy import acting_for
from tests.agents.conftest import BY, NOW

pytestmark = pytest.mark.django_db


def make(organization, **values):
    values = {"provider": "generic", "name": "Own system", **values}
    return connections.create(organization_id=organization.id, by=BY, at=NOW, **values)


def again(organization, connection):
    with acting_for(organization.id):
        return connections.find(organization.id, connection.id)


def run_jobs(organization):
    with acting_for(organization.id):
        waiting = list(Job.objects.filter(organization_id=organization.id, state="ready").values_list("id", flat=True))
    return [jobs.run(job_id, organization.id) for job_id in waiting]


def test_the_secret_is_shown_once_and_verifies_a_standard_webhook(organization):
    connection, secret = make(organization)
    assert secret.startswith("whsec_")
    [key] = connections.secrets_of(again(organization, connection))
    assert key == base64.b64decode(secret.removeprefix("whsec_"))
    assert len(key) == 32
    signature = Webhook(secret).sign("msg_1", NOW, "{}")
    assert signature == Webhook(key).sign("msg_1", NOW, "{}")


def test_an_ingest_address_leads_to_its_organization_without_any_context(organization, other):
    connection, _secret = make(organization)
    found = connections.connection_of(connection.public_id)
    assert (found.id, found.organization_id, found.provider, found.state) == (
        connection.id,
        organization.id,
        "generic",
        "active",
    )
    assert len(connection.public_id) == 24
    for unknown in ("", "x" * 24, "x" * 5000, "a'; --", "\x00", "é" * 24):
        assert connections.connection_of(unknown) is None


def test_rotation_accepts_both_for_the_overlap_and_then_only_the_new(organization):
    connection, old = make(organization, provider="vapi", auth_mode="hmac")
    rotated, new = connections.rotate_secret(
        organization_id=organization.id, connection_id=connection.id, overlap_hours=2, by=BY, at=NOW
    )
    rotated = again(organization, rotated)
    before, after = NOW + timedelta(minutes=119), NOW + timedelta(minutes=120)
    assert connections.secrets_of(rotated, before) == [new.encode(), old.encode()]
    assert connections.secrets_of(rotated, after) == [new.encode()]
    with pytest.raises(RotationUnderway):
        connections.rotate_secret(organization_id=organization.id, connection_id=connection.id, by=BY, at=before)
    assert connections.secrets_of(again(organization, connection), before) == [new.encode(), old.encode()]
    third, newest = connections.rotate_secret(
        organization_id=organization.id, connection_id=connection.id, by=BY, at=after
    )
    assert connections.secrets_of(third, after) == [newest.encode(), new.encode()]
    ended = connections.end_overlap(organization_id=organization.id, connection_id=connection.id, by=BY, at=after)
    assert connections.secrets_of(ended, after) == [newest.encode()]


def test_rotation_without_overlap_forgets_the_old_at_once(organization):
    connection, _old = make(organization)
    rotated, new = connections.rotate_secret(
        organization_id=organization.id, connection_id=connection.id, overlap_hours=0, by=BY, at=NOW
    )
    assert connections.secrets_of(rotated, NOW) == [base64.b64decode(new.removeprefix("whsec_"))]


def test_the_database_refuses_a_third_secret(organization):
    connection, _secret = make(organization)
    with acting_for(organization.id), pytest.raises(IntegrityError), transaction.atomic():
        ProviderConnection.objects.filter(id=connection.id).update(signing_secrets=3)


def test_a_change_destroys_the_key_of_the_old_version(organization):
    connection, _secret = make(organization)
    old_key, old_sealed = connection.key_id, bytes(connection.sealed)
    connections.set_api_key(
        organization_id=organization.id, connection_id=connection.id, api_key="sk_live_abc", by=BY, at=NOW
    )
    now = again(organization, connection)
    assert connections.api_key_of(now) == "sk_live_abc"
    assert now.key_id != old_key
    assert bytes(now.sealed) != old_sealed
    run_jobs(organization)
    assert vault.keys.existing(organization.id, [old_key, now.key_id]) == {now.key_id}
    assert connections.api_key_of(again(organization, connection)) == "sk_live_abc"
    with acting_for(organization.id):
        assert Event.objects.filter(kind="inventory.superseded").count() == 1


@pytest.mark.parametrize("how", ["flip", "cut", "swap", "version"])
def test_tampering_is_a_named_error_never_garbage(organization, how):
    connection, _secret = make(organization)
    second, _secret2 = make(organization)
    sealed = bytearray(connection.sealed)
    if how == "flip":
        sealed[-1] ^= 1
    elif how == "cut":
        del sealed[10:]
    elif how == "swap":
        sealed = bytearray(second.sealed)
    else:
        connection.sealed_version += 1
    connection.sealed = bytes(sealed)
    with pytest.raises(vault.VaultError):
        connections.secrets_of(connection)


def test_nothing_secret_stands_in_audit_or_row(organization):
    connection, secret = make(organization, api_key="sk_live_verysecret")
    with acting_for(organization.id):
        row = again(organization, connection).__dict__
        events = [str(event.payload) for event in Event.objects.all()]
    text = repr(row) + repr(bytes(row["sealed"])) + "".join(events)
    assert "verysecret" not in text
    assert secret not in text


def test_retell_needs_the_providers_own_secret(organization):
    with pytest.raises(InvalidSecret):
        make(organization, provider="retell")
    connection, shown = make(organization, provider="retell", secret="key_1234567890")
    assert shown == ""
    assert connections.secrets_of(connection) == [b"key_1234567890"]


@pytest.mark.parametrize(
    "values,error",
    [
        ({"provider": "nobody"}, InvalidSettings),
        ({"auth_mode": "bearer"}, UnfitProof),
        ({"secret": "short"}, InvalidSecret),
        ({"secret": "not base64 but long enough!!"}, InvalidSecret),
        ({"secret": "whsec_" + base64.b64encode(b"short").decode()}, InvalidSecret),
        ({"name": ""}, InvalidSettings),
        ({"name": "a\x00"}, InvalidSettings),
        ({"base_url": "http://api.example.org"}, InvalidAddress),
    ],
)
def test_what_cannot_work_is_refused_and_nothing_stored(organization, values, error):
    with pytest.raises(error):
        make(organization, **values)
    with acting_for(organization.id):
        assert not ProviderConnection.objects.exists()


@pytest.mark.parametrize(
    "address,good",
    [
        ("https://api.vapi.ai", True),
        ("https://api.eu.vapi.ai/v1/", True),
        ("http://127.0.0.1:9000", True),
        ("http://localhost:9000/x", True),
        ("http://api.vapi.ai", False),
        ("https://10.0.0.1", False),
        ("https://169.254.169.254/latest", False),
        ("https://user:pass@api.vapi.ai", False),
        ("https://api.vapi.ai/?q=1", False),
        ("https://api.vapi.ai#x", False),
        ("https://intranet", False),
        ("ftp://api.vapi.ai", False),
        ("https://[::1", False),
        ("https://api.vapi.ai:22", False),
        ("https://ápi.vapi.ai", False),
        ("javascript:alert(1)", False),
    ],
)
def test_only_public_https_addresses(address, good, settings):
    if good:
        assert connections.checked_base_url(address) == address.rstrip("/")
    else:
        with pytest.raises(InvalidAddress):
            connections.checked_base_url(address)
    settings.MEDIA_FETCH_ALLOW_LOOPBACK = False
    if "127.0.0.1" in address or "localhost" in address:
        with pytest.raises(InvalidAddress):
            connections.checked_base_url(address)


def test_another_organization_gets_nothing(organization, other):
    connection, _secret = make(organization)
    for change in (connections.rotate_secret, connections.end_overlap):
        with pytest.raises(UnknownConnection):
            change(organization_id=other.id, connection_id=connection.id, by=BY, at=NOW)
    with acting_for(other.id):
        assert not ProviderConnection.objects.exists()
    assert len(connections.secrets_of(again(organization, connection))) == 1


def test_switching_off_and_on(organization):
    connection, _secret = make(organization)
    connections.set_state(organization_id=organization.id, connection_id=connection.id, state="disabled", by=BY, at=NOW)
    assert connections.connection_of(connection.public_id).state == "disabled"
