"""The verbs: everything here that changes something, each one transaction and one audit event."""
