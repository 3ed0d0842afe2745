"""The API's document: what holds for every operation is said once, here.

Scope, `Idempotency-Key` and problem answers follow from the views themselves, so the document cannot forget them.
Examples are made from the schemas where nobody wrote a better one; a test holds every example against its schema.
"""

import inspect
from collections.abc import Iterator
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from accounts.api import idempotency
from accounts.api.examples import example_of
from accounts.api.problems import CODES, CONTENT_TYPE, TITLES, TYPE, UNREADABLE
from accounts.api.views import OrganizationAPIView
from accounts.permissions import PERMISSIONS

_SCOPE = "x-scope"
_SCOPES = "x-scopes"
_OWN_CODES = "x-codes"
METHODS = ("get", "post", "put", "patch", "delete")
_WAITING = (429, 503)
_WAIT = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 1}}}
_PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457). `code` is for programs, `request_id` for asking us.",
    "properties": {
        "type": {"type": "string", "examples": [f"{TYPE}invalid"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "field by field; `pointer` is a JSON pointer (RFC 6901) into the body",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
                "required": ["pointer", "code", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code", "request_id"],
}


class ApiSchema(AutoSchema):
    """One operation, with its scope and, where the view honours it, `Idempotency-Key`."""

    @property
    def scope(self) -> str:
        by_method = getattr(self.view, "scopes", {})
        return str(by_method.get(self.method, "") or getattr(self.view, "scope", ""))

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular does over DRF's
        said = super().get_description() or ""
        of_view = said == inspect.getdoc(type(self.view))
        several = len(set(self.view.allowed_methods) - {"HEAD", "OPTIONS"}) > 1
        if said == inspect.getdoc(OrganizationAPIView) or (of_view and several):
            said = ""  # the first speaks to those who write views, the other of two operations at once
        return f"{said}\n\nScope: `{self.scope}`.".strip()

    def get_operation(self, *given: Any, **named: Any) -> Any:
        """The view's own refusals (`refuses = {"DELETE": {409: ("on-legal-hold",)}}`), beside those all have."""
        operation: Any = super().get_operation(*given, **named)
        own = getattr(self.view, "refuses", {}).get(self.method, {}) if operation else {}
        for status, codes in own.items():
            operation["responses"].setdefault(str(status), {"description": TITLES[status]})[_OWN_CODES] = codes
        return operation

    def get_extensions(self) -> dict[str, Any]:
        return {_SCOPE: self.scope}

    def get_override_parameters(self) -> list[Any]:
        if self.method != "POST" or not getattr(self.view, "idempotent", False):
            return []
        return [
            OpenApiParameter(
                idempotency.HEADER,
                str,
                OpenApiParameter.HEADER,
                description=f"at most {idempotency.LONGEST} characters; the same key and body again give the first "
                "answer again, for a day",
            )
        ]


def complete(result: dict[str, Any], generator: Any, **_options: Any) -> dict[str, Any]:
    """Post-processing: the problem answers and the examples of every operation, and what each scope allows."""
    components = result.setdefault("components", {}).setdefault("schemas", {})
    components["Problem"] = _PROBLEM
    named = {operation[_SCOPE] for _path, operation in operations(result)}
    result[_SCOPES] = {scope: words for scope, (words, _roles) in PERMISSIONS.items() if scope in named}
    for path, operation in operations(result):
        operation["security"] = [{"apiKey": [operation[_SCOPE]] if operation.get(_SCOPE) else []}]
        for status in _statuses(path, operation):
            operation["responses"][str(status)] = _problem(status, operation)
        for content in _contents(operation):
            if "example" not in content and "examples" not in content:
                content["example"] = example_of(content["schema"], components)
    return result


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, operation) of a document."""
    for path, entry in document["paths"].items():
        yield from ((path, entry[method]) for method in METHODS if method in entry)


def _is_idempotent(operation: dict[str, Any]) -> bool:
    return any(each["name"] == idempotency.HEADER for each in operation.get("parameters", ()))


def _statuses(path: str, operation: dict[str, Any]) -> list[int]:
    """Which refusals an operation may answer with, beside those it names itself."""
    named = {int(status) for status in operation["responses"] if status.isdigit() and int(status) >= 400}
    always = {401, 403, 429, 503}
    if operation.get("parameters") or "requestBody" in operation:
        always.add(400)
    if "{" in path:
        always.add(404)
    if "requestBody" in operation:
        always |= {413, 415}
    if _is_idempotent(operation):
        always |= {409, 422}
    return sorted(named | always)


def _problem(status: int, operation: dict[str, Any]) -> dict[str, Any]:
    """The refusal with an example of every code it may carry: the operation's own first, then those all have."""
    said: dict[str, Any] = operation["responses"].get(str(status), {})
    own = said.pop(_OWN_CODES, ())
    if "content" in said:
        return said
    title = TITLES.get(status, "The request failed")
    shared = () if status == 404 and own else CODES.get(status, ())
    if "requestBody" not in operation:
        shared = tuple(code for code in shared if code != UNREADABLE)
    repeated = idempotency.CODES.get(status, ()) if _is_idempotent(operation) else ()
    examples = {
        code: {
            "value": {
                "type": f"{TYPE}{code}",
                "title": title,
                "status": status,
                "detail": said.get("description") or f"{title}.",
                "code": code,
                "request_id": "01a20308-055e-7046-84c2-b5b8d94da27a",
            }
        }
        for code in (*own, *shared, *repeated)
    }
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
    headers = {"headers": _WAIT} if status in _WAITING else {}
    return {"description": said.get("description") or title, **headers, "content": {CONTENT_TYPE: content}}


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The JSON bodies of an operation, in and out."""
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        for media_type, content in body.get("content", {}).items():
            if "json" in media_type and "schema" in content:
                yield content
