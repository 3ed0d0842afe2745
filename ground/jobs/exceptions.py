"""What a handler may say, and what the queue refuses."""

from ground.audit.payload import token


class JobsError(Exception):
    """Base of this package's refusals."""


class UnknownKind(JobsError):
    """No handler is registered for this kind of job."""


class StaleLease(JobsError):
    """The lease ran out and somebody else has the job (or it was cancelled). Stop at once; nothing more is yours."""


class RetryLater(JobsError):
    """A handler: not now. `reason` is a short code. Uncounted retries do not use up attempts (a provider not ready)."""

    def __init__(self, seconds: float, reason: str, *, counted: bool = True) -> None:
        super().__init__(token(reason, "reason"))
        self.seconds, self.reason, self.counted = max(0.0, seconds), reason, counted


class GiveUp(JobsError):
    """A handler: this will never work. `reason` is a short code; the job fails for good, with an alert."""

    def __init__(self, reason: str) -> None:
        super().__init__(token(reason, "reason"))
        self.reason = reason
