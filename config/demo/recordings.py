"""Speech files become recordings: each sealed under a key of its own, with the picture of its sound beside it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from uuid import UUID

from calls import sealing
from calls.identity import API, RECORDING, call_digests
from calls.media.waveform import Waveform, WaveformReader
from calls.models import Call, Recording, RecordingState
from calls.models.people import COLUMNS
from calls.record import RecordingKind
from calls.services.inserting import insert_many
from config.demo import telling
from ground import audit, inventory, vault
from ground.inventory import holds, tally
from ground.profiles import Category
from ground.tenancy import Actor, acting_for, uuid7


@cache
def _measured(dialogue: str) -> Waveform:
    reader = WaveformReader()
    reader.feed(telling.sound(dialogue))
    found = reader.result()
    assert found is not None
    return found


def store(organization_id: UUID, wanted: Sequence[tuple[UUID, str, str]], *, by: Actor, at: datetime) -> int:
    """Store (call id, the sender's id of the call, dialogue) as recordings; calls that may have none are left out."""
    told = {call_id: (sent_as, dialogue) for call_id, sent_as, dialogue in wanted}
    with acting_for(organization_id):
        calls = list(
            Call.objects.filter(
                organization_id=organization_id, id__in=list(told), recording_allowed=True, has_recording=False
            )
        )
    weeks: dict[tuple[int, int], list[Call]] = defaultdict(list)
    for call in calls:
        weeks[call.ended_at.isocalendar()[:2]].append(call)
    rows = []
    for group in weeks.values():
        keys = vault.keys.mint(organization_id, Category.RECORDING, group[0].ended_at, count=len(group))
        rows += [_sealed(call, key, *told[call.id], at) for call, key in zip(group, keys, strict=True)]
    if not rows:
        return 0
    key_ids = [row.key_id for row in rows]
    with acting_for(organization_id):
        inventory.ingest_lock(organization_id)
        vault.keys.still_pending_ok(organization_id, key_ids)
        insert_many(Recording, rows)
        holds.mark(Recording, organization_id, [row.id for row in rows])
        days: dict[date, tally.Amount] = defaultdict(lambda: tally.NOTHING)
        for row in rows:
            days[row.ended_at.date()] += tally.Amount(1, row.stored_bytes)
        tally.add_many(organization_id, Category.RECORDING, dict(days))
        Call.objects.filter(organization_id=organization_id, id__in=[row.call_id for row in rows]).update(
            has_recording=True, recording_state=RecordingState.STORED
        )
        audit.append("calls.recordings_stored", organization_id=organization_id, actor=by, recordings=len(rows))
    vault.keys.confirm(organization_id, key_ids)
    return len(rows)


def _sealed(call: Call, key: vault.DataKey, sent_as: str, dialogue: str, at: datetime) -> Recording:
    recording_id, content, picture = uuid7(), telling.sound(dialogue), _measured(dialogue)
    name = vault.objects.name(call.organization_id, Category.RECORDING, recording_id)
    digests = call_digests(call.organization_id, API, "", sent_as, f"{RECORDING}:{RecordingKind.MONO}")
    return Recording(
        id=recording_id,
        organization_id=call.organization_id,
        call_id=call.id,
        agent_id=call.agent_id,
        ended_at=call.ended_at,
        key_id=key.id,
        tombstone=digests[0],
        object_name=name,
        stored_bytes=vault.objects.put_sealed(key, name, [content]),
        plain_bytes=len(content),
        kind=RecordingKind.MONO,
        media_type="audio/wav",
        duration_ms=picture.duration_ms,
        sealed_peaks=sealing.seal_peaks(key, picture.peaks, recording_id=recording_id),
        created_at=at,
        **{column: getattr(call, column) for column in COLUMNS},
    )
