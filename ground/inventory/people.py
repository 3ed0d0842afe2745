"""From proven identifiers to the person as one organization's rows know them.

`people.calls_of.append(function)`: function(organization_id, digests by kind) -> ids of calls with this person. What
carries no digest of its own, only the id of a call, is found through them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

from ground import vault
from ground.inventory.declarations import Subject
from ground.tenancy import acting_for

IDENTIFIERS = ("phone", "email", "external_id")
"""What tells one person from another. A name does not: namesakes are other people."""

CallsOf = Callable[[UUID, Mapping[str, Sequence[bytes]]], Iterable[UUID]]

calls_of: list[CallsOf] = []


def subject_of(
    organization_id: UUID, identifiers: Mapping[str, Iterable[str]], *, region: str | None = None
) -> Subject:
    """The person with these identifiers, e.g. {"phone": ["+33 1 99 00 11 22"], "email": ["a@b.example"]}.

    `region`: whose national numbers are meant where a number names no country. Raises NotAnIdentifier for a value that
    is none, ValueError for another kind, VaultError. The identifiers must have been proven: whoever has the subject
    finds, reads and erases everything.
    """
    unknown = set(identifiers) - set(IDENTIFIERS)
    if unknown:
        raise ValueError(f"a person is known by {', '.join(IDENTIFIERS)}, not by {', '.join(sorted(unknown))}")
    by_kind = {
        kind: sorted(
            {
                digest
                for value in values
                for digest in vault.blind.candidates(organization_id, "find", kind, value, region)
            }
        )
        for kind, values in identifiers.items()
    }
    with acting_for(organization_id):
        found = {call_id for ask in calls_of for call_id in ask(organization_id, by_kind)}
    return Subject(organization_id, by_kind, sorted(found))
