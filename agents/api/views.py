"""`/api/v1/agents` and `/api/v1/provider-connections`."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import asked
from accounts.api.problems import Problem
from accounts.api.views import OrganizationAPIView
from agents import connections
from agents.api import serializers
from agents.exceptions import (
    AgentExists,
    AgentRetired,
    AgentsError,
    DisclosureMissing,
    InvalidAddress,
    InvalidSecret,
    InvalidSettings,
    NothingChanged,
    OnlyShorter,
    OutsideOperatorBounds,
    RotationUnderway,
    UnfitProof,
    UnknownAgent,
    UnknownConnection,
)
from agents.models import Agent, ProviderConnection
from agents.reading import current_revisions
from agents.services import Settings, create, find, publish, revisions_of


def _problem(error: AgentsError) -> Problem:
    """The service's refusal in the API's words; the messages of this app name no secret and no person."""
    if isinstance(error, UnknownAgent | UnknownConnection):
        return Problem(404, error.code, "Not found.")
    conflict = isinstance(error, AgentExists | NothingChanged | RotationUnderway)
    return Problem(409 if conflict else 422, error.code, str(error))


class AgentsView(OrganizationAPIView):
    """All agents by time of arrival, newest first; entering one by hand."""

    scopes = {"GET": "agents.read", "POST": "agents.manage"}
    idempotent = True
    refuses = {
        "GET": {400: asked.PAGE_CODES},
        "POST": {404: (UnknownConnection.code,), 409: (AgentExists.code,), 422: (InvalidSettings.code,)},
    }

    @extend_schema(
        operation_id="agents_list",
        summary="List agents with the revision in force",
        parameters=asked.PAGES,
        responses=serializers.AgentPage,
        tags=["Agents"],
    )
    def get(self, request: Request) -> Response:
        rows = Agent.objects.filter(organization_id=self.organization_id)
        shown, following = asked.page(request, rows)
        revisions = current_revisions(self.organization_id, [row.id for row in shown])
        results = [serializers.agent(row, revisions.get(row.id)) for row in shown]
        return Response({"results": results, "next": following})

    @extend_schema(
        operation_id="agents_create",
        summary="Enter an agent; its recordings stay refused until a revision allows them",
        request=serializers.AgentInput,
        responses={201: serializers.AgentOutput},
        tags=["Agents"],
    )
    def post(self, request: Request) -> Response:
        values = _valid(serializers.AgentInput(data=request.data))
        try:
            row = create(organization_id=self.organization_id, by=self.actor, at=timezone.now(), **values)
        except AgentsError as error:
            raise _problem(error) from error
        return Response(serializers.agent(row, None), 201)


class AgentView(OrganizationAPIView):
    """One agent."""

    scope = "agents.read"
    refuses = {"GET": {404: (UnknownAgent.code,)}}

    @extend_schema(
        operation_id="agents_retrieve",
        summary="Read an agent",
        responses=serializers.AgentOutput,
        tags=["Agents"],
    )
    def get(self, request: Request, agent_id: UUID) -> Response:
        try:
            row = find(self.organization_id, agent_id)
        except UnknownAgent as error:
            raise _problem(error) from error
        return Response(serializers.agent(row, current_revisions(self.organization_id, [row.id]).get(row.id)))


class RevisionsView(OrganizationAPIView):
    """An agent's revisions: all of them for ever, and publishing the next."""

    scopes = {"GET": "agents.read", "POST": "agents.manage"}
    idempotent = True
    refuses = {
        "GET": {404: (UnknownAgent.code,)},
        "POST": {
            404: (UnknownAgent.code,),
            409: (NothingChanged.code,),
            422: (
                AgentRetired.code,
                DisclosureMissing.code,
                InvalidSettings.code,
                OnlyShorter.code,
                OutsideOperatorBounds.code,
            ),
        },
    }

    @extend_schema(
        operation_id="agent_revisions_list",
        summary="List what was published, newest first (at most 200)",
        responses=serializers.RevisionOutput(many=True),
        tags=["Agents"],
    )
    def get(self, request: Request, agent_id: UUID) -> Response:
        try:
            find(self.organization_id, agent_id)
        except UnknownAgent as error:
            raise _problem(error) from error
        rows = revisions_of(self.organization_id, agent_id)[: asked.PAGE_AT_MOST]
        return Response([serializers.revision_of(row) for row in rows])

    @extend_schema(
        operation_id="agent_revisions_publish",
        summary="Publish a revision; it counts for calls that start from now on",
        request=serializers.RevisionInput,
        responses={201: serializers.RevisionOutput},
        tags=["Agents"],
    )
    def post(self, request: Request, agent_id: UUID) -> Response:
        values = _valid(serializers.RevisionInput(data=request.data))
        reason = values.pop("reason")
        try:
            row = publish(
                organization_id=self.organization_id,
                agent_id=agent_id,
                settings=Settings.from_json(values),
                reason=reason,
                by=self.actor,
                at=timezone.now(),
            )
        except AgentsError as error:
            raise _problem(error) from error
        return Response(serializers.revision_of(row), 201)


class ConnectionsView(OrganizationAPIView):
    """Provider connections. Not idempotent by key: an answer with a secret is never stored."""

    scopes = {"GET": "agents.read", "POST": "agents.manage"}
    refuses = {"POST": {422: (InvalidAddress.code, InvalidSecret.code, InvalidSettings.code, UnfitProof.code)}}

    @extend_schema(
        operation_id="connections_list",
        summary="List provider connections, without any secret",
        responses=serializers.ConnectionPage,
        tags=["Provider connections"],
    )
    def get(self, request: Request) -> Response:
        rows = ProviderConnection.objects.filter(organization_id=self.organization_id).order_by("name", "id")
        base = settings.PUBLIC_BASE_URL
        return Response({"results": [serializers.connection(row, base) for row in rows[: asked.PAGE_AT_MOST]]})

    @extend_schema(
        operation_id="connections_create",
        summary="Connect a provider; the signing secret is in this answer only",
        description="Takes no `Idempotency-Key`: an answer with a secret is never stored.",
        request=serializers.ConnectionInput,
        responses={201: serializers.ConnectionMade},
        tags=["Provider connections"],
    )
    def post(self, request: Request) -> Response:
        values = _valid(serializers.ConnectionInput(data=request.data))
        try:
            row, secret = connections.create(
                organization_id=self.organization_id, by=self.actor, at=timezone.now(), **values
            )
        except AgentsError as error:
            raise _problem(error) from error
        return _once({**serializers.connection(row, settings.PUBLIC_BASE_URL), "secret": secret}, 201)


class RotationView(OrganizationAPIView):
    """A new signing secret beside the old one."""

    scope = "agents.manage"
    refuses = {"POST": {404: (UnknownConnection.code,), 409: (RotationUnderway.code,), 422: (InvalidSecret.code,)}}

    @extend_schema(
        operation_id="connections_rotate",
        summary="Rotate the signing secret; the old one is accepted for overlap_hours more",
        request=serializers.RotationInput,
        responses=serializers.ConnectionMade,
        tags=["Provider connections"],
    )
    def post(self, request: Request, connection_id: UUID) -> Response:
        values = _valid(serializers.RotationInput(data=request.data))
        try:
            row, secret = connections.rotate_secret(
                organization_id=self.organization_id,
                connection_id=connection_id,
                by=self.actor,
                at=timezone.now(),
                **values,
            )
        except AgentsError as error:
            raise _problem(error) from error
        return _once({**serializers.connection(row, settings.PUBLIC_BASE_URL), "secret": secret}, 200)


def _once(body: dict[str, Any], status: int) -> Response:
    return Response(body, status, headers={"Cache-Control": "no-store"})


def _valid(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = dict(serializer.validated_data)
    return values
