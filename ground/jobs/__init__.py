"""Work that must not be lost: rows with leases, a sweep, quarantine. Celery only wakes.

The verbs are re-exported here; they load on first use, because Django imports this package before its models.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ground.jobs.exceptions import GiveUp as GiveUp
    from ground.jobs.exceptions import RetryLater as RetryLater
    from ground.jobs.exceptions import StaleLease as StaleLease
    from ground.jobs.exceptions import UnknownKind as UnknownKind
    from ground.jobs.lease import Lease as Lease
    from ground.jobs.patience import until_the_vault_answers as until_the_vault_answers
    from ground.jobs.registry import handler as handler
    from ground.jobs.services.queueing import enqueue as enqueue
    from ground.jobs.services.queueing import enqueue_many as enqueue_many
    from ground.jobs.services.queueing import slot as slot
    from ground.jobs.services.running import Outcome as Outcome
    from ground.jobs.services.running import run as run
    from ground.jobs.services.sweeping import stats as stats
    from ground.jobs.services.sweeping import sweep as sweep
    from ground.jobs.services.upkeep import cancel as cancel
    from ground.jobs.services.upkeep import purge_finished as purge_finished
    from ground.jobs.services.upkeep import release as release

_HOMES = {
    "cancel": "services.upkeep",
    "enqueue": "services.queueing",
    "enqueue_many": "services.queueing",
    "GiveUp": "exceptions",
    "handler": "registry",
    "Lease": "lease",
    "Outcome": "services.running",
    "purge_finished": "services.upkeep",
    "release": "services.upkeep",
    "RetryLater": "exceptions",
    "run": "services.running",
    "slot": "services.queueing",
    "StaleLease": "exceptions",
    "stats": "services.sweeping",
    "sweep": "services.sweeping",
    "UnknownKind": "exceptions",
    "until_the_vault_answers": "patience",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
