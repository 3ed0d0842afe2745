"""Work on contacts that outlasts a request: ids in, one service call."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from contacts.exceptions import ImportRefused, UnknownImport
from contacts.services import imports, people
from ground import jobs, vault
from ground.inventory import superseded  # noqa: F401  (registers its own work)
from ground.tenancy import Actor

BY = Actor.system("contacts.import")


@jobs.handler("contacts.check_import", lease_seconds=300, attempts=4)
def check_import(lease: jobs.Lease) -> None:
    """The dry run of an import."""
    with _said(lease):
        imports.check(lease.organization_id, _import(lease))


@jobs.handler("contacts.store_import", lease_seconds=300, attempts=8)
def store_import(lease: jobs.Lease) -> None:
    """Store the rest of an import."""
    with _said(lease):
        imports.store(lease.organization_id, _import(lease), lease)


@jobs.handler("contacts.forget_import", lease_seconds=120, attempts=12)
def forget_import(lease: jobs.Lease) -> None:
    """Destroy the file of an import. One that is still under way is left to its own, later job."""
    imports.forget(lease.organization_id, _import(lease), by=BY)


@jobs.handler("contacts.destroy_merged", lease_seconds=120, attempts=12)
def destroy_merged(lease: jobs.Lease) -> None:
    """Destroy contacts that were merged into another, in case the merge was cut short."""
    people.destroy_merged(
        lease.organization_id, [UUID(text) for text in lease.arguments["contacts"]], by=Actor.system("contacts.merge")
    )


@contextmanager
def _said(lease: jobs.Lease) -> Iterator[None]:
    """What no further attempt can change is written on the import, where the person sees it."""
    try:
        yield
    except UnknownImport as error:
        raise jobs.GiveUp("import_gone") from error
    except ImportRefused as error:
        imports.fail(lease.organization_id, _import(lease), error.reason)
        raise jobs.GiveUp("import_refused") from error
    except vault.Unavailable:
        raise
    except vault.VaultError as error:
        imports.fail(lease.organization_id, _import(lease), "file_unreadable")
        raise jobs.GiveUp(type(error).__name__) from error


def _import(lease: jobs.Lease) -> UUID:
    return UUID(lease.arguments["import"])
