"""The import wizard: choose a file, name its columns, look at what would happen, store."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import lists
from accounts.access import OrganizationContext, own_transactions, require
from accounts.progress import Work
from contacts import words
from contacts.exceptions import ImportRefused, UnknownImport
from contacts.forms import ColumnsForm, UploadForm, asking_imports
from contacts.models import ContactImport, ImportProblem, ImportState
from contacts.services import imports, lists_of
from ground.tenancy import acting_for

_PROBLEMS_SHOWN = 50


@require_http_methods(["GET", "POST"])
@own_transactions
def upload(request: HttpRequest) -> HttpResponse:
    """First step. The file is sealed before this answers."""
    context = require(request, "contacts.manage")
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = imports.receive(
                organization_id=context.organization.pk,
                content=form.cleaned_data["file"].read(),
                by=context.actor,
                at=timezone.now(),
            )
        except ImportRefused as error:
            form.add_error("file", words.refusal(error.reason))
        else:
            return redirect("contacts:import", context.organization.slug, made.id)
    with acting_for(context.organization.pk):
        rows = ContactImport.objects.filter(organization_id=context.organization.pk)
        shown = lists.read(asking_imports(), request.GET).show(rows)
    return render(request, "contacts/import_upload.html", {"form": form, "shown": shown})


@require_GET
@own_transactions
def imports_csv(request: HttpRequest) -> HttpResponseBase:
    """The files as filtered: when, how long, what became of them; nothing that stands in them."""
    context = require(request, "contacts.manage")
    organization = context.organization

    def cells(found: Sequence[ContactImport]) -> list[list[object]]:
        return [[row.pk, row.created_at, row.state, row.rows_total, row.plain_bytes] for row in found]

    return lists.csv_file(
        request,
        lists.read(asking_imports(), request.GET),
        ContactImport.objects.filter(organization_id=organization.pk),
        page=reverse("contacts:import_upload", args=[organization.slug]),
        name=f"imports-{organization.slug}",
        organization_id=organization.pk,
        kind="contacts.imports_exported",
        by=context.actor,
        columns=["import", "uploaded_at", "state", "lines", "bytes"],
        cells=cells,
    )


@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """The step an import has come to. POST: columns are named."""
    context = require(request, "contacts.manage")
    row = _row(context, import_id)
    naming = row.state == ImportState.UPLOADED or "columns" in request.GET or request.method == "POST"
    if naming and row.state in (ImportState.UPLOADED, ImportState.CHECKED):
        return _columns(request, context, row)
    return render(request, "contacts/import_progress.html", _progress(row))


@require_GET
def progress(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """The moving part of the page, asked for again while work goes on."""
    context = require(request, "contacts.manage")
    return render(request, "contacts/_import_state.html", _progress(_row(context, import_id)))


@require_POST
def start(request: HttpRequest, import_id: UUID) -> HttpResponse:
    context = require(request, "contacts.manage")
    row = _row(context, import_id)
    try:
        imports.start(organization_id=context.organization.pk, import_id=row.id, by=context.actor, at=timezone.now())
    except ImportRefused as error:
        messages.error(request, words.refusal(error.reason))
    return redirect("contacts:import", context.organization.slug, row.id)


@require_POST
@own_transactions
def discard(request: HttpRequest, import_id: UUID) -> HttpResponse:
    context = require(request, "contacts.manage")
    with acting_for(context.organization.pk):
        _row(context, import_id)
    outcome = imports.discard(organization_id=context.organization.pk, import_id=import_id, by=context.actor)
    if outcome.rows:
        messages.success(request, _("The file is destroyed. Contacts already stored stay."))
    else:
        messages.error(request, _("A legal hold keeps this file. Nothing was destroyed."))
    return redirect("contacts:import_upload", context.organization.slug)


@require_GET
@own_transactions
def problems(request: HttpRequest, import_id: UUID) -> StreamingHttpResponse:
    """The lines that were left out, as CSV: safe to open in a spreadsheet."""
    context = require(request, "contacts.manage")
    with acting_for(context.organization.pk):
        _row(context, import_id)
    response = StreamingHttpResponse(
        imports.problem_lines(context.organization.pk, import_id), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="lines-left-out.csv"'
    response["Cache-Control"] = "no-store"
    return response


# ------------------------------------------------------------------ inside
def _columns(request: HttpRequest, context: OrganizationContext, row: ContactImport) -> HttpResponse:
    head = imports.preview(row)
    named = [(str(each.id), each.name) for each in lists_of(context.organization.pk)]
    header = head.header if row.has_header else [_("Column %(n)d") % {"n": n + 1} for n in range(len(head.header))]
    initial: dict[str, Any] = {f"column_{column}": name for column, name in row.mapping.items()}
    initial |= {
        "has_header": row.has_header,
        "region": row.region or context.organization.country,
        "legal_basis": row.legal_basis or "unstated",
        "on_match": row.on_match,
        "list_id": str(row.list_id or ""),
    }
    form = ColumnsForm(request.POST or None, header=header, lists=named, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            imports.name_columns(
                organization_id=context.organization.pk,
                import_id=row.id,
                mapping=form.mapping(),
                has_header=values["has_header"],
                region=values["region"],
                legal_basis=values["legal_basis"],
                on_match=values["on_match"],
                list_id=UUID(values["list_id"]) if values["list_id"] else None,
                by=context.actor,
                at=timezone.now(),
            )
        except ImportRefused as error:
            form.add_error(None, words.refusal(error.reason))
        else:
            return redirect("contacts:import", context.organization.slug, row.id)
    samples = head.sample if row.has_header else [head.header, *head.sample[1:]]
    columns = [
        {
            "field": form[f"column_{column}"],
            "heading": heading,
            "samples": [line[column] if column < len(line) else "" for line in samples],
        }
        for column, heading in enumerate(header)
    ]
    settings = [form[name] for name in ("legal_basis", "on_match", "region", "list_id", "has_header")]
    response = render(
        request,
        "contacts/import_columns.html",
        {"form": form, "columns": columns, "settings": settings, "import": row},
    )
    response["Cache-Control"] = "no-store"
    return response


def _progress(row: ContactImport) -> dict[str, Any]:
    found = ImportProblem.objects.filter(organization_id=row.organization_id, contact_import=row)
    shown = list(found.order_by("row_number", "field")[:_PROBLEMS_SHOWN])
    return {
        "import": row,
        "problems": [
            {
                "row": each.row_number,
                "field": words.FIELDS.get(each.field, each.field),
                "words": words.PROBLEMS.get(each.code, each.code),
            }
            for each in shown
        ],
        "work": Work(row.rows_done, row.rows_total, row.started_at, timezone.now()),
        "failure": words.refusal(row.failure),
        "stands": row.state in (ImportState.CHECKED, ImportState.FINISHED, ImportState.FAILED),
    }


def _row(context: OrganizationContext, import_id: UUID) -> ContactImport:
    try:
        return imports.find_import(context.organization.pk, import_id)
    except UnknownImport as error:
        raise Http404 from error
