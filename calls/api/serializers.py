"""What goes out. What comes in is `calls.record.form`, which publishes its own schema."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from calls.models import Call, RecordingState
from calls.reading import Person
from calls.record import Channel, ConsentResult, Direction, Outcome, Speaker


class CostOutput(serializers.Serializer[Any]):
    amount = serializers.CharField(help_text="decimal text")
    currency = serializers.CharField()


class PersonOutput(serializers.Serializer[Any]):
    """Masked unless revealed. `number` is the person's; `agent_number` the organization's own side."""

    number = serializers.CharField()
    agent_number = serializers.CharField()
    name = serializers.CharField()
    email = serializers.CharField()
    external_id = serializers.CharField()


class CallOutput(serializers.Serializer[Any]):
    """One call. `ended_at` is what retention periods count from."""

    id = serializers.UUIDField()
    provider = serializers.CharField()
    agent_id = serializers.UUIDField(allow_null=True)
    direction = serializers.ChoiceField(choices=[each.value for each in Direction])
    channel = serializers.ChoiceField(choices=[each.value for each in Channel])
    outcome = serializers.ChoiceField(choices=[each.value for each in Outcome])
    end_reason = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField()
    duration_ms = serializers.IntegerField(allow_null=True)
    language = serializers.CharField()
    cost = CostOutput(allow_null=True)
    consent = serializers.ChoiceField(choices=["", *(each.value for each in ConsentResult)])
    recording = serializers.ChoiceField(choices=RecordingState.choices)
    has_transcript = serializers.BooleanField()
    has_report = serializers.BooleanField()
    held = serializers.BooleanField(help_text="kept by a legal hold or a restriction")
    person = PersonOutput()


class CallPageOutput(serializers.Serializer[Any]):
    """One page, newest first. `next`: the cursor of the following page, null on the last."""

    results = CallOutput(many=True)
    next = serializers.CharField(allow_null=True)


class TurnOutput(serializers.Serializer[Any]):
    speaker = serializers.ChoiceField(choices=[each.value for each in Speaker])
    text = serializers.CharField()
    start_ms = serializers.IntegerField(allow_null=True)
    end_ms = serializers.IntegerField(allow_null=True)


class TranscriptOutput(serializers.Serializer[Any]):
    turns = TurnOutput(many=True)


class ReportOutput(serializers.Serializer[Any]):
    summary = serializers.CharField()
    analysis = serializers.DictField()


class BatchItemOutput(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    state = serializers.CharField(help_text="`created` or `dropped`")
    id = serializers.UUIDField(allow_null=True)


class BatchOutput(serializers.Serializer[Any]):
    """`dropped`: destroyed here before, or already past its period."""

    results = BatchItemOutput(many=True)


class DestructionOutput(serializers.Serializer[Any]):
    """What destroying the call takes. Confirm with the number of `records`."""

    call_id = serializers.UUIDField()
    records = serializers.IntegerField()
    recordings = serializers.IntegerField()
    transcripts = serializers.IntegerField()
    reports = serializers.IntegerField()
    held = serializers.IntegerField()
    provider_copies = serializers.IntegerField()


def shown(call: Call, person: Person) -> dict[str, Any]:
    """A call as it goes out."""
    cost = None
    if call.cost_micros is not None:
        cost = {"amount": format(Decimal(call.cost_micros) / 1_000_000, "f"), "currency": call.cost_currency}
    return {
        "id": call.id,
        "provider": call.provider,
        "agent_id": call.agent_id,
        "direction": call.direction,
        "channel": call.channel,
        "outcome": call.outcome,
        "end_reason": call.end_reason,
        "started_at": call.started_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "duration_ms": call.duration_ms,
        "language": call.language,
        "cost": cost,
        "consent": call.consent,
        "recording": call.recording_state,
        "has_transcript": call.has_transcript,
        "has_report": call.has_report,
        "held": call.held,
        "person": {
            "number": person.number,
            "agent_number": person.agent_number,
            "name": person.name,
            "email": person.email,
            "external_id": person.external_id,
        },
    }
