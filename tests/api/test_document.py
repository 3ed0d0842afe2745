"""The API's document: complete, valid, and every example fits what it explains."""

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from accounts.api.openapi import operations
from accounts.permissions import SCOPES


@pytest.fixture(scope="module")
def document():
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_document_is_valid_and_free_of_warnings(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))
    assert (tmp_path / "schema.yml").stat().st_size > 10_000


def test_every_operation_names_its_scope(document):
    found = list(operations(document))
    assert len(found) > 20
    for path, operation in found:
        assert operation["x-scope"] in SCOPES, path
        assert operation["security"] == [{"apiKey": [operation["x-scope"]]}], path
        assert operation["summary"], path
        assert operation["tags"] != ["api"], path


def test_every_operation_has_its_refusals(document):
    for path, operation in operations(document):
        for status in ("401", "403", "429", "503"):
            content = operation["responses"][status]["content"]
            assert set(content) == {"application/problem+json"}, (path, status)
        assert ("{" in path) <= ("404" in operation["responses"]), path


@pytest.mark.parametrize(
    "path, method, statuses",
    [
        ("/api/v1/agents", "post", {"404", "409", "422"}),
        ("/api/v1/calls/{call_id}", "delete", {"409"}),
        ("/api/v1/calls/{call_id}/recording", "get", {"416"}),
        ("/api/v1/contacts/{contact_id}", "patch", {"409"}),
        ("/api/v1/contacts/{contact_id}", "delete", {"409"}),
        ("/api/v1/holds", "post", {"404"}),
        ("/api/v1/retention/{category}/preview", "post", {"422"}),
    ],
)
def test_what_only_one_operation_refuses_stands_there(document, path, method, statuses):
    assert statuses <= set(document["paths"][path][method]["responses"])


def test_every_refusal_names_its_codes(document):
    for path, operation in operations(document):
        refusals = {status: said for status, said in operation["responses"].items() if int(status) >= 400}
        for status, said in refusals.items():
            examples = said["content"]["application/problem+json"]["examples"]
            assert examples, (path, status)
            for code, example in examples.items():
                assert example["value"]["code"] == code, (path, status)
                assert example["value"]["type"] == f"urn:sottovoce:problem:{code}"
                assert example["value"]["status"] == int(status)
    change = document["paths"]["/api/v1/retention/{category}/change"]["post"]["responses"]
    assert set(change["409"]["content"]["application/problem+json"]["examples"]) == {
        "unchanged",
        "wrong-confirmation",
        "idempotency-in-flight",
    }
    assert "Retry-After" in change["429"]["headers"]


def bodies(operation):
    yield from operation.get("requestBody", {}).get("content", {}).items()
    for response in operation["responses"].values():
        yield from response.get("content", {}).items()


def test_every_body_has_an_example_that_fits(document):
    for path, operation in operations(document):
        for media_type, content in bodies(operation):
            if "json" not in media_type:
                continue
            whole = {**content["schema"], "components": document["components"]}
            examples = [each["value"] for each in content.get("examples", {}).values()] or [content["example"]]
            for example in examples:
                problems = [
                    f"{list(each.path)}: {each.message}" for each in Draft202012Validator(whole).iter_errors(example)
                ]
                assert not problems, (path, operation["operationId"], problems[:3])


def test_what_honours_a_key_for_repeats_says_so(document):
    create = document["paths"]["/api/v1/calls"]["post"]
    assert "Idempotency-Key" in {each["name"] for each in create["parameters"]}
    assert "409" in create["responses"]


@pytest.mark.django_db
def test_anyone_may_read_the_document(client):
    answer = client.get("/api/schema/?format=json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")
