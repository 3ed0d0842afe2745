"""Refusals of agents and connections."""


class AgentsError(Exception):
    """Base of this app's refusals. `code` is the word the API answers with."""

    code = "agents-refused"


class UnknownAgent(AgentsError):
    """No such agent in this organization."""

    code = "unknown-agent"


class UnknownConnection(AgentsError):
    """No such connection in this organization."""

    code = "unknown-connection"


class UnknownRevision(AgentsError):
    """The agent has no revision with this number."""

    code = "unknown-revision"


class AgentExists(AgentsError):
    """The connection already has an agent with this provider id."""

    code = "agent-exists"


class AgentRetired(AgentsError):
    """A retired agent takes no new revision."""

    code = "agent-retired"


class DisclosureMissing(AgentsError):
    """Recording without words that callers hear first (promise KLARIQO-REC-02)."""

    code = "disclosure-missing"


class OutsideOperatorBounds(AgentsError):
    """A period the operator's profile does not allow for this category."""

    code = "outside-operator-bounds"


class OnlyShorter(AgentsError):
    """An agent may shorten the organization's period, never lengthen it."""

    code = "only-shorter"


class InvalidSettings(AgentsError):
    """Settings that cannot be published; the message says which part."""

    code = "invalid-settings"


class NothingChanged(AgentsError):
    """The settings are those already in force."""

    code = "nothing-changed"


class InvalidAddress(AgentsError):
    """The address of the provider's API is not one we would call."""

    code = "invalid-address"


class InvalidSecret(AgentsError):
    """A secret that cannot be one: empty, too short, or not in the provider's form."""

    code = "invalid-secret"


class UnfitProof(AgentsError):
    """The provider cannot prove its deliveries in this way."""

    code = "unfit-proof"


class RotationUnderway(AgentsError):
    """Two signing secrets are in use already; the older must end first."""

    code = "rotation-underway"
