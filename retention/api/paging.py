"""Pages by key, as everywhere in the API: `?limit=` and `?cursor=`, answered with `next`."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from accounts import lists
from accounts.api.problems import Problem

PAGE_AT_MOST = 200


def page(request: Request, rows: QuerySet[Any], *, clock: str) -> tuple[list[Any], str | None]:
    """The rows, newest first, and the cursor of the next page. Raises Problem 400 for what cannot be read."""
    order = lists.Order(lists.Sort("at", column=clock))
    try:
        limit = max(1, min(PAGE_AT_MOST, int(request.query_params.get("limit", 50))))
    except ValueError as error:
        raise Problem(400, "invalid", "limit is a number.") from error
    cursor = request.query_params.get("cursor", "")
    try:
        place = lists.read_cursor(cursor, order, rows) if cursor else None
    except lists.BadCursor as error:
        raise Problem(400, "invalid", "cursor is one of ours, or left out.") from error
    found = lists.page(rows, order, onward=place, size=limit)
    return found.rows, found.onward or None
