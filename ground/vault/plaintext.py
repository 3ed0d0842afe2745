"""What stays unsealed although it speaks of a person, and why. Everything else is sealed under a data key of its own.

By model field. Reviewers read this list; a test holds it to the models that exist and finds addresses that are missing
from it. Not listed one by one: organization ids and other opaque ids, blind indexes (16 bytes under keys outside the
database), moments, counts, states, and what already carries ciphertext.
"""

UNSEALED: dict[str, str] = {
    "accounts.User.email": "people log in by it, and the database keeps it unique",
    "accounts.User.name": "shown beside what a member did, on the organization's own pages",
    "accounts.User.password": "an Argon2id hash",
    "account.EmailAddress.email": "the same address, while it is being verified",
    "accounts.Organization.name": "a business's name, shown to its members and to staff",
    "accounts.Organization.privacy_contact": "where a business answers for privacy; shown to its members and to staff",
    "accounts.Organization.slug": "a business's short name in addresses",
    "accounts.StaffSession.reason": "why staff looked, written for the organization; names no subject",
    "accounts.StaffSession.content_reason": "why staff needed content, written for the organization; names no subject",
    "accounts.StaffSession.reference": "the number of a ticket, order or case of the operator",
    "sessions.Session.session_data": "encrypted under a key derived from SECRET_KEY, not by the vault",
    "usersessions.UserSession.ip": "shown to the session's owner, who may spot a stranger; gone when the session ends",
    "usersessions.UserSession.user_agent": "shown to the session's owner; gone when the session ends",
    "admin.LogEntry.object_repr": "staff see operator-owned tables there, never tenant content",
    "contacts.ContactList.name": "a list's title, written by the organization for itself",
    "agents.Agent.name": "an AI agent's name",
    "agents.ProviderConnection.name": "a connection's title; its credentials are sealed",
    "calls.Call.started_at": "retention counts from it and dashboards sum by it; beside it everything that names a "
    "person is sealed, and the purge deletes the row",
    "calls.Call.end_reason": "the provider's own word for how a call ended",
}
