"""What a certificate says, in words: the same for its page, its PDF and its print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from ground import clocks, profiles
from ground.inventory.models import DestructionBatch
from retention import words
from retention.models import Moment, PurgeRun, Statement


@dataclass(frozen=True, slots=True)
class Said:
    """One of the three moments: what it claims, its statement once it has happened, else when it is expected."""

    moment: str
    name: str
    claim: str
    statement: Statement | None
    expected: datetime | None


def moments(run: PurgeRun, statements: Sequence[Statement]) -> list[Said]:
    """In their order. Rows without content lay under no key and have no second moment. Needs the context."""
    by_moment = {statement.moment: statement for statement in statements}
    expected = _expected(by_moment)
    return [
        Said(moment, str(words.MOMENTS[moment]), claim(moment), by_moment.get(moment), expected.get(moment))
        for moment in Moment.values
        if moment != Moment.BEYOND_RECOVERY or _sealed(run)
    ]


def _expected(by_moment: Mapping[str, Statement]) -> dict[str, datetime]:
    """When moments that have not come yet will: only the backup window can be told beforehand."""
    window, first = profiles.current().backup_window, by_moment.get(Moment.UNREADABLE)
    if not window or first is None:
        return {}
    return {Moment.GONE_FROM_BACKUPS: clocks.purge_after(first.happened_at, window)}


def _sealed(run: PurgeRun) -> bool:
    batches = DestructionBatch.objects.filter(organization_id=run.organization_id, run_id=run.pk, keys__gt=0)
    return batches.exists()


def claim(moment: str) -> str:
    """What a statement about this moment says."""
    return {
        Moment.UNREADABLE: _("The data keys were deleted. Without its key a sealed record cannot be opened."),
        Moment.BEYOND_RECOVERY: _(
            "The shelf keys above them were destroyed in both key stores and old keyring backups pruned: copies of "
            "the deleted keys in files, logs, replicas or backups open nothing."
        ),
        Moment.GONE_FROM_BACKUPS: _("The last backup that still named these records has expired."),
    }[Moment(moment)]


def not_yet(said: Said) -> str:
    """When a moment that has not come is expected, in few words."""
    if said.moment == Moment.BEYOND_RECOVERY:
        return _("with the next night")
    return _("no backup window stated")


def limits(content: Mapping[str, Any]) -> list[str]:
    """What the certificate does not claim, sentence by sentence."""
    found = []
    if content["held_at_the_last_look"]:
        held = words.records(content["held_at_the_last_look"])
        found.append(_("%(n)s under a hold stay.") % {"n": held})
    if content["set_aside"]:
        aside = words.records(content["set_aside"])
        found.append(_("%(n)s were set aside and are not part of it.") % {"n": aside})
    if content["key_store"] == "folder":
        found.append(
            _(
                "The key store is a folder: the claim covers databases, write-ahead logs, replicas and backups, not a "
                "forensic examination of the disk that holds the keys."
            )
        )
    else:
        found.append(
            _("The key store is a bucket without versions: the claim relies on the store deleting what it confirms.")
        )
    return found


def remains() -> list[str]:
    """What is left of the records, and for how long."""
    return [
        _("opaque ids in the audit log and in this certificate"),
        _("keyed digests that keep the records from coming back, until provider copies and backups have ended"),
        _("a suppression entry, if the person asked not to be contacted"),
    ]


def reasons(destroyed: Sequence[Mapping[str, Any]]) -> str:
    """Why, when all of it went for the same reason."""
    found = {reason for entry in destroyed for reason in entry["reason"]}
    return str(words.REASONS.get(found.pop(), "")) if len(found) == 1 else ""


def totals(destroyed: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Records, keys and bytes of all categories."""
    return {name: sum(entry[name] for entry in destroyed) for name in ("records", "keys", "bytes")}


def spaced(digest: str) -> str:
    """A digest in groups of four, as people compare it."""
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))
