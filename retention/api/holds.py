"""`/api/v1/holds`: what must stay. The reason is sealed; reading it is an event of the access log."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers as fields
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import lists
from accounts.api import asked
from accounts.api.problems import Problem
from accounts.api.views import OrganizationAPIView
from agents.models import Agent
from contacts.models import Contact
from ground import audit
from ground.inventory import HoldScope
from ground.inventory import holds as service
from ground.inventory.declarations import ScopeKind
from ground.inventory.exceptions import HoldNotInForce
from ground.inventory.models import Hold
from ground.tenancy import acting_for
from ground.vault.blind import NotAnIdentifier
from retention.api import serializers
from retention.services import keeping

_NEWEST_FIRST = lists.Order(lists.Sort("at", column="placed_at"))


class _HoldsView(OrganizationAPIView):
    def found(self, hold_id: UUID) -> Hold:
        hold = Hold.objects.filter(organization_id=self.organization_id, id=hold_id).first()
        if hold is None:
            raise Problem(404, "not-found", "Not found.")
        return hold

    def kept(self, scope: HoldScope) -> list[dict[str, Any]]:
        return [
            {"category": str(entry.category), "records": entry.rows, "past_period": entry.past}
            for entry in keeping.kept(self.organization_id, scope, timezone.now())
        ]


class HoldsView(_HoldsView):
    scopes = {"GET": "holds.read", "POST": "holds.place"}
    idempotent = True
    refuses = {
        "GET": {400: (*asked.PAGE_CODES, *asked.FILTER_CODES)},
        "POST": {404: ("not-found",), 422: ("review-in-the-past", "not-an-identifier")},
    }

    @property
    def own_transactions(self) -> bool:  # type: ignore[override]  # of a request, not of the view
        """Placing seals the reason and marks rows in steps."""
        return self.request.method == "POST"

    @extend_schema(
        operation_id="holds_list",
        summary="List holds in force, newest first; `released=true` lists those that ended",
        parameters=[
            *asked.PAGES,
            OpenApiParameter("released", bool, description="those that ended, instead of those in force"),
        ],
        responses=serializers.HoldPage,
        tags=["Holds"],
    )
    def get(self, request: Request) -> Response:
        released = asked.flag(request, "released")
        rows = Hold.objects.filter(organization_id=self.organization_id, released_at__isnull=not released)
        found, following = asked.page(request, rows, _NEWEST_FIRST)
        return Response({"results": [serializers.hold(row) for row in found], "next": following})

    @extend_schema(
        operation_id="holds_place",
        summary="Keep a call, a person, an agent's calls or a stretch of time from being destroyed",
        request=serializers.HoldInput,
        responses={201: serializers.HoldDetail},
        tags=["Holds"],
    )
    def post(self, request: Request) -> Response:
        given = serializers.HoldInput(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        if values["review_on"] <= timezone.now().date():
            raise Problem(422, "review-in-the-past", "The review lies in the future.")
        with acting_for(self.organization_id):
            scope = self._scope(values)
            kept = self.kept(scope)

        def answer(hold: Hold) -> dict[str, Any]:
            return {**serializers.hold(hold), "keeps": kept}

        hold = service.place(
            organization_id=self.organization_id,
            scope=scope,
            reason=values["reason"],
            review_on=values["review_on"],
            by=self.actor,
            at=timezone.now(),
            also=lambda placed: self.keep_answer(answer(placed), 201),
        )
        return Response(answer(hold), status=201)

    def _scope(self, values: dict[str, Any]) -> HoldScope:
        if call_id := values.get("call_id"):
            scope = HoldScope(kind=ScopeKind.CALL, call_id=call_id)
            if not keeping.kept(self.organization_id, scope, timezone.now()):
                raise Problem(404, "not-found", "There is no such call.")
            return scope
        if agent_id := values.get("agent_id"):
            if not Agent.objects.filter(organization_id=self.organization_id, id=agent_id).exists():
                raise Problem(404, "not-found", "There is no such agent.")
            return HoldScope(kind=ScopeKind.AGENT, agent_id=agent_id)
        if contact_id := values.get("contact_id"):
            if not Contact.objects.filter(organization_id=self.organization_id, id=contact_id).exists():
                raise Problem(404, "not-found", "There is no such contact.")
            return keeping.scope_of_contact(self.organization_id, contact_id)
        if start := values.get("start"):
            return HoldScope(kind=ScopeKind.PERIOD, start=start, end=values["end"])
        try:
            return keeping.scope_of_person(self.organization_id, values["identifier_kind"], values["identifier"])
        except NotAnIdentifier as error:
            raise Problem(422, "not-an-identifier", "This is no identifier of that kind; numbers need a +.") from error


class HoldView(_HoldsView):
    scope = "holds.read"

    @extend_schema(
        operation_id="holds_get",
        summary="One hold with what it keeps",
        responses=serializers.HoldDetail,
        tags=["Holds"],
    )
    def get(self, request: Request, hold_id: UUID) -> Response:
        hold = self.found(hold_id)
        return Response({**serializers.hold(hold), "keeps": self.kept(service.scope_of(hold))})


class ReasonView(_HoldsView):
    scope = "holds.read"

    @extend_schema(
        operation_id="holds_reason",
        summary="Open the sealed reason; recorded in the access log",
        responses=inline_serializer("HoldReason", {"reason": fields.CharField()}),
        tags=["Holds"],
    )
    def get(self, request: Request, hold_id: UUID) -> Response:
        hold = self.found(hold_id)
        opened = service.reason_of(hold)
        audit.append(
            "retention.hold_reason_read",
            organization_id=self.organization_id,
            actor=self.actor,
            object_type="hold",
            object_id=hold.pk,
            stream=audit.ACCESS,
        )
        return Response({"reason": opened}, headers={"Cache-Control": "no-store"})


class ReleaseView(_HoldsView):
    scope = "holds.place"
    idempotent = True
    own_transactions = True
    refuses = {"POST": {409: ("hold-not-in-force",)}}

    @extend_schema(
        operation_id="holds_release",
        summary="End a hold; what is past its period leaves with the next sweep",
        request=None,
        responses=serializers.HoldOutput,
        tags=["Holds"],
    )
    def post(self, request: Request, hold_id: UUID) -> Response:
        with acting_for(self.organization_id):
            self.found(hold_id)
        try:
            hold = service.release(
                organization_id=self.organization_id,
                hold_id=hold_id,
                by=self.actor,
                at=timezone.now(),
                also=lambda released: self.keep_answer(serializers.hold(released), 200),
            )
        except HoldNotInForce as error:
            raise Problem(409, "hold-not-in-force", "This hold was released already.") from error
        return Response(serializers.hold(hold))
