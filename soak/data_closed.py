"""A17: whatever is wrong with a period, a key, a clock or a place, nothing is destroyed, and one alert says so.

Every entry of the table damages one thing in an organization with calls that are due, runs the purge twice, and looks:
not one row, key or object less, exactly one open alert of the right kind; the damage mended, the purge does its work.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest import mock

from django.db import OperationalError
from psycopg import sql

from calls.models import Call, CallReport, Recording, Transcript
from ground import clocks, vault
from ground.audit.models import Alert
from ground.profiles import Period, Unit
from ground.tenancy import Actor, acting_for, uuid7
from ground.vault.exceptions import JournalDown, KeyringDown, KeyStoreDown, NotOpen, RootDown
from ground.vault.journal.folder import FolderJournal
from retention import due
from retention.models import PeriodVersion
from retention.services import guard, sweep
from retention.services import settings as periods_service
from soak import world
from soak.harness import Run, figure
from tests import factories, holdings

BY = Actor.system("soak")
PERIOD, FAILED, ASKED = "retention.period_unusable", "retention.category_failed", "retention.approval_needed"
MODELS = (Recording, Transcript, CallReport, Call)


@dataclass(frozen=True, slots=True)
class Bad:
    """`damage(organization id)` is a context manager; `alert`: the kind expected, "" where the run is refused whole."""

    name: str
    damage: Callable[[Any], Any]
    alert: str
    category: str = "recording"
    rows: int = 2


# ------------------------------------------------------------------ damages
def stored(**columns: Any) -> Callable[[Any], Any]:
    """The organization's own period, falsified in the table."""

    @contextlib.contextmanager
    def damage(organization_id: Any) -> Iterator[None]:
        with acting_for(organization_id):
            version = PeriodVersion.objects.get(category="recording")
        with world.superuser() as server:
            for name in ("period_is_positive", "retention_periodversion_n_check"):
                server.execute(f"ALTER TABLE retention_periodversion DROP CONSTRAINT IF EXISTS {name}")
            for column, value in columns.items():
                server.execute(
                    sql.SQL("UPDATE retention_periodversion SET {} = %s WHERE id = %s").format(sql.Identifier(column)),
                    [value, version.id],
                )
            yield
            server.execute("UPDATE retention_periodversion SET n = 100, unit = 'day' WHERE id = %s", [version.id])

    return damage


def raising(owner: Any, name: str, error: Exception) -> Callable[[Any], Any]:
    """A part that does not answer."""
    return lambda organization_id: mock.patch.object(owner, name, mock.Mock(side_effect=error))


def clock(**ahead: float) -> Callable[[Any], Any]:
    """The database's clock is wrong: everything would be due."""

    def damage(organization_id: Any) -> Any:
        wrong = due.database_now() + timedelta(**ahead)
        return mock.patch.object(due, "database_now", return_value=wrong)

    return damage


def cutoff(how: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda organization_id: mock.patch.object(clocks, "cutoff", how)


def outage(error: Exception) -> list[Bad]:
    name = type(error).__name__
    return [
        Bad(f"{name} when keys are destroyed", raising(vault.keys, "destroy", error), FAILED),
        Bad(f"{name} when the journal is written", raising(vault.journal, "append", error), FAILED),
    ]


_FORBIDDEN = [(0, "day"), (-1, "day"), (-400, "month"), (2**31 - 1, "day"), (10**6, "year"), (36_600, "day")]
_FORBIDDEN += [
    (90, "week"),
    (90, ""),
    (90, "DAY"),
    (90, "days"),
    (90, "jour"),
    (1, "hour"),
    (1, "second"),
    (90, "\u200b"),
]
_FORBIDDEN += [
    (400, "day"),
    (13, "month"),
    (2, "year"),
    (5, "year"),
    (100, "month"),
    (999_999, "day"),
    (0, "month"),
    (0, "year"),
    (-90, "year"),
    (2**31 - 1, "month"),
]
_OUTAGES = [
    KeyringDown("x"),
    KeyStoreDown("x"),
    RootDown("x"),
    JournalDown("x"),
    OperationalError("x"),
]
TABLE = [
    *(Bad(f"a stored period of {n} {unit!r}", stored(n=n, unit=unit), PERIOD) for n, unit in _FORBIDDEN),
    *(bad for error in _OUTAGES for bad in outage(error)),
    Bad("a journal on a full disk", raising(FolderJournal, "append", JournalDown("full")), FAILED),
    Bad("the gate is shut", raising(vault.gate, "require_open", NotOpen("x")), ""),
    Bad("a cutoff that cannot be computed", cutoff(mock.Mock(side_effect=clocks.BeyondCalendar("x"))), PERIOD),
    *(
        Bad(f"a clock {days} days ahead", clock(days=days), ASKED, "transcript", 60)
        for days in (60, 400, 4_000, 40_000)
    ),
    Bad("a clock 100,000 days behind", clock(days=-100_000), "", "transcript", 60),
    Bad("more than a twentieth at once", lambda organization_id: contextlib.nullcontext(), ASKED, "transcript", 61),
]


@figure("A17", "What is wrong destroys nothing, and one alert says so", full=len(TABLE), small=6, unit="bad inputs")
def fails_closed(run: Run) -> None:
    table = list(TABLE)
    if run.count < len(table):
        run.random.shuffle(table)
    run.check("the table has at least forty entries", len(TABLE) >= 40, str(len(TABLE)))
    for turn in run.turns():
        _one(run, table[turn % len(table)])
    _another_organization(run)


def _another_organization(run: Run) -> None:
    """A purge for the wrong one, or for one that is not there, takes nothing of ours."""
    ours, other = factories.organization().id, factories.organization().id
    holdings.keep_call(ours, holdings.days_ago(200))
    before = _held(ours)
    for wrong in (other, uuid7()):
        run.same("nothing of another organization", sweep.purge_expired(organization_id=wrong, by=BY).rows, 0)
    run.same("nothing of another organization destroyed", _held(ours), before)


def _one(run: Run, bad: Bad) -> None:
    organization_id = factories.organization().id
    _planted(organization_id, bad)
    before = _held(organization_id)
    with bad.damage(organization_id):
        for _ in range(2):
            refused = _purged(run, organization_id, bad)
        alerts = _alerts(organization_id)
    run.same("nothing destroyed", _held(organization_id), before, bad.name)
    if bad.alert:
        run.same("one alert", alerts, [(bad.alert, bad.category)], bad.name)
    else:
        run.check("refused whole, or nothing due", refused is not False or not alerts, bad.name)
    if bad.alert == ASKED:
        guard.approve(
            organization_id=organization_id, category=bad.category, rows=bad.rows, by=BY, at=due.database_now()
        )
    _purged(run, organization_id, bad)
    run.same("no alert is left when it is mended", _alerts(organization_id), [], bad.name)


def _planted(organization_id: Any, bad: Bad) -> None:
    if bad.category == "recording":
        for number in range(bad.rows):
            holdings.keep_call(organization_id, holdings.days_ago(200 + number), parts=("recording",))
        periods_service.change(
            organization_id=organization_id,
            category="recording",
            period=Period(100, Unit.DAY),
            by=BY,
            at=holdings.days_ago(3),
        )
        return
    old = 200 if "twentieth" in bad.name else 40
    for _ in range(bad.rows):
        holdings.keep_call(organization_id, holdings.days_ago(old), parts=("transcript",))


def _purged(run: Run, organization_id: Any, bad: Bad) -> bool | None:
    """True: something went. None: the run was refused."""
    try:
        report = sweep.purge_expired(organization_id=organization_id, by=BY, categories=[bad.category])
    except (vault.VaultError, OperationalError, RuntimeError):
        return None
    return bool(report.rows)


def _held(organization_id: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with acting_for(organization_id):
        for model in MODELS:
            keys = list(model.objects.values_list("key_id", flat=True))
            found[model.__name__] = (len(keys), len(vault.keys.existing(organization_id, keys)))
    found["objects"] = sum(1 for _ in vault.objects.store().list(f"{organization_id}/"))
    return found


def _alerts(organization_id: Any) -> list[tuple[str, str]]:
    with acting_for(organization_id):
        rows = Alert.objects.filter(resolved_at=None, kind__startswith="retention.").exclude(kind="retention.overdue")
        return sorted(rows.values_list("kind", "key"))
