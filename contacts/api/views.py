"""`/api/v1/contacts`: list, read, create, change, destroy, store many."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import asked
from accounts.api.problems import Problem
from accounts.api.views import OrganizationAPIView
from accounts.models import Organization
from contacts.api import serializers
from contacts.details import Details, checked_language
from contacts.exceptions import ChangedMeanwhile, InvalidDetails, OnLegalHold, ReferenceTaken, UnknownContact
from contacts.models import Contact, Source
from contacts.services import Incoming, add, details_of, find, get, remove, reveal, update, upsert
from ground import vault
from ground.tenancy import acting_for

_FOUND_AT_MOST = 100


class ContactsView(OrganizationAPIView):
    """All contacts, newest first; adding one."""

    scopes = {"GET": "contacts.read", "POST": "contacts.manage"}
    idempotent = True
    refuses = {"GET": {400: asked.PAGE_CODES}, "POST": {409: (ReferenceTaken.code,)}}

    @extend_schema(
        operation_id="contacts_list",
        summary="List contacts, or find people",
        parameters=asked.PAGES,
        responses=serializers.ContactPage,
        tags=["Contacts"],
    )
    def get(self, request: Request) -> Response:
        found, following = asked.page(request, Contact.objects.filter(organization_id=self.organization_id))
        opened = details_of(self.organization_id, found)
        return Response({"results": [serializers.shown(row, opened[row.id]) for row in found], "next": following})

    @extend_schema(
        operation_id="contacts_create",
        summary="Add a contact",
        request=serializers.ContactInput,
        responses={201: serializers.ContactStored},
        tags=["Contacts"],
    )
    def post(self, request: Request) -> Response:
        values = _valid(serializers.ContactInput(data=request.data))
        try:
            row = add(
                organization_id=self.organization_id,
                details=serializers.checked(values, _country(self.organization_id)),
                legal_basis=values.get("legal_basis", "unstated"),
                language=values.get("language", ""),
                source=Source.API,
                by=self.actor,
                at=timezone.now(),
            )
        except InvalidDetails as error:
            raise serializers.refusal(error) from error
        except ReferenceTaken as error:
            raise Problem(409, error.code, str(error)) from error
        return Response({"id": row.id, "outcome": "added", "version": row.sealed_version}, 201)


class ContactSearchView(OrganizationAPIView):
    """Finding people without putting who they are into an address that is logged."""

    scope = "contacts.read"
    refuses = {"POST": {400: ("not-an-identifier",)}}

    @extend_schema(
        operation_id="contacts_search",
        summary="Find contacts by number, address, reference or name",
        request={
            "application/json": {
                "type": "object",
                "properties": {
                    "value": {"type": "string"},
                    "kind": {"type": "string", "enum": list(vault.blind.KINDS), "description": "without: every kind"},
                },
                "required": ["value"],
            }
        },
        responses=serializers.ContactPage,
        tags=["Contacts"],
    )
    def post(self, request: Request) -> Response:
        data = request.data if isinstance(request.data, dict) else {}
        value, kind = data.get("value"), data.get("kind")
        if not isinstance(value, str) or ("kind" in data and kind not in vault.blind.KINDS):
            raise Problem(
                400, "invalid", f"value is text; kind, where given, is one of {', '.join(vault.blind.KINDS)}."
            )
        try:
            rows = find(self.organization_id, value, kind=kind, region=_country(self.organization_id) or None)
        except vault.blind.NotAnIdentifier as error:
            raise Problem(400, "not-an-identifier", "This is no number, address, reference or name.") from error
        page = list(rows.order_by("-id")[:_FOUND_AT_MOST])
        opened = details_of(self.organization_id, page)
        return Response({"results": [serializers.shown(row, opened[row.id]) for row in page], "next": None})


class ContactView(OrganizationAPIView):
    """One contact."""

    scopes = {
        "GET": "contacts.read",
        "PUT": "contacts.manage",
        "PATCH": "contacts.manage",
        "DELETE": "contacts.manage",
    }
    own_transactions = True
    refuses = {
        "GET": {403: ("scope-missing",), 404: (UnknownContact.code,)},
        "PATCH": {404: (UnknownContact.code,), 409: (ReferenceTaken.code, ChangedMeanwhile.code, OnLegalHold.code)},
        "DELETE": {404: (UnknownContact.code,), 409: (OnLegalHold.code,)},
    }

    @extend_schema(
        operation_id="contacts_retrieve",
        summary="Read a contact; with reveal=true in the clear, recorded, for keys that carry calls.reveal",
        parameters=[asked.REVEAL],
        responses=serializers.ContactRevealed,
        tags=["Contacts"],
    )
    def get(self, request: Request, contact_id: UUID) -> Response:
        wants_all = asked.flag(request, "reveal")
        if wants_all and "calls.reveal" not in self.known_key.scopes:
            raise Problem(403, "scope-missing", "The API key does not carry the scope calls.reveal.")
        with acting_for(self.organization_id):
            row = self._row(contact_id)
            if wants_all:
                opened = reveal(organization_id=self.organization_id, contact=row, by=self.actor)
                return Response(serializers.revealed(row, opened))
            return Response(serializers.shown(row, details_of(self.organization_id, [row])[row.id]))

    @extend_schema(
        operation_id="contacts_update",
        summary="Change a contact: what is given replaces what was stored",
        request=serializers.ContactChange,
        responses=serializers.ContactStored,
        tags=["Contacts"],
    )
    def patch(self, request: Request, contact_id: UUID) -> Response:
        values = _valid(serializers.ContactChange(data=request.data))
        with acting_for(self.organization_id):
            row = self._row(contact_id)
            before = details_of(self.organization_id, [row])[row.id]
            merged = {**before.to_json(), **values}
            try:
                row = update(
                    organization_id=self.organization_id,
                    contact_id=contact_id,
                    details=serializers.checked(merged, _country(self.organization_id)),
                    legal_basis=values.get("legal_basis"),
                    language=values.get("language"),
                    state=values.get("state"),
                    seen_version=values.get("version"),
                    by=self.actor,
                    at=timezone.now(),
                )
            except InvalidDetails as error:
                raise serializers.refusal(error) from error
            except (ReferenceTaken, ChangedMeanwhile, OnLegalHold) as error:
                raise Problem(409, error.code, str(error)) from error
        return Response({"id": row.id, "outcome": "updated", "version": row.sealed_version})

    @extend_schema(
        operation_id="contacts_destroy",
        summary="Destroy a contact: its key first, then its rows",
        responses={204: None},
        tags=["Contacts"],
    )
    def delete(self, request: Request, contact_id: UUID) -> Response:
        with acting_for(self.organization_id):
            self._row(contact_id)
        outcome = remove(organization_id=self.organization_id, contact_ids=[contact_id], by=self.actor)
        if not outcome.rows:
            raise Problem(409, "on-legal-hold", "A legal hold keeps this contact. Nothing was destroyed.")
        return Response(status=204)

    def _row(self, contact_id: UUID) -> Contact:
        try:
            return get(self.organization_id, contact_id)
        except UnknownContact as error:
            raise Problem(404, error.code, "No such contact.") from error


class ContactBatchView(OrganizationAPIView):
    """Many people at once."""

    scope = "contacts.manage"
    idempotent = True

    @extend_schema(
        operation_id="contacts_batch",
        summary="Store up to 1,000 contacts; each is added, completed or refused by itself",
        request=serializers.ContactBatch,
        responses=serializers.BatchStored,
        tags=["Contacts"],
    )
    def post(self, request: Request) -> Response:
        items = _valid(serializers.ContactBatch(data=request.data))["contacts"]
        country = _country(self.organization_id)
        results: list[dict[str, Any]] = []
        people: list[Incoming] = []
        places: list[int] = []
        for index, item in enumerate(items):
            reading = serializers.ContactInput(data=item)
            errors: list[dict[str, str]] = []
            try:
                if not reading.is_valid():
                    errors = [{"field": str(name), "code": "invalid"} for name in reading.errors]
                else:
                    values = reading.validated_data
                    details: Details = serializers.checked(values, country)
                    language = checked_language(values.get("language", ""))
                    people.append(Incoming(details, values.get("legal_basis", ""), language))
                    places.append(index)
            except InvalidDetails as error:
                errors = [{"field": name, "code": code} for name, code in error.problems]
            results.append({"index": index, "id": None, "outcome": "refused", **({"errors": errors} if errors else {})})
        stored = upsert(
            organization_id=self.organization_id, people=people, source=Source.API, by=self.actor, at=timezone.now()
        )
        for index, result in zip(places, stored, strict=True):
            results[index] |= {"id": result.contact_id, "outcome": result.outcome}
        return Response({"results": results})


def _valid(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def _country(organization_id: UUID) -> str:
    found: str = Organization.objects.values_list("country", flat=True).get(id=organization_id)
    return found
