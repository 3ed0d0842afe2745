"""What people are told about imports, which may be left alone while they run."""

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


for _name, _label, _say, _state in (
    (FINISHED, gettext_lazy("An import of yours is finished"), _finished, "ok"),
    (STOPPED, gettext_lazy("An import of yours stopped"), _stopped, "due"),
):
    declare(
        NoticeKind(
            name=_name,
            topic=TOPIC,
            label=_label,
            permission="contacts.manage",
            say=_say,
            view="contacts:import",
            object_argument="import_id",
            icon="people",
            state=_state,
            channel=Channel.NEVER,
        )
    )
