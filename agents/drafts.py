"""What an agent's draft says beside what is in force."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.differences import Difference, differences
from agents.exceptions import AgentsError, InvalidSettings
from agents.models import Agent, AgentRevision
from agents.services.revisions import revisions_of, settings_of
from agents.services.settings import Settings


@dataclass(frozen=True, slots=True)
class Draft:
    """`settings`: the draft, or without one what is in force. `obstacle`: why it cannot be published, or None."""

    settings: Settings
    revision: AgentRevision | None
    differences: list[Difference] = field(default_factory=list)
    obstacle: AgentsError | None = None


def draft_of(agent: Agent) -> Draft:
    """Needs the organization's context. A draft that cannot be read counts as none."""
    revision = revisions_of(agent.organization_id, agent.id).first()
    current = settings_of(revision) if revision else Settings()
    if not agent.draft:
        return Draft(current, revision)
    try:
        wanted = Settings.from_json(agent.draft)
    except (InvalidSettings, TypeError):
        return Draft(current, revision)
    obstacle = None
    try:
        wanted.checked(agent.organization_id)
    except AgentsError as refused:
        obstacle = refused
    return Draft(wanted, revision, differences(current, wanted), obstacle)


def stamp_of(draft: Mapping[str, Any]) -> str:
    """A few letters that change when the draft does: publishing takes what was on screen, or nothing."""
    return hashlib.sha256(json.dumps(draft, sort_keys=True).encode()).hexdigest()[:16]
