"""The same with the key store, its mirror and the journal in S3 buckets."""

import pytest

from ground.vault import gate, journal, keys, rotation
from ground.vault.exceptions import NotOpen
from ground.vault.keystore.record import Record
from tests.ground.vault.conftest import bucket, moto_url, s3  # noqa: F401  (fixtures)
from tests.ground.vault_ops.conftest import NIGHT, filled, opened, versions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]


@pytest.fixture(autouse=True)
def keys_in_buckets(settings, bucket):
    settings.KEYSTORE_BUCKET, settings.KEYSTORE_MIRROR_BUCKET = bucket(), bucket()
    settings.KEYSTORE_BACKEND = "s3"


def test_a_night_rotates_and_destroys_in_both_buckets(settings, s3):
    organization_id, secrets = filled(6)
    gone = next(iter(secrets))
    [version] = keys.destroy(organization_id, [gone]).shelf_versions
    assert rotation.night(NIGHT).versions_rotated == 1
    del secrets[gone]
    keys.shelves.drop_cache()
    assert opened(organization_id, secrets) == secrets
    [standing] = versions(organization_id)
    for name in (settings.KEYSTORE_BUCKET, settings.KEYSTORE_MIRROR_BUCKET):
        raw = s3.get_object(Bucket=name, Key=f"keys/{organization_id}.keys")["Body"].read()
        record = Record.from_bytes(raw, organization_id)
        assert list(record.secrets) == [("shelf", str(standing.id))]
        assert ("shelf", str(version)) in record.destroyed
    assert version in rotation.settled(organization_id, [version])


def test_the_gate_remembers_beside_the_journal_in_the_bucket(monkeypatch):
    monkeypatch.setattr(gate._seen, "seconds", 0)
    gate.tend()
    gate.require_open()
    journal.append(filled(0)[0], "suppression", {"digest": b"d" * 16})
    gate.tend()
    gate.shut(gate.REPLAYING)
    with pytest.raises(NotOpen):
        gate.require_open()
    monkeypatch.setattr(journal, "_handlers", {"suppression": [lambda entry: None]})
    assert gate.open_again() == 1
    gate.require_open()
    assert journal.last_sequence() == 1, "the memory is no journal entry"
