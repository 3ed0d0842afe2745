"""A member's notices in one organization, the bell that leads to them, and how the person wants to hear of things."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import lists
from accounts.access import OrganizationContext, own_transactions, require
from accounts.views import back, signed_in
from delivery import kinds
from delivery.forms import PreferencesForm
from delivery.kinds import Said
from delivery.models import Notice
from delivery.services import notices, preferences

IN_THE_BELL = 6


@dataclass(frozen=True, slots=True)
class Line:
    """A notice as a page shows it."""

    id: UUID
    said: Said
    icon: str
    state: str
    at: datetime
    is_read: bool
    leads: bool


def _line(notice: Notice, slug: str) -> Line:
    kind = kinds.find(notice.kind)
    if kind is None:
        return Line(notice.pk, Said(notice.kind), "info", "kept", notice.at, notice.read_at is not None, False)
    facts = notices.facts(notice)
    leads = bool(kind.href(facts, slug))
    return Line(notice.pk, kind.say(facts), kind.icon, kind.state, notice.at, notice.read_at is not None, leads)


def _declaration() -> lists.Declaration:
    return lists.Declaration(
        named=lists.Named(
            rows=gettext_lazy("Notices"),
            ask=gettext_lazy("Filter notices"),
            count=ngettext_lazy("%(n)s notice", "%(n)s notices", "counter"),
            csv="delivery:notices_csv",
        ),
        filters=(
            lists.choice(
                "show",
                gettext_lazy("Show"),
                (("unread", pgettext_lazy("notice", "unread")), ("read", pgettext_lazy("notice", "read"))),
                any_words=gettext_lazy("All"),
                where=lambda value: Q(read_at__isnull=value == "unread"),
            ),
            lists.choice(
                "kind", gettext_lazy("Kind"), ((kind.name, kind.label) for kind in kinds.declared()), column="kind"
            ),
        ),
        sorts=(lists.Sort("at", gettext_lazy("When"), kind="id"),),
    )


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    context = require(request, "notices.read")
    rows = notices.of_person(context.organization.pk, context.user.pk)
    shown = lists.read(_declaration(), request.GET).show(rows)
    shown.rows = [_line(notice, context.organization.slug) for notice in shown.rows]
    return render(request, "delivery/notices.html", {"shown": shown})


@require_GET
@own_transactions
def notices_csv(request: HttpRequest) -> HttpResponseBase:
    """A person's own notices as filtered, in the words the page has."""
    context = require(request, "notices.read")
    organization = context.organization

    def cells(found: Sequence[Notice]) -> list[list[object]]:
        said = [(notice, _line(notice, organization.slug).said) for notice in found]
        return [[row.pk, row.at, row.kind, words.title, words.words, row.read_at] for row, words in said]

    return lists.csv_file(
        request,
        lists.read(_declaration(), request.GET),
        notices.of_person(organization.pk, context.user.pk),
        page=_page(context),
        name=f"notices-{organization.slug}",
        organization_id=organization.pk,
        kind="delivery.notices_exported",
        by=context.actor,
        columns=["notice", "at", "kind", "title", "words", "read_at"],
        cells=cells,
    )


@require_GET
@never_cache
def bell(request: HttpRequest) -> HttpResponse:
    """The newest few, for the menu in the top bar."""
    context = require(request, "notices.read")
    found = notices.of_person(context.organization.pk, context.user.pk).order_by("-id")[:IN_THE_BELL]
    return render(
        request, "delivery/_bell_list.html", {"lines": [_line(notice, context.organization.slug) for notice in found]}
    )


@require_GET
@never_cache
def follow(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """To what the notice is about; it counts as read from now on."""
    context = require(request, "notices.read")
    notice = notices.of_person(context.organization.pk, context.user.pk).filter(pk=notice_id).first()
    if notice is None:
        raise Http404
    _mark(context, [notice_id])
    kind = kinds.find(notice.kind)
    href = kind.href(notices.facts(notice), context.organization.slug) if kind else ""
    return redirect(href) if href else redirect("delivery:notices", slug=context.organization.slug)


@require_POST
def mark(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Read, or with `unread=1` unread again."""
    context = require(request, "notices.read")
    if request.POST.get("unread"):
        notices.mark_unread(organization_id=context.organization.pk, person_id=context.user.pk, notice_id=notice_id)
    else:
        _mark(context, [notice_id])
    return back(request, _page(context))


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    context = require(request, "notices.read")
    _mark(context, None)
    messages.success(request, _("All notices count as read."))
    return redirect(_page(context))


def _mark(context: OrganizationContext, ids: list[UUID] | None) -> None:
    notices.mark_read(organization_id=context.organization.pk, person_id=context.user.pk, ids=ids, at=timezone.now())


def _page(context: OrganizationContext) -> str:
    return reverse("delivery:notices", kwargs={"slug": context.organization.slug})


@require_http_methods(["GET", "POST"])
def notifications(request: HttpRequest) -> HttpResponse:
    """Which kinds a person wants to hear of by e-mail. What concerns the account's security is always sent."""
    user = signed_in(request)
    form = PreferencesForm(request.POST or None, initial=preferences.of_person(user))
    if request.method == "POST" and form.is_valid():
        preferences.choose(user=user, wanted=form.wanted())
        messages.success(request, _("Saved."))
        return redirect("notifications")
    return render(request, "delivery/notifications.html", {"form": form, "user": user})
