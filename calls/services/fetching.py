"""Fetching a recording: from the provider's address into a sealed object, or not at all.

Order of one attempt
  1. may it be kept?     the call as it stands now, the agent's settings, tombstones, periods
  2. key                 pending, with a deadline beyond the download's time limit
  3. object              downloaded, recognised, measured and sealed in one stream; nothing readable touches a disk
  4. row                 under the hold lock and the call's lock, only before the key's deadline, asked once more
  5. confirm             lost without harm
A crash after 2 or 3 leaves a pending key and perhaps an object without row; reconciliation sets both aside. The next
attempt begins again with another key and another object. Two attempts at once: the second row is refused, its object
and key go.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from agents.connections import find
from agents.services import resolve
from calls import hooks, providers, samples, sealing
from calls.identity import RECORDING, call_digests
from calls.media.addresses import AllowedHosts
from calls.media.download import Download, DownloadFailed, Limits
from calls.media.sniffing import NEEDED_BYTES, media_type
from calls.media.waveform import Waveform, WaveformReader
from calls.models import Call, ProviderEvent, Recording, RecordingState
from calls.models.people import COLUMNS
from calls.providers.base import EventKind, Provider
from calls.providers.client import ApiClient
from calls.record import CallRecord, RecordingKind, RecordingSource, Unreadable
from calls.record.merging import Told
from calls.services.copies import client_of
from calls.services.storing import lock_call
from ground import audit, faults, inventory, vault
from ground.inventory import holds, tally, tombstones
from ground.profiles import Category
from ground.tenancy import Actor, acting_for, uuid7

log = structlog.get_logger(__name__)

BY = Actor.system("calls.fetch_recording")
ALERT = "calls.recording_unavailable"
_WHOLE = (RecordingKind.MONO, RecordingKind.STEREO)
_COMMIT_SECONDS = 90  # between the end of the download and the commit


class NotWanted(Exception):
    """The recording is not to be kept (any more); nothing is wrong."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Step 1. `sources`: alternatives for one recording, best first."""

    call: Call
    told: Told
    provider: Provider
    client: ApiClient
    scope: str
    wanted: Sequence[tuple[str, Sequence[RecordingSource]]]


@dataclass(slots=True)
class _Fetched:
    """Step 3."""

    object_name: str
    stored_bytes: int
    plain_bytes: int
    media_type: str
    waveform: Waveform | None


def fetch(organization_id: UUID, call_id: UUID, event_id: UUID, *, now: datetime) -> None:
    """Fetch what this event offered, within twice the time of one download.

    Raises DownloadFailed (`transient`: worth another attempt), VaultError; nothing for what is not wanted any more.
    """
    try:
        plan = _plan(organization_id, call_id, event_id, now)
    except NotWanted:
        return
    failures = []
    ends_at = time.monotonic() + 2 * settings.MEDIA_FETCH_SECONDS
    for kind, sources in plan.wanted:
        try:
            _fetch_one(organization_id, plan, kind, sources, ends_at)
        except NotWanted:
            continue
        except DownloadFailed as failure:
            failures.append(failure)
    if failures:
        raise next((each for each in failures if each.transient), failures[0])


def give_up(organization_id: UUID, call_id: UUID, code: str, *, status: int = 0) -> None:
    """The recording could not be had: the call says so, and the organization is told."""
    with acting_for(organization_id):
        Call.objects.filter(organization_id=organization_id, id=call_id, has_recording=False).exclude(
            recording_state=RecordingState.DESTROYED
        ).update(recording_state=RecordingState.UNAVAILABLE)
        connection = Call.objects.filter(organization_id=organization_id, id=call_id).values_list(
            "connection_id", flat=True
        )
        audit.alerts.raise_alert(
            organization_id, ALERT, str(connection.first() or ""), call=call_id, code=code, status=status
        )


# ------------------------------------------------------------------ 1. may it be kept?
def _plan(organization_id: UUID, call_id: UUID, event_id: UUID, now: datetime) -> _Plan:
    with acting_for(organization_id):
        call = Call.objects.filter(organization_id=organization_id, id=call_id).first()
        if call is None or call.connection_id is None or not call.recording_allowed:
            raise NotWanted
        if not hooks.is_admitted(organization_id, Category.RECORDING, call.agent_id, call.ended_at):
            raise NotWanted
        told = sealing.open_call(vault.keys.open_one(organization_id, call.key_id), call)
        _still_allowed(call, told)
        provider = providers.find(call.provider)
        assert provider is not None
        connection = find(organization_id, call.connection_id)  # its agent is here, so it is
        client = client_of(connection, provider)
        event = ProviderEvent.objects.filter(organization_id=organization_id, id=event_id).first()
        payload = sealing.open_event(vault.keys.open_one(organization_id, event.key_id), event) if event else None
    record = _record_of(told)
    sources = _offered(provider, payload, event, record, now)
    fallbacks = provider.recording_fallbacks(client, record)
    scope = provider.scope_of(record, call.connection_id)
    return _Plan(call, told, provider, client, scope, _alternatives(sources, fallbacks))


def _still_allowed(call: Call, told: Told) -> None:
    """The agent's settings at the time of the call, asked anew: they are what decides, not a flag."""
    assert call.connection_id is not None
    started = told.get("started_at") or call.ended_at
    agent = resolve(call.organization_id, call.connection_id, told.get("provider_agent_id"), started)
    if not agent.recording_enabled:
        raise NotWanted


def _record_of(told: Told) -> CallRecord:
    return CallRecord(told.get("provider_call_id") or "", told.get("account") or "")


def _offered(
    provider: Provider, payload: object, event: ProviderEvent | None, record: CallRecord, now: datetime
) -> Sequence[RecordingSource]:
    if event is None:
        return ()
    try:
        events = provider.read(payload, received_at=event.received_at, now=now)
    except Unreadable:
        return ()
    ours = (each.record for each in events if each.kind is EventKind.CALL)
    return tuple(
        chain.from_iterable(each.recordings for each in ours if each.provider_call_id == record.provider_call_id)
    )


def _alternatives(
    sources: Sequence[RecordingSource], fallbacks: Sequence[RecordingSource]
) -> list[tuple[str, Sequence[RecordingSource]]]:
    """One recording of the whole call when there is one; else each side by itself. Copies of copies are not kept."""
    offered = (*sources, *fallbacks)
    whole = sorted((each for each in offered if each.kind in _WHOLE), key=lambda each: _WHOLE.index(each.kind))
    if whole:
        ordered = [each for each in whole if not each.needs_key] + [each for each in whole if each.needs_key]
        return [(ordered[0].kind, ordered)]
    kinds = dict.fromkeys(each.kind for each in offered)
    return [(kind, [each for each in offered if each.kind == kind]) for kind in kinds]


# ------------------------------------------------------------------ 2.-5. one recording
def _fetch_one(
    organization_id: UUID, plan: _Plan, kind: str, sources: Sequence[RecordingSource], ends_at: float
) -> None:
    provider_call_id = plan.told.get("provider_call_id")
    digests = call_digests(organization_id, plan.provider.slug, plan.scope, provider_call_id)
    own = call_digests(organization_id, plan.provider.slug, plan.scope, provider_call_id, f"{RECORDING}:{kind}")
    with acting_for(organization_id):
        _refuse_known(organization_id, plan.call.id, kind, [*digests, *own])
    failure: DownloadFailed | None = None
    for source in sources:
        seconds = min(settings.MEDIA_FETCH_SECONDS, ends_at - time.monotonic())
        try:
            if seconds < 1:
                raise DownloadFailed("too_slow", transient=True)
            _store_one(organization_id, plan, source, seconds, digests, own)
        except DownloadFailed as error:
            log.info("calls.recording_source_failed", call_id=str(plan.call.id), code=error.code, status=error.status)
            # what may pass is worth another attempt, whatever the other addresses said
            failure = error if failure is None or (error.transient and not failure.transient) else failure
        else:
            return
    raise failure or DownloadFailed("no_address")


def _refuse_known(organization_id: UUID, call_id: UUID, kind: str, digests: Sequence[bytes]) -> None:
    """Already stored, or destroyed before. Needs the organization's context."""
    if Recording.objects.filter(organization_id=organization_id, call_id=call_id, kind=kind).exists():
        raise NotWanted
    if tombstones.present(organization_id, digests):
        raise NotWanted


def _store_one(
    organization_id: UUID,
    plan: _Plan,
    source: RecordingSource,
    seconds: float,
    digests: list[bytes],
    own: list[bytes],
) -> None:
    recording_id = uuid7()
    deadline_seconds = int(seconds) + _COMMIT_SECONDS
    [key] = vault.keys.mint(organization_id, Category.RECORDING, plan.call.ended_at, deadline_seconds=deadline_seconds)
    faults.point("calls.fetch.after_key")
    name = vault.objects.name(organization_id, Category.RECORDING, recording_id)
    try:
        fetched = _into_store(plan, source, key, name, seconds)
        faults.point("calls.fetch.after_object")
        _insert(organization_id, plan, source.kind, recording_id, key, fetched, digests, own)
    except (OperationalError, InterfaceError):
        raise  # perhaps the row was committed all the same: reconciliation looks, and clears away what has none
    except BaseException:
        _take_back(organization_id, key.id, name)
        raise
    faults.point("calls.fetch.after_commit")
    with suppress(vault.Unavailable):
        vault.keys.confirm(organization_id, [key.id])


def _into_store(plan: _Plan, source: RecordingSource, key: vault.DataKey, name: str, seconds: float) -> _Fetched:
    with _opened(plan, source, seconds) as download:
        pieces = download.pieces()
        start, pieces = _beginning(pieces)
        kind = media_type(start)
        if kind is None:
            raise DownloadFailed("not_sound")
        counter, peaks = _Counter(), WaveformReader()
        stored = vault.objects.put_sealed(key, name, counter.watch(peaks.watch(pieces)))
    return _Fetched(name, stored, counter.total, kind, peaks.result())


def _opened(plan: _Plan, source: RecordingSource, seconds: float) -> Download | samples.OpenedSample:
    """The recording, ready to be read: from its address, or from this package for a test call."""
    if sample := samples.at_address(source.url):
        return samples.OpenedSample(sample)
    hosts = AllowedHosts([*plan.provider.media_hosts, *settings.MEDIA_FETCH_HOSTS])
    limits = Limits(settings.MEDIA_FETCH_MAX_BYTES, seconds)
    authorization = plan.client.authorization_for(source.url) if source.needs_key else ""
    return Download(source.url, hosts=hosts, limits=limits, authorization=authorization)


def _beginning(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Enough of the first bytes to recognise the format, and all of them again."""
    start = b""
    for piece in pieces:
        start += piece
        if len(start) >= NEEDED_BYTES:
            break
    return start, chain([start], pieces)


class _Counter:
    def __init__(self) -> None:
        self.total = 0

    def watch(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.total += len(piece)
            yield piece


def _insert(
    organization_id: UUID,
    plan: _Plan,
    kind: str,
    recording_id: UUID,
    key: vault.DataKey,
    fetched: _Fetched,
    digests: list[bytes],
    own: list[bytes],
) -> None:
    peaks = None
    if fetched.waveform is not None:
        peaks = sealing.seal_peaks(key, fetched.waveform.peaks, recording_id=recording_id)
    with acting_for(organization_id):
        inventory.ingest_lock(organization_id)
        lock_call(digests[0])
        call = (
            Call.objects.select_for_update()
            .filter(organization_id=organization_id, id=plan.call.id, recording_allowed=True)
            .first()
        )
        if call is None:
            raise NotWanted
        _refuse_known(organization_id, call.id, kind, [*digests, *own])
        vault.keys.still_pending_ok(organization_id, [key.id])
        row = Recording(
            id=recording_id,
            organization_id=organization_id,
            call_id=call.id,
            agent_id=call.agent_id,
            ended_at=call.ended_at,
            key_id=key.id,
            stored_bytes=fetched.stored_bytes,
            tombstone=own[0],
            object_name=fetched.object_name,
            kind=kind,
            media_type=fetched.media_type,
            plain_bytes=fetched.plain_bytes,
            duration_ms=fetched.waveform.duration_ms if fetched.waveform else None,
            sealed_peaks=peaks,
            **{column: getattr(call, column) for column in COLUMNS},
        )
        _save(row, call)
        faults.point("calls.fetch.before_commit")


def _save(row: Recording, call: Call) -> None:
    row.save(force_insert=True)
    tally.add(row.organization_id, Category.RECORDING, row.ended_at, rows=1, bytes=row.stored_bytes)
    holds.mark(Recording, row.organization_id, [row.id])
    Call.objects.filter(organization_id=row.organization_id, id=call.id).update(
        has_recording=True, recording_state=RecordingState.STORED
    )
    audit.append(
        "calls.recording_stored",
        organization_id=row.organization_id,
        actor=BY,
        object_type="recording",
        object_id=row.id,
        call=row.call_id,
        bytes=row.stored_bytes,
        media_type=row.media_type,
    )


def _take_back(organization_id: UUID, key_id: UUID, name: str) -> None:
    """After a failed attempt: the key first (unreadable), then what is left of the object. Best effort."""
    try:
        vault.keys.destroy(organization_id, [key_id])
        vault.objects.store().delete_many([name])
    except vault.VaultError as outage:
        log.warning("calls.fetch_left_behind", object_name=name, cause=type(outage).__name__)
