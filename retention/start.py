"""The last of the first steps: how long it stays."""

from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.start import Action, Step, step
from retention.models import PeriodVersion


@step(40)
def decide(organization_id: UUID, slug: str) -> Step:
    """Done with the first period of the organization's own; until then the operator's figures apply."""
    return Step(
        _("Hear it, and say how long it stays"),
        _("The operator’s periods apply until you set your own. Shorter ones can be undone for a while."),
        PeriodVersion.objects.filter(organization_id=organization_id, undone_at__isnull=True).exists(),
        "retention.change",
        (Action(_("Look at the periods"), reverse("retention:settings", args=[slug])),),
    )
