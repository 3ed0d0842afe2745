"""Requests to views without a web server and without middleware: bytes in, answer out, ours and others alike."""

import json
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID, uuid4

from django.core.cache import cache
from rest_framework.test import APIRequestFactory

from benchmarks import many_calls
from calls.api.views import CallsView

_factory = APIRequestFactory()
FAIRNESS = (
    "Every way is a view called with the bytes of a request: no server and no middleware for any. Ours checks the API "
    "key, scope and rate, validates, mints and wraps keys in the keyring, seals, indexes blindly, audits and tallies "
    "behind row-level security; the others check and store in the clear, in autocommit, and ask nobody who they are."
)


def poster(view: Any, path: str, headers: dict[str, str]) -> Callable[[bytes], None]:
    """Posts bodies to a view; AssertionError unless it stores them."""
    ready = view.as_view()

    def post(body: bytes, **more: str) -> None:
        request = _factory.generic("POST", path, body, content_type="application/json", headers={**headers, **more})
        answer = ready(request)
        if answer.status_code != 201:
            raise AssertionError(f"{answer.status_code}: {answer.data}")
        answer.render()

    return post


def ours(organization_id: UUID, *, idempotent: bool = False) -> Callable[[bytes], None]:
    """Posts to our `/api/v1/calls`; `idempotent`: every request with a key of its own."""
    token = many_calls.api_key(organization_id, ["calls.write"])
    post: Any = poster(CallsView, "/api/v1/calls", {"authorization": f"Bearer {token}"})
    return (lambda body: post(body, **{"idempotency-key": uuid4().hex})) if idempotent else post


def sent(post: Callable[[bytes], None], bodies: Iterable[bytes], rows: int) -> int:
    """Post them all; how many rows that stored."""
    for body in bodies:
        post(body)
    return rows


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def within_the_rate() -> None:
    """The rate of requests per key starts anew: it is there to refuse what a measurement does."""
    cache.clear()
