"""The staff site: where the providers' own copies stand, as figures. No call, no recording, no event is listed."""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.staff_figures import FiguresAdmin, Headline, Table, headline
from calls.models import ProviderCopy
from calls.models.providers import CopyState


def copy_figures() -> list[tuple[Any, ...]]:
    """State, copies, organizations, most attempts, seconds the oldest waits; through the named crossing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, copies, organizations, attempts, oldest_seconds FROM calls_copy_figures()")
        return list(cursor.fetchall())


@admin.register(ProviderCopy)
class ProviderCopyAdmin(FiguresAdmin):
    def figures(self) -> Table:
        return Table(
            _("Copies at voice providers, over all organizations"),
            [_("State"), _("Copies"), _("Organizations"), _("Most attempts"), _("Oldest waits (seconds)")],
            [
                (CopyState(state).label, copies, organizations, attempts, round(waits))
                for state, copies, organizations, attempts, waits in copy_figures()
            ],
        )


@headline(50)
def copies_not_gone() -> list[Headline]:
    refused = sum(row[1] for row in copy_figures() if row[0] in {CopyState.CREDENTIALS, CopyState.FAILED})
    return [
        Headline(
            _("Provider copies refused"),
            str(refused),
            state="overdue" if refused else "ok",
            view="admin:calls_providercopy_changelist",
        )
    ]
