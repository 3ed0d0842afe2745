"""Refusals of tenancy."""


class TenancyError(Exception):
    """Base of this package's refusals."""


class ContextMismatch(TenancyError):
    """A service was called for one organization inside the context of another (or of none)."""
