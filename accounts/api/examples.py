"""A plausible value for any JSON Schema of ours: what the API's document shows where nobody wrote an example."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_BY_FORMAT = {
    "uuid": "01a20308-055e-7046-84c2-b5b8d94da27a",
    "date-time": "2026-01-31T09:00:00Z",
    "date": "2026-01-31",
    "email": "ada@example.org",
    "uri": "https://example.org/",
    "decimal": "0.41",
}
# By the member's name: numbers from the ranges reserved for fiction, addresses from reserved names.
_BY_NAME = {
    "account": "main",
    "agent": "front-desk",
    "agent_number": "+33 1 99 00 44 00",
    "amount": "0.41",
    "call_id": "call-1",
    "cursor": "",
    "currency": "EUR",
    "email": "ada@example.org",
    "emails": "ada@example.org",
    "end_reason": "hangup",
    "external_id": "crm-9",
    "from": "+33199001122",
    "id": "crm-9",
    "kind": "call",
    "language": "en",
    "method": "verbal",
    "name": "Ada Example",
    "number": "+33 1 99 00 11 22",
    "phones": "+33199001122",
    "provider": "twilio",
    "provider_agent_id": "front-desk",
    "reason": "asked for by our lawyer",
    "region": "FR",
    "summary": "Asked about an order.",
    "text": "Hello, how may I help?",
    "to": "+33199004400",
    "url": "https://recordings.example.org/call-1.wav",
    "value": "+33199001122",
}
_DEEPEST = 12


def example_of(schema: Schema, components: Mapping[str, Schema], *, name: str = "", depth: int = 0) -> Any:
    """A value that fits `schema`. `components`: what `$ref` points to; `name`: the member it stands in."""
    for said in ("example", "const", "default"):
        if said in schema:
            return schema[said]
    if schema.get("examples"):
        return schema["examples"][0]
    if "$ref" in schema:
        return example_of(components[schema["$ref"].rpartition("/")[2]], components, name=name, depth=depth)
    if schema.get("enum"):
        return next(value for value in schema["enum"] if value not in (None, "") or len(schema["enum"]) == 1)
    for word in ("oneOf", "anyOf", "allOf"):
        if schema.get(word):
            return _of_several(word, schema, components, name, depth)
    kinds = schema.get("type", "object")
    kind = next((each for each in kinds if each != "null"), "null") if isinstance(kinds, list) else kinds
    if kind == "object":
        return _object(schema, components, depth)
    if kind == "array":
        item = example_of(schema.get("items", {}), components, name=name, depth=depth + 1)
        return [item] * max(1, int(schema.get("minItems", 1)))
    return _scalar(kind, schema, name)


def _of_several(word: str, schema: Schema, components: Mapping[str, Schema], name: str, depth: int) -> Any:
    if word != "allOf":
        known = [each for each in schema[word] if each.get("type") != "null"]
        return example_of((known or schema[word])[0], components, name=name, depth=depth)
    values = [example_of(each, components, name=name, depth=depth) for each in schema["allOf"]]
    if all(isinstance(value, dict) for value in values):
        return {key: inner for value in values for key, inner in value.items()}
    return values[0]


def _object(schema: Schema, components: Mapping[str, Schema], depth: int) -> dict[str, Any]:
    members = schema.get("properties", {})
    if depth > _DEEPEST:
        members = {}
    if not members and isinstance(schema.get("additionalProperties"), Mapping) and schema["additionalProperties"]:
        return {"key": example_of(schema["additionalProperties"], components, depth=depth + 1)}
    return {
        name: example_of(inner, components, name=name, depth=depth + 1)
        for name, inner in members.items()
        if not inner.get("readOnly") or "required" not in schema or name in schema["required"]
    }


def _scalar(kind: str, schema: Schema, name: str) -> Any:
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        return max(1, schema.get("minimum", 1)) if schema.get("maximum", 1) >= 1 else schema["maximum"]
    if kind == "null":
        return None
    fitting = _BY_FORMAT.get(schema.get("format", "")) or _BY_NAME.get(name) or name or "text"
    return fitting[: schema.get("maxLength", 1000)]
