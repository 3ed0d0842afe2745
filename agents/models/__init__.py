"""Voice agents: which provider they come from, what they may keep, and what they did."""

from agents.models.activity import AgentActivity
from agents.models.agents import Agent, AgentRevision, AgentState
from agents.models.connections import AuthMode, ConnectionState, Provider, ProviderConnection

__all__ = [
    "Agent",
    "AgentActivity",
    "AgentRevision",
    "AgentState",
    "AuthMode",
    "ConnectionState",
    "Provider",
    "ProviderConnection",
]
