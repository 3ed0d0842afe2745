"""The verbs of contacts. Calls uses `touched`, `by_digests`; everything else is for people, files and the API."""

from contacts.services.finding import by_digests, find, get, touched
from contacts.services.lists import create_list, lists_of, put_on_list, remove_list, take_off_list
from contacts.services.people import add, merge, remove, update
from contacts.services.reading import details_of, reveal
from contacts.services.upserting import Incoming, Result, upsert

__all__ = [
    "Incoming",
    "Result",
    "add",
    "by_digests",
    "create_list",
    "details_of",
    "find",
    "get",
    "lists_of",
    "merge",
    "put_on_list",
    "remove",
    "remove_list",
    "reveal",
    "take_off_list",
    "touched",
    "update",
    "upsert",
]
