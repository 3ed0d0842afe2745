"""Calls and what they leave behind. Each part expires by its own period, so none refers to another by foreign key."""

from calls.models.calls import Call, RecordingState
from calls.models.parts import CallReport, Recording, Transcript
from calls.models.providers import (
    CopyState,
    EventSource,
    EventState,
    Poll,
    PollState,
    ProviderCopy,
    ProviderEvent,
)

__all__ = [
    "Call",
    "CallReport",
    "CopyState",
    "EventSource",
    "EventState",
    "Poll",
    "PollState",
    "ProviderCopy",
    "ProviderEvent",
    "Recording",
    "RecordingState",
    "Transcript",
]
