"""The staff site: how many connections there are. Nothing of any organization's own is listed."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from agents.models import Provider, ProviderConnection

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[ProviderConnection]
else:
    _Admin = admin.ModelAdmin


def connection_counts() -> list[dict[str, Any]]:
    """By provider and state, over all organizations, through the named crossing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT provider, state, connections, organizations FROM agents_connection_counts()")
        return [
            {"provider": Provider(provider).label, "state": state, "connections": count, "organizations": organizations}
            for provider, state, count, organizations in cursor.fetchall()
        ]


@admin.register(ProviderConnection)
class ProviderConnectionAdmin(_Admin):
    """A table of figures in place of the list; no row can be opened, added, changed or removed."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": self.opts.verbose_name_plural,
            "opts": self.opts,
            "counts": connection_counts(),
        }
        return TemplateResponse(request, "agents/staff_counts.html", context)

    def has_view_permission(self, request: HttpRequest, obj: ProviderConnection | None = None) -> bool:
        return obj is None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ProviderConnection | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ProviderConnection | None = None) -> bool:
        return False
