"""What calls do when a connection gets another key for its provider: go on with what the old one could not do."""

from uuid import UUID

from agents.hooks import on_api_key_changed
from calls.services import copies, polling
from ground.tenancy import Actor


def go_on(organization_id: UUID, connection_id: UUID, by: Actor) -> None:
    """Ask again for deletions that were refused, and for calls that never arrived. In the caller's transaction."""
    copies.retry_connection(organization_id, connection_id, by=by)
    polling.key_changed(organization_id, connection_id)


on_api_key_changed.append(go_on)
