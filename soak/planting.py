"""Calls with recordings and transcripts in number: keys, seals, objects and rows as ingest leaves them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from calls.models import Call, Recording, Transcript
from ground import inventory, vault
from ground.inventory import tally
from ground.tenancy import acting_for, uuid7
from ground.vault.sealing import DataKey

BATCH = 500
TURNS = b"what was said"


@dataclass(frozen=True, slots=True)
class Planted:
    """What the outside knows of one planted call."""

    call: UUID
    recording: UUID
    transcript: UUID
    recording_key: UUID
    transcript_key: UUID
    object_name: str
    tombstones: tuple[bytes, ...]


def calls(organization_id: UUID, number: int, *, ended_at: datetime, held: bool = False) -> list[Planted]:
    """`number` calls that ended at that moment, each with a recording and a transcript of its own key."""
    made: list[Planted] = []
    while len(made) < number:
        made += _batch(organization_id, min(BATCH, number - len(made)), ended_at, held)
    return made


def _batch(organization_id: UUID, number: int, ended_at: datetime, held: bool) -> list[Planted]:
    keys = {
        category: vault.keys.mint(organization_id, category, ended_at, count=number)
        for category in ("call_metadata", "recording", "transcript")
    }
    each = zip(*keys.values(), strict=True)
    rows = [list(_rows(organization_id, ended_at, held, *triple)) for triple in each]
    with acting_for(organization_id):
        inventory.ingest_lock(organization_id)
        for place, (model, category) in enumerate(
            ((Call, "call_metadata"), (Recording, "recording"), (Transcript, "transcript"))
        ):
            mine = [row[place] for row in rows]
            model.objects.bulk_create(mine)
            tally.add(
                organization_id, category, ended_at, rows=number, bytes=sum(row.stored_bytes or 0 for row in mine)
            )
    for category in keys:
        vault.keys.confirm(organization_id, [key.id for key in keys[category]])
    return [
        Planted(
            call.id,
            recording.id,
            transcript.id,
            recording.key_id,
            transcript.key_id,
            recording.object_name,
            tuple(bytes(row.tombstone) for row in (call, recording, transcript)),
        )
        for call, recording, transcript in rows
    ]


def _rows(
    organization_id: UUID,
    ended_at: datetime,
    held: bool,
    call_key: DataKey,
    recording_key: DataKey,
    transcript_key: DataKey,
) -> Iterator[Call | Recording | Transcript]:
    call_id, recording_id, transcript_id = uuid7(), uuid7(), uuid7()

    def common(key: DataKey, name: str) -> dict[str, object]:
        digest = vault.blind.digest(organization_id, "tombstone", "external_id", f"{name}:{call_id}")
        return {
            "organization_id": organization_id,
            "ended_at": ended_at,
            "key_id": key.id,
            "tombstone": digest,
            "held": held,
        }

    yield Call(
        **common(call_key, "call"),
        id=call_id,
        provider="generic",
        event_at=ended_at,
        has_recording=True,
        has_transcript=True,
        sealed=vault.seal_json(
            call_key,
            {"values": {"from_number": "+33199001122"}, "stamps": {}},
            category="call_metadata",
            object_id=call_id,
            slot="details",
        ),
    )
    name = vault.objects.name(organization_id, "recording", recording_id)
    sound = sound_of(recording_id)
    yield Recording(
        **common(recording_key, "recording"),
        id=recording_id,
        call_id=call_id,
        object_name=name,
        stored_bytes=vault.objects.put_sealed(recording_key, name, [sound]),
        plain_bytes=len(sound),
        kind="mono",
        media_type="audio/wav",
    )
    sealed = vault.seal(transcript_key, TURNS, category="transcript", object_id=transcript_id, slot="turns")
    yield Transcript(
        **common(transcript_key, "transcript"),
        id=transcript_id,
        call_id=call_id,
        sealed=sealed,
        stored_bytes=len(sealed),
        turn_count=1,
        stamp="1",
    )


def sound_of(recording_id: UUID) -> bytes:
    """The plain bytes of a planted recording: nobody has to remember them."""
    return b"RIFF" + recording_id.bytes * 64
