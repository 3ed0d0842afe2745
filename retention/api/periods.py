"""`/api/v1/retention`: periods, what a change would take, the change, its undo."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.problems import Problem
from accounts.api.views import OrganizationAPIView
from accounts.models import Organization
from ground.profiles import NotAPeriod, Period, Unit
from retention import periods, table
from retention.api import serializers
from retention.exceptions import (
    NothingToUndo,
    NotYoursToChange,
    OutsideOperatorBounds,
    RetentionError,
    Unchanged,
    WrongConfirmation,
)
from retention.services import settings as service

_CODES: dict[type[RetentionError], tuple[int, str]] = {
    NothingToUndo: (409, "nothing-to-undo"),
    NotYoursToChange: (422, "not-yours-to-change"),
    OutsideOperatorBounds: (422, "outside-bounds"),
    Unchanged: (409, "unchanged"),
    WrongConfirmation: (409, "wrong-confirmation"),
}
_CATEGORY = OpenApiParameter("category", str, OpenApiParameter.PATH, enum=serializers.CATEGORIES)


def problem(error: RetentionError) -> Problem:
    """The service's refusal in the API's words; its messages name categories, bounds and counts only."""
    status, code = _CODES.get(type(error), (422, "refused"))
    return Problem(status, code, str(error))


class _PeriodsView(OrganizationAPIView):
    def rows(self, only: str = "") -> list[table.Row]:
        operator = Organization.objects.filter(id=self.organization_id, is_operator=True).exists()
        found = table.rows(self.organization_id, timezone.now(), operator=operator, only=only)
        if only and not found:
            raise Problem(404, "not-found", "No such category applies here.")
        return found

    def entered(self, request: Request, form: type[Any]) -> tuple[Period, dict[str, Any]]:
        """The period of the body and the other fields. Raises the validation problem."""
        given = form(data=request.data)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        try:
            return Period(values.pop("n"), Unit(values.pop("unit"))), values
        except NotAPeriod as error:
            raise Problem(422, "outside-bounds", str(error)) from error


class PeriodsView(_PeriodsView):
    scope = "retention.read"

    @extend_schema(
        operation_id="retention_list",
        summary="List the periods that apply, with their bounds and where they come from",
        responses=serializers.CategoryList,
        tags=["Retention"],
    )
    def get(self, request: Request) -> Response:
        return Response({"results": [serializers.category(row) for row in self.rows()]})


class PeriodView(_PeriodsView):
    scope = "retention.read"

    @extend_schema(
        operation_id="retention_get",
        summary="One category with the versions of its period",
        parameters=[_CATEGORY],
        responses=serializers.CategoryDetail,
        tags=["Retention"],
    )
    def get(self, request: Request, category: str) -> Response:
        row = self.rows(category)[0]
        versions = periods.versions(self.organization_id, category)
        return Response(
            {**serializers.category(row), "versions": [serializers.version(version) for version in versions]}
        )


class PreviewView(_PeriodsView):
    scope = "retention.read"
    refuses = {"POST": {409: ("unchanged",), 422: ("outside-bounds", "not-yours-to-change")}}

    @extend_schema(
        operation_id="retention_preview",
        summary="Exactly what a period would make leave, and when; changes nothing",
        parameters=[_CATEGORY],
        request=serializers.PeriodInput,
        responses=serializers.PreviewOutput,
        tags=["Retention"],
    )
    def post(self, request: Request, category: str) -> Response:
        self.rows(category)
        period, _rest = self.entered(request, serializers.PeriodInput)
        try:
            seen = service.preview(self.organization_id, category, period, at=timezone.now())
        except RetentionError as error:
            raise problem(error) from error
        return Response(serializers.preview(seen))


class ChangeView(_PeriodsView):
    scope = "retention.change"
    idempotent = True
    refuses = {"POST": {409: ("unchanged", "wrong-confirmation"), 422: ("outside-bounds", "not-yours-to-change")}}

    @extend_schema(
        operation_id="retention_change",
        summary="Set a period; a shorter one needs the number of its preview and waits for its grace window",
        parameters=[_CATEGORY],
        request=serializers.ChangeInput,
        responses={201: serializers.VersionOutput},
        tags=["Retention"],
    )
    def post(self, request: Request, category: str) -> Response:
        self.rows(category)
        period, rest = self.entered(request, serializers.ChangeInput)
        try:
            made = service.change(
                organization_id=self.organization_id,
                category=category,
                period=period,
                by=self.actor,
                at=timezone.now(),
                reason=rest["reason"],
                confirmed_rows=rest.get("confirmed_records"),
                counted_at=rest.get("counted_at"),
            )
        except RetentionError as error:
            raise problem(error) from error
        return Response(serializers.version(made), status=201)


class UndoView(_PeriodsView):
    scope = "retention.change"
    idempotent = True
    refuses = {"POST": {409: ("nothing-to-undo",)}}

    @extend_schema(
        operation_id="retention_undo",
        summary="Take back the change that is in its grace window",
        parameters=[_CATEGORY],
        request=None,
        responses=serializers.VersionOutput,
        tags=["Retention"],
    )
    def post(self, request: Request, category: str) -> Response:
        self.rows(category)
        try:
            undone = service.undo(
                organization_id=self.organization_id, category=category, by=self.actor, at=timezone.now()
            )
        except RetentionError as error:
            raise problem(error) from error
        return Response(serializers.version(undone))
