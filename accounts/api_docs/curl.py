"""An operation as a command one can copy into a shell. Pure."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from accounts.api import idempotency
from accounts.api.examples import example_of

KEY = "API_KEY"
"""The shell's variable with the key: a command that is copied or kept holds no secret."""


def command(
    *,
    url: str,
    method: str,
    parameters: Sequence[Mapping[str, Any]],
    components: Mapping[str, Any],
    body: tuple[str, Any] | None = None,
    authenticated: bool = True,
    file: bool = False,
) -> str:
    """`url`: with `{names}` for the path's parameters; `body`: (media type, example); `file`: the answer is one.

    Only what is required is sent, and `Idempotency-Key`, which nobody should leave out.
    """
    values = {
        each["name"]: _text(example_of(each.get("schema", {}), components, name=each["name"])) for each in parameters
    }
    asked = {
        where: [each["name"] for each in parameters if each["in"] == where and each.get("required")] for where in _WHERE
    }
    for name in asked["path"]:
        url = url.replace(f"{{{name}}}", quote(values[name], safe=""))
    if asked["query"]:
        url += "?" + urlencode({name: values[name] for name in asked["query"]})
    start = "curl -sS" + ("" if method == "GET" else f" -X {method}")
    lines = [f"{start} {shlex.quote(url)}"]
    if authenticated:
        lines.append(f'-H "Authorization: Bearer ${KEY}"')
    if any(each["name"] == idempotency.HEADER for each in parameters):
        lines.append(f'-H "{idempotency.HEADER}: $(uuidgen)"')
    lines += [f"-H {shlex.quote(f'{name}: {values[name]}')}" for name in asked["header"]]
    if body is not None:
        media_type, example = body
        written = json.dumps(example, indent=2, ensure_ascii=False) if "json" in media_type else str(example)
        lines += [f"-H {shlex.quote(f'Content-Type: {media_type}')}", f"-d {shlex.quote(written)}"]
    if file:
        lines.append("--output answer")
    return " \\\n  ".join(lines)


_WHERE = ("path", "query", "header")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
