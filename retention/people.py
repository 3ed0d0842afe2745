"""Actors as people know them; see `accounts.people`."""

from accounts.people import names

__all__ = ["names"]
