"""The door for programs: keys, scopes, errors, idempotency."""
