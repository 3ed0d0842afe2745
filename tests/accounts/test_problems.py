"""Refusals of the API as RFC 9457 has them: every kind of error, member by member. No database."""

import json
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.serializers import ListSerializer, Serializer

from accounts.api import problems
from accounts.api.problems import Problem, problem_handler
from ground.vault.exceptions import KeyStoreDown

REQUEST = SimpleNamespace(request_id="req_7")


def handled(error):
    return problem_handler(error, {"request": SimpleNamespace(_request=REQUEST)})


@pytest.mark.parametrize(
    "error, status, code",
    [
        (Http404(), 404, "not-found"),
        (PermissionDenied(), 403, "permission-denied"),
        (RequestDataTooBig(), 413, "request-too-large"),
        (OperationalError(), 503, "unavailable"),
        (InterfaceError(), 503, "unavailable"),
        (KeyStoreDown(), 503, "unavailable"),
        (exceptions.NotAuthenticated(), 401, "not-authenticated"),
        (exceptions.ParseError(), 400, "parse-error"),
        (exceptions.Throttled(7), 429, "throttled"),
        (Problem(409, "call-on-hold", "A legal hold keeps this call."), 409, "call-on-hold"),
    ],
)
def test_every_refusal_is_a_problem_with_its_code(error, status, code):
    answer = handled(error)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.problem == code
    assert answer.data["type"] == f"{problems.TYPE}{code}"
    assert answer.data["title"] == problems.TITLES[status]
    assert answer.data["status"] == status
    assert answer.data["code"] == code
    assert answer.data["detail"]
    assert answer.data["request_id"] == "req_7"
    assert set(answer.data) == {"type", "title", "status", "detail", "code", "request_id"}


def test_a_mistake_of_the_code_is_no_problem_of_the_caller():
    assert handled(ZeroDivisionError()) is None


def test_when_to_come_back_stands_in_a_header():
    assert handled(exceptions.Throttled(7))["Retry-After"] == "8"
    assert handled(OperationalError())["Retry-After"] == "30"
    assert not handled(Http404()).has_header("Retry-After")


def test_how_to_say_who_one_is_stands_in_a_header():
    error = exceptions.NotAuthenticated()
    assert not handled(error).has_header("WWW-Authenticate")
    error.auth_header = "Bearer"
    assert handled(error)["WWW-Authenticate"] == "Bearer"


def test_a_problem_may_say_more():
    answer = handled(Problem(409, "call-on-hold", "A legal hold keeps this call.", holds=2))
    assert answer.data["detail"] == "A legal hold keeps this call."
    assert answer.data["holds"] == 2


def test_a_status_without_a_title_still_has_one():
    assert problems.body(418, "teapot", "", None)["title"] == "The request failed"
    assert problems.body(418, "teapot", "", None)["request_id"] == ""


def test_a_plain_answer_is_the_same_problem():
    answer = problems.answer(404, "not-found", "Nothing here.", REQUEST, hint="x")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.problem == "not-found"
    assert json.loads(answer.content) == problems.body(404, "not-found", "Nothing here.", REQUEST, {"hint": "x"})


def test_when_the_code_failed_nothing_is_told_but_the_id():
    answer = problems.internal_problem(REQUEST)
    told = json.loads(answer.content)
    assert (answer.status_code, told["code"], told["request_id"]) == (500, "internal", "req_7")


def errors_of(details):
    answer = handled(exceptions.ValidationError(details))
    assert (answer.status_code, answer.data["code"]) == (400, "invalid")
    return [(each["pointer"], each["detail"]) for each in answer.data["errors"]]


@pytest.mark.parametrize(
    "details, errors",
    [
        ("No.", [("/", "No.")]),
        (["No.", "Never."], [("/", "No."), ("/", "Never.")]),
        ({"name": ["Too long.", "Too loud."]}, [("/name", "Too long."), ("/name", "Too loud.")]),
        ({"a/b~c": ["No."]}, [("/a~1b~0c", "No.")]),
        ({"non_field_errors": ["No."]}, [("/", "No.")]),
        ({"phones": {"non_field_errors": ["No."]}}, [("/phones", "No.")]),
        ({"calls": [{}, {"id": ["No."]}, {}]}, [("/calls/1/id", "No.")]),
        ([{"id": ["No."]}, {}, {"id": ["Never."]}], [("/0/id", "No."), ("/2/id", "Never.")]),
    ],
)
def test_fields_are_named_by_pointers(details, errors):
    assert errors_of(details) == errors


def test_each_error_has_its_code():
    answer = handled(exceptions.ValidationError({"n": [exceptions.ErrorDetail("No.", code="max_value")]}))
    assert answer.data["errors"] == [{"pointer": "/n", "code": "max_value", "detail": "No."}]
    assert answer.data["detail"] == "Some fields are not valid."


def test_a_serializer_s_own_errors_are_read():
    class Nothing(Serializer):
        pass

    many = ListSerializer(child=Nothing(), data={})
    many.is_valid()
    assert errors_of(many.errors)[0][0] == "/"
