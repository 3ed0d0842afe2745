"""The notices about accounts, which lie below this floor: API keys and members. And the words of the ground's alerts,
which nobody is told about: the operator sees them, and the organization they concern sees that they are open."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role
from delivery.kinds import Facts, NoticeKind, Said, declare, declare_alert
from delivery.models import Channel

TOPIC = gettext_lazy("Organization")


def _key_created(facts: Facts) -> Said:
    return Said(
        _("An API key was created"),
        _("Programs that hold it act for your organization. If nobody of you made it, revoke it."),
    )


def _member_joined(facts: Facts) -> Said:
    role = Role(facts.about).label if facts.about in Role.values else facts.about
    return Said(_("Somebody joined as %(role)s") % {"role": role}, _("See the team for who it is."))


declare(
    NoticeKind(
        name="accounts.api_key_created",
        topic=TOPIC,
        label=gettext_lazy("An API key was created or replaced"),
        permission="developers.manage",
        say=_key_created,
        view="accounts:developers",
        icon="key",
        channel=Channel.NOW,
    ),
    NoticeKind(
        name="accounts.member_joined",
        topic=TOPIC,
        label=gettext_lazy("Somebody joined the organization"),
        permission="team.manage",
        say=_member_joined,
        view="accounts:team",
        icon="people",
    ),
)
declare_alert(
    "audit.sealing_failed",
    gettext_lazy("New entries of the audit log could not be sealed"),
    gettext_lazy("They are kept, and sealed as soon as it works again."),
    icon="shield",
    view="audit:log",
)
declare_alert(
    "delivery.transport_down",
    gettext_lazy("E-mail cannot be sent"),
    gettext_lazy("Messages wait and are sent as soon as the mail server answers."),
    icon="mail",
)
declare_alert(
    "jobs.failed",
    gettext_lazy("Work in the background failed"),
    gettext_lazy("It was tried as often as is sensible and is not tried again by itself."),
    icon="warn",
)
declare_alert(
    "jobs.quarantined",
    gettext_lazy("Work in the background was set aside"),
    gettext_lazy("It brought down the program that did it, again and again. The rest was not held up."),
    icon="warn",
)
declare_alert(
    "jobs.unknown_kind",
    gettext_lazy("Work in the background waits"),
    gettext_lazy("This release does not know it; it goes on with the release that does."),
    icon="wait",
)
declare_alert(
    "vault.data_key_damaged",
    gettext_lazy("A key is damaged"),
    gettext_lazy("What it seals may not be readable. Nothing was destroyed because of it."),
    icon="key",
    state="overdue",
)
declare_alert(
    "vault.night_unfinished",
    gettext_lazy("The work of the night was not finished"),
    gettext_lazy("Steps of it failed; the next night does them again."),
    icon="warn",
)
declare_alert(
    "vault.shelf_key_lost",
    gettext_lazy("The key of a week’s records is missing"),
    gettext_lazy("They cannot be read until it is restored. Nothing was destroyed because of it."),
    icon="key",
    state="overdue",
)
