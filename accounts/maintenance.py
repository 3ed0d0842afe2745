"""Closed for maintenance: a file says so, every web process sees it at its next request.

The file lies in DATA_DIR, so machines that share it close together; elsewhere MAINTENANCE=1 in the environment does the
same. Health, figures and static files keep answering; work in queues goes on.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

RETRY_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Closed:
    """`until`: when it is expected to be over; None when nobody said."""

    since: datetime | None = None
    until: datetime | None = None

    def retry_seconds(self, at: datetime) -> int:
        """When asking again makes sense."""
        return max(RETRY_SECONDS, int((self.until - at).total_seconds())) if self.until else RETRY_SECONDS


def file() -> Path:
    return Path(settings.DATA_DIR) / "maintenance.json"


def state() -> Closed | None:
    """None while open. A file that cannot be read still closes: somebody wanted it."""
    if settings.MAINTENANCE:
        return Closed()
    try:
        told = json.loads(file().read_text(encoding="utf-8"))
        return Closed(*(datetime.fromisoformat(told[name]) if told.get(name) else None for name in ("since", "until")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError):
        return Closed()


def begin(*, minutes: int | None = None) -> Closed:
    """Close from now on; `minutes` is what visitors and programs are told."""
    now = timezone.now()
    until = now + timedelta(minutes=minutes) if minutes else None
    file().parent.mkdir(parents=True, exist_ok=True)
    fresh = file().with_suffix(".new")
    told = {"since": now.isoformat(), "until": until.isoformat() if until else ""}
    fresh.write_text(json.dumps(told), encoding="utf-8")
    fresh.replace(file())
    return Closed(now, until)


def end() -> bool:
    """Open again; whether it was closed."""
    was = file().exists()
    file().unlink(missing_ok=True)
    return was
