"""What is left of a destroyed call or contact: the opaque id in the batch that took it, and the moments of its end.

The batch forgets the ids it took when the last backup that held them is gone, and the page with it; certificate and
evidence stay.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import dates, lifeline
from accounts.templatetags.sottovoce import away
from ground import profiles
from ground.clocks import purge_after
from ground.inventory.models import DestructionBatch
from ground.profiles import Category


def batch_with(organization_id: UUID, model: type[Model], object_id: UUID) -> DestructionBatch | None:
    """The batch that destroyed this call or contact, while it still knows. Needs the organization's context."""
    taken: DestructionBatch | None = (
        DestructionBatch.objects.filter(
            organization_id=organization_id,
            unreadable_at__isnull=False,
            left_backups_at__isnull=True,
            label=model._meta.label,
            row_ids__contains=[object_id],
        )
        .defer("row_ids")
        .order_by("-unreadable_at")
        .first()
    )
    return taken


def line(batch: DestructionBatch, *, stored_at: datetime | None) -> lifeline.LifeLine:
    """From stored to gone from backups, with today in its place."""
    now = timezone.now()
    assert batch.unreadable_at is not None
    moments = [_past("done", _("Stored, sealed"), stored_at)] if stored_at else []
    moments.append(_past("sealed", _("Unreadable"), batch.unreadable_at))
    today = lifeline.Moment("today", _("Today"), dates.day(now), dates.clock(now))
    if batch.beyond_recovery_at:
        moments += [_past("sealed", _("Beyond recovery"), batch.beyond_recovery_at), today]
    else:
        night = batch.unreadable_at + timedelta(days=1)
        moments += [
            today,
            lifeline.Moment("end", _("Beyond recovery"), _("by %(day)s") % {"day": dates.day(night)}, _("next night")),
        ]
    window = profiles.current().categories[Category.BACKUP].default
    if window is not None:
        gone = purge_after(batch.beyond_recovery_at or batch.unreadable_at + timedelta(days=1), window)
        moments.append(lifeline.Moment("end", _("Gone from backups"), dates.day(gone), away(gone)))
    return lifeline.draw(moments)


def _past(kind: lifeline.Kind, name: str, moment: datetime) -> lifeline.Moment:
    return lifeline.Moment(kind, name, dates.day(moment), dates.clock(moment))
