"""Periods in hours: they run through nights, weekends, holidays and changes of the clock.

GDPR Art. 33(1) gives 72 hours from becoming aware. Reg. 1182/71 Art. 3(5) (periods of two days or more hold at least
two working days) is an argument for a defence, never the plan, and is not applied.
"""

from datetime import datetime, timedelta
from typing import Final

from ground.clocks.periods import in_utc

BREACH_HOURS: Final = 72


def hours_after(moment: datetime, hours: int) -> datetime:
    """Exactly that many hours later, in UTC. Raises NaiveMoment."""
    return in_utc(moment) + timedelta(hours=hours)


def hours_left(deadline: datetime, now: datetime) -> float:
    """Hours from `now` to the deadline; negative once it has passed. Raises NaiveMoment."""
    return (in_utc(deadline) - in_utc(now)) / timedelta(hours=1)
