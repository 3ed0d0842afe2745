"""The verbs of agents. Calls uses `resolve`; everything else is for people and the API."""

from agents.services.activity import note
from agents.services.registry import change, create, discard_draft, find, retire, save_draft
from agents.services.resolving import AgentAtCall, resolve, shorter_periods
from agents.services.revisions import in_force, publish, restore, revisions_of
from agents.services.settings import Settings

__all__ = [
    "AgentAtCall",
    "Settings",
    "change",
    "create",
    "discard_draft",
    "find",
    "in_force",
    "note",
    "publish",
    "resolve",
    "restore",
    "retire",
    "revisions_of",
    "save_draft",
    "shorter_periods",
]
