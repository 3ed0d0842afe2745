"""What an operator profile says: one company's promises as typed, immutable values.

Every figure names where it comes from: the ids of the promises in the company's own text, or "operator default"
for a figure that this platform's operator chose to work with and that must never be shown as the company's promise.
A value that the text does not give is None together with a sentence that says so, and becomes a finding.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Final, Generic, TypeVar

from ground.profiles.period import Period
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

T = TypeVar("T")

OPERATOR_DEFAULT: Final = "operator default"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure comes from: ids of the company's promises, or, without any, our own operating default."""

    promises: tuple[str, ...] = ()

    @property
    def is_operator_default(self) -> bool:
        return not self.promises

    def __str__(self) -> str:
        return ", ".join(self.promises) or OPERATOR_DEFAULT


@dataclass(frozen=True, slots=True)
class Figure(Generic[T]):
    """One value with its source. `value` is None when the text gives none; `unstated` then says so in words."""

    value: T | None = None
    source: Source | None = None
    note: str = ""
    unstated: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One gap, contradiction or weak point of a profile, for the promise-check page."""

    path: str
    concern: Concern
    words: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class LegalMinimum:
    """A period the law makes the operator keep something. `verified` is False until a person confirmed it."""

    period: Period
    clock: Clock
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """How long one kind of data is kept, from which moment, and who may change that within which bounds."""

    category: Category
    clock: Clock
    changed_by: ChangedBy
    default: Period | None = None
    source: Source | None = None
    minimum: Period | None = None
    maximum: Period | None = None
    bounds_source: Source | None = None
    legal_minimum: LegalMinimum | None = None
    note: str = ""
    unstated: str = ""

    def allows(self, period: Period) -> bool:
        """Whether an organization or the operator may set this period. Zero only where the profile names zero."""
        if self.minimum is None and period.n == 0:
            return False
        if self.legal_minimum is not None and not self.legal_minimum.period.no_longer_than(period):
            return False
        long_enough = self.minimum is None or self.minimum.no_longer_than(period)
        return long_enough and (self.maximum is None or period.no_longer_than(self.maximum))

    @property
    def words(self) -> str:
        """The rule as a sentence for people: `90 days after the call ended; each organization can change it.`"""
        if self.default is None:
            return f"No period given yet; it will count {self.clock.words}."
        length = "at once" if self.default.n == 0 else str(self.default)
        return f"{length} {self.clock.words}; {self.changed_by.words}.".capitalize()

    @property
    def bounds_words(self) -> str:
        """The bounds as people say them: `between 1 day and 365 days`."""
        if self.minimum == self.maximum:
            return f"exactly {self.minimum}" if self.minimum else "no bounds"
        if self.minimum is None:
            return f"at most {self.maximum}"
        return f"between {self.minimum} and {self.maximum}" if self.maximum else f"at least {self.minimum}"


@dataclass(frozen=True, slots=True)
class Policy:
    """The privacy policy as a document, and how its changes are announced."""

    date: Figure[date]
    version: Figure[str]
    version_history: Figure[bool]
    acceptance_by_use: Figure[bool]
    notice_channels: Figure[tuple[Channel, ...]]


@dataclass(frozen=True, slots=True)
class Contacts:
    """Who to write to."""

    privacy: Figure[str]
    support: Figure[str]
    website: Figure[str]
    phone: Figure[str]
    postal: Figure[str]
    data_protection_officer: Figure[str]
    eu_representative: Figure[str]
    uk_representative: Figure[str]
    grievance_officer: Figure[str]
    supervisory_authority: Figure[str]


@dataclass(frozen=True, slots=True)
class Children:
    """Below which age the service is not for a person, and how fast such data goes once known."""

    under_age: Figure[int]
    deletion: Figure[str]
    deletion_hours: Figure[int]


@dataclass(frozen=True, slots=True)
class Breach:
    """Hours from awareness of a breach, beside what each regime requires."""

    people_notice_hours: Figure[int]
    organization_notice_hours: Figure[int]


@dataclass(frozen=True, slots=True)
class Sales:
    """What the company says about selling, sharing, advertising and profiling."""

    sells: Figure[bool]
    shares: Figure[bool]
    advertises: Figure[bool]
    profiles_people: Figure[bool]


@dataclass(frozen=True, slots=True)
class Recording:
    """Whether calls are recorded unless someone turns it off, and what callers hear first."""

    on_by_default: Figure[bool]
    disclosure_before_start: Figure[bool]


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Figures drawn from many calls, and what AI models may learn from."""

    across_organizations: Figure[bool]
    released_outside: Figure[bool]
    opt_out: Figure[bool]
    smallest_group: Figure[int]
    ai_training: Figure[str]


@dataclass(frozen=True, slots=True)
class Subprocessors:
    """How the list is shown and how its changes are announced (GDPR Art. 28(2); SCC clause 9(a))."""

    publication: Figure[Publication]
    notice_days: Figure[int]
    objection_days: Figure[int]


@dataclass(frozen=True, slots=True)
class Disclosures:
    """Authorities, a change of owner, other countries, contracts."""

    organization_told_of_authority_request: Figure[bool]
    overbroad_requests_refused: Figure[bool]
    notice_of_business_transfer: Figure[bool]
    preferred_regions: Figure[tuple[str, ...]]
    transfer_mechanisms: Figure[tuple[TransferMechanism, ...]]
    dpa_on_request: Figure[bool]
    kyc_collected: Figure[bool]


@dataclass(frozen=True, slots=True)
class Signals:
    """Marketing basis, cookies and browser signals."""

    marketing_basis: Figure[tuple[MarketingBasis, ...]]
    consent_banner: Figure[bool]
    do_not_track: Figure[bool]
    analytics: Figure[str]


@dataclass(frozen=True, slots=True)
class Roles:
    """For which data the operator decides itself, and for which it acts on instruction (GDPR Art. 4(7), 28)."""

    controller_for: Figure[tuple[str, ...]]
    processor_for: Figure[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Rights:
    """What the text offers and on which grounds it may refuse."""

    offered: Figure[tuple[Right, ...]]
    refusals: Figure[tuple[Refusal, ...]]


@dataclass(frozen=True, slots=True)
class Windows:
    """Working figures of the platform that no promise text gives."""

    tombstone: Figure[Period]
    change_grace_hours: Figure[int]
    answer_target_days: Figure[int]
    forward_business_days: Figure[int]
    financial_year_end: Figure[str]


@dataclass(frozen=True, slots=True)
class ResponsePromise:
    """A response time the company promises, beside the statute's. The earliest of all wins.

    `right` None means every right; `regime` None means everyone.
    """

    period: Period
    source: Source
    right: Right | None = None
    regime: RegimeId | None = None
    extension: Period | None = None


@dataclass(frozen=True, slots=True)
class NamedVendor:
    """A sub-processor the text names."""

    name: str
    source: Source
    purpose: str = ""
    data: str = ""
    keeps_nothing: bool = False


@dataclass(frozen=True, slots=True)
class KnownIssue:
    """A contradiction or weak point inside the company's own text."""

    path: str
    concern: Concern
    words: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class OperatorProfile:
    """One voice-agent company's promises, read from a TOML file. Pages, clocks and purge all read the same object."""

    name: str
    display_name: str
    regimes: Figure[tuple[RegimeId, ...]]
    policy: Policy
    contacts: Contacts
    children: Children
    breach: Breach
    sales: Sales
    recording: Recording
    aggregates: Aggregates
    subprocessors: Subprocessors
    disclosures: Disclosures
    signals: Signals
    roles: Roles
    rights: Rights
    windows: Windows
    categories: Mapping[Category, CategoryRule]
    responses: tuple[ResponsePromise, ...] = ()
    no_response_promise: str = ""
    vendors: tuple[NamedVendor, ...] = ()
    issues: tuple[KnownIssue, ...] = ()

    @property
    def backup_window(self) -> Period | None:
        """How long the longest-lived backup lasts: after it, metadata of erased data is gone from backups too."""
        return self.categories[Category.BACKUP].default

    def findings(self) -> list[Finding]:
        """Everything the promise-check page must show: gaps first met in reading order, then known issues."""
        found = [
            Finding(path, Concern.UNSTATED, figure.unstated, figure.source)
            for path, figure in _figures(self, "")
            if figure.value is None
        ]
        for rule in self.categories.values():
            found.extend(_rule_findings(rule))
        if not self.responses:
            found.append(Finding("responses", Concern.UNSTATED, self.no_response_promise))
        found.extend(Finding(issue.path, issue.concern, issue.words, issue.source) for issue in self.issues)
        return found


def _figures(record: object, prefix: str) -> Iterator[tuple[str, Figure[object]]]:
    """Every figure of a record and of the records inside it, with its path."""
    if not is_dataclass(record):
        return
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Figure):
            yield f"{prefix}{field.name}", value
        else:
            yield from _figures(value, f"{prefix}{field.name}.")


def _rule_findings(rule: CategoryRule) -> Iterator[Finding]:
    path = f"categories.{rule.category}"
    if rule.default is None:
        yield Finding(path, Concern.UNSTATED, rule.unstated, rule.source)
    legal = rule.legal_minimum
    if legal is None:
        return
    if rule.default is not None and not legal.period.no_longer_than(rule.default):
        words = f"The text keeps it {rule.default}; {legal.source} asks for {legal.period} {legal.clock.words}."
        yield Finding(path, Concern.CONTRADICTION, words, rule.source)
    if not legal.verified:
        words = f"The legal minimum of {legal.period} ({legal.source}) is unverified until a person confirms it."
        yield Finding(path, Concern.UNVERIFIED, words, rule.source)
