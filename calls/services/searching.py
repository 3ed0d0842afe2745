"""Finding a person, or a thing by its id: what was typed is read in every way it can be, and becomes keyed digests.

What was typed is never kept. A search that a page goes on with (older, back, reload) is a handle: a random word that
leads to digests and masked words in the cache, for its author, for a quarter of an hour. So nothing of it stands in an
address, the browser's history, a log or a page, and going back from a call works; sending the form again for every
page would have kept the number in hidden fields and made the browser ask whether to send it twice.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import phonenumbers
import structlog
from django.core.cache import cache
from django.db.models import Q, QuerySet
from redis.exceptions import RedisError

from accounts import lists
from agents.models import ProviderConnection
from calls import providers
from calls.exceptions import TooManySearches
from calls.identity import API, call_digests
from calls.models import Call
from calls.people import with_digests
from calls.record import CallRecord
from contacts import masking
from contacts.models import Contact, ContactIdentifier
from contacts.services import by_digests
from ground import audit, vault
from ground.tenancy import Actor

log = structlog.get_logger(__name__)

KEPT_SECONDS = 15 * 60
SEARCHES, WINDOW_SECONDS = 60, 5 * 60
"""So many searches may one member make in that time: enough for a person at work, too few to try out a number range."""
CONTACTS_AT_MOST = 25
LONGEST = 320
_STRONG = ("phone", "email", "external_id")
_LONGEST_CALL_ID = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read what was typed. `shown`: masked. `region`: whose national number it was taken for, "" if the
    number named its country itself."""

    kind: str
    shown: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: keyed digests by kind, an id, identities of calls. Nothing of it can be read back."""

    readings: tuple[Reading, ...] = ()
    by_kind: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    identifier: UUID | None = None
    identities: tuple[bytes, ...] = ()
    without_country: bool = False  # a national number that no country was known for

    @property
    def kinds(self) -> list[str]:
        return [reading.kind for reading in self.readings]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search leads to. `contacts` are at most CONTACTS_AT_MOST; `calls` is still to be paged."""

    contacts: list[Contact]
    more_contacts: bool
    calls: QuerySet[Call]
    count: int  # of calls, as `lists.capped_count` counts


def read(organization_id: UUID, value: str, region: str | None) -> Query:
    """`value` in every way it can be read. `region`: the country whose habits read a national number. VaultError."""
    readings: list[Reading] = []
    by_kind: dict[str, tuple[bytes, ...]] = {}
    value = value.strip()[:LONGEST]
    identifier = _identifier(value)
    if identifier is not None:
        readings.append(Reading("id"))
    numbers = _numbers(value, region)
    for number, country in numbers:
        readings.append(Reading("phone", masking.phone(number), country))
        by_kind["phone"] = by_kind.get("phone", ()) + _digests(organization_id, "phone", number)
    address = _digests(organization_id, "email", value)
    if address:
        readings.append(Reading("email", masking.email(value)))
        by_kind["email"] = address
    if not numbers and not address and identifier is None and (name := _digests(organization_id, "name", value)):
        readings.append(Reading("name", masking.name(value)))
        by_kind["name"] = name
    if reference := _digests(organization_id, "external_id", value):
        readings.append(Reading("external_id", masking.external_id(value)))
        by_kind["external_id"] = reference
    return Query(
        tuple(readings),
        by_kind,
        identifier,
        tuple(_identities(organization_id, value)),
        without_country=not numbers and region is None and _is_national(value),
    )


def find(organization_id: UUID, query: Query) -> Found:
    """Contacts and calls of this person; a contact leads to calls by its other numbers. Needs the context."""
    every = [digest for digests in query.by_kind.values() for digest in digests]
    wanted = by_digests(organization_id, every)
    if query.identifier is not None:
        wanted = wanted | Contact.objects.filter(organization_id=organization_id, id=query.identifier)
    contacts = list(wanted.order_by("-last_contact_at", "-id")[: CONTACTS_AT_MOST + 1])
    more, contacts = len(contacts) > CONTACTS_AT_MOST, contacts[:CONTACTS_AT_MOST]
    by_kind = {kind: set(query.by_kind.get(kind, ())) for kind in _STRONG}
    for kind, digest in _known_by(organization_id, contacts):
        by_kind[kind].add(bytes(digest))
    where = with_digests({kind: sorted(digests) for kind, digests in by_kind.items()}) or Q(pk__in=[])
    if names := query.by_kind.get("name"):
        where |= Q(name_index__in=names)
    if query.identities:
        where |= Q(tombstone__in=query.identities)
    if query.identifier is not None:
        where |= Q(id=query.identifier)
    calls = Call.objects.filter(where, organization_id=organization_id)
    return Found(contacts, more, calls, lists.capped_count(calls))


def note(organization_id: UUID, query: Query, found: Found, *, things: int, by: Actor) -> None:
    """Every search is an access event: what kind of thing was looked for and how much was found, never what."""
    audit.append(
        "calls.searched",
        organization_id=organization_id,
        actor=by,
        stream=audit.ACCESS,
        kinds=sorted(set(query.kinds)),
        contacts=len(found.contacts),
        calls=found.count,
        things=things,
    )


# ------------------------------------------------------------------ how often, and for how long
def count_in(organization_id: UUID, by: Actor) -> None:
    """One more search of this member; raises TooManySearches. A cache that is down lets searches through."""
    key = f"searches:{organization_id}:{by}"
    try:
        cache.add(key, 0, WINDOW_SECONDS)
        made = cache.incr(key)
    except (RedisError, ValueError):
        log.warning("calls.searches_not_counted")
        return
    if made > SEARCHES:
        raise TooManySearches


def keep(organization_id: UUID, query: Query, *, by: Actor) -> str:
    """The handle under which this search can be gone on with; "" while the cache is down."""
    handle = secrets.token_urlsafe(16)
    try:
        cache.set(f"search:{handle}", (organization_id, str(by), query), KEPT_SECONDS)
    except RedisError:
        log.warning("calls.search_not_kept")
        return ""
    return handle


def kept(organization_id: UUID, handle: str, *, by: Actor) -> Query | None:
    """The search behind a handle; None for somebody else's, or one that is over."""
    try:
        found: Any = cache.get(f"search:{handle}")
    except RedisError:
        return None
    if found is None or found[:2] != (organization_id, str(by)):
        return None
    query: Query = found[2]
    return query


# ------------------------------------------------------------------ inside
def _digests(organization_id: UUID, kind: str, value: str) -> tuple[bytes, ...]:
    try:
        return tuple(vault.blind.candidates(organization_id, "find", kind, value))
    except vault.blind.NotAnIdentifier:
        return ()


def _numbers(value: str, region: str | None) -> list[tuple[str, str]]:
    """The number as written, with the region it was taken for; and, where the country code may have been typed
    without its plus sign, that number too, if such numbers exist."""
    found: list[tuple[str, str]] = []
    try:
        number = vault.blind.normalise("phone", value, region)
    except vault.blind.NotAnIdentifier:
        number = ""
    if number:
        found.append((number, (region or "") if _is_national(value) else ""))
    digits = "".join(letter for letter in value if letter.isdigit())
    if _is_national(value) and digits[:1] not in ("", "0"):
        try:
            other = vault.blind.normalise("phone", f"+{digits}")
            exists = phonenumbers.is_valid_number(phonenumbers.parse(other))
        except (vault.blind.NotAnIdentifier, phonenumbers.NumberParseException):
            exists = False
        if exists and other != number:
            found.append((other, ""))
    return found


def _is_national(value: str) -> bool:
    """Digits, and the marks people set between them, without a country."""
    bare = value.strip()
    marks = set(" -./()\u00a0\u202f")
    return (
        any(letter.isdigit() for letter in bare)
        and all(letter.isdigit() or letter in marks for letter in bare)
        and not bare.startswith("00")
    )


def _identifier(value: str) -> UUID | None:
    try:
        return UUID(value) if len(value) in (32, 36) else None
    except ValueError:
        return None


def _identities(organization_id: UUID, value: str) -> Iterable[bytes]:
    """What calls with this id at a provider, or in the sender's own system, are stored under."""
    if not value or len(value) > _LONGEST_CALL_ID or len(value.split()) > 1:
        return
    yield from call_digests(organization_id, API, "", value)
    scopes = set()
    for connection in ProviderConnection.objects.filter(organization_id=organization_id).only("id", "provider"):
        provider = providers.find(connection.provider)
        assert provider is not None
        scopes.add((provider.slug, provider.scope_of(CallRecord(value), connection.id)))
    for slug, scope in sorted(scopes):
        yield from call_digests(organization_id, slug, scope, value)


def _known_by(organization_id: UUID, contacts: list[Contact]) -> QuerySet[Any]:
    """What tells these contacts from others: kind and digest."""
    return ContactIdentifier.objects.filter(
        organization_id=organization_id, contact_id__in=[contact.id for contact in contacts], kind__in=_STRONG
    ).values_list("kind", "digest")
