"""The staff site's view of accounts: who and how many, never what an organization holds about others.

Rows are not created or deleted here: opening, closing and inviting are services with their audit events.
"""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User


class ReadMostly(admin.ModelAdmin):
    """No adding, no deleting."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadMostly):
    list_display = ["email", "name", "is_active", "is_staff", "last_login", "created_at"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "name"]
    search_help_text = _("E-mail address or name")
    ordering = ["email"]
    fields = ["email", "name", "language", "is_active", "is_staff", "is_superuser", "last_login", "created_at"]
    readonly_fields = ["email", "last_login", "created_at"]
    list_per_page = 50
    show_full_result_count = False


@admin.register(Organization)
class OrganizationAdmin(ReadMostly):
    list_display = ["name", "slug", "state", "country", "time_zone", "members", "is_operator", "created_at"]
    list_filter = ["state", "is_operator"]
    search_fields = ["name", "slug"]
    ordering = ["name"]
    fields = ["name", "slug", "time_zone", "country", "state", "is_operator", "created_at", "closed_at", "members"]
    readonly_fields = ["slug", "state", "is_operator", "created_at", "closed_at", "members"]
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description=_("members"))
    def members(self, organization: Organization) -> int:
        """How many, through a named crossing that answers with a number."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT accounts_member_count(%s)", [organization.pk])
            return int(cursor.fetchone()[0])
