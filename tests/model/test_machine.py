"""Thousands of steps in three organizations, compared with a plain model after each of them.

2,000 steps by default; `SOAK=full` takes 100,000, `MODEL_EXAMPLES` any number of histories of 200 steps. The seed is
printed; `MODEL_SEED=<seed>` plays the same run again, `MODEL_SHRINK=1` then looks for the shortest way there.
"""

import os
import secrets

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.calls.stub import StubServer
from tests.model.machine import Machine
from tests.model.world import Eyes

STEPS = 200
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "600" if os.environ.get("SOAK") == "full" else "12"))
SEED = int(os.environ.get("MODEL_SEED", secrets.randbelow(2**32)))


@pytest.fixture
def stage(vault_home, transactional_db):
    Machine.eyes, Machine.stub, Machine.steps = Eyes(), StubServer(), 0
    yield
    Machine.eyes.close()
    Machine.stub.close()


@pytest.mark.slow
@pytest.mark.timeout(120 + EXAMPLES * 60)
@pytest.mark.django_db(databases=["default", "keyring"], transaction=True)
def test_the_platform_does_what_the_model_does(stage):
    print(f"MODEL_SEED={SEED}: {EXAMPLES} histories of {STEPS} steps")
    run_state_machine_as_test(
        seed(SEED)(Machine),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            print_blob=True,
            phases=[Phase.generate, Phase.shrink] if os.environ.get("MODEL_SHRINK") == "1" else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{Machine.steps:,} steps compared")
    assert Machine.steps > EXAMPLES * STEPS / 2
