"""What people call the facts of a call. Every word goes through gettext."""

from collections.abc import Mapping

import phonenumbers
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from calls.models import CopyState, RecordingState
from calls.record import Channel, ConsentResult, Direction, Outcome, Speaker
from ground.profiles import Category, Period, Unit

Text = str | Promise

DIRECTIONS: Mapping[str, Text] = {
    Direction.INBOUND: gettext_lazy("Inbound"),
    Direction.OUTBOUND: gettext_lazy("Outbound"),
    Direction.UNKNOWN: gettext_lazy("Direction unknown"),
}
CHANNELS: Mapping[str, Text] = {
    Channel.PSTN: gettext_lazy("Telephone"),
    Channel.SIP: gettext_lazy("SIP"),
    Channel.WEB: gettext_lazy("Web"),
    Channel.WHATSAPP: gettext_lazy("WhatsApp"),
    Channel.SMS: gettext_lazy("SMS"),
}
OUTCOMES: Mapping[str, Text] = {
    Outcome.COMPLETED: pgettext_lazy("call", "Completed"),
    Outcome.NO_ANSWER: gettext_lazy("No answer"),
    Outcome.BUSY: gettext_lazy("Busy"),
    Outcome.FAILED: pgettext_lazy("call", "Failed"),
    Outcome.VOICEMAIL: gettext_lazy("Voicemail"),
    Outcome.CANCELED: gettext_lazy("Cancelled"),
    Outcome.TRANSFERRED: gettext_lazy("Transferred"),
}
CONSENTS: Mapping[str, Text] = {
    ConsentResult.GRANTED: gettext_lazy("Given"),
    ConsentResult.DECLINED: gettext_lazy("Declined: the call was not recorded"),
    ConsentResult.IMPLIED: gettext_lazy("Implied: the caller stayed on the line"),
    ConsentResult.DISCLOSED: gettext_lazy("Told of the recording, not asked"),
}
SPEAKERS: Mapping[str, Text] = {
    Speaker.USER: gettext_lazy("Caller"),
    Speaker.TOOL: gettext_lazy("Tool"),
    Speaker.THIRD_PARTY: gettext_lazy("Third party"),
}
PARTS: Mapping[str, Text] = {
    Category.RECORDING: gettext_lazy("the recording"),
    Category.TRANSCRIPT: gettext_lazy("the transcript"),
    Category.CALL_REPORT: gettext_lazy("the report"),
    Category.CALL_METADATA: gettext_lazy("the facts of the call"),
}
AGENT, CALLED = gettext_lazy("Agent"), gettext_lazy("Person called")
NO_RECORDING: Mapping[str, Text] = {
    RecordingState.NONE: gettext_lazy("No recording was made of this call."),
    RecordingState.EXPECTED: gettext_lazy("The recording is being fetched from the provider. Reload in a moment."),
    RecordingState.FORBIDDEN: gettext_lazy("Recording was off for this agent; nothing was kept."),
    RecordingState.DECLINED: gettext_lazy("The caller did not want to be recorded; nothing was kept."),
    RecordingState.UNAVAILABLE: gettext_lazy("The provider no longer had the recording when we fetched it."),
    RecordingState.DESTROYED: gettext_lazy("The recording was destroyed. Nobody can hear it, we included."),
}
COPIES: Mapping[str, tuple[str, Text]] = {  # state -> (pill, words)
    CopyState.HELD: ("kept", gettext_lazy("at the provider")),
    CopyState.DUE: ("due", gettext_lazy("deletion due")),
    CopyState.ASKED: ("due", gettext_lazy("deletion asked")),
    CopyState.GONE: ("gone", gettext_lazy("deletion acknowledged")),
    CopyState.UNSUPPORTED: ("due", gettext_lazy("cannot be deleted by us")),
    CopyState.CREDENTIALS: ("overdue", gettext_lazy("the provider refused our key")),
    CopyState.FAILED: ("overdue", gettext_lazy("the provider could not delete it")),
}
LOOKS: Mapping[str, Text] = {
    "calls.listened": gettext_lazy("listened"),
    "calls.transcript_read": gettext_lazy("read the transcript"),
    "calls.report_read": gettext_lazy("read the report"),
    "calls.revealed": gettext_lazy("revealed the number"),
    "calls.exported": gettext_lazy("exported it"),
}


def number(text: str) -> str:
    """A number as people read it: +33 1 99 00 44 00. What is no number stays as it is."""
    try:
        parsed = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return text
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def period(length: Period) -> str:
    """90 days, 1 year."""
    words = {
        Unit.DAY: ngettext("%(n)d day", "%(n)d days", length.n),
        Unit.MONTH: ngettext("%(n)d month", "%(n)d months", length.n),
        Unit.YEAR: ngettext("%(n)d year", "%(n)d years", length.n),
    }[length.unit]
    return words % {"n": length.n}


def decided(origin: str, organization: str, since: str) -> str:
    """Who decided a period, as the end of a sentence."""
    if origin == "agent":
        return _("shortened by the agent’s settings")
    if origin == "organization":
        return _("set by %(name)s, in force since %(day)s") % {"name": organization, "day": since}
    if origin == "profile":
        return _("as the operator’s privacy policy says")
    return _("by a decision of the operator")
