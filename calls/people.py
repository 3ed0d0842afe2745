"""Which calls a person was on, by the digests that each part of a call carries."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from calls.models import Call, CallReport, ProviderEvent, Recording, Transcript
from ground.inventory import people

_KINDS = {
    "phone": ("phone_index", "second_phone_index"),
    "email": ("email_index",),
    "external_id": ("external_index",),
}
# A part may outlive its call: each is asked.
_ROWS: tuple[tuple[Any, str], ...] = (
    (Call, "id"),
    (Recording, "call_id"),
    (Transcript, "call_id"),
    (CallReport, "call_id"),
    (ProviderEvent, "call_id"),
)


def with_digests(by_kind: Mapping[str, Sequence[bytes]]) -> Q | None:
    """Rows that carry one of these digests; None when there is nothing to look for. A name alone finds nobody."""
    found: Q | None = None
    for kind, columns in _KINDS.items():
        values = [bytes(value) for value in by_kind.get(kind, ())]
        for column in columns if values else ():
            part = Q(**{f"{column}__in": values})
            found = part if found is None else found | part
    return found


def calls_of(organization_id: UUID, by_kind: Mapping[str, Sequence[bytes]]) -> set[UUID]:
    """The ids of all calls with this person, also of those that are gone but for a part. Needs the context."""
    where = with_digests(by_kind)
    if where is None:
        return set()
    return {
        call_id
        for model, column in _ROWS
        for call_id in model.objects.filter(where, organization_id=organization_id).values_list(column, flat=True)
        if call_id is not None
    }


people.calls_of.append(calls_of)
