"""The staff site's view of accounts: who and how many, never what an organization holds about others.

Nothing is created or deleted here: opening, closing and inviting are services. What staff may switch (an account on or
off, staff rights) becomes an audit event of the operator; Django's own log, which would repeat names, stays empty.
"""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.generics import ModelAdmin
from accounts.models import Organization, OrganizationState, User, operator_organization
from accounts.services import staff_access
from accounts.staff_figures import FiguresAdmin, Headline, Table, headline
from ground import audit, jobs, tenancy
from ground.jobs.models import Job
from ground.tenancy import Actor


class StaffView(ModelAdmin):
    """Looking, and what a subclass allows to switch.

    Everybody who passed the site's gate looks; switching needs the right of the model, which superusers have.
    """

    list_per_page = 50
    show_full_result_count = False
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the audit event says it, without a name."""


@admin.register(User)
class UserAdmin(StaffView):
    list_display = ["email", "name", "is_active", "is_staff", "last_login", "created_at"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "name"]
    search_help_text = _("E-mail address or name")
    ordering = ["email"]
    fields = ["email", "name", "language", "is_active", "is_staff", "is_superuser", "last_login", "created_at"]
    readonly_fields = ["email", "name", "language", "last_login", "created_at"]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        operator = operator_organization().pk
        with tenancy.acting_for(operator):
            super().save_model(request, obj, form, change)
            audit.append(
                "accounts.user_switched",
                organization_id=operator,
                actor=Actor.staff(str(request.user.pk)),
                object_type="user",
                object_id=obj.pk,
                is_active=obj.is_active,
                is_staff=obj.is_staff,
                is_superuser=obj.is_superuser,
            )


class CountryFilter(admin.AllValuesFieldListFilter):
    """By country; the operator's own organization need not have one, and that choice has a name too."""

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or pgettext_lazy("country", "none")}


@admin.register(Organization)
class OrganizationAdmin(StaffView):
    list_display = ["name", "slug", "state", "country", "time_zone", "members", "is_operator", "created_at"]
    list_filter = ["state", ("country", CountryFilter), "is_operator"]
    search_fields = ["name", "slug"]
    search_help_text = _("Name or short name")
    ordering = ["name"]
    fields = [
        "name",
        "slug",
        "privacy_contact",
        "time_zone",
        "country",
        "state",
        "is_operator",
        "created_at",
        "closed_at",
        "members",
    ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("members"))
    def members(self, organization: Organization) -> int:
        """How many, through a named crossing that answers with a number."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT accounts_member_count(%s)", [organization.pk])
            return int(cursor.fetchone()[0])


@admin.register(Job)
class JobAdmin(FiguresAdmin):
    """The queue: work by kind, over all organizations."""

    def figures(self) -> Table:
        return Table(
            _("Work by kind, over all organizations"),
            [_("Kind"), _("Ready"), _("Running"), _("In quarantine"), _("Oldest waits (seconds)")],
            [
                (each.kind, each.ready, each.running, each.quarantined, round(each.oldest_seconds))
                for each in jobs.stats()
            ],
        )


@headline(10)
def organizations_and_sessions() -> list[Headline]:
    active = Organization.objects.filter(state=OrganizationState.ACTIVE).count()
    looking = sum(each.is_live for each in staff_access.staff_sessions(limit=200))
    return [
        Headline(_("Active organizations"), str(active), view="admin:accounts_organization_changelist"),
        Headline(_("Staff looking now"), str(looking), state="due" if looking else "", view="desk:sessions"),
    ]


@headline(30)
def queue() -> list[Headline]:
    kinds = jobs.stats()
    stuck = sum(each.quarantined for each in kinds)
    waits = round(max((each.oldest_seconds for each in kinds), default=0))
    return [
        Headline(
            _("Work waiting"),
            str(sum(each.ready for each in kinds)),
            _("oldest for %(n)d s") % {"n": waits} if waits else "",
            view="admin:jobs_job_changelist",
        ),
        Headline(
            _("Work in quarantine"), str(stuck), state="overdue" if stuck else "ok", view="admin:jobs_job_changelist"
        ),
    ]
