"""People with a login."""

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.models import User


def create(*, email: str, password: str | None, name: str = "", language: str = "en", is_staff: bool = False) -> User:
    """A person whose address counts as verified, because somebody who knows them set it up (demo, staff, import).

    People who sign up by themselves come through allauth, which asks for a code first.
    """
    with transaction.atomic():
        user = User.objects.create_user(
            email, password, name=name, language=language, is_staff=is_staff, is_superuser=is_staff
        )
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
