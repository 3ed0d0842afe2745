"""Every call that leaves the process, counted, and the n-th of them failing: refused, or carried out unanswered.

Counted are SQL statements and commits on both databases, calls to the object store, key store, root key and journal,
and commands to Valkey. A call that is *refused* was not carried out. The answer of a *lost* one never arrives: what it
asked for has happened, and where it was SQL the connection is gone.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import redis.exceptions
from celery import Celery
from django.core.cache.backends.redis import RedisCacheClient
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ground.vault.exceptions import JournalDown, KeyStoreDown, ObjectStoreDown, RootDown
from ground.vault.journal.folder import FolderJournal
from ground.vault.keystore.places import FolderPlace
from ground.vault.objects.folder import FolderObjects
from ground.vault.root import FileRoot

REFUSED, LOST = "refused", "lost"
_WRITTEN = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "?([a-z]+_[a-z_]+)"?', re.IGNORECASE)
_METHODS: list[tuple[type, str, type[Exception]]] = [
    *((FolderObjects, name, ObjectStoreDown) for name in ("put", "open", "size", "exists", "delete_many")),
    *((FolderPlace, name, KeyStoreDown) for name in ("read", "write")),
    *((FileRoot, name, RootDown) for name in ("wrap", "unwrap")),
    (FolderJournal, "append", JournalDown),
    *((RedisCacheClient, name, redis.exceptions.ConnectionError) for name in ("get", "set", "add", "incr", "delete")),
    (Celery, "send_task", redis.exceptions.ConnectionError),
]


@dataclass(slots=True)
class Outside:
    """What was called. `fail_at` 0: nothing fails."""

    fail_at: int = 0
    how: str = REFUSED
    count: int = 0
    failed: str = ""
    tables: set[tuple[str, str]] = field(default_factory=set)

    def call(self, name: str, work: Callable[[], Any], error: Exception, hang_up: Callable[[], None]) -> Any:
        self.count += 1
        if self.count != self.fail_at:
            return work()
        self.failed = name
        if self.how == LOST:
            work()
        hang_up()
        raise error

    def statement(self, execute: Any, statement: Any, params: Any, many: bool, context: Any) -> Any:
        """An execute wrapper of Django."""
        connection = context["connection"]
        text = statement if isinstance(statement, str) else repr(statement)
        self.tables.update((connection.alias, table.lower()) for table in _WRITTEN.findall(text))
        return self.call(
            f"{connection.alias}: {' '.join(text.split())[:70]}",
            lambda: execute(statement, params, many, context),
            OperationalError("the server closed the connection unexpectedly"),
            lambda: self._hang_up(connection),
        )

    def _hang_up(self, connection: Any) -> None:
        if self.how == LOST and connection.connection is not None:
            connection.connection.close()


@contextlib.contextmanager
def outside(fail_at: int = 0, how: str = REFUSED) -> Iterator[Outside]:
    """Within it every call outside is counted, and the `fail_at`-th fails."""
    seen = Outside(fail_at, how)
    with contextlib.ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(seen.statement))
        stack.enter_context(_patched(BaseDatabaseWrapper, "_commit", OperationalError, seen, hang_up=True))
        for owner, name, error in _METHODS:
            stack.enter_context(_patched(owner, name, error, seen))
        yield seen


def _patched(owner: type, name: str, error: type[Exception], seen: Outside, *, hang_up: bool = False) -> Any:
    plain = getattr(owner, name)

    def counted(self: Any, *arguments: Any, **options: Any) -> Any:
        return seen.call(
            f"{owner.__name__}.{name}",
            lambda: plain(self, *arguments, **options),
            error("no answer"),
            (lambda: seen._hang_up(self)) if hang_up else (lambda: None),
        )

    return mock.patch.object(owner, name, counted)
