"""Chains of requests: what one operation answers is what the next one is about. Documented answers only.

Which operation follows which is read from the document: an id in an answer belongs to the parameter of that name.
`SCHEMA_CASES` says how many chains are tried; `make test` tries a few.
"""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode

from ground import vault
from tests.api_schema.conftest import CASES, CHECKS, document

LONGEST = 8


@pytest.mark.django_db(databases=["default", "keyring"])
@pytest.mark.slow
@pytest.mark.timeout(600 + CASES * 10)
def test_what_an_answer_names_is_there_for_the_next_request(planted):
    schema = document()
    schema.config.generation.update(modes=[GenerationMode.POSITIVE])
    answers, chained = {}, []

    class Chains(schema.as_state_machine()):
        """Each chain begins with what was planted: what the one before stored is rolled back."""

        def setup(self):
            self.before = [(alias, transaction.savepoint(using=alias)) for alias in ("default", "keyring")]

        def teardown(self):
            for alias, place in self.before:
                transaction.savepoint_rollback(place, using=alias)
            vault.forget_everything()

        def get_call_kwargs(self, case):
            return {"headers": planted.headers}

        def validate_response(self, response, case, additional_checks=(), **options):
            answers.setdefault(response.status_code, []).append(case.operation.label)
            if case.path_parameters and response.status_code < 300:
                chained.append(case.operation.label)
            case.validate_response(response, checks=CHECKS)
            assert response.status_code not in {401, 403, 429, 503}, "the door itself was shut"

    run_state_machine_as_test(
        Chains,
        settings=settings(
            max_examples=CASES * 5,
            stateful_step_count=LONGEST,
            phases=[Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
    assert chained, f"no request was about what another had answered: {answers}"
