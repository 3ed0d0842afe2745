"""Refusals of retention, with names people understand."""


class RetentionError(Exception):
    """Base of this package's refusals."""


class OutsideOperatorBounds(RetentionError):
    """The period is shorter or longer than the operator or the law allows; the message names the bounds."""


class NotYoursToChange(RetentionError):
    """The operator's text or the law fixes this category; an organization cannot change it."""


class Unchanged(RetentionError):
    """The period asked for is the one in force."""


class WrongConfirmation(RetentionError):
    """The number typed is not the number that would leave."""


class NothingToUndo(RetentionError):
    """There is no change waiting that could be undone (it has taken effect, has begun, or was undone)."""


class PurgeUnderway(RetentionError):
    """Another run of this organization is at work."""


class NoPeriod(RetentionError):
    """No period applies: the text gives none and the operator has not decided. Nothing is purged."""


class PeriodUnusable(RetentionError):
    """The stored period is damaged, zero or outside the bounds: nothing is purged and an alert is raised."""


class NothingSelected(RetentionError):
    """What was to be destroyed does not exist (any more)."""
