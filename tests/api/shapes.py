"""From JSON Schema to Hypothesis: bodies that fit a schema, and bodies that nearly do."""

from hypothesis import strategies as st

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_TEXTS = st.text(max_size=30) | st.sampled_from(
    ["", " ", "\x00", "\ud800", "+33199001122", "a@b.example", "x" * 5000, "🦜", "../.."]
)
_FORMATS = {
    "uuid": st.uuids().map(str),
    "date": st.dates().map(str),
    "date-time": st.datetimes(timezones=st.timezones() | st.none()).map(lambda moment: moment.isoformat()),
    "email": st.just("ada@example.org") | _TEXTS,
}


def fitting(schema, components):
    """Values of a schema, with strings and numbers at the edges that a schema does not forbid."""
    if "$ref" in schema:
        return fitting(components[schema["$ref"].rpartition("/")[2]], components)
    if "const" in schema:
        return st.just(schema["const"])
    if schema.get("enum"):
        return st.sampled_from(schema["enum"])
    for word in ("oneOf", "anyOf", "allOf"):
        if schema.get(word):
            return st.one_of([fitting(each, components) for each in schema[word]])
    kinds = schema.get("type", "object")
    if isinstance(kinds, list):
        return st.one_of([fitting({**schema, "type": kind, "enum": None}, components) for kind in kinds])
    return _of_kind(kinds, schema, components)


def _of_kind(kind, schema, components):
    if kind == "null":
        return st.none()
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return st.integers(schema.get("minimum"), schema.get("maximum"))
    if kind == "number":
        return st.floats(allow_nan=False, allow_infinity=False)
    if kind == "string":
        if "pattern" in schema:
            return st.from_regex(schema["pattern"]) | _TEXTS
        return _FORMATS.get(schema.get("format"), _TEXTS)
    if kind == "array":
        return st.lists(fitting(schema.get("items", {}), components), min_size=schema.get("minItems", 0), max_size=3)
    members = schema.get("properties", {})
    required = {name: fitting(members[name], components) for name in schema.get("required", ()) if name in members}
    optional = {name: fitting(inner, components) for name, inner in members.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional)


@st.composite
def nearly(draw, schema, components):
    """A fitting body; half of the time with one member taken away, replaced by anything, or added."""
    body = draw(fitting(schema, components))
    if not isinstance(body, dict) or draw(st.booleans()):
        return body
    change = draw(st.sampled_from(["take", "replace", "add", "whole"]))
    if change == "whole":
        return draw(ANYTHING)
    if change == "add" or not body:
        return {**body, draw(st.text(max_size=8)): draw(ANYTHING)}
    name = draw(st.sampled_from(sorted(body)))
    rest = {key: value for key, value in body.items() if key != name}
    return rest if change == "take" else {**rest, name: draw(ANYTHING)}
