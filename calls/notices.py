"""What people are told about connections to voice providers and their deliveries."""

from functools import partial

from django.utils.translation import gettext_lazy

from delivery.kinds import NoticeKind, declare, plain
from delivery.models import Channel

_kind = partial(
    NoticeKind,
    topic=gettext_lazy("Calls and connections"),
    permission="agents.manage",
    view="agents:connection",
    object_argument="connection_id",
    icon="link",
    state="due",
    channel=Channel.NOW,
)
_plain = partial(plain, _kind)

declare(
    _plain(
        "calls.connection_refused",
        gettext_lazy("A provider refused the key of a connection"),
        gettext_lazy("Calls whose delivery got lost are not asked for until the connection has a valid key."),
        icon="key",
        alert="calls.poll_refused",
    ),
    _plain(
        "calls.pull_refused",
        gettext_lazy("A provider refused to give a call"),
        gettext_lazy("It was only hinted at and cannot be read until the connection has a valid key."),
        label=gettext_lazy("A call could not be read at the provider"),
        icon="key",
        alert="calls.pull_refused",
        channel=Channel.DAILY,
    ),
    _plain(
        "calls.poll_incomplete",
        gettext_lazy("A provider’s list of calls could not be read whole"),
        gettext_lazy("More calls changed within a second than one page holds; some may be missing here."),
        alert="calls.poll_incomplete",
        channel=Channel.DAILY,
    ),
    _plain(
        "calls.event_quarantined",
        gettext_lazy("A provider sent something that makes no sense"),
        gettext_lazy("It is set aside for a day. Look at the connection’s settings at the provider."),
        icon="inbox",
        alert="calls.event_quarantined",
        channel=Channel.DAILY,
    ),
    _plain(
        "calls.recording_unavailable",
        gettext_lazy("A recording could not be fetched"),
        gettext_lazy("The provider no longer had it, or refused it. The call is kept without its sound."),
        icon="wave",
        alert="calls.recording_unavailable",
        channel=Channel.DAILY,
    ),
    _plain(
        "calls.provider_copy",
        gettext_lazy("A provider has not deleted its copy of a call"),
        gettext_lazy("It asks for a valid key of the provider’s programming interface."),
        icon="share",
        alert="calls.provider_copy",
        channel=Channel.DAILY,
    ),
)
