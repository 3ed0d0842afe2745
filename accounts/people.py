"""Actors as people know them: evidence stores `member:<id>`, pages show the name that belongs to it today."""

from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import ApiKey, User
from ground.tenancy.actors import ActorKind


def names(organization_id: UUID, actors: Iterable[str]) -> dict[str, str]:
    """Stored actor -> words. Needs the organization's context. Somebody who left keeps the name, who closed
    their account has none."""
    wanted = set(actors)
    by_kind: dict[str, set[UUID]] = {}
    for actor in wanted:
        kind, _colon, identifier = actor.partition(":")
        try:
            by_kind.setdefault(kind, set()).add(UUID(identifier))
        except ValueError:
            continue
    people = by_kind.get("member", set()) | by_kind.get("staff", set())
    present = User.objects.filter(pk__in=people, closed_at=None)
    members = {str(user.pk): user.get_full_name() for user in present}
    keys = ApiKey.objects.filter(organization_id=organization_id, pk__in=by_kind.get("api_key", ()))
    programs = {str(key.pk): key.name for key in keys}
    return {actor: _words(actor, members, programs) for actor in wanted}


def _words(actor: str, members: dict[str, str], programs: dict[str, str]) -> str:
    kind, _colon, identifier = actor.partition(":")
    if kind == ActorKind.MEMBER:
        return members.get(identifier, _("a former member"))
    if kind == ActorKind.API_KEY:
        return _("API key %(name)s") % {"name": programs.get(identifier, identifier[:8])}
    if kind == ActorKind.STAFF and identifier in members:
        return _("%(name)s, staff of the operator") % {"name": members[identifier]}
    others: dict[str, str] = {
        ActorKind.STAFF: _("staff of the operator"),
        ActorKind.SUBJECT: _("the person concerned"),
        ActorKind.PROVIDER: _("a voice provider"),
        ActorKind.SYSTEM: _("the platform"),
    }
    return others.get(kind, actor)
