"""What accounts tell floors above. Named, ordered lists; whoever listens registers at start.

    @hooks.staff_access_opened.register("delivery.notice")
    def tell(access: hooks.StaffAccessNews) -> None: ...

`accounts.hooks.on_api_key_created.append(function)`: function(organization_id, key_id, by).
`accounts.hooks.on_member_joined.append(function)`: function(organization_id, membership_id, user_id, role, by).

Both run inside the transaction of what they tell, and raise nothing but what must undo it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ground.tenancy import Actor

on_api_key_created: list[Callable[[UUID, UUID, Actor], None]] = []
on_member_joined: list[Callable[[UUID, UUID, UUID, str, Actor], None]] = []


def api_key_created(organization_id: UUID, key_id: UUID, by: Actor) -> None:
    """Tell all registered functions, in their order."""
    for tell in on_api_key_created:
        tell(organization_id, key_id, by)


def member_joined(organization_id: UUID, membership_id: UUID, user_id: UUID, role: str, by: Actor) -> None:
    """Tell all registered functions, in their order."""
    for tell in on_member_joined:
        tell(organization_id, membership_id, user_id, role, by)


@dataclass(frozen=True, slots=True)
class StaffAccessNews:
    """Something happened to a session of the operator's staff. `until`: when it, or the request, runs out."""

    organization_id: UUID
    session_id: UUID
    staff_id: UUID
    purpose: str
    content: bool
    until: datetime


StaffAccessHook = Callable[[StaffAccessNews], None]


class StaffAccessHooks:
    """One named list. Functions run by `order`, then name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._functions: list[tuple[int, str, StaffAccessHook]] = []

    def register(self, name: str, *, order: int = 100) -> Callable[[StaffAccessHook], StaffAccessHook]:
        """Decorator. Raises ValueError for a name that is registered already."""

        def add(function: StaffAccessHook) -> StaffAccessHook:
            if name in self.names():
                raise ValueError(f"{name} is registered already for {self.name}")
            self._functions.append((order, name, function))
            self._functions.sort(key=lambda entry: entry[:2])
            return function

        return add

    def forget(self, name: str) -> None:
        self._functions = [entry for entry in self._functions if entry[1] != name]

    def names(self) -> list[str]:
        return [name for _order, name, _function in self._functions]

    def tell(self, news: StaffAccessNews) -> None:
        for _order, _name, function in list(self._functions):
            function(news)


staff_access_asked = StaffAccessHooks("staff_access_asked")  # waits for the organization's approval
staff_access_opened = StaffAccessHooks("staff_access_opened")  # at once, or because the organization approved
staff_access_refused = StaffAccessHooks("staff_access_refused")  # by the organization; the staff member wants to know
staff_access_ended = StaffAccessHooks("staff_access_ended")  # by staff, by the organization, or because time was over
