"""What of a call is under a seal, and in which form. Each part has a data key of its own; a change takes a new one."""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from calls.models import Call, CallReport, ProviderCopy, ProviderEvent, Recording, Transcript
from calls.record import Turn
from calls.record.merging import Told
from ground import vault
from ground.profiles import Category

LARGEST_OPENED_BYTES = 256 * 1024 * 1024


# ------------------------------------------------------------------ sealing
def seal_call(key: vault.DataKey, told: Told, *, call_id: UUID, version: int) -> bytes:
    return vault.seal_json(
        key, told.as_json(), category=Category.CALL_METADATA, object_id=call_id, slot="details", version=version
    )


def seal_turns(key: vault.DataKey, turns: Iterable[Turn], *, transcript_id: UUID) -> bytes:
    """Compressed before sealing; lengths leak as much as durations do, which stand in clear beside it."""
    compact = [[turn.speaker, turn.text, turn.start_ms, turn.end_ms] for turn in turns]
    plain = zlib.compress(json.dumps(compact, ensure_ascii=False, separators=(",", ":")).encode(), 6)
    return vault.seal(key, plain, category=Category.TRANSCRIPT, object_id=transcript_id, slot="turns")


def seal_report(key: vault.DataKey, told: Told, *, report_id: UUID) -> bytes:
    return vault.seal_json(key, told.as_json(), category=Category.CALL_REPORT, object_id=report_id, slot="report")


def seal_peaks(key: vault.DataKey, peaks: bytes, *, recording_id: UUID) -> bytes:
    return vault.seal(key, peaks, category=Category.RECORDING, object_id=recording_id, slot="waveform")


def seal_event(key: vault.DataKey, payload: Any, *, event_id: UUID) -> bytes:
    return vault.seal_json(key, payload, category=Category.PROVIDER_EVENT, object_id=event_id, slot="body")


def seal_copy(key: vault.DataKey, ids: Mapping[str, str], *, copy_id: UUID) -> bytes:
    return vault.seal_json(key, dict(ids), category=Category.PROVIDER_EVENT, object_id=copy_id, slot="ids")


# ------------------------------------------------------------------ opening (raises VaultError, never garbage)
def keys_of(organization_id: UUID, rows: Iterable[Any]) -> dict[UUID, vault.DataKey]:
    """The data keys of rows, in one look-up."""
    return vault.keys.open(organization_id, {row.key_id for row in rows if row.key_id})


def open_call(key: vault.DataKey, call: Call) -> Told:
    return Told.of(
        vault.unseal_json(
            key,
            bytes(call.sealed),
            category=Category.CALL_METADATA,
            object_id=call.id,
            slot="details",
            version=call.sealed_version,
        )
    )


def open_turns(key: vault.DataKey, transcript: Transcript) -> list[Turn]:
    plain = vault.unseal(
        key, bytes(transcript.sealed), category=Category.TRANSCRIPT, object_id=transcript.id, slot="turns"
    )
    return [Turn(*each) for each in json.loads(zlib.decompressobj().decompress(plain, LARGEST_OPENED_BYTES))]


def open_report(key: vault.DataKey, report: CallReport) -> Told:
    sealed = bytes(report.sealed)
    return Told.of(vault.unseal_json(key, sealed, category=Category.CALL_REPORT, object_id=report.id, slot="report"))


def open_peaks(key: vault.DataKey, recording: Recording) -> bytes:
    if recording.sealed_peaks is None:
        return b""
    sealed = bytes(recording.sealed_peaks)
    return vault.unseal(key, sealed, category=Category.RECORDING, object_id=recording.id, slot="waveform")


def open_event(key: vault.DataKey, event: ProviderEvent) -> Any:
    sealed = bytes(event.sealed)
    return vault.unseal_json(key, sealed, category=Category.PROVIDER_EVENT, object_id=event.id, slot="body")


def open_copy(key: vault.DataKey, copy: ProviderCopy) -> dict[str, str]:
    sealed = bytes(copy.sealed)
    ids: dict[str, str] = vault.unseal_json(
        key, sealed, category=Category.PROVIDER_EVENT, object_id=copy.id, slot="ids"
    )
    return ids


def as_dict(turn: Turn) -> dict[str, Any]:
    return asdict(turn)
