"""Long work as people see it: n of m, the time left at the pace so far, whether it still goes on."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

SURE_AFTER_SECONDS = 3  # before that a pace is a guess
SURE_AFTER = 1  # and without anything done there is none


@dataclass(frozen=True, slots=True)
class Work:
    """`done` of `total` since `started_at`, as seen `at`. `total` 0: nobody knows yet how much there is."""

    done: int
    total: int
    started_at: datetime | None
    at: datetime

    @property
    def share(self) -> int:
        """Percent, never 100 before everything is done."""
        if self.total <= 0:
            return 0
        return min(100 * self.done // self.total, 100)

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None where that would be a guess."""
        if self.started_at is None or self.done < SURE_AFTER or self.total <= 0:
            return None
        elapsed = (self.at - self.started_at).total_seconds()
        if elapsed < SURE_AFTER_SECONDS:
            return None
        return elapsed * max(0, self.total - self.done) / self.done

    @property
    def left(self) -> str:
        """In words as rough as the figure is; "" where nobody can say."""
        seconds = self.seconds_left
        if seconds is None or self.done >= self.total:
            return ""
        if seconds < 60:
            return _("less than a minute left")
        minutes = round(seconds / 60)
        if minutes < 90:
            return ngettext("about %(n)d minute left", "about %(n)d minutes left", minutes) % {"n": minutes}
        hours = round(seconds / 3600)
        return ngettext("about %(n)d hour left", "about %(n)d hours left", hours) % {"n": hours}
