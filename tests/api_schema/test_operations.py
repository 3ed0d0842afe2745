"""Every operation of the API's document, with what fits it and with what does not: documented answers only.

`SCHEMA_CASES` says how many requests of each kind an operation gets; `make test` sends a few.
"""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.api_schema.conftest import CASES, CHECKS, document

OPERATIONS = [result.ok() for result in document().get_all_operations()]


def ids(operation):
    return operation.label


def known_in_place(planted, case, place):
    """Most requests are about something that exists: one of what was planted stands in the path."""
    for name in case.path_parameters or {}:
        if name in planted.known:
            choices = planted.known[name]
            case.path_parameters[name] = choices[place % len(choices)]


def tried(planted, operation, mode):
    """The operation, tried with `CASES` requests that fit (POSITIVE) or break (NEGATIVE) its schema."""

    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode), place=st.integers(0, 9))
    def send(case, place):
        if mode is GenerationMode.POSITIVE and place < 8:
            known_in_place(planted, case, place)
        answer = case.call(headers=planted.headers)
        case.validate_response(answer, checks=CHECKS)
        if mode is GenerationMode.POSITIVE:
            assert answer.status_code not in {401, 403, 429, 503}, "the door itself was shut"

    send()


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.timeout(600 + CASES * 2)
@pytest.mark.parametrize("operation", OPERATIONS, ids=ids)
def test_an_operation_answers_as_documented(planted, operation):
    tried(planted, operation, GenerationMode.POSITIVE)
    with contextlib.suppress(Unsatisfiable):  # an operation without parameters and body leaves nothing to break
        tried(planted, operation, GenerationMode.NEGATIVE)
