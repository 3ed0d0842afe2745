"""What people are told about imports, which may be left alone while they run."""

from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from delivery.kinds import Facts, NoticeKind, Said, declare
from delivery.models import Channel

TOPIC = gettext_lazy("Contacts")
FINISHED, STOPPED = "contacts.import_finished", "contacts.import_stopped"


def _finished(facts: Facts) -> Said:
    added, updated, refused = (int(facts.counts.get(name, 0)) for name in ("added", "updated", "refused"))
    text = _("%(added)d added, %(updated)d completed.") % {"added": added, "updated": updated}
    if refused:
        left_out = ngettext("%(n)d line was left out.", "%(n)d lines were left out.", refused) % {"n": refused}
        text = f"{text} {left_out}"
    return Said(_("Your import of contacts is finished"), text)


def _stopped(facts: Facts) -> Said:
    return Said(
        _("Your import of contacts stopped"), _("What was stored until then stays, and is listed with the import.")
    )


_kind = partial(
    NoticeKind,
    topic=TOPIC,
    permission="contacts.manage",
    view="contacts:import",
    object_argument="import_id",
    icon="people",
    channel=Channel.NEVER,
)

declare(
    _kind(name=FINISHED, label=gettext_lazy("An import of yours is finished"), say=_finished, state="ok"),
    _kind(name=STOPPED, label=gettext_lazy("An import of yours stopped"), say=_stopped, state="due"),
)
