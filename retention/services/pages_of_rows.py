"""All rows of a declared model, in pages of short transactions."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from ground.inventory import PersonalData
from ground.inventory.destruction import rows_of
from ground.tenancy import acting_for

PAGE = 5000


def pages(declaration: PersonalData, organization_id: UUID) -> Iterator[list[dict[str, Any]]]:
    """Id, key and object name of every row, in the order of ids."""
    columns = [name for name in ("id", declaration.key, declaration.objects) if name]
    last = None
    while True:
        with acting_for(organization_id):
            rows = rows_of(declaration, organization_id).order_by("id").values(*columns)
            page = list(rows.filter(id__gt=last)[:PAGE] if last is not None else rows[:PAGE])
        if page:
            yield page
        if len(page) < PAGE:
            return
        last = page[-1]["id"]
