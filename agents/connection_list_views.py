"""The connections as a list: where calls come in; on the page and as a file."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_GET

from accounts import lists
from accounts.access import own_transactions, require
from agents.models import ConnectionState, Provider, ProviderConnection

CONNECTIONS = lists.Declaration(
    named=lists.Named(
        rows=_("Connections"),
        ask=_("Filter connections"),
        count=ngettext_lazy("%(n)s connection", "%(n)s connections", "counter"),
        csv="agents:connections_csv",
    ),
    sorts=(lists.Sort("name", _("Name"), "name", "text"), lists.Sort("made", _("Made"), kind="id")),
    filters=(
        lists.choice("provider", _("Provider"), Provider.choices, column="provider"),
        lists.choice("state", _("State"), ConnectionState.choices, column="state"),
        lists.yes_no("key", _("Provider's API"), "has_api_key", yes=_("with a key"), no=_("without a key")),
    ),
    rising=True,
)


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    context = require(request, "agents.read")
    rows = ProviderConnection.objects.filter(organization_id=context.organization.pk)
    shown = lists.read(CONNECTIONS, request.GET).show(rows)
    return render(request, "agents/connection_list.html", {"shown": shown, "now": timezone.now()})


@require_GET
@own_transactions
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """What is filtered, without addresses to send calls to and without secrets: each connection's page has those."""
    context = require(request, "agents.read")
    organization = context.organization

    def cells(found: Sequence[ProviderConnection]) -> list[list[object]]:
        return [
            [
                row.id,
                row.name,
                row.provider,
                row.auth_mode,
                row.state,
                "yes" if row.has_api_key else "no",
                row.created_at,
                row.changed_at,
                row.overlap_ends_at,
            ]
            for row in found
        ]

    columns = ["connection", "name", "provider", "proof_of_origin", "state", "has_api_key", "made_at", "changed_at"]
    return lists.csv_file(
        request,
        lists.read(CONNECTIONS, request.GET),
        ProviderConnection.objects.filter(organization_id=organization.pk),
        page=reverse("agents:connections", args=[organization.slug]),
        name=f"connections-{organization.slug}",
        organization_id=organization.pk,
        kind="agents.connections_exported",
        by=context.actor,
        columns=[*columns, "older_secret_until"],
        cells=cells,
    )
