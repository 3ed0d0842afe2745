"""What stays unsealed, and why. Anything else that describes a person is sealed under its own data key.

Each line: where it lies → the reason it cannot or need not be sealed. A reviewer reads this list; a test holds it to
the models that exist.
"""

UNSEALED: dict[str, str] = {
    "accounts.User.email": "allauth logs people in by it and the database must keep it unique",
    "accounts.User.name": "shown beside every act of a member in the organization's own pages",
    "accounts.User.password": "an Argon2id hash",
    "account.EmailAddress.email": "allauth verifies addresses by it",
    "accounts.Organization.name": "the name of a business, shown to its members and to staff",
    "sessions.Session.session_data": "signed, short-lived, holds ids only; expires with the session",
    "usersessions.UserSession.ip": "shown to its owner so that a stolen session can be seen; expires with the session",
    "usersessions.UserSession.user_agent": "shown to its owner so that a stolen session can be seen",
    "vault.DataKey.wrapped": "already wrapped by a shelf key",
    "*.organization_id": "the wall between organizations compares it",
    "*.key_id": "names the data key; opaque",
    "*.find_digest": "a blind index under a key outside the database",
    "*.suppress_digest": "a blind index under a key outside the database, re-keyed by an outer HMAC",
    "*.tombstone_digest": "a blind index under a key outside the database, re-keyed by an outer HMAC",
    "calls.Call.started_at, ended_at, duration, direction, outcome": "retention counts from them, dashboards sum them; "
    "without a person's identifiers beside them they name nobody, and the purge deletes the row",
    "audit events": "ids and counts only, by rule",
    "journal entries": "opaque ids and digests only, checked when they are written",
}
