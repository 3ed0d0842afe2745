"""The organization context, row-level security helpers and actors. Organizations are plain ids here."""

from ground.tenancy.actors import Actor
from ground.tenancy.context import acting_for, current_organization, reading_for
from ground.tenancy.ids import uuid7

__all__ = ["Actor", "acting_for", "current_organization", "reading_for", "uuid7"]
