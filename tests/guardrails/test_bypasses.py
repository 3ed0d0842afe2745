"""The ways around row-level security, measured on plain builds: each leaks when made, and the lint names it."""

import dataclasses

import pytest

from tests.guardrails import holes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("hole", holes.HOLES, ids=lambda hole: hole.name)
def test_a_hole_leaks_and_is_named(hole):
    tried = holes.attempt(hole)
    assert dataclasses.astuple(tried) == (True, True, True, True), tried


def test_a_key_is_replaced_by_a_key_of_its_own_organization_only(superuser_connection):
    """The reference used to be checked past the wall: any id of any organization was taken."""
    from django.db import IntegrityError
    from django.utils import timezone

    from accounts.models import ApiKey
    from accounts.services import api_keys
    from ground.tenancy import Actor, acting_for
    from tests import factories

    ours, theirs = (
        api_keys.create(
            organization_id=factories.organization().id,
            name="program",
            scopes=["calls.read"],
            by=Actor.system("test"),
            at=timezone.now(),
        ).row
        for _ in range(2)
    )
    with pytest.raises(IntegrityError), acting_for(ours.organization_id):
        ApiKey.objects.filter(id=ours.id).update(replaced_by=theirs.id)
