"""What a program asks for in an address: pages, words from closed lists, ids, moments, yes or no.

Nothing is guessed: what is not exactly one of the documented forms is a problem 400 that says which form that is. (The
pages for people do otherwise: there what makes no sense is left out, and the page says so.)
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts import lists
from accounts.api.problems import Problem

PAGE = 50
PAGE_AT_MOST = 200
BY_ID = lists.Order(lists.Sort("id", kind="id"))  # ids are ordered by time: the newest first
PAGE_CODES = ("limit-invalid", "bad-cursor")
FILTER_CODES = ("filter-invalid",)
PAGES = [
    OpenApiParameter("cursor", str, description="`next` of the page before"),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": PAGE_AT_MOST, "default": PAGE},
        description=f"1 to {PAGE_AT_MOST}; {PAGE} by default",
    ),
]
REVEAL = OpenApiParameter(
    "reveal", bool, description="in the clear; needs the scope `calls.reveal` too, and the look is recorded"
)


def page(request: Request, rows: QuerySet[Any], order: lists.Order = BY_ID) -> tuple[list[Any], str | None]:
    """The rows the request asks for, and the cursor of the next page."""
    size = _limit(request.query_params.get("limit"))
    cursor = request.query_params.get("cursor", "")
    try:
        place = lists.read_cursor(cursor, order, rows) if cursor else None
    except lists.BadCursor as error:
        raise Problem(400, "bad-cursor", "The cursor is not one of ours.") from error
    found = lists.page(rows, order, onward=place, size=size)
    return found.rows, found.onward or None


def _limit(text: str | None) -> int:
    if text is None:
        return PAGE
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= PAGE_AT_MOST):
        raise Problem(400, "limit-invalid", f"limit lies between 1 and {PAGE_AT_MOST}.")
    return int(text)


def word(request: Request, name: str, words: Iterable[str]) -> str:
    """One of these words, or "" when nothing is asked."""
    text, known = request.query_params.get(name), [str(each) for each in words]
    if text is not None and text not in known:
        raise Problem(400, "filter-invalid", f"{name} is one of {', '.join(known)}.")
    return text or ""


def flag(request: Request, name: str) -> bool:
    """`true` or `false`; not asked is false."""
    return word(request, name, ("true", "false")) == "true"


def identifier(request: Request, name: str) -> UUID | None:
    text = request.query_params.get(name)
    try:
        return None if text is None else UUID(text)
    except ValueError as error:
        raise Problem(400, "filter-invalid", f"{name} is an id.") from error


def moment(request: Request, name: str) -> datetime | None:
    """In UTC, because the database takes no offset beyond 15:59 and text may carry one of almost a day."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        told = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign that nobody escaped
        if told.tzinfo is None:
            raise Problem(400, "filter-invalid", f"{name} names its offset from UTC.")
        return told.astimezone(UTC)
    except ValueError as error:
        raise Problem(400, "filter-invalid", f"{name} is a moment such as 2026-01-31T09:00:00Z.") from error
    except OverflowError as error:
        raise Problem(400, "filter-invalid", f"{name} lies within the years 1 to 9999.") from error
