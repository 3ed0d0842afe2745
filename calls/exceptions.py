"""Refusals of calls, with names people understand."""


class CallsError(Exception):
    """Base of this app's refusals."""

    code = "calls-refused"


class NoSuchPart(CallsError):
    """The call has no such recording, transcript or report (any more)."""

    code = "not-there"


class KeptByHold(CallsError):
    """A legal hold or a restriction keeps some of what was to be destroyed; nothing was destroyed."""

    code = "on-legal-hold"


class CountMismatch(CallsError):
    """What would be destroyed is not what was confirmed; look again."""

    code = "count-mismatch"

    def __init__(self, found: int) -> None:
        self.found = found
        super().__init__("what would be destroyed differs from what was confirmed")


class RangeNotSatisfiable(CallsError):
    """The byte range lies outside of the recording."""

    code = "range-not-satisfiable"

    def __init__(self, total: int) -> None:
        self.total = total
        super().__init__("the range lies outside of the recording")


class NothingToTry(CallsError):
    """No test call can be sent to this connection from here."""

    code = "nothing-to-try"


class TooManySearches(CallsError):
    """One member searches more often than work needs; a pause is asked for."""

    code = "too-many-searches"
