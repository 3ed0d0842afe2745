"""Who belongs to an organization. Each view states the permission it needs."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts import lists, toasts
from accounts.access import OrganizationContext, own_transactions, require
from accounts.exceptions import AccountsError, AlreadyMember, LastOwner, OwnersOnly
from accounts.forms import InvitationForm, RoleForm
from accounts.models import Membership, Role
from accounts.permissions import PERMISSIONS
from accounts.services import invitations, members


def _refused(request: HttpRequest, error: AccountsError) -> None:
    words = {
        AlreadyMember: _("This person belongs to the organization already. Nothing was changed."),
        LastOwner: _("An organization keeps at least one owner. Make somebody else owner first; nothing was changed."),
        OwnersOnly: _("Only an owner may make, change or remove an owner. Nothing was changed."),
    }
    messages.error(request, words.get(type(error), _("This is not possible now. Nothing was changed.")))


def _team(context: OrganizationContext) -> HttpResponse:
    return redirect("accounts:team", slug=context.organization.slug)


# A team is small: it may be sorted by what has no index. Owners come first, as the rank of roles has it.
TEAM = lists.Declaration(
    named=lists.Named(
        rows=gettext_lazy("Members"),
        ask=gettext_lazy("Filter the team"),
        count=ngettext_lazy("%(n)s member", "%(n)s members", "counter"),
        csv="accounts:team_csv",
    ),
    sorts=(
        lists.Sort(
            "role",
            gettext_lazy("Role"),
            "rank",
            "number",
            ways=(gettext_lazy("owners last"), gettext_lazy("owners first")),
        ),
        lists.Sort("name", gettext_lazy("Name"), "user__name", "text"),
        lists.Sort("joined", gettext_lazy("Since"), "created_at"),
    ),
    filters=(lists.choice("role", gettext_lazy("Role"), Role.choices, column="role"),),
    rising=True,
    size=100,
)


def _members(organization_id: UUID) -> QuerySet[Membership]:
    ranks = (When(role=role, then=rank) for rank, role in enumerate(Role))
    return members.memberships_of(organization_id).annotate(rank=Case(*ranks, default=len(Role)))


@require_GET
@own_transactions
def team_csv(request: HttpRequest) -> HttpResponseBase:
    """The team as filtered: who may sign in, and in which role."""
    context = require(request, "team.read")
    return lists.csv_file(
        request,
        lists.read(TEAM, request.GET),
        _members(context.organization.pk),
        page=reverse("accounts:team", args=[context.organization.slug]),
        name=f"team-{context.organization.slug}",
        organization_id=context.organization.pk,
        kind="accounts.team_exported",
        by=context.actor,
        columns=["member", "name", "email", "role", "since"],
        cells=lambda rows: [[row.user_id, row.user.name, row.user.email, row.role, row.created_at] for row in rows],
    )


@require_GET
def team(request: HttpRequest) -> HttpResponse:
    context = require(request, "team.read")
    manages = context.may("team.manage")
    shown = lists.read(TEAM, request.GET).show(_members(context.organization.pk))
    return render(
        request,
        "accounts/team.html",
        {
            "people": [members.person(row) for row in shown.rows],
            "shown": shown,
            "waiting": invitations.open_invitations(context.organization.pk, at=timezone.now()) if manages else [],
            "roles": Role.choices,
            "form": InvitationForm() if manages else None,
            "table": [(name, words, roles) for name, (words, roles) in PERMISSIONS.items()],
        },
    )


@require_POST
@own_transactions
def invite(request: HttpRequest) -> HttpResponse:
    context = require(request, "team.manage")
    form = InvitationForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("This is not an e-mail address. Nothing was sent."))
        return _team(context)
    try:
        invitations.invite(
            organization_id=context.organization.pk,
            address=form.cleaned_data["email"],
            role=Role(form.cleaned_data["role"]),
            by=context.user,
            at=timezone.now(),
        )
    except AccountsError as error:
        _refused(request, error)
    else:
        messages.success(request, _("The invitation is on its way. It stays open for 7 days."))
    return _team(context)


@require_POST
def revoke_invitation(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    context = require(request, "team.manage")
    invitations.revoke(
        organization_id=context.organization.pk, invitation_id=invitation_id, by=context.actor, at=timezone.now()
    )
    messages.success(request, _("The invitation is withdrawn; its link opens nothing."))
    return _team(context)


@require_POST
def change_role(request: HttpRequest, user_id: UUID) -> HttpResponse:
    context = require(request, "team.manage")
    form = RoleForm(request.POST)
    if form.is_valid():
        before = members.role_of(context.organization.pk, user_id)
        try:
            members.change_role(
                organization_id=context.organization.pk,
                user_id=user_id,
                role=Role(form.cleaned_data["role"]),
                by=context.actor,
                at=timezone.now(),
            )
        except AccountsError as error:
            _refused(request, error)
        else:
            address = reverse("accounts:member_role", args=[context.organization.slug, user_id])
            toasts.undoable(request, _("The role is changed."), address, role=str(before))
    return _team(context)


@require_POST
def remove_member(request: HttpRequest, user_id: UUID) -> HttpResponse:
    context = require(request, "team.manage")
    try:
        members.remove(organization_id=context.organization.pk, user_id=user_id, by=context.actor, at=timezone.now())
    except AccountsError as error:
        _refused(request, error)
    else:
        messages.success(request, _("Removed. The person no longer gets in; a new invitation lets them in again."))
    return _team(context)
