"""Publishing: from that moment on, calls are kept as the new revision says. Nothing published is ever changed."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from agents.exceptions import AgentRetired, InvalidSettings, NothingChanged, UnknownRevision
from agents.models import Agent, AgentRevision
from agents.services.activity import note
from agents.services.registry import find, save_draft
from agents.services.settings import Settings
from ground import audit
from ground.tenancy import Actor, acting_for

REASON_LENGTH = 300


def revisions_of(organization_id: UUID, agent_id: UUID) -> QuerySet[AgentRevision]:
    """An agent's revisions, newest first."""
    return AgentRevision.objects.filter(organization_id=organization_id, agent_id=agent_id).order_by(
        "-published_at", "-number"
    )


def in_force(organization_id: UUID, agent_id: UUID, at: datetime) -> AgentRevision | None:
    """The revision that counted at that moment; None before the first. The caller acts for the organization."""
    return revisions_of(organization_id, agent_id).filter(published_at__lte=at).first()


def publish(
    *, organization_id: UUID, agent_id: UUID, settings: Settings, reason: str, by: Actor, at: datetime
) -> AgentRevision:
    """Put settings into force from `at` on. The agent's row is locked, so numbers and moments rise together.

    Raises AgentRetired, NothingChanged, and what `Settings.checked` raises. `at` is never before the revision in force.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > REASON_LENGTH:
        raise InvalidSettings(f"say why, in at most {REASON_LENGTH} characters")
    with acting_for(organization_id):
        agent = find(organization_id, agent_id, lock=True)
        if not agent.is_active:
            raise AgentRetired("A retired agent takes no new revision.")
        checked = settings.checked(organization_id)
        last = revisions_of(organization_id, agent_id).first()
        if last is not None and settings_of(last) == checked:
            raise NothingChanged("These settings are already in force.")
        revision = AgentRevision.objects.create(
            organization_id=organization_id,
            agent=agent,
            number=last.number + 1 if last else 1,
            recording_enabled=checked.recording_enabled,
            transcript_enabled=checked.transcript_enabled,
            disclosures=dict(checked.disclosures),
            disclosure_languages=sorted(checked.disclosures),
            disclosure_version=_disclosure_version(last, checked),
            retention_days=dict(checked.retention_days),
            reason=reason,
            published_by=str(by)[:64],
            published_at=max(at, last.published_at) if last else at,
        )
        agent.draft = {}
        agent.save(update_fields=["draft"])
        note(
            "published",
            organization_id=organization_id,
            agent_id=agent.id,
            by=by,
            at=at,
            revision_number=revision.number,
        )
        audit.append(
            "agents.published",
            organization_id=organization_id,
            actor=by,
            object_type="agent",
            object_id=agent.id,
            revision=revision.number,
            recording=revision.recording_enabled,
            transcript=revision.transcript_enabled,
            disclosure_version=revision.disclosure_version,
            retention_days=dict(checked.retention_days),
        )
    return revision


def restore(*, organization_id: UUID, agent_id: UUID, number: int, by: Actor, at: datetime) -> Agent:
    """An earlier revision becomes the draft. Raises AgentRetired, UnknownRevision."""
    with acting_for(organization_id):
        revision = revisions_of(organization_id, agent_id).filter(number=number).first()
        if revision is None:
            raise UnknownRevision(f"there is no revision {number}")
        if not find(organization_id, agent_id).is_active:
            raise AgentRetired("A retired agent takes no new revision.")
        return save_draft(
            organization_id=organization_id, agent_id=agent_id, settings=settings_of(revision), by=by, at=at
        )


def settings_of(revision: AgentRevision) -> Settings:
    """What a revision says, as settings."""
    return Settings(
        revision.recording_enabled, revision.transcript_enabled, revision.disclosures, revision.retention_days
    )


def _disclosure_version(last: AgentRevision | None, settings: Settings) -> int:
    if last is None:
        return 1 if settings.disclosures else 0
    changed = bool(last.disclosures != dict(settings.disclosures))
    return int(last.disclosure_version) + changed
