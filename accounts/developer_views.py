"""For the people who build on it: API keys, and the log of what their programs asked."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import lists
from accounts.access import OrganizationContext, own_transactions, require
from accounts.exceptions import KeyOver, OrganizationClosed
from accounts.forms import ApiKeyForm
from accounts.models import ApiKey
from accounts.permissions import PERMISSIONS
from accounts.services import api_keys

OVERLAP = timedelta(hours=24)
_FIRST = """curl -sS '{base}/api/v1/calls?limit=3' \\
  -H 'Authorization: Bearer {brand}_…'""".replace("{brand}", api_keys.BRAND)

KEYS = lists.Declaration(
    named=lists.Named(
        rows=gettext_lazy("API keys"),
        ask=gettext_lazy("Filter keys"),
        count=ngettext_lazy("%(n)s key", "%(n)s keys", "counter"),
        csv="accounts:keys_csv",
    ),
    sorts=(
        lists.Sort("created", gettext_lazy("Made"), "created_at"),
        lists.Sort("used", gettext_lazy("Last used"), "last_used_at", nullable=True),
    ),
    filters=(
        lists.choice(
            "state",
            gettext_lazy("State"),
            (
                ("live", pgettext_lazy("API keys", "in force")),
                ("over", pgettext_lazy("API keys", "run out")),
                ("revoked", pgettext_lazy("API keys", "revoked")),
                ("unused", pgettext_lazy("API keys", "never used")),
            ),
            where=api_keys.in_state,
        ),
    ),
)


@require_GET
def developers(request: HttpRequest) -> HttpResponse:
    """The keys, the first call as something to copy, and the way to the log."""
    return _developers(request, require(request, "developers.read"), ApiKeyForm())


def _developers(
    request: HttpRequest, context: OrganizationContext, form: ApiKeyForm, made: api_keys.NewKey | None = None
) -> HttpResponse:
    now = timezone.now()
    rows = ApiKey.objects.filter(organization_id=context.organization.pk)
    page = reverse("accounts:developers", args=[context.organization.slug])
    keys = lists.read(KEYS, request.GET, path=page).show(rows)
    keys.rows = [(key, key.is_live(now)) for key in keys.rows]
    response = render(
        request,
        "accounts/developers.html",
        {
            "shown": keys,
            "form": form,
            "made": made,
            "first_request": _FIRST.format(base=settings.PUBLIC_BASE_URL),
            "scopes": [(scope, PERMISSIONS[scope][0]) for scope in made.row.scopes] if made else [],
        },
        status=422 if form.errors else 200,
    )
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@own_transactions
def keys_csv(request: HttpRequest) -> HttpResponseBase:
    """The keys as filtered: what each may do and when it was used; of the secret its beginning, as the page shows."""
    context = require(request, "developers.read")
    organization = context.organization
    now = timezone.now()

    def cells(found: Sequence[ApiKey]) -> list[list[object]]:
        return [
            [
                key.pk,
                key.name,
                key.prefix,
                ", ".join(key.scopes),
                "revoked" if key.revoked_at else "in force" if key.is_live(now) else "run out",
                key.created_at,
                key.last_used_at,
                key.expires_at,
                key.revoked_at,
            ]
            for key in found
        ]

    return lists.csv_file(
        request,
        lists.read(KEYS, request.GET),
        ApiKey.objects.filter(organization_id=organization.pk),
        page=reverse("accounts:developers", args=[organization.slug]),
        name=f"keys-{organization.slug}",
        organization_id=organization.pk,
        kind="accounts.keys_exported",
        by=context.actor,
        columns=["key", "name", "prefix", "scopes", "state", "made_at", "last_used_at", "expires_at", "revoked_at"],
        cells=cells,
    )


@require_POST
def create_key(request: HttpRequest) -> HttpResponse:
    """The secret is on the answer of this request and nowhere else."""
    context = require(request, "developers.manage")
    form = ApiKeyForm(request.POST)
    if not form.is_valid():
        return _developers(request, context, form)
    now = timezone.now()
    days = form.cleaned_data["days"]
    try:
        made = api_keys.create(
            organization_id=context.organization.pk,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            by=context.actor,
            at=now,
            expires_at=now + timedelta(days=int(days)) if days else None,
        )
    except OrganizationClosed:
        messages.error(request, _("The organization is closing: no new key can be made. Nothing was changed."))
        return _back(context)
    return _developers(request, context, ApiKeyForm(), made)


@require_POST
def rotate_key(request: HttpRequest, key_id: UUID) -> HttpResponse:
    context = require(request, "developers.manage")
    try:
        made = api_keys.rotate(
            organization_id=context.organization.pk,
            key_id=key_id,
            by=context.actor,
            at=timezone.now(),
            overlap=OVERLAP,
        )
    except (KeyOver, ApiKey.DoesNotExist):
        return _over(request, context)
    return _developers(request, context, ApiKeyForm(), made)


@require_http_methods(["GET", "POST"])
def revoke_key(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Asked first: a program that uses the key stops at once."""
    context = require(request, "developers.manage")
    key = ApiKey.objects.filter(organization_id=context.organization.pk, pk=key_id).first()
    if key is None or not key.is_live(timezone.now()):
        return _over(request, context)
    if request.method == "GET":
        return render(request, "accounts/key_revoke.html", {"key": key})
    api_keys.revoke(organization_id=context.organization.pk, key_id=key_id, by=context.actor, at=timezone.now())
    messages.success(request, _("The key is revoked and opens nothing from now on."))
    return _back(context)


def _over(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    messages.error(request, _("This key is over already. Nothing was changed."))
    return _back(context)


def _back(context: OrganizationContext) -> HttpResponse:
    return redirect("accounts:developers", slug=context.organization.slug)
