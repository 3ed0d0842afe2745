"""`/api/v1/purge-runs` and `/api/v1/certificates`: what was destroyed, and the proof."""

import hashlib
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import lists
from accounts.api import asked
from accounts.api.problems import Problem
from accounts.api.views import OrganizationAPIView
from retention.api import serializers
from retention.models import Certificate, PurgeLine, PurgeRun, RunState
from retention.services import certificates as service

_STARTED, _ISSUED = (lists.Order(lists.Sort("at", column=column)) for column in ("started_at", "issued_at"))


class RunsView(OrganizationAPIView):
    scope = "purges.read"
    refuses = {"GET": {400: (*asked.PAGE_CODES, *asked.FILTER_CODES)}}

    @extend_schema(
        operation_id="purge_runs_list",
        summary="List purges, newest first",
        parameters=[*asked.PAGES, OpenApiParameter("state", str, enum=RunState.values)],
        responses=serializers.RunPage,
        tags=["Proof"],
    )
    def get(self, request: Request) -> Response:
        rows = PurgeRun.objects.filter(organization_id=self.organization_id)
        if state := asked.word(request, "state", RunState.values):
            rows = rows.filter(state=state)
        found, following = asked.page(request, rows, _STARTED)
        certificates = Certificate.objects.filter(
            organization_id=self.organization_id, run_id__in=[row.pk for row in found]
        )
        by_run = {certificate.run_id: certificate for certificate in certificates}
        return Response({"results": [serializers.run(row, by_run.get(row.pk)) for row in found], "next": following})


class RunView(OrganizationAPIView):
    scope = "purges.read"

    @extend_schema(
        operation_id="purge_runs_get",
        summary="One purge by category",
        responses=serializers.RunDetail,
        tags=["Proof"],
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        run = PurgeRun.objects.filter(organization_id=self.organization_id, id=run_id).first()
        if run is None:
            raise Problem(404, "not-found", "Not found.")
        certificate = Certificate.objects.filter(organization_id=self.organization_id, run_id=run.pk).first()
        lines = PurgeLine.objects.filter(organization_id=self.organization_id, run_id=run.pk).order_by("id")
        return Response({**serializers.run(run, certificate), "lines": [serializers.line(line) for line in lines]})


class CertificatesView(OrganizationAPIView):
    scope = "purges.read"
    refuses = {"GET": {400: asked.PAGE_CODES}}

    @extend_schema(
        operation_id="certificates_list",
        summary="List certificates, newest first",
        parameters=asked.PAGES,
        responses=serializers.CertificatePage,
        tags=["Proof"],
    )
    def get(self, request: Request) -> Response:
        rows = Certificate.objects.filter(organization_id=self.organization_id)
        found, following = asked.page(request, rows, _ISSUED)
        return Response({"results": [serializers.certificate(row) for row in found], "next": following})


class _CertificateView(OrganizationAPIView):
    scope = "purges.read"

    def found(self, certificate_id: UUID) -> Certificate:
        certificate = Certificate.objects.filter(organization_id=self.organization_id, id=certificate_id).first()
        if certificate is None:
            raise Problem(404, "not-found", "Not found.")
        return certificate


class CertificateView(_CertificateView):
    @extend_schema(
        operation_id="certificates_get",
        summary="One certificate with the moments signed so far",
        responses=serializers.CertificateDetail,
        tags=["Proof"],
    )
    def get(self, request: Request, certificate_id: UUID) -> Response:
        certificate = self.found(certificate_id)
        statements = [
            serializers.statement(row, hashlib.sha256(bytes(row.body)).hexdigest())
            for row in service.statements_of(certificate)
        ]
        return Response({**serializers.certificate(certificate), "statements": statements})


class BundleView(_CertificateView):
    @extend_schema(
        operation_id="certificates_bundle",
        summary="The file that anyone verifies offline: statements, signatures and public keys",
        responses={(200, "application/json"): OpenApiTypes.OBJECT},
        tags=["Proof"],
    )
    def get(self, request: Request, certificate_id: UUID) -> HttpResponse:
        certificate = self.found(certificate_id)
        answer = HttpResponse(service.bundle(certificate), content_type="application/json")
        answer["Content-Disposition"] = f'attachment; filename="certificate-{certificate.number}.json"'
        return answer
