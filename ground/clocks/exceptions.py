"""What a clock refuses to compute."""


class ClockError(ValueError):
    """Base of every refusal of the date engine."""


class NaiveMoment(ClockError):
    """A moment without a time zone cannot be placed on any clock."""


class BeyondCalendar(ClockError):
    """The answer lies outside the years 1 to 9999."""


class UnknownCalendar(ClockError):
    """No holiday calendar is known for this country or part of it."""


class UnknownRegime(ClockError):
    """No clock of this kind is known for this regime."""


class MixedUnits(ClockError):
    """An extension must be in the unit of the period it extends."""


class OpenPause(ClockError):
    """A pause that is still open needs the day up to which it is counted."""
