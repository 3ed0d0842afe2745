"""What a person reads of a JSON Schema."""

import pytest

from accounts.api_docs.shapes import ANY_NAME, Choice, Member, Shape, shape_of

PERSON = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


def names(shape):
    return [member.name for member in shape.members]


@pytest.mark.parametrize(
    "schema, kind",
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "uuid"}, "string (uuid)"),
        ({"type": "string", "format": "binary"}, "binary"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"type": "string", "nullable": True}, "string | null"),
        ({"type": ["string", "integer"]}, "string | integer"),
        ({"type": "null"}, "null"),
        ({}, "any"),
        (True, "any"),
        (False, "nothing"),
        ({"const": 7}, "integer"),
        ({"enum": ["a", None]}, "string | null"),
        ({"properties": {}}, "object"),
        ({"items": {"type": "integer"}}, "array of integer"),
        ({"type": "array"}, "array of any"),
        ({"type": "array", "items": {"type": ["string", "null"]}}, "array of string | null"),
        (
            {"type": ["array", "null"], "items": {"type": "array", "items": {"type": "number"}}},
            "array of array of number | null",
        ),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "string | integer"),
        ({"oneOf": [{"type": "null"}]}, "null"),
        ({"$ref": "#/components/schemas/Gone"}, "Gone"),
    ],
)
def test_every_type_has_a_name(schema, kind):
    assert shape_of(schema, {}).full_kind == kind


@pytest.mark.parametrize(
    "schema, limits",
    [
        ({"type": "string", "minLength": 1, "maxLength": 200}, ("1 to 200 characters",)),
        ({"type": "string", "minLength": 3, "maxLength": 3}, ("3 characters",)),
        ({"type": "string", "minLength": 0, "maxLength": 1}, ("at most 1 character",)),
        ({"type": "string", "minLength": 2}, ("at least 2 characters",)),
        ({"type": "integer", "minimum": 0, "maximum": 9}, ("0 to 9",)),
        ({"type": "integer", "minimum": 0}, ("at least 0",)),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, ("more than 0", "less than 1")),
        ({"type": "integer", "multipleOf": 5, "default": 10}, ("a multiple of 5", "`10` by default")),
        ({"type": "array", "maxItems": 4, "uniqueItems": True, "items": {}}, ("at most 4 items", "no item twice")),
        ({"type": "array", "items": {"type": "string", "maxLength": 9}}, ("each: at most 9 characters",)),
        ({"type": "string", "pattern": "^[A-Z]$"}, ("matches `^[A-Z]$`",)),
        ({"type": "boolean", "default": False}, ("`false` by default",)),
        ({"type": "string", "default": ""}, ()),
        ({"type": "object", "default": {}}, ()),
    ],
)
def test_limits_are_said_in_words(schema, limits):
    assert shape_of(schema, {}).limits == limits


def test_members_know_whether_they_must_be_there_and_who_writes_them():
    shape = shape_of(
        {
            "type": "object",
            "properties": {
                "id": {"type": "string", "readOnly": True},
                "secret": {"type": "string", "writeOnly": True, "description": "once"},
            },
            "required": ["secret"],
        },
        {},
    )
    assert shape.members == (
        Member("id", Shape("string"), access="read"),
        Member("secret", Shape("string", words="once"), required=True, access="write"),
    )


def test_a_reference_is_put_in_place_and_what_stands_beside_it_wins():
    components = {"Person": {**PERSON, "description": "Somebody."}}
    assert shape_of({"$ref": "#/components/schemas/Person"}, components).words == "Somebody."
    shape = shape_of({"$ref": "#/components/schemas/Person", "description": "The caller."}, components)
    assert (shape.words, names(shape)) == ("The caller.", ["name"])


def test_a_schema_that_holds_itself_ends_with_its_name():
    components = {
        "Node": {
            "type": "object",
            "properties": {"next": {"$ref": "#/components/schemas/Node"}, "all": {"$ref": "#/x/Nodes"}},
        },
        "Nodes": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
    }
    node = shape_of({"$ref": "#/components/schemas/Node"}, components)
    assert [member.shape.kind for member in node.members] == ["Node", "array of Node"]
    assert node.members[0].shape.members == ()


def test_a_reference_to_itself_and_nothing_else_ends_too():
    components = {"A": {"$ref": "#/x/B"}, "B": {"$ref": "#/x/A"}, "C": {"allOf": [{"$ref": "#/x/C"}, PERSON]}}
    assert shape_of({"$ref": "#/x/A"}, components).kind == "A"
    assert names(shape_of({"$ref": "#/x/C"}, components)) == ["name"]
    assert shape_of({"allOf": [{"$ref": "#/x/A"}]}, components).kind in {"A", "B", "any"}


def test_all_of_is_one_object_with_all_members():
    components = {
        "Person": PERSON,
        "Aged": {"allOf": [{"$ref": "#/x/Person"}, {"properties": {"age": {"type": "integer"}}}]},
    }
    shape = shape_of(
        {"allOf": [{"$ref": "#/x/Aged"}, {"properties": {"id": {}}, "required": ["id"]}], "description": "Whole."},
        components,
    )
    assert (shape.kind, shape.words) == ("object", "Whole.")
    assert [(member.name, member.required) for member in shape.members] == [
        ("name", True),
        ("age", False),
        ("id", True),
    ]


def test_several_that_fit_are_shown_one_by_one_only_where_there_is_something_to_show():
    shape = shape_of({"oneOf": [PERSON, {"type": "string", "maxLength": 3}, {"type": "null"}]}, {})
    assert shape.full_kind == "object | string | null"
    assert [variant.kind for variant in shape.variants] == ["object", "string"]
    assert shape_of({"anyOf": [{"type": "string"}, {"type": "integer"}]}, {}).variants == ()


def test_one_of_enums_is_one_list_of_words():
    blank, null = {"enum": [""]}, {"enum": [None]}
    shape = shape_of({"oneOf": [{"type": "string", "enum": ["a", "b"]}, blank, null], "description": "Which."}, {})
    assert shape.choices == (Choice("a"), Choice("b"), Choice(""))
    assert (shape.full_kind, shape.words) == ("string | null", "Which.")


def test_labels_of_an_enum_leave_the_description():
    shape = shape_of(
        {
            "type": "string",
            "enum": ["none", "no_answer", "busy", 3],
            "description": "How it ended.\n\n* `none` - none was made\n* `no_answer` - No answer\n* `busy` - busy",
        },
        {},
    )
    assert shape.words == "How it ended."
    assert shape.choices == (Choice("none", "none was made"), Choice("no_answer"), Choice("busy"), Choice("3"))


def test_members_of_any_name_are_members_too():
    shape = shape_of({"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}}, {})
    assert shape.members == (Member(ANY_NAME, Shape("integer", limits=("at least 1",))),)
    assert shape_of({"type": "object", "additionalProperties": {}}, {}).members == (Member(ANY_NAME, Shape("any")),)
    assert shape_of({"type": "object", "additionalProperties": True}, {}).members == (Member(ANY_NAME, Shape("any")),)
    assert shape_of({"type": "object", "additionalProperties": False}, {}).members == ()


def test_the_items_of_an_array_show_their_members_and_choices():
    people = shape_of({"type": "array", "items": PERSON, "maxItems": 2, "description": "All."}, {})
    assert (people.kind, names(people), people.limits, people.words) == (
        "array of object",
        ["name"],
        ("at most 2 items",),
        "All.",
    )
    words = shape_of({"type": "array", "items": {"type": "string", "enum": ["a"]}}, {})
    assert words.choices == (Choice("a"),)
