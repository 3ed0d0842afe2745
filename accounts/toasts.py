"""Messages that can be taken back: what was done, and a button that undoes it.

Only where a reverse service exists and nothing has happened meanwhile that it would hide: what is destroyed is not
undone, what was released may be gone. The button is an ordinary form; it needs no script. The message travels in the
signed message cookie or the session, so its fields hold ids and states only.
"""

import json
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Undo:
    """Where the button leads (by POST), and what it carries."""

    address: str
    fields: dict[str, str]


def undoable(request: HttpRequest, words: str, address: str, **fields: str) -> None:
    """Say that something was done, with Undo: a POST of `fields` to `address`, which does the reverse."""
    messages.success(request, words, extra_tags=json.dumps({"address": address, "fields": fields}))


def undo_of(message: Message) -> Undo | None:
    """The way back that a message offers, if it does."""
    if not message.extra_tags.startswith("{"):
        return None
    said = json.loads(message.extra_tags)
    return Undo(said["address"], said["fields"])
