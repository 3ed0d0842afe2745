"""From an OpenAPI document to what the page shows: groups of operations as plain values. Pure; templates draw them."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.utils.text import slugify

from accounts.api.openapi import METHODS
from accounts.api.problems import CONTENT_TYPE
from accounts.api_docs import curl
from accounts.api_docs.shapes import Member, Shape, shape_of

Document = Mapping[str, Any]
_SCOPE_SAID = re.compile(r"\s*Scope: `[a-z.]+`\.$")  # for readers of the bare document; the page has its own place
_BEGINNING = re.compile(r"^/api/v\d+(?=/)")
_PIECE = re.compile(r"(\{\w+\})")


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent or answered in one media type. `example`: "" where there is none to show."""

    media_type: str
    shape: Shape
    example: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers`: those that the document names, as members."""

    status: str
    words: str
    bodies: tuple[Body, ...] = ()
    headers: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer in problem details. `codes`: what its `code` says, as far as the document knows."""

    status: str
    words: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """`where`: path, query, header or cookie."""

    where: str
    member: Member


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path. `pieces`: the path, cut at its {names}."""

    anchor: str
    method: str
    path: str
    pieces: tuple[str, ...]
    summary: str
    paragraphs: tuple[str, ...]
    scope: str
    deprecated: bool
    parameters: tuple[Parameter, ...]
    bodies: tuple[Body, ...]
    answers: tuple[Answer, ...]
    refusals: tuple[Refusal, ...]
    curl: str

    @property
    def tail(self) -> tuple[str, ...]:
        """The pieces without what all paths begin with (`/api/v1`), for the list of contents."""
        return (_BEGINNING.sub("", self.pieces[0]), *self.pieces[1:])

    @property
    def example(self) -> str:
        """What comes back when it goes well."""
        return next((body.example for answer in self.answers for body in answer.bodies if body.example), "")


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of a tag."""

    anchor: str
    name: str
    words: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole document. `key_format`: how a bearer token looks; `scopes`: (scope, what it allows)."""

    title: str
    version: str
    paragraphs: tuple[str, ...]
    key_format: str
    scopes: tuple[tuple[str, str], ...]
    problem: Shape
    groups: tuple[Group, ...]

    @property
    def operations(self) -> tuple[Operation, ...]:
        return tuple(operation for group in self.groups for operation in group.operations)

    def taking(self, *names: str) -> tuple[Operation, ...]:
        """The operations that have all these parameters."""
        return tuple(
            operation
            for operation in self.operations
            if set(names) <= {parameter.member.name for parameter in operation.parameters}
        )


def read(document: Document, *, base_url: str) -> Reference:
    """Groups come in the order of the document's `tags`, then as they are met. `base_url` begins the examples."""
    components = document.get("components", {}).get("schemas", {})
    told = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    grouped: dict[str, list[Operation]] = {name: [] for name in told}
    for path, entry in document["paths"].items():
        for method in METHODS:
            if method in entry:
                shared = {"parameters": [*entry.get("parameters", ()), *entry[method].get("parameters", ())]}
                operation = _operation(path, method, {**entry[method], **shared}, document, base_url)
                grouped.setdefault(next(iter(entry[method].get("tags", ())), ""), []).append(operation)
    info = document.get("info", {})
    schemes = document.get("components", {}).get("securitySchemes", {}).values()
    return Reference(
        title=info.get("title", ""),
        version=info.get("version", ""),
        paragraphs=_paragraphs(info.get("description", "")),
        key_format=next((scheme.get("bearerFormat", "") for scheme in schemes if scheme.get("scheme") == "bearer"), ""),
        scopes=tuple(document.get("x-scopes", {}).items()),
        problem=shape_of({"$ref": "#/components/schemas/Problem"}, components),
        groups=tuple(
            Group(f"group-{slugify(name) or 'other'}", name, told.get(name, ""), tuple(operations))
            for name, operations in grouped.items()
            if operations
        ),
    )


def _operation(path: str, method: str, said: Mapping[str, Any], document: Document, base_url: str) -> Operation:
    components = document.get("components", {}).get("schemas", {})
    answers, refusals = [], []
    for status, response in sorted(said.get("responses", {}).items()):
        if CONTENT_TYPE in response.get("content", {}):
            refusals.append(_refusal(status, response))
        else:
            answers.append(_answer(status, response, components))
    bodies = tuple(_bodies(said.get("requestBody", {}), components))
    parameters = said["parameters"]
    return Operation(
        anchor=slugify(said.get("operationId") or f"{method}-{path}"),
        method=method.upper(),
        path=path,
        pieces=tuple(piece for piece in _PIECE.split(path) if piece),
        summary=said.get("summary") or f"{method.upper()} {path}",
        paragraphs=_paragraphs(_SCOPE_SAID.sub("", said.get("description", ""))),
        scope=said.get("x-scope", ""),
        deprecated=bool(said.get("deprecated")),
        parameters=tuple(_parameter(each, components) for each in sorted(parameters, key=_by_place)),
        bodies=bodies,
        answers=tuple(answers),
        refusals=tuple(refusals),
        curl=curl.command(
            url=base_url + path,
            method=method.upper(),
            parameters=parameters,
            components=components,
            body=_sent(said.get("requestBody", {})),
            authenticated=bool(said.get("security", document.get("security"))),
            file=any(body.shape.kind == "binary" for answer in answers for body in answer.bodies),
        ),
    )


def _by_place(parameter: Mapping[str, Any]) -> tuple[int, bool]:
    """Path, query, header; within them what is required first."""
    places = ("path", "query", "header", "cookie")
    return places.index(parameter["in"]), not parameter.get("required", False)


def _parameter(said: Mapping[str, Any], components: Mapping[str, Any]) -> Parameter:
    beside = {"description": said["description"]} if said.get("description") else {}
    shape = shape_of({**said.get("schema", {}), **beside}, components)
    return Parameter(said["in"], Member(said["name"], shape, bool(said.get("required"))))


def _answer(status: str, response: Mapping[str, Any], components: Mapping[str, Any]) -> Answer:
    headers = tuple(
        Member(name, shape_of({"description": said.get("description", ""), **said.get("schema", {})}, components))
        for name, said in response.get("headers", {}).items()
    )
    return Answer(status, response.get("description") or _phrase(status), tuple(_bodies(response, components)), headers)


def _refusal(status: str, response: Mapping[str, Any]) -> Refusal:
    content = response["content"][CONTENT_TYPE]
    examples = [*(each.get("value") for each in content.get("examples", {}).values()), content.get("example")]
    codes = dict.fromkeys(str(each["code"]) for each in examples if isinstance(each, Mapping) and "code" in each)
    return Refusal(status, response.get("description") or _phrase(status), tuple(codes))


def _bodies(said: Mapping[str, Any], components: Mapping[str, Any]) -> Iterable[Body]:
    for media_type, content in said.get("content", {}).items():
        example = _example(content)
        shown = _pretty(example) if example is not None else ""
        yield Body(media_type, shape_of(content.get("schema", True), components), shown, bool(said.get("required")))


def _sent(said: Mapping[str, Any]) -> tuple[str, Any] | None:
    return next(((media_type, _example(content)) for media_type, content in said.get("content", {}).items()), None)


def _example(content: Mapping[str, Any]) -> Any:
    examples = [each.get("value") for each in content.get("examples", {}).values()]
    return content.get("example", examples[0] if examples else None)


def _pretty(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _paragraphs(text: str) -> tuple[str, ...]:
    """Blank lines part paragraphs; other line ends are only where a line of the source was full."""
    return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip())


def _phrase(status: str) -> str:
    return HTTPStatus(int(status)).phrase if status.isdigit() and int(status) in set(HTTPStatus) else ""
