"""Every operation as a command: what a shell reads of it is the request that was meant."""

import json
import re
import shlex
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from accounts.api.openapi import operations
from accounts.api_docs import curl
from accounts.api_docs.reading import read

BASE = "https://voice.example"


@pytest.fixture(scope="module")
def document():
    return SchemaGenerator().get_schema(request=None, public=True)


def spoken(command):
    """(method, url, headers, body) as a shell hands them to curl."""
    parts = shlex.split(command.replace("\\\n", " "))
    assert parts[:2] == ["curl", "-sS"]
    method, url, headers, body = "GET", "", {}, None
    rest = iter(parts[2:])
    for part in rest:
        if part == "-X":
            method = next(rest)
        elif part == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif part == "-d":
            body = next(rest)
        elif part == "--output":
            next(rest)
        else:
            assert not url, "two addresses"
            url = part
    return method, url, headers, body


def test_every_command_is_a_request_that_fits_the_document(document):
    shown = {(each.method, each.path): each for each in read(document, base_url=BASE).operations}
    assert len(shown) == sum(1 for _ in operations(document))
    for (method, path), operation in shown.items():
        said = document["paths"][path][method.lower()]
        sent, url, headers, body = spoken(operation.curl)
        assert sent == method
        assert url.startswith(BASE)
        assert "{" not in url
        assert resolve(urlsplit(url).path), url
        assert headers["Authorization"] == f"Bearer ${curl.KEY}"
        parameters = said.get("parameters", [])
        required = {each["name"] for each in parameters if each["in"] == "query" and each.get("required")}
        assert set(parse_qs(urlsplit(url).query)) == required
        assert ("Idempotency-Key" in headers) == ("Idempotency-Key" in {each["name"] for each in parameters})
        if "requestBody" in said:
            assert headers["Content-Type"] == "application/json"
            schema = said["requestBody"]["content"]["application/json"]["schema"]
            whole = {**schema, "components": document["components"]}
            assert not list(Draft202012Validator(whole).iter_errors(json.loads(body))), path
        else:
            assert body is None


def test_a_value_that_a_shell_would_read_as_its_own_is_quoted():
    command = curl.command(
        url=f"{BASE}/things/{{name}}",
        method="POST",
        parameters=[
            {"in": "path", "name": "name", "required": True, "schema": {"type": "string", "example": "a/b c?"}},
            {"in": "query", "name": "q", "required": True, "schema": {"type": "string", "example": "x&y=$HOME"}},
            {"in": "query", "name": "left_out", "schema": {"type": "string"}},
            {"in": "header", "name": "X-Why", "required": True, "schema": {"type": "string", "example": "it's `me`"}},
        ],
        components={},
        body=("application/json", {"note": 'it\'s $(reboot) "now" é'}),
        authenticated=False,
        file=True,
    )
    method, url, headers, body = spoken(command)
    assert (method, url) == ("POST", f"{BASE}/things/a%2Fb%20c%3F?q=x%26y%3D%24HOME")
    assert headers == {"X-Why": "it's `me`", "Content-Type": "application/json"}
    assert json.loads(body) == {"note": 'it\'s $(reboot) "now" é'}
    assert command.endswith("--output answer")
    assert not re.search(r"\\\n\s*$", command)


def test_a_recording_goes_to_a_file(document):
    shown = {each.path: each for each in read(document, base_url=BASE).operations}
    assert shown["/api/v1/calls/{call_id}/recording"].curl.endswith("--output answer")
    assert "--output" not in shown["/api/v1/calls/{call_id}/report"].curl
