"""One call as providers and programs tell it, normalised: what it may say, how it is read, how tellings merge."""

from calls.record.problems import Problem, Unreadable
from calls.record.types import (
    CallRecord,
    Channel,
    Consent,
    ConsentResult,
    Direction,
    LinkedId,
    Outcome,
    RecordingKind,
    RecordingSource,
    Speaker,
    Turn,
)

__all__ = [
    "CallRecord",
    "Channel",
    "Consent",
    "ConsentResult",
    "Direction",
    "LinkedId",
    "Outcome",
    "Problem",
    "RecordingKind",
    "RecordingSource",
    "Speaker",
    "Turn",
    "Unreadable",
]
