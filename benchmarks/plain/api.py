"""How one would store calls with Django REST framework alone: a ModelSerializer, one create or one bulk_create."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.plain.models import PlainCall


class PlainCallSerializer(serializers.ModelSerializer):
    class Meta:
        model = PlainCall
        fields = "__all__"


class PlainView(APIView):
    """No key, no throttle: nothing but reading, checking and storing."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()


class PlainOne(PlainView):
    """POST one call."""

    def post(self, request: Request) -> Response:
        serializer = PlainCallSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data, 201)


class PlainMany(PlainView):
    """POST a list of calls."""

    def post(self, request: Request) -> Response:
        serializer = PlainCallSerializer(data=request.data, many=True)
        serializer.is_valid(raise_exception=True)
        rows = PlainCall.objects.bulk_create([PlainCall(**values) for values in serializer.validated_data])
        return Response({"results": [{"id": row.id} for row in rows]}, 201)


def bodies(organization_id: Any, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same facts as our API takes, as the plain model has them."""
    return [
        {
            "organization_id": str(organization_id),
            "external_id": each["call_id"],
            "phone": each["from"],
            "direction": each["direction"],
            "outcome": each["outcome"],
            "started_at": each["started_at"],
            "ended_at": each["ended_at"],
            "duration_ms": 240_000,
        }
        for each in items
    ]
