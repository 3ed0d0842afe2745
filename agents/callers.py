"""What connections are called, for the request log one floor below."""

from uuid import UUID

from accounts.request_log import names_callers
from agents.models import ProviderConnection


@names_callers
def connections(organization_id: UUID) -> dict[UUID, str]:
    """Every connection of the organization, also those switched off."""
    rows = ProviderConnection.objects.filter(organization_id=organization_id)
    return dict(rows.values_list("pk", "name"))
