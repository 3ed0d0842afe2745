"""Compare rows, keys and objects now, as the daily job does."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import Organization
from retention.services.reconcile import reconcile


class Command(BaseCommand):
    help = "Compares rows, keys and objects of every organization, both ways. Destroys nothing by absence."

    def handle(self, *args: Any, **options: Any) -> None:
        for organization in Organization.objects.order_by("slug"):
            report = reconcile(organization.id)
            self.stdout.write(
                f"{organization.slug}: {report.rows_seen} rows, {report.objects_seen} objects; "
                f"{report.keys_lost} keys lost, {report.objects_missing} objects missing, "
                f"{report.objects_quarantined} objects and {report.keys_quarantined} keys newly in quarantine"
            )
