"""How people hear of notices: at once, once a day, or only by the bell. E-mails about security are no choice."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import transaction

from accounts.models import User
from delivery import kinds
from delivery.kinds import NoticeKind
from delivery.models import Channel, Preference


def channels(kind: NoticeKind, people: Iterable[UUID]) -> dict[UUID, Channel]:
    """How each of these people wants to hear of this kind."""
    wanted = dict.fromkeys(people, kind.channel)
    chosen = Preference.objects.filter(kind=kind.name, user_id__in=list(wanted))
    return wanted | {user_id: Channel(channel) for user_id, channel in chosen.values_list("user_id", "channel")}


def of_person(user: User) -> dict[str, Channel]:
    """Kind -> channel, for every kind there is."""
    chosen = dict(Preference.objects.filter(user=user).values_list("kind", "channel"))
    return {kind.name: Channel(chosen.get(kind.name, kind.channel)) for kind in kinds.declared()}


def forget_person(user: User) -> None:
    """Nothing is known any more of how a person wanted to hear of things."""
    Preference.objects.filter(user=user).delete()


def choose(*, user: User, wanted: Mapping[str, Channel]) -> None:
    """From now on as `wanted`; what equals a kind's own default is not stored. Unknown kinds are left out."""
    with transaction.atomic():
        Preference.objects.filter(user=user).delete()
        Preference.objects.bulk_create(
            Preference(user=user, kind=kind.name, channel=wanted[kind.name])
            for kind in kinds.declared()
            if kind.name in wanted and wanted[kind.name] != kind.channel
        )
