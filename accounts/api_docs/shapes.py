"""From JSON Schema to what a person reads of it: a type, limits, choices, members. Pure, and in the active language.

What `$ref` names is put in place. A schema that holds itself ends at the second meeting, with its name. Words of the
schema's own vocabulary (string, array) stay as they are; what we say about them is translated.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Schema = Mapping[str, Any]

ANY_NAME = "*"
"""The name of a member that may have any name (`additionalProperties`)."""
_CHOICE = re.compile(r"^\* `([^`]*)` - (.*)$", re.MULTILINE)  # how drf-spectacular writes the labels of an enum
_NO_DEFAULT: tuple[Any, ...] = ("", None, {}, [])


@dataclass(frozen=True, slots=True)
class Choice:
    """`words`: "" where they would only repeat the value."""

    value: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """A value as a person reads it. `kind`: "array of string (uuid)"; `variants`: one of these, where several fit."""

    kind: str
    nullable: bool = False
    words: str = ""
    limits: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    members: tuple["Member", ...] = ()
    variants: tuple["Shape", ...] = ()

    @property
    def full_kind(self) -> str:
        return f"{self.kind} | null" if self.nullable else self.kind


@dataclass(frozen=True, slots=True)
class Member:
    """`access`: "read" when only we write it, "write" when it is never shown again, otherwise ""."""

    name: str
    shape: Shape
    required: bool = False
    access: str = ""


def shape_of(schema: Any, components: Mapping[str, Schema], *, met: tuple[str, ...] = ()) -> Shape:
    """`components`: what `$ref` points to, by name. `met`: the names we are inside of."""
    if not isinstance(schema, Mapping):  # true and false are schemas too: anything, nothing
        return Shape("nothing" if schema is False else "any")
    if "$ref" in schema:
        return _referred(schema, components, met)
    if schema.get("allOf"):
        return shape_of(_merged(schema, components, met), components, met=met)
    for word in ("oneOf", "anyOf"):
        if schema.get(word):
            return _one_of(word, schema, components, met)
    kinds = _kinds(schema)
    nullable = "null" in kinds or bool(schema.get("nullable")) or None in schema.get("enum", ())
    kinds = [kind for kind in kinds if kind != "null"]
    if not kinds:
        return Shape("null")
    words, labels = _words(schema)
    shape = Shape(
        " | ".join(_kind(kind, schema) for kind in kinds),
        nullable=nullable,
        words=words,
        limits=tuple(_limits(schema)),
        choices=_choices(schema, labels),
    )
    if "array" in kinds:
        return _array(shape, kinds, schema, components, met)
    return replace(shape, members=tuple(_members(schema, components, met)))


def _referred(schema: Schema, components: Mapping[str, Schema], met: tuple[str, ...]) -> Shape:
    name = schema["$ref"].rpartition("/")[2]
    if name in met or name not in components:
        return Shape(name, words=schema.get("description", ""))
    beside = {word: value for word, value in schema.items() if word != "$ref"}
    return shape_of({**components[name], **beside}, components, met=(*met, name))


def _merged(schema: Schema, components: Mapping[str, Schema], met: tuple[str, ...]) -> Schema:
    """`allOf` as one schema: members and required names together, of everything else what is said last."""
    whole: dict[str, Any] = {}
    for part in [*schema["allOf"], {word: value for word, value in schema.items() if word != "allOf"}]:
        for _step in range(len(components) + 1):
            name = part.get("$ref", "").rpartition("/")[2]
            if not name or name in met or name not in components:
                break
            part = {**components[name], **{word: value for word, value in part.items() if word != "$ref"}}
        if part.get("allOf"):
            part = _merged(part, components, met)
        properties = {**whole.get("properties", {}), **part.get("properties", {})}
        required = [*whole.get("required", ()), *part.get("required", ())]
        whole |= {word: value for word, value in part.items() if word != "$ref"}
        whole |= ({"properties": properties} if properties else {}) | ({"required": required} if required else {})
    return whole


def _one_of(word: str, schema: Schema, components: Mapping[str, Schema], met: tuple[str, ...]) -> Shape:
    """`null` among the variants makes the rest nullable; words with words are one list of words."""
    beside = {key: value for key, value in schema.items() if key != word}
    shapes = [shape_of(each, components, met=met) for each in schema[word]]
    known = [shape for shape in shapes if shape.kind != "null"]
    nullable = len(known) < len(shapes) or any(shape.nullable for shape in known)
    words, _labels = _words(beside)
    if not known:
        return Shape("null", words=words)
    if len(known) == 1:
        return replace(known[0], nullable=nullable, words=words or known[0].words)
    limits = tuple(_limits(beside))
    if all(shape.choices for shape in known) and len({shape.kind for shape in known}) == 1:
        choices = tuple(dict.fromkeys(choice for shape in known for choice in shape.choices))
        return Shape(known[0].kind, nullable, words or known[0].words, limits, choices)
    kind = " | ".join(dict.fromkeys(shape.kind for shape in known))
    plain = not any(shape.members or shape.choices or shape.limits for shape in known)
    return Shape(kind, nullable, words, limits, variants=() if plain else tuple(known))


def _array(
    shape: Shape, kinds: Sequence[str], schema: Schema, components: Mapping[str, Schema], met: tuple[str, ...]
) -> Shape:
    """The items' members, choices and limits are shown as the array's own: the reader sees `array of …`."""
    item = shape_of(schema.get("items", True), components, met=met)
    kind = " | ".join(f"array of {item.full_kind}" if each == "array" else each for each in kinds)
    each_of_them = tuple(_("each: %(limit)s") % {"limit": limit} for limit in item.limits)
    return replace(
        shape,
        kind=kind,
        words=shape.words or item.words,
        limits=(*shape.limits, *each_of_them),
        choices=shape.choices or item.choices,
        members=item.members,
        variants=item.variants,
    )


def _kinds(schema: Schema) -> list[str]:
    said = schema.get("type")
    if isinstance(said, str):
        return [said]
    if said:
        return list(said)
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    if "items" in schema:
        return ["array"]
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    return list(dict.fromkeys(names.get(type(value), "object") for value in values)) or ["any"]


def _kind(kind: str, schema: Schema) -> str:
    if schema.get("format") == "binary":
        return "binary"
    return f"{kind} ({schema['format']})" if kind != "object" and schema.get("format") else kind


def _members(schema: Schema, components: Mapping[str, Schema], met: tuple[str, ...]) -> Iterable[Member]:
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        access = "read" if inner.get("readOnly") else "write" if inner.get("writeOnly") else ""
        yield Member(name, shape_of(inner, components, met=met), name in required, access)
    others = schema.get("additionalProperties")
    if others is True or others == {}:
        yield Member(ANY_NAME, Shape("any"))
    elif others:
        yield Member(ANY_NAME, shape_of(others, components, met=met))


def _words(schema: Schema) -> tuple[str, dict[str, str]]:
    """The description without the labels of an enum, and those labels."""
    said = schema.get("description") or schema.get("title") or ""
    labels = dict(_CHOICE.findall(said)) if "enum" in schema else {}
    return (_CHOICE.sub("", said) if labels else said).strip(), labels


def _choices(schema: Schema, labels: Mapping[str, str]) -> tuple[Choice, ...]:
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    return tuple(_choice(_text(value), labels) for value in values if value is not None)


def _choice(value: str, labels: Mapping[str, str]) -> Choice:
    words = labels.get(value, "")
    return Choice(value, "" if words.casefold() in (value.casefold(), value.replace("_", " ").casefold()) else words)


def _limits(schema: Schema) -> Iterable[str]:
    yield from _between(schema, "minLength", "maxLength", _characters)
    yield from _between(schema, "minItems", "maxItems", _items)
    yield from _between(schema, "minimum", "maximum", lambda text, _count: text)
    if "exclusiveMinimum" in schema:
        yield _("more than %(n)s") % {"n": schema["exclusiveMinimum"]}
    if "exclusiveMaximum" in schema:
        yield _("less than %(n)s") % {"n": schema["exclusiveMaximum"]}
    if "multipleOf" in schema:
        yield _("a multiple of %(n)s") % {"n": schema["multipleOf"]}
    if schema.get("uniqueItems"):
        yield _("no item twice")
    if "pattern" in schema:
        yield _("matches %(pattern)s") % {"pattern": f"`{schema['pattern']}`"}
    if schema.get("default") not in _NO_DEFAULT:
        yield _("%(value)s by default") % {"value": f"`{_text(schema['default'])}`"}


def _between(schema: Schema, least: str, most: str, unit: Any) -> Iterable[str]:
    low, high = schema.get(least), schema.get(most)
    if low == 0 and least != "minimum":
        low = None  # at least nothing
    if low is not None and high is not None:
        text = str(low) if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high}
        yield unit(text, high)
    elif high is not None:
        yield _("at most %(limit)s") % {"limit": unit(str(high), high)}
    elif low is not None:
        yield _("at least %(limit)s") % {"limit": unit(str(low), low)}


def _characters(text: str, count: int) -> str:
    return ngettext("%(n)s character", "%(n)s characters", count) % {"n": text}


def _items(text: str, count: int) -> str:
    return ngettext("%(n)s item", "%(n)s items", count) % {"n": text}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
