"""What can go wrong with keys and sealed things, each with its own name.

Two families matter to callers. `Unavailable`: nothing is known to be wrong, try again later (ingest answers 503 and
acknowledges nothing). Everything else is a finding about the data; it is never read as "this was erased".
"""

from collections.abc import Iterable
from uuid import UUID


class VaultError(Exception):
    """Base of every refusal and finding of the vault."""


# ------------------------------------------------------------------ outages
class Unavailable(VaultError):
    """A part the vault stands on does not answer. Nothing was acknowledged; safe to repeat."""


class MainDown(Unavailable):
    """The main database does not answer."""


class KeyringDown(Unavailable):
    """The keyring database does not answer."""


class KeyStoreDown(Unavailable):
    """The key store or its mirror does not answer, or one of the two is lost and waits for `repair`."""


class RootDown(Unavailable):
    """The key management service that holds the root key does not answer."""


class ObjectStoreDown(Unavailable):
    """The object store does not answer or has no room."""


class JournalDown(Unavailable):
    """The erasure journal cannot be written or read."""


class NotOpen(Unavailable):
    """A restore is underway: nothing serves, ingests or purges until the journal has been replayed."""


class ShelfBusy(Unavailable):
    """A shelf version is still used by data keys (or another process changes it now)."""


# ------------------------------------------------------------------ findings about keys
class KeyLost(VaultError):
    """A key that should exist does not. An alarm, never a proof of erasure: only the journal proves that."""

    def __init__(self, message: str, ids: Iterable[UUID] = ()) -> None:
        self.ids = frozenset(ids)
        super().__init__(f"{message} ({len(self.ids)} missing: {', '.join(sorted(map(str, self.ids))[:5])})")


class ShelfLost(KeyLost):
    """The key store has neither the shelf key nor a note that it was destroyed on purpose."""


class ShelfDestroyed(KeyLost):
    """The shelf key was destroyed on purpose; what it wrapped is beyond recovery."""


class WrongKey(VaultError):
    """A wrapped key does not open under this key and context, or its check value differs."""


class WrongRoot(WrongKey):
    """This root key is not the one that wrapped the key store."""


class RootMissing(VaultError):
    """The key store holds keys, but the root key that wrapped them is not there. Restore it from escrow."""


class RootDamaged(VaultError):
    """The root key file is not one (wrong length, wrong check) or others can read it."""


class SealedTwice(VaultError):
    """A data key seals each slot once, and only in the process that minted it. Mint another for a retry or re-seal."""


class KeyDeadlinePassed(VaultError):
    """The row came too late: its data key may already be set aside. Start again with a new key."""


# ------------------------------------------------------------------ findings about sealed bytes
class Tampered(VaultError):
    """Altered bytes, or bytes of another key, organization, category, object, version or place."""


class Truncated(Tampered):
    """The end is missing."""


class UnknownFormat(Tampered):
    """The first byte names no format this release knows."""


class ObjectMissing(VaultError):
    """No object of that name. A finding for reconciliation, never a reason to destroy its partner."""


# ------------------------------------------------------------------ findings about stores and journal
class KeyStoreDamaged(VaultError):
    """An organization's file is unreadable in the key store and in its mirror."""


class KeyStoreUnfit(VaultError):
    """The place chosen for the key store keeps old versions or is used for something else."""


class JournalDamaged(VaultError):
    """An acknowledged journal entry does not read back. Replay stops here rather than skip it."""


class NotOpaque(VaultError):
    """A journal payload would carry something other than ids, digests, numbers and moments."""


class NoHandler(VaultError):
    """A journal entry has a kind for which nothing is registered; replay must not step over it."""


class NotCanonical(VaultError):
    """A value RFC 8785 cannot write exactly (a float that is no number, an integer beyond 2**53, another type)."""


class BadSignature(VaultError):
    """The signature is not this key's over these bytes."""


class NotAnIdentifier(VaultError, ValueError):
    """This is no phone number, e-mail address, external id or name. The message never repeats the value."""


# ------------------------------------------------------------------ backups, restores, the night
class NoOwner(VaultError):
    """The command needs the owner's connections (DATABASE_OWNER_URL, KEYRING_DATABASE_OWNER_URL)."""


class ToolsMissing(VaultError):
    """No `pg_dump` or `pg_restore` that fits the server was found."""


class BackupFailed(VaultError):
    """`pg_dump` did not end well, or its result could not be stored. Nothing was kept."""


class BackupDamaged(VaultError):
    """A manifest or archive is not what was written: altered, cut, of another root, or without its other half."""


class BackupPruned(VaultError):
    """The keyring half of this backup was pruned after a rotation: it could open nothing any more."""


class RestoreFailed(VaultError):
    """The database was not restored. The gate stays closed; say the same command again."""


class EscrowDamaged(VaultError):
    """The escrow text is not one, was mistyped, or another passphrase sealed it."""


class NothingToEscrow(VaultError):
    """The root key does not exist outside its key management service."""
