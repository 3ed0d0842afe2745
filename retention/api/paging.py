"""Pages by key, as everywhere in the API: `?limit=` and `?cursor=`, answered with `next`."""

from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.request import Request

from accounts.api.problems import Problem
from retention import keyset

PAGE_AT_MOST = 200


def page(request: Request, rows: QuerySet[Any], *, clock: str) -> tuple[list[Any], str | None]:
    """The rows, newest first, and the cursor of the next page. Raises Problem 400 for what cannot be read."""
    try:
        limit = max(1, min(PAGE_AT_MOST, int(request.query_params.get("limit") or 50)))
    except ValueError as error:
        raise Problem(400, "invalid", "limit is a number.") from error
    cursor = request.query_params.get("cursor", "")
    if cursor and not keyset.readable(cursor):
        raise Problem(400, "invalid", "cursor is one of ours, or left out.")
    query = QueryDict(mutable=True)
    if cursor:
        query["before"] = cursor
    found = keyset.page(rows, query, clock=clock, size=limit)
    return found.rows, keyset.cursor_of(found.rows[-1], clock) if found.older else None
