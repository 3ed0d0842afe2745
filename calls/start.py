"""The first step that is about calls: one that nobody made, on the way every call takes."""

from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.start import Action, Step, step
from calls.models import Call
from calls.services import trying


@step(30)
def try_it(organization_id: UUID, slug: str) -> Step:
    """Done with the first call, whoever made it."""
    done = Call.objects.filter(organization_id=organization_id).exists()
    line = trying.line_to_try(organization_id)
    if line is None:
        words = _(
            "Call your agent once; the call stands here within seconds. Without a provider, connect “Any system”."
        )
        return Step(_("Hear from your first call"), words, done, "agents.manage")
    return Step(
        _("Send a test call"),
        _("Nobody is called. It comes in signed, like every call, and obeys what you said about recording."),
        done,
        "agents.manage",
        (Action(_("Send a test call"), reverse("calls:test_call_send", args=[slug, line.id]), posts=True),),
    )
