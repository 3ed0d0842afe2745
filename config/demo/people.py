"""Who can sign in to the demo, and where the launcher reads it."""

import json
import os
import secrets
from datetime import datetime
from pathlib import Path

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings

from accounts.models import Organization, Role, User
from accounts.services import members, organizations, users
from config.demo.places import Place
from ground.tenancy import Actor

BY = Actor.system("demo")
STAFF = ("Mara Lindqvist", "staff@operator.example")


def logins_file() -> Path:
    """What the launcher prints; only its owner may read it. It exists once the demo is complete."""
    return Path(settings.DATA_DIR) / "demo-logins.json"


def write_logins(logins: dict[str, dict[str, str]]) -> None:
    """The logins by role, written in one step."""
    file = logins_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        json.dump(logins, handle, indent=1, ensure_ascii=False)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(file)


def new_password() -> str:
    """Four groups a person can type."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def operator(profile_name: str, *, at: datetime) -> Organization:
    """The operator's own organization."""
    found = Organization.objects.filter(is_operator=True).first()
    return found or organizations.open_organization(
        name=profile_name, slug="operator", owner=None, by=BY, at=at, is_operator=True
    )


def person(name: str, email: str, password: str, *, language: str = "en", is_staff: bool = False) -> User:
    """The user with this address, whose password is `password` from now on."""
    found = User.objects.filter(email=email).first()
    if found is None:
        return users.create(email=email, password=password, name=name, language=language, is_staff=is_staff)
    found.set_password(password)
    found.save(update_fields=["password"])
    return found


def staff(password: str) -> tuple[User, str]:
    """A person of the operator with a second factor, without which the staff site stays closed; its secret."""
    user = person(*STAFF, password, is_staff=True)
    Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return user, secret


def organization(place: Place, password: str, *, at: datetime) -> tuple[Organization, User]:
    """The organization with its people; the owner is returned."""
    name, email = place.owner
    owner = person(name, email, password, language="de" if place.country == "DE" else "en")
    found = Organization.objects.filter(slug=place.slug).first()
    if found is None:
        found = organizations.open_organization(
            name=place.name,
            slug=place.slug,
            owner=owner,
            by=BY,
            at=at,
            time_zone=place.time_zone,
            country=place.country,
            language=place.language.code,
        )
    known = {each.email for each in members.people_of(found.pk)}
    for name, email, role in place.others:
        user = person(name, email, password)
        if email not in known:
            members.add(organization_id=found.pk, user=user, role=Role(role), by=BY, at=at)
    return found, owner


def logins(password: str, totp_secret: str, places: tuple[Place, ...]) -> dict[str, dict[str, str]]:
    """By the words the launcher prints. The first organization's people carry the plain words."""
    first, *rest = places
    found = {
        "owner": {"email": first.owner[1], "password": password},
        **{role: {"email": email, "password": password} for _, email, role in first.others},
        "staff": {"email": STAFF[1], "password": password, "totp_secret": totp_secret},
    }
    for place in rest:
        found[f"owner {place.country}"] = {"email": place.owner[1], "password": password}
        for _, email, role in place.others:
            if role not in found:
                found[role] = {"email": email, "password": password}
    return found
