"""What goes in and out of the agents API."""

from typing import Any

from rest_framework import serializers

from accounts.api.fields import Text, Whole, YesNo
from agents.models import Agent, AgentRevision, AuthMode, Provider, ProviderConnection


class RevisionInput(serializers.Serializer[Any]):
    """The whole of what an agent may keep, from now on. Recording needs a disclosure."""

    recording_enabled = YesNo(default=False)
    transcript_enabled = YesNo(default=True)
    disclosures = serializers.DictField(
        child=Text(max_length=600),
        required=False,
        help_text="words callers hear first, by BCP 47 language",
    )
    retention_days = serializers.DictField(
        child=Whole(min_value=1),
        required=False,
        help_text="days by category, shorter than the organization's own period",
    )
    reason = Text(max_length=300)


class RevisionOutput(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    recording_enabled = serializers.BooleanField()
    transcript_enabled = serializers.BooleanField()
    disclosures = serializers.DictField(child=serializers.CharField())
    disclosure_version = serializers.IntegerField()
    retention_days = serializers.DictField(child=serializers.IntegerField())
    published_at = serializers.DateTimeField()


class AgentInput(serializers.Serializer[Any]):
    connection_id = serializers.UUIDField()
    provider_agent_id = Text(max_length=128)
    name = Text(max_length=120)
    language = Text(required=False, allow_blank=True, max_length=35)


class AgentOutput(serializers.Serializer[Any]):
    """`revision` is null until somebody publishes; recordings are refused until then."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    provider = serializers.ChoiceField(choices=Provider.choices)
    connection_id = serializers.UUIDField()
    provider_agent_id = serializers.CharField()
    language = serializers.CharField()
    state = serializers.CharField()
    seen_first = serializers.BooleanField(help_text="made by its first call")
    created_at = serializers.DateTimeField()
    revision = RevisionOutput(allow_null=True)


class AgentPage(serializers.Serializer[Any]):
    results = AgentOutput(many=True)
    next = serializers.CharField(allow_null=True)


class ConnectionInput(serializers.Serializer[Any]):
    """`secret`: the provider's own, where the provider makes it; left out where we make it."""

    provider = serializers.ChoiceField(choices=Provider.choices)
    name = Text(max_length=120)
    auth_mode = serializers.ChoiceField(choices=AuthMode.choices, required=False)
    secret = Text(required=False, max_length=500, write_only=True)
    api_key = Text(required=False, max_length=500, write_only=True)
    base_url = Text(required=False, allow_blank=True, max_length=300)


class ConnectionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    provider = serializers.ChoiceField(choices=Provider.choices)
    name = serializers.CharField()
    state = serializers.CharField()
    auth_mode = serializers.CharField()
    ingest_url = serializers.CharField()
    base_url = serializers.CharField()
    signing_secrets = serializers.IntegerField(help_text="how many are accepted now")
    overlap_ends_at = serializers.DateTimeField(allow_null=True)
    has_api_key = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class ConnectionMade(ConnectionOutput):
    secret = serializers.CharField(help_text="shown in this answer only; empty when it is the provider's own")


class ConnectionPage(serializers.Serializer[Any]):
    results = ConnectionOutput(many=True)


class RotationInput(serializers.Serializer[Any]):
    secret = Text(required=False, max_length=500, write_only=True)
    overlap_hours = Whole(default=24, min_value=0, max_value=720)


def agent(row: Agent, revision: AgentRevision | None) -> dict[str, Any]:
    """An agent as the API shows it."""
    return {
        "id": row.id,
        "name": row.name,
        "provider": row.provider,
        "connection_id": row.connection_id,
        "provider_agent_id": row.provider_agent_id,
        "language": row.language,
        "state": row.state,
        "seen_first": row.seen_first,
        "created_at": row.created_at,
        "revision": None if revision is None else revision_of(revision),
    }


def revision_of(row: AgentRevision) -> dict[str, Any]:
    """A revision as the API shows it."""
    return {
        "number": row.number,
        "recording_enabled": row.recording_enabled,
        "transcript_enabled": row.transcript_enabled,
        "disclosures": row.disclosures,
        "disclosure_version": row.disclosure_version,
        "retention_days": row.retention_days,
        "published_at": row.published_at,
    }


def connection(row: ProviderConnection, base: str) -> dict[str, Any]:
    """A connection without any secret. `base`: the platform's own address."""
    return {
        "id": row.id,
        "provider": row.provider,
        "name": row.name,
        "state": row.state,
        "auth_mode": row.auth_mode,
        "ingest_url": base + row.ingest_path,
        "base_url": row.base_url,
        "signing_secrets": row.signing_secrets,
        "overlap_ends_at": row.overlap_ends_at,
        "has_api_key": row.has_api_key,
        "created_at": row.created_at,
    }
