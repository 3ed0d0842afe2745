"""Asking Vapi for calls: one by id, or those that changed within a window. Both come in the form of a message."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from calls.providers.base import Busy, NotVerified, Page, PulledCall
from calls.providers.client import Answer, ApiClient, NoAnswer

_LONGEST_ID = 200
_WITH_THE_CALL = ("customer", "analysis", "artifact", "compliance")


def one(client: ApiClient, call_id: str) -> Any:
    """The call, None when there is none; raises NoAnswer, or NotVerified when the key is refused."""
    answer = client.ask("GET", f"/call/{quote(call_id, safe='')}")
    _require_accepted(answer)
    if answer.status == 404:
        return None
    if answer.status != 200 or not isinstance(answer.body, dict):
        raise NoAnswer(f"status {answer.status}")
    return _as_message(answer.body)


def many(client: ApiClient, *, after: datetime, until: datetime, limit: int) -> Page:
    """Finished calls that changed in (after, until]. The order of the list is not documented, so none is assumed."""
    window = {"updatedAtGt": _iso(after), "updatedAtLe": _iso(until), "limit": limit}
    answer = client.ask("GET", f"/call?{urlencode(window)}")
    _require_accepted(answer)
    if answer.status in (408, 425, 429) or answer.status >= 500:
        raise Busy(answer.status, answer.retry_after)
    if answer.status != 200 or not isinstance(answer.body, list):
        raise NoAnswer(f"status {answer.status}")
    return Page([pulled for call in answer.body if (pulled := _pulled(call))], len(answer.body) >= limit)


def _pulled(call: Any) -> PulledCall | None:
    """An entry of the list; None for a call that still runs (it changes again when it ends), or is none."""
    if not isinstance(call, dict) or call.get("status") != "ended":
        return None
    call_id = call.get("id")
    if not isinstance(call_id, str) or not 0 < len(call_id) <= _LONGEST_ID:
        return None
    return PulledCall(call_id, str(call.get("updatedAt") or call.get("endedAt") or "")[:64], _as_message(call))


def _as_message(call: dict[str, Any]) -> dict[str, Any]:
    return {
        "message": {
            **{name: call[name] for name in _WITH_THE_CALL if name in call},
            "type": "pulled" if call.get("status") == "ended" else "unfinished",
            "timestamp": call.get("updatedAt"),
            "call": call,
        }
    }


def _require_accepted(answer: Answer) -> None:
    if answer.status in (401, 403):
        raise NotVerified("credentials")


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
