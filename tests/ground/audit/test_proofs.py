"""One event in one signed block, provable offline."""

import dataclasses
import json

import pytest

from ground import audit, tenancy
from ground.audit.exceptions import NotSealedYet
from ground.audit.models import Event
from tests.ground.audit.conftest import ANNA, BORIS, append, seal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home", "small_blocks")]


def test_every_sealed_event_has_a_proof_that_holds():
    ids = append(count=17)
    seal()
    for event_id in ids:
        proof = audit.proof(event_id, organization_id=ANNA)
        with tenancy.acting_for(ANNA):
            assert audit.event_digest(Event.objects.get(id=event_id)) == proof.event_digest
        assert audit.check_proof(proof)
        assert audit.check_proof(audit.MerkleProof.from_json(json.loads(json.dumps(proof.as_json()))))


def test_an_event_that_is_not_there_has_no_digest():
    (event_id,) = append()
    with tenancy.acting_for(ANNA):
        event = Event.objects.get(id=event_id)
    event.organization_id = BORIS
    with pytest.raises(Event.DoesNotExist, match=str(event_id)):
        audit.event_digest(event)


def test_a_changed_proof_does_not_hold():
    ids = append(count=9)
    seal()
    proof = audit.proof(ids[3], organization_id=ANNA)
    other = audit.proof(ids[4], organization_id=ANNA)
    for forged in (
        dataclasses.replace(proof, event_digest=other.event_digest),
        dataclasses.replace(proof, steps=other.steps),
        dataclasses.replace(proof, block={**proof.block, "number": 2}),
        dataclasses.replace(proof, block={**proof.block, "merkle_root": "00" * 32}),
        dataclasses.replace(proof, signing_key="nobody"),
        dataclasses.replace(proof, signature=bytes(64)),
    ):
        assert not audit.check_proof(forged)


def test_an_event_without_a_block_has_no_proof_yet():
    (event_id,) = append()
    with pytest.raises(NotSealedYet):
        audit.proof(event_id, organization_id=ANNA)


def test_another_organization_gets_no_proof():
    (event_id,) = append(ANNA)
    seal()
    with pytest.raises(Event.DoesNotExist):
        audit.proof(event_id, organization_id=BORIS)
