"""Calls with sealed parts and real objects, written straight through the vault: what retention tests destroy."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from calls.models import Call, CallReport, Recording, Transcript
from ground import vault
from ground.inventory import tally
from ground.tenancy import acting_for, uuid7

SOUND = b"RIFF" + b"hear this" * 9000


@dataclass
class Held:
    """One stored call with its parts."""

    organization_id: object
    call: Call
    recording: Recording | None
    transcript: Transcript | None
    report: CallReport | None

    def open_transcript(self):
        key = vault.keys.open_one(self.organization_id, self.transcript.key_id)
        return vault.unseal(
            key, bytes(self.transcript.sealed), category="transcript", object_id=self.transcript.id, slot="turns"
        )

    def listen(self):
        key = vault.keys.open_one(self.organization_id, self.recording.key_id)
        return b"".join(vault.objects.open_range(key, self.recording.object_name))


def days_ago(days, hours=0):
    return datetime.now(UTC) - timedelta(days=days, hours=hours)


def _digest(organization_id, what):
    return vault.blind.digest(organization_id, "tombstone", "external_id", what)


def keep_call(organization_id, ended_at, *, parts=("recording", "transcript", "report"), agent_id=None, **fields):
    """Store one call that ended at `ended_at`, each part under a data key of its own."""
    call_id = uuid7()
    made = {}

    def common(category, name):
        sealer = vault.sealer(organization_id, category, ended_at)
        return sealer, {
            "id": uuid7(),
            "organization_id": organization_id,
            "call_id": call_id,
            "agent_id": agent_id,
            "ended_at": ended_at,
            "key_id": sealer.key_id,
            "tombstone": _digest(organization_id, f"{name}:{call_id}"),
        }

    sealers = []
    if "recording" in parts:
        sealer, values = common("recording", "recording")
        name, stored = sealer.put_object([SOUND], object_id=values["id"])
        made["recording"] = Recording(
            **values, object_name=name, stored_bytes=stored, plain_bytes=len(SOUND), kind="mono", media_type="audio/wav"
        )
        sealers.append(sealer)
    if "transcript" in parts:
        sealer, values = common("transcript", "transcript")
        sealed = sealer.seal(b"what was said", object_id=values["id"], slot="turns")
        made["transcript"] = Transcript(**values, sealed=sealed, stored_bytes=len(sealed), turn_count=1, stamp="1")
        sealers.append(sealer)
    if "report" in parts:
        sealer, values = common("call_report", "report")
        sealed = sealer.seal(b"in short", object_id=values["id"], slot="report")
        made["report"] = CallReport(**values, sealed=sealed, stored_bytes=len(sealed))
        sealers.append(sealer)
    sealer = vault.sealer(organization_id, "call_metadata", ended_at)
    sealers.append(sealer)
    call = Call(
        id=call_id,
        organization_id=organization_id,
        provider="generic",
        agent_id=agent_id,
        ended_at=ended_at,
        key_id=sealer.key_id,
        sealed=sealer.seal_json(
            {"values": {"from_number": "+33199001122"}, "stamps": {}}, object_id=call_id, slot="details"
        ),
        tombstone=_digest(organization_id, f"call:{call_id}"),
        event_at=ended_at,
        **fields,
    )
    with acting_for(organization_id):
        call.save(force_insert=True)
        tally.add(organization_id, "call_metadata", ended_at)
        for part, category in (("recording", "recording"), ("transcript", "transcript"), ("report", "call_report")):
            if part in made:
                made[part].save(force_insert=True)
                tally.add(organization_id, category, ended_at, bytes=made[part].stored_bytes)
    for sealer in sealers:
        sealer.confirm()
    return Held(organization_id, call, made.get("recording"), made.get("transcript"), made.get("report"))


def exists(organization_id, row):
    with acting_for(organization_id):
        return type(row).objects.filter(id=row.id).exists()
