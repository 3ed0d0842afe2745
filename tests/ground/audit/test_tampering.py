"""The superuser tampers, more than a thousand times; every time the right block is named."""

import random

import pytest

from ground import audit
from ground.audit.verification import check_chain
from ground.audit.walk import Fault
from tests.ground.audit import attacks
from tests.ground.audit.conftest import ANNA

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home"), pytest.mark.slow]

MUTATIONS = 1_500


@pytest.fixture
def trail(vault_home):
    with attacks.trail() as made:
        yield made


def test_every_mutation_is_found_and_the_first_bad_block_named(trail):
    seed = random.SystemRandom().getrandbits(32)
    dice = random.Random(seed)
    done = {attack.__name__: 0 for attack in attacks.ATTACKS}
    attempts = 0
    while sum(done.values()) < MUTATIONS and attempts < 3 * MUTATIONS:
        made = attacks.attempt(trail, attempts, dice)
        attempts += 1
        if made is not None:
            name, expected, problem = made
            assert problem is not None, f"{name} was not found (seed {seed})"
            assert problem.number == expected, f"{name} (seed {seed}): {problem}, expected {expected}"
            done[name] += 1
    assert sum(done.values()) >= MUTATIONS
    assert min(done.values()) >= 10, done
    assert audit.verify().ok, "and the untouched trail still holds"


def test_a_rolled_back_database_is_perfect_without_anchors_and_exposed_by_them(trail):
    chain = (ANNA, "evidence")
    attacks.truncate_tail(trail, chain, random.Random(1))
    without = check_chain(trail.connection, *chain, keys=trail.keys)
    assert without.problem is None
    assert trail.check(chain).fault is Fault.ROLLED_BACK
