"""What can be decided for an agent, checked before it is published."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from agents.exceptions import DisclosureMissing, InvalidSettings, OnlyShorter, OutsideOperatorBounds
from agents.hooks import period_in_force
from ground import profiles
from ground.profiles import Category, Period, Unit

# What an agent may shorten: everything a call leaves behind, and its own log.
SHORTENED = (
    Category.RECORDING,
    Category.TRANSCRIPT,
    Category.CALL_REPORT,
    Category.CALL_METADATA,
    Category.AGENT_ACTIVITY,
)
DISCLOSURE_LENGTH = 600  # characters: half a minute of speech
LANGUAGES_AT_MOST = 20
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2}|-[0-9]{3})?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Settings:
    """`disclosures`: words callers hear first, by BCP 47 language. `retention_days`: days by category, only shorter."""

    recording_enabled: bool = False
    transcript_enabled: bool = True
    disclosures: Mapping[str, str] = field(default_factory=dict)
    retention_days: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Settings":
        """The settings a draft holds; unknown words raise InvalidSettings."""
        unknown = set(value) - set(cls.__dataclass_fields__)
        if unknown:
            raise InvalidSettings(f"unknown settings: {', '.join(sorted(unknown))}")
        return cls(**value)

    def to_json(self) -> dict[str, Any]:
        return {
            "recording_enabled": self.recording_enabled,
            "transcript_enabled": self.transcript_enabled,
            "disclosures": dict(self.disclosures),
            "retention_days": dict(self.retention_days),
        }

    def checked(self, organization_id: UUID) -> "Settings":
        """These settings, tidied; raises InvalidSettings, DisclosureMissing, OutsideOperatorBounds or OnlyShorter.

        Asks the organization's own periods, so the caller acts for it.
        """
        disclosures = {language: _disclosure(language, words) for language, words in self.disclosures.items()}
        disclosures = {language: words for language, words in sorted(disclosures.items()) if words}
        if len(disclosures) > LANGUAGES_AT_MOST:
            raise InvalidSettings(f"at most {LANGUAGES_AT_MOST} languages")
        if self.recording_enabled and not disclosures:
            raise DisclosureMissing("Recording needs a disclosure that callers hear before the conversation starts.")
        days = dict(sorted(self.retention_days.items()))
        for category, n in days.items():
            _check_days(organization_id, category, n)
        return Settings(bool(self.recording_enabled), bool(self.transcript_enabled), disclosures, days)


def _disclosure(language: str, words: str) -> str:
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise InvalidSettings("a disclosure names its language like en, fr-CA or zh-Hant")
    if not isinstance(words, str):
        raise InvalidSettings(f"the disclosure in {language} is not text")
    words = words.strip()
    if len(words) > DISCLOSURE_LENGTH:
        raise InvalidSettings(f"the disclosure in {language} is longer than {DISCLOSURE_LENGTH} characters")
    if _CONTROL.search(words):
        raise InvalidSettings(f"the disclosure in {language} has characters nobody can speak")
    return words


def _check_days(organization_id: UUID, category: str, n: int) -> None:
    if category not in SHORTENED:
        raise InvalidSettings(f"an agent cannot set a period for {category}")
    if type(n) is not int or not 1 <= n <= 36_500:
        raise InvalidSettings(f"the period for {category} is a whole number of days from 1")
    wanted, rule = Period(n, Unit.DAY), profiles.current().categories[Category(category)]
    if rule.minimum is not None and not rule.minimum.no_longer_than(wanted):
        raise OutsideOperatorBounds(f"{category}: the operator allows {rule.bounds_words}.")
    limit = period_in_force(organization_id, Category(category)) or rule.default or rule.maximum
    if limit is not None and not wanted.no_longer_than(limit):
        raise OnlyShorter(f"{category}: the organization keeps it {limit}; an agent can only shorten that.")
