"""The notices about accounts, which lie below this floor: API keys and members."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role
from delivery.kinds import Facts, NoticeKind, Said, declare
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
    )
)
declare(
    NoticeKind(
        name="accounts.member_joined",
        topic=TOPIC,
        label=gettext_lazy("Somebody joined the organization"),
        permission="team.manage",
        say=_member_joined,
        view="accounts:team",
        icon="people",
    )
)
