"""From an OpenAPI document to groups of operations."""

import pytest
from drf_spectacular.generators import SchemaGenerator

from accounts.api.openapi import operations
from accounts.api_docs.reading import Refusal, read

BASE = "https://voice.example"
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def document():
    return SchemaGenerator().get_schema(request=None, public=True)


def small(**operation):
    said = {"operationId": "things_list", "tags": ["Things"], "responses": {"200": {"description": ""}}, **operation}
    return {
        "info": {"title": "Small API", "version": "3", "description": "One.\n\nTwo\nlines."},
        "paths": {"/api/v1/things/{thing_id}/parts": {"get": said}},
    }


def the_one(**operation):
    return read(small(**operation), base_url=BASE).operations[0]


def test_nothing_of_the_document_is_left_out(document):
    reference = read(document, base_url=BASE)
    shown = {(each.method.lower(), each.path): each for each in reference.operations}
    for path, said in operations(document):
        method = next(method for method, each in document["paths"][path].items() if each is said)
        operation = shown[method, path]
        assert operation.summary == said["summary"]
        assert operation.scope == said["x-scope"]
        assert {each.member.name for each in operation.parameters} == {
            each["name"] for each in said.get("parameters", [])
        }
        assert {each.media_type for each in operation.bodies} == set(said.get("requestBody", {}).get("content", {}))
        assert {each.status for each in (*operation.answers, *operation.refusals)} == set(said["responses"])
        assert all(refusal.codes for refusal in operation.refusals), path
    assert len({each.anchor for each in reference.operations}) == len(shown)
    assert dict(reference.scopes).keys() == {each.scope for each in reference.operations}


def test_every_parameter_and_group_says_what_it_is(document):
    reference = read(document, base_url=BASE)
    assert all(group.words for group in reference.groups), [group.name for group in reference.groups if not group.words]
    silent = {
        (operation.path, each.member.name)
        for operation in reference.operations
        for each in operation.parameters
        if each.where != "path" and not each.member.shape.words and not each.member.shape.choices
    }
    assert not silent


def test_words_for_programmers_of_ours_stay_inside(document):
    assert not [path for path, said in operations(document) if "acting_for" in said["description"]]


def test_groups_come_in_the_order_of_the_tags_and_empty_ones_are_left_out():
    document = small()
    document["paths"]["/b"] = {"get": {"tags": ["Firsts"], "responses": {}}, "post": {"responses": {}}}
    document["tags"] = [{"name": "None"}, {"name": "Firsts", "description": "They come first."}]
    groups = read(document, base_url=BASE).groups
    assert [(group.name, group.words, len(group.operations)) for group in groups] == [
        ("Firsts", "They come first.", 1),
        ("Things", "", 1),
        ("", "", 1),
    ]
    assert [group.anchor for group in groups] == ["group-firsts", "group-things", "group-other"]


def test_an_operation_without_words_still_has_a_name_and_an_anchor():
    document = {"paths": {"/b/{id}": {"delete": {"responses": {"204": {}}}}}}
    operation = read(document, base_url=BASE).operations[0]
    assert (operation.summary, operation.anchor) == ("DELETE /b/{id}", "delete-bid")
    assert operation.answers[0].words == "No Content"
    assert operation.example == ""


def test_paragraphs_lose_their_line_ends_and_the_scope_its_second_mention():
    operation = the_one(description="First\nline.\n\nSecond.\n\nScope: `calls.read`.", **{"x-scope": "calls.read"})
    assert operation.paragraphs == ("First line.", "Second.")
    assert operation.scope == "calls.read"
    assert read(small(), base_url=BASE).paragraphs == ("One.", "Two lines.")


def test_parameters_come_by_place_required_ones_first():
    parameters = [
        {"in": "header", "name": "H", "schema": {"type": "string"}},
        {"in": "query", "name": "free", "schema": {"type": "string"}},
        {"in": "query", "name": "must", "required": True, "schema": {"type": "string"}, "description": "needed"},
        {"in": "path", "name": "thing_id", "required": True, "schema": {"type": "integer"}},
    ]
    found = the_one(parameters=parameters).parameters
    assert [each.member.name for each in found] == ["thing_id", "must", "free", "H"]
    assert found[1].member.shape.words == "needed"
    assert found[1].member.required


def test_a_path_is_cut_at_its_names():
    operation = the_one()
    assert operation.pieces == ("/api/v1/things/", "{thing_id}", "/parts")
    assert operation.tail == ("/things/", "{thing_id}", "/parts")


def test_answers_and_refusals_are_told_apart():
    example = {"type": "urn:x:gone", "code": "gone"}
    responses = {
        "410": {
            "description": "",
            "content": {PROBLEM: {"examples": {"a": {"value": example}, "b": {"value": example}}}},
        },
        "404": {"description": "Nowhere", "content": {PROBLEM: {"schema": {}}}},
        "200": {
            "description": "Fine",
            "headers": {"ETag": {"description": "its version", "schema": {"type": "string"}}},
            "content": {"application/json": {"schema": {"type": "object"}, "example": {"a": "é"}}},
        },
    }
    operation = the_one(responses=responses)
    assert operation.refusals == (Refusal("404", "Nowhere"), Refusal("410", "Gone", ("gone",)))
    [answer] = operation.answers
    assert [(each.name, each.shape.words) for each in answer.headers] == [("ETag", "its version")]
    assert operation.example == '{\n  "a": "é"\n}'
