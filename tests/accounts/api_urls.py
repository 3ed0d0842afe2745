"""A small API of the tests: what a builder of API views would write."""

import time

from django.urls import path
from rest_framework import serializers
from rest_framework.response import Response

from accounts.api.problems import Problem
from accounts.api.views import OrganizationAPIView
from accounts.models import Membership, User
from config.urls import handler404, handler500
from config.urls import urlpatterns as real_patterns
from ground import tenancy, vault

__all__ = ["handler404", "handler500", "urlpatterns"]


class Body(serializers.Serializer):
    email = serializers.EmailField()
    wait = serializers.FloatField(default=0)
    fail = serializers.CharField(default="")


class People(OrganizationAPIView):
    scopes = {"GET": "calls.read", "POST": "calls.write"}
    idempotent = True

    def get(self, request):
        return Response({"organization": tenancy.current_organization(), "members": Membership.objects.count()})

    def post(self, request):
        body = Body(data=request.data)
        body.is_valid(raise_exception=True)
        person = User.objects.create_user(body.validated_data["email"])
        row = Membership.objects.create(organization_id=self.organization_id, user=person, role="member")
        time.sleep(body.validated_data["wait"])
        match body.validated_data["fail"]:
            case "refuse":
                raise Problem(409, "call-on-hold", "A legal hold keeps this.", hold="h1")
            case "crash":
                raise RuntimeError("a mistake of ours")
            case "vault":
                raise vault.Unavailable("no keys")
            case "answer":
                return Response({"detail": "no"}, 400)
        return Response({"id": row.pk, "by": str(self.actor)}, 201)


class BoundPeople(People):
    """The same, with a transaction of its own to which it binds the answer."""

    own_transactions = True
    binds_answer = True

    def post(self, request):
        with tenancy.acting_for(self.organization_id):
            self.begin()
            response = super().post(request)
            if response.status_code == 201:
                self.keep_answer(response.data, 201)
        return response


class Closed(OrganizationAPIView):
    """A view that forgot to name its scope."""

    def get(self, request):
        return Response({})


urlpatterns = [
    path("api/v1/people/", People.as_view()),
    path("api/v1/bound/", BoundPeople.as_view()),
    path("api/v1/closed/", Closed.as_view()),
    *real_patterns,
]
