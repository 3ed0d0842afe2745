"""Refusals of the audit trail."""


class AuditError(Exception):
    """Base of this package's refusals."""


class PersonalDataInAudit(AuditError, ValueError):
    """A text is no id, slug or enum word. The message names the place, never the value: it may be personal."""


class NotCanonical(AuditError, TypeError):
    """A value has no single spelling in canonical JSON here (floats, naive times, bytes, huge integers)."""


class NotSealedYet(AuditError):
    """The event exists, but no block holds it yet. The sealer needs a few seconds."""


class BlockExpired(AuditError):
    """The events of the block have been expired; only its signed header is left."""


class NotExpirable(AuditError):
    """The block is not sealed, or something in it is younger than the given moment."""


class EpochBehind(AuditError):
    """Transaction ids went back (the database was restored), but no epoch was begun: sealing would lie about order."""
