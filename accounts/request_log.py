"""The request log: one row for every answered request of a program, written after the answer has left.

Order: the view answers; the bytes go out; then one INSERT in a transaction of its own that does not wait for the disk.
A crash between answer and row loses that row of the log and nothing else; a failure to write is a line in the
platform's own log. Requests whose organization nobody knows (no key, an unknown endpoint) leave no row.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from accounts.models import ApiKey, ApiRequest, Door
from accounts.request_words import braced
from accounts.services.api_keys import KnownKey
from ground import tenancy

log = structlog.get_logger(__name__)

DOORS = {"/api/v1/": Door.API, "/ingest/": Door.INGEST}
_SENDER = "_sender"
_CONTEXT = "SELECT set_config('app.organization', %s, true), set_config('synchronous_commit', 'off', true);"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who asked, and for which organization."""

    organization_id: UUID
    caller_id: UUID


def sent_by(request: HttpRequest, who: Callable[[], Sender | None]) -> None:
    """Say who sent a request that carries no API key. `who` is asked after the answer has left."""
    setattr(request, _SENDER, who)


def route_of(request: HttpRequest) -> str:
    """The address as our own table writes it: `/api/v1/calls/{call_id}`."""
    match = request.resolver_match
    return braced(match.route) if match is not None else ""


_namers: list[Callable[[UUID], dict[UUID, str]]] = []


def names_callers(function: Callable[[UUID], dict[UUID, str]]) -> Callable[[UUID], dict[UUID, str]]:
    """Register `f(organization_id) -> {id: name}` for callers that are no API keys; asked in the context."""
    _namers.append(function)
    return function


def callers(organization_id: UUID) -> dict[UUID, str]:
    """Every key and connection of an organization by id, named as its people named it."""
    found = dict(ApiKey.objects.filter(organization_id=organization_id).values_list("pk", "name"))
    for namer in _namers:
        found |= namer(organization_id)
    return found


class RequestLogMiddleware:
    """Measures from the first line of our code to the finished answer, and leaves the row to the answer's closing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        door = next((door for prefix, door in DOORS.items() if request.path.startswith(prefix)), None)
        if door is None:
            return self.get_response(request)
        started = time.perf_counter()
        response = self.get_response(request)
        milliseconds = round((time.perf_counter() - started) * 1000)
        response._resource_closers.append(lambda: record(request, response, door, milliseconds))  # type: ignore[attr-defined]  # not in the stubs
        return response


def record(request: HttpRequest, response: HttpResponseBase, door: Door, milliseconds: int) -> None:
    """Write the row. Never raises: the answer has left."""
    try:
        sender = _sender(request)
        if sender is not None:
            _write(sender, request, response, door, milliseconds)
    except (DatabaseError, InterfaceError) as trouble:
        log.warning("request_log.not_written", cause=type(trouble).__name__)
    except Exception:
        log.exception("request_log.failed")


def _sender(request: HttpRequest) -> Sender | None:
    known = getattr(request, "auth", None) or getattr(request, "refused_key", None)
    if isinstance(known, KnownKey):
        return Sender(known.organization_id, known.id)
    who: Callable[[], Sender | None] | None = getattr(request, _SENDER, None)
    return who() if who is not None else None


def _write(sender: Sender, request: HttpRequest, response: HttpResponseBase, door: Door, milliseconds: int) -> None:
    declared = request.META.get("CONTENT_LENGTH") or "0"
    row = ApiRequest(
        organization_id=sender.organization_id,
        at=timezone.now(),
        door=door,
        caller_id=sender.caller_id,
        method=str(request.method)[:8],
        route=route_of(request)[:200],
        status=response.status_code,
        duration_ms=milliseconds,
        request_bytes=int(declared) if declared.isdigit() and len(declared) < 16 else 0,
        response_bytes=len(response.content) if isinstance(response, HttpResponse) else 0,
        request_id=str(getattr(request, "request_id", ""))[:64],
        problem=str(getattr(response, "problem", ""))[:64],
    )
    if connection.in_atomic_block:
        with tenancy.acting_for(sender.organization_id):
            row.save(force_insert=True)
    else:
        _insert_at_once(row)


def _insert_at_once(row: ApiRequest) -> None:
    """Context, no waiting for the disk, and the row: statements sent together are one transaction of PostgreSQL's own.

    The settings are local to it, so the connection keeps nothing; one way to the server instead of five.
    """
    columns = row._meta.local_concrete_fields
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in columns)
    places = ", ".join(["%s"] * len(columns))
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in columns]
    insert = f"INSERT INTO {row._meta.db_table} ({names}) VALUES ({places})"  # noqa: S608  (our own names)
    with connection.cursor() as cursor:
        cursor.execute(f"{_CONTEXT} {insert}", [str(row.organization_id), *values])
