"""The first steps of a new organization, until its first call is there.

Apps on higher floors add what they know: `@start.step(order)` over `f(organization_id, slug) -> Step`, registered at
start, shown in that order. Whether a step is done is read from what is really there, never remembered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse

COOKIE = "start_put_away"
_YEAR = 365 * 24 * 60 * 60  # seconds
_MOST = 20  # organizations remembered in the cookie


@dataclass(frozen=True, slots=True)
class Action:
    """Where a step leads. `posts`: by a button that changes something, otherwise by a link."""

    words: str
    href: str
    posts: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step, in the reader's language. `permission`: who may take it; `actions`: the first is the main one."""

    title: str
    words: str
    done: bool
    permission: str
    actions: tuple[Action, ...] = ()


Ask = Callable[[UUID, str], Step]
_steps: list[tuple[int, Ask]] = []


def step(order: int) -> Callable[[Ask], Ask]:
    """Register a step. It runs inside the organization's transaction, only while there is no call yet."""

    def register(ask: Ask) -> Ask:
        if any(known == order for known, _ in _steps):
            raise ValueError(f"there is a step {order} already")
        _steps.append((order, ask))
        _steps.sort(key=lambda entry: entry[0])
        return ask

    return register


def steps(organization_id: UUID, slug: str) -> list[Step]:
    """All steps, in order. Needs the organization's context."""
    return [ask(organization_id, slug) for _, ask in _steps]


def is_put_away(request: HttpRequest, organization_id: UUID) -> bool:
    """Whether this person has put the steps of this organization away, in this browser."""
    return organization_id.hex in request.COOKIES.get(COOKIE, "").split(".")


def put_away(request: HttpRequest, response: HttpResponse, organization_id: UUID, *, away: bool) -> None:
    """Remember it, or forget it again."""
    known = [each for each in request.COOKIES.get(COOKIE, "").split(".") if each and each != organization_id.hex]
    if away:
        known.append(organization_id.hex)
    value = ".".join(known[-_MOST:])
    response.set_cookie(COOKIE, value, max_age=_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
