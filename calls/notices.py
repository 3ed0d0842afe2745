"""What people are told about connections to voice providers and their deliveries."""

from functools import partial

from django.utils.translation import gettext_lazy

from delivery.kinds import NoticeKind, declare, fixed
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

declare(
    _kind(
        name="calls.connection_refused",
        label=gettext_lazy("A provider refused the key of a connection"),
        say=fixed(
            gettext_lazy("A provider refused the key of a connection"),
            gettext_lazy("Calls whose delivery got lost are not asked for until the connection has a valid key."),
        ),
        icon="key",
        alert="calls.poll_refused",
    ),
    _kind(
        name="calls.pull_refused",
        label=gettext_lazy("A call could not be read at the provider"),
        say=fixed(
            gettext_lazy("A provider refused to give a call"),
            gettext_lazy("It was only hinted at and cannot be read until the connection has a valid key."),
        ),
        icon="key",
        alert="calls.pull_refused",
        channel=Channel.DAILY,
    ),
    _kind(
        name="calls.poll_incomplete",
        label=gettext_lazy("A provider’s list of calls could not be read whole"),
        say=fixed(
            gettext_lazy("A provider’s list of calls could not be read whole"),
            gettext_lazy("More calls changed within a second than one page holds; some may be missing here."),
        ),
        alert="calls.poll_incomplete",
        channel=Channel.DAILY,
    ),
    _kind(
        name="calls.event_quarantined",
        label=gettext_lazy("A provider sent something that makes no sense"),
        say=fixed(
            gettext_lazy("A provider sent something that makes no sense"),
            gettext_lazy("It is set aside for a day. Look at the connection’s settings at the provider."),
        ),
        icon="inbox",
        alert="calls.event_quarantined",
        channel=Channel.DAILY,
    ),
    _kind(
        name="calls.recording_unavailable",
        label=gettext_lazy("A recording could not be fetched"),
        say=fixed(
            gettext_lazy("A recording could not be fetched"),
            gettext_lazy("The provider no longer had it, or refused it. The call is kept without its sound."),
        ),
        icon="wave",
        alert="calls.recording_unavailable",
        channel=Channel.DAILY,
    ),
    _kind(
        name="calls.provider_copy",
        label=gettext_lazy("A provider has not deleted its copy of a call"),
        say=fixed(
            gettext_lazy("A provider has not deleted its copy of a call"),
            gettext_lazy("It asks for a valid key of the provider’s programming interface."),
        ),
        icon="share",
        alert="calls.provider_copy",
        channel=Channel.DAILY,
    ),
)
