"""`/api/v1/calls`: list, read, play, store up to a thousand at once, destroy."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import asked
from accounts.api.problems import Problem, answer
from accounts.api.views import OrganizationAPIView
from calls import reading
from calls.api import serializers
from calls.exceptions import CountMismatch, KeptByHold, NoSuchPart
from calls.forms import NEWEST_FIRST
from calls.models import Call
from calls.record import Direction, Outcome, Unreadable, form
from calls.services import bulk, destroying
from calls.views.audio import sound
from ground.tenancy import acting_for

_BATCH = {
    "type": "object",
    "properties": {
        "calls": {"type": "array", "items": form.CALL.schema(), "minItems": 1, "maxItems": bulk.AT_MOST},
    },
    "required": ["calls"],
    "additionalProperties": False,
}
_TAGS = ["Calls"]


class CallsView(OrganizationAPIView):
    """All calls, newest first; storing many."""

    scopes = {"GET": "calls.read", "POST": "calls.write"}
    idempotent = True
    own_transactions = True
    binds_answer = True
    refuses = {
        "GET": {400: (*asked.PAGE_CODES, *asked.FILTER_CODES)},
        "POST": {422: ("invalid",)},
    }

    @extend_schema(
        operation_id="calls_list",
        summary="List calls, newest first",
        parameters=[
            *asked.PAGES,
            OpenApiParameter("agent", OpenApiTypes.UUID, description="calls of this agent only"),
            OpenApiParameter("direction", str, enum=[each.value for each in Direction]),
            OpenApiParameter("outcome", str, enum=[each.value for each in Outcome]),
            OpenApiParameter("start", OpenApiTypes.DATETIME, description="ended at or after"),
            OpenApiParameter("end", OpenApiTypes.DATETIME, description="ended before"),
        ],
        responses=serializers.CallPageOutput,
        tags=_TAGS,
    )
    def get(self, request: Request) -> Response:
        filters: dict[str, Any] = {
            "agent_id": asked.identifier(request, "agent"),
            "direction": asked.word(request, "direction", Direction),
            "outcome": asked.word(request, "outcome", Outcome),
            "start": asked.moment(request, "start"),
            "end": asked.moment(request, "end"),
        }
        with acting_for(self.organization_id):
            rows = Call.objects.filter(organization_id=self.organization_id)
            found, following = asked.page(request, rows.matching(**filters), NEWEST_FIRST)
            people = reading.masked(self.organization_id, found)
        results = [serializers.shown(call, people[call.id]) for call in found]
        return Response({"results": results, "next": following})

    @extend_schema(
        operation_id="calls_create",
        summary="Store up to 1,000 calls: all of them, or none with every problem named",
        request={"application/json": _BATCH},
        responses={201: serializers.BatchOutput, 422: OpenApiResponse(description="problem details with `errors`")},
        tags=_TAGS,
    )
    def post(self, request: Request) -> Response:
        data = request.data if isinstance(request.data, dict) else {}
        items = data.get("calls")
        if not isinstance(items, list) or set(data) != {"calls"}:
            raise Problem(400, "invalid", 'The body is {"calls": [ … ]}.')
        try:
            results = bulk.create(
                organization_id=self.organization_id,
                items=items,
                by=self.actor,
                now=timezone.now(),
                begun=self.begin,
                answered=lambda results: self.keep_answer(_told(results), 201),
            )
        except Unreadable as error:
            problems = [problem.as_dict() for problem in error.problems[:1000]]
            raise Problem(422, "invalid", "Nothing was stored.", errors=problems) from error
        return Response(_told(results), 201)


class CallView(OrganizationAPIView):
    """One call."""

    scopes = {"GET": "calls.read", "DELETE": "calls.destroy"}
    own_transactions = True
    refuses = {
        "GET": {403: ("scope-missing",)},
        "DELETE": {400: ("confirm-missing",), 409: (KeptByHold.code, CountMismatch.code)},
    }

    @extend_schema(
        operation_id="calls_retrieve",
        summary="Read a call; with reveal=true in the clear, recorded, for keys that carry calls.reveal",
        parameters=[asked.REVEAL],
        responses=serializers.CallOutput,
        tags=_TAGS,
    )
    def get(self, request: Request, call_id: UUID) -> Response:
        reveal = asked.flag(request, "reveal")
        if reveal and "calls.reveal" not in self.known_key.scopes:
            raise Problem(403, "scope-missing", "The API key does not carry the scope calls.reveal.")
        with acting_for(self.organization_id):
            call = _call(self.organization_id, call_id)
            if reveal:
                person = reading.revealed(organization_id=self.organization_id, call_id=call_id, by=self.actor)
            else:
                person = reading.masked(self.organization_id, [call])[call.id]
        return Response(serializers.shown(call, person))

    @extend_schema(
        operation_id="calls_destroy",
        summary="Destroy a call with all its parts; confirm with the number of records that the preview shows",
        description="At once: the ten minutes in which people can undo it on the page are not for programs.",
        parameters=[OpenApiParameter("confirm", int, required=True, description="the `records` of the preview")],
        responses={200: serializers.DestructionOutput},
        tags=_TAGS,
    )
    def delete(self, request: Request, call_id: UUID) -> Response:
        confirmed = request.query_params.get("confirm", "")
        if not (confirmed.isascii() and confirmed.isdigit() and len(confirmed) < 10):
            raise Problem(400, "confirm-missing", "Say how many records go: confirm=<records of the preview>.")
        try:
            gone = destroying.destroy(
                organization_id=self.organization_id, call_id=call_id, confirmed=int(confirmed), by=self.actor
            )
        except Call.DoesNotExist:
            raise Http404 from None
        except KeptByHold as error:
            raise Problem(409, error.code, "A legal hold or restriction keeps this call.") from error
        except CountMismatch as error:
            raise Problem(409, error.code, "That is not what would go. Look again.", records=error.found) from error
        return Response(asdict(gone))


class DestructionView(OrganizationAPIView):
    """What destroying a call would take."""

    scope = "calls.destroy"

    @extend_schema(
        operation_id="calls_destruction_preview",
        summary="Preview the destruction of a call",
        responses=serializers.DestructionOutput,
        tags=_TAGS,
    )
    def get(self, request: Request, call_id: UUID) -> Response:
        try:
            return Response(asdict(destroying.preview(self.organization_id, call_id)))
        except Call.DoesNotExist:
            raise Http404 from None


class TranscriptView(OrganizationAPIView):
    """What was said."""

    scope = "calls.listen"

    @extend_schema(
        operation_id="calls_transcript",
        summary="Read the transcript; every look is recorded",
        responses=serializers.TranscriptOutput,
        tags=_TAGS,
    )
    def get(self, request: Request, call_id: UUID) -> Response:
        try:
            turns = reading.transcript(organization_id=self.organization_id, call_id=call_id, by=self.actor)
        except NoSuchPart:
            raise Http404 from None
        return Response({"turns": [asdict(turn) for turn in turns]})


class ReportView(OrganizationAPIView):
    """Summary and analysis."""

    scope = "calls.listen"

    @extend_schema(
        operation_id="calls_report",
        summary="Read the report; every look is recorded",
        responses=serializers.ReportOutput,
        tags=_TAGS,
    )
    def get(self, request: Request, call_id: UUID) -> Response:
        try:
            report = reading.report(organization_id=self.organization_id, call_id=call_id, by=self.actor)
        except NoSuchPart:
            raise Http404 from None
        return Response({"summary": report.summary, "analysis": report.analysis})


class RecordingView(OrganizationAPIView):
    """The sound."""

    scope = "calls.listen"
    own_transactions = True
    refuses = {"GET": {416: ("range-outside",)}}

    @extend_schema(
        operation_id="calls_recording",
        summary="Download the recording, whole or a byte range; every listen is recorded",
        parameters=[OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="bytes=0-1023")],
        responses={(200, "audio/*"): OpenApiTypes.BINARY, (206, "audio/*"): OpenApiTypes.BINARY},
        tags=_TAGS,
    )
    def get(self, request: Request, call_id: UUID) -> Any:
        plain = request._request
        response = sound(plain, organization_id=self.organization_id, call_id=call_id, by=self.actor)
        if response.status_code == 416:
            problem = answer(416, "range-outside", "The recording is shorter than that.", plain)
            problem["Content-Range"] = response["Content-Range"]
            return problem
        return response


def _told(results: Iterable[bulk.Result]) -> dict[str, Any]:
    return {"results": [{"index": each.index, "state": each.state, "id": each.id} for each in results]}


def _call(organization_id: UUID, call_id: UUID) -> Call:
    found: Call | None = Call.objects.filter(organization_id=organization_id, id=call_id).first()
    if found is None:
        raise Http404
    return found
