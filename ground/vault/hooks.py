"""What the vault must tell those above it. Named, ordered lists; an app registers once, when it is ready.

`after_restore`: called with one word ("restore") after a database came back from the past and before anything else
writes to it. `finding`: a key or a copy of it is not what it should be. `after_night`: the report of a night's work.
`operator`: whose evidence it is when no organization in particular is meant.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

_operator: list[Callable[[], UUID]] = []
after_restore: list[Callable[[str], None]] = []
finding: list[Callable[[UUID, str, dict[str, Any]], None]] = []
after_night: list[Callable[[dict[str, Any]], None]] = []


def operator_is(find: Callable[[], UUID]) -> None:
    """Say how the operator's own organization is found."""
    _operator[:] = [find]


def operator() -> UUID:
    """The operator's organization; the reserved id 0 before anybody said which it is."""
    return _operator[0]() if _operator else UUID(int=0)


def restored(reason: str) -> None:
    """Tell everybody that a database came back from the past."""
    for listener in after_restore:
        listener(reason)


def found(organization_id: UUID, kind: str, **details: Any) -> None:
    """Tell everybody about a finding; `kind` is a plain word, `details` are ids and counts."""
    for listener in finding:
        listener(organization_id, kind, details)


def night_over(report: dict[str, Any]) -> None:
    """Tell everybody what the night did (counts only)."""
    for listener in after_night:
        listener(report)
