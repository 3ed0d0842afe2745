"""The staff site: how many connections there are. Nothing of any organization's own is listed."""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.staff_figures import FiguresAdmin, Table
from agents.models import Provider, ProviderConnection


def connection_counts() -> list[dict[str, Any]]:
    """By provider and state, over all organizations, through the named crossing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT provider, state, connections, organizations FROM agents_connection_counts()")
        return [
            {"provider": Provider(provider).label, "state": state, "connections": count, "organizations": organizations}
            for provider, state, count, organizations in cursor.fetchall()
        ]


@admin.register(ProviderConnection)
class ProviderConnectionAdmin(FiguresAdmin):
    def figures(self) -> Table:
        return Table(
            _("Connections of all organizations, as figures only"),
            [_("Provider"), _("State"), _("Connections"), _("Organizations")],
            [
                (each["provider"], each["state"], each["connections"], each["organizations"])
                for each in connection_counts()
            ],
        )
