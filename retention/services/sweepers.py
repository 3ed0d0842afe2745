"""What expires but is no row of a declared model: the platform's log files, sealed blocks of the access log.

Each sweeper takes (organization, actor, database now), destroys what is due in bounded steps and returns how much went.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings

from accounts.models import Organization
from ground import audit, clocks
from ground.profiles import Category
from ground.tenancy import Actor, acting_for
from retention import periods

_DAY_IN_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})")


def log_files(organization_id: UUID, by: Actor, now: datetime) -> int:
    """Remove whole days of the platform's own log files (operator only). The clock is the end of the day."""
    if not Organization.objects.filter(id=organization_id, is_operator=True).exists():
        return 0
    with acting_for(organization_id):
        cutoff = clocks.cutoff(now, periods.effective(organization_id, Category.PLATFORM_LOG, now).period)
    gone = 0
    for file in sorted(Path(settings.LOG_DIR).glob("*.log*")):
        if _day_ends(file) < cutoff:
            file.unlink(missing_ok=True)
            gone += 1
    if gone:
        with acting_for(organization_id):
            audit.append("retention.log_files_removed", organization_id=organization_id, actor=by, files=gone)
    return gone


def _day_ends(file: Path) -> datetime:
    """The end of the UTC day a file is about: from its name, else from its last change."""
    found = _DAY_IN_NAME.search(file.name)
    if found:
        with suppress(ValueError):  # digits that are no date
            return datetime.combine(date.fromisoformat(found[1]) + timedelta(days=1), time.min, UTC)
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def access_log(organization_id: UUID, by: Actor, now: datetime) -> int:
    """Expire whole sealed blocks of the access stream; their headers stay, so the chain still verifies."""
    with acting_for(organization_id):
        cutoff = clocks.cutoff(now, periods.effective(organization_id, Category.ACCESS_LOG, now).period)
    return audit.expire_blocks(organization_id, stream=audit.ACCESS, older_than=cutoff, by=by).events


SWEEPERS: dict[str, Callable[[UUID, Actor, datetime], int]] = {
    Category.PLATFORM_LOG: log_files,
    Category.ACCESS_LOG: access_log,
}
