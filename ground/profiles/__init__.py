"""The operator profile: one company's promises as typed data that everything else reads."""

from ground.profiles.exceptions import NotAPeriod, ProfileError
from ground.profiles.loader import current, load, read, shipped
from ground.profiles.period import Period, Unit
from ground.profiles.schema import CategoryRule, Figure, Finding, LegalMinimum, OperatorProfile, Source
from ground.profiles.vocabulary import (
    Category,
    ChangedBy,
    Channel,
    Clock,
    Concern,
    MarketingBasis,
    Publication,
    Refusal,
    RegimeId,
    Right,
    TransferMechanism,
)

__all__ = [
    "Category",
    "CategoryRule",
    "ChangedBy",
    "Channel",
    "Clock",
    "Concern",
    "Figure",
    "Finding",
    "LegalMinimum",
    "MarketingBasis",
    "NotAPeriod",
    "OperatorProfile",
    "Period",
    "ProfileError",
    "Publication",
    "Refusal",
    "RegimeId",
    "Right",
    "Source",
    "TransferMechanism",
    "Unit",
    "current",
    "load",
    "read",
    "shipped",
]
