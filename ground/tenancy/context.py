"""For which organization the database answers.

Invariant: the context is local to a transaction (`set_config(..., true)`), so a pooled connection never carries it
on. Without a context every tenant table is empty. PostgreSQL undoes the setting when a savepoint rolls back; when an
inner block ends well inside an outer transaction we put the outer organization back ourselves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connections, transaction

from ground.tenancy.exceptions import ContextMismatch

_ATTRIBUTE = "_acting_for_organization"


def _set(using: str, organization_id: UUID | None) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT set_config('app.organization', %s, true)", [str(organization_id or "")])


def current_organization(using: str = "default") -> UUID | None:
    """The organization of the innermost `acting_for` on this connection, or None outside one."""
    current: UUID | None = getattr(connections[using], _ATTRIBUTE, None)
    return current


@contextmanager
def acting_for(organization_id: UUID, *, using: str = "default") -> Iterator[None]:
    """Open a transaction (or savepoint) in which `using` shows and accepts only rows of `organization_id`."""
    if not isinstance(organization_id, UUID):
        raise TypeError("acting_for takes the organization's id as UUID")
    connection = connections[using]
    outer = current_organization(using)
    nested = connection.in_atomic_block
    other = not nested or outer != organization_id
    try:
        with transaction.atomic(using=using):
            if other:
                _set(using, organization_id)
                setattr(connection, _ATTRIBUTE, organization_id)
            yield
    finally:
        setattr(connection, _ATTRIBUTE, outer)
    if nested and other and not connection.needs_rollback:
        _set(using, outer)


@contextmanager
def reading_for(organization_id: UUID) -> Iterator[None]:
    """For look-ups that are asked alone and inside larger work: the transaction that already acts for the organization,
    else one of its own. Unlike `acting_for` it is no savepoint: what fails inside fails the caller's transaction."""
    if connections["default"].in_atomic_block and current_organization() == organization_id:
        yield
        return
    with acting_for(organization_id):
        yield


def require_context(organization_id: UUID, using: str = "default") -> None:
    """Raise ContextMismatch unless the caller already acts for this organization (writes that trust their caller)."""
    if current_organization(using) != organization_id:
        raise ContextMismatch(f"acting for {current_organization(using)}, asked for {organization_id}")
