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


@pytest.mark.django_db
def test_the_page_has_nothing_inline(client):
    page = client.get("/api/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "<style" not in text
    assert "<script>" not in text
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    script = client.get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
