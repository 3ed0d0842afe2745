"""A person's own account: profile, what is held as a file, closing it, and what stays."""

import json

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import people as names
from accounts.exceptions import OnlyOwner
from accounts.models import Membership, SignInSecret, User
from accounts.services import own_account
from ground import audit
from ground.tenancy import acting_for
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in():
    """`signed_in(user)`: through the login page, and the password typed once more just now."""

    def browser(user):
        client = Client()
        answer = client.post(reverse("account_login"), {"login": user.email, "password": factories.PASSWORD})
        assert answer.status_code == 302
        client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
        return client

    return browser


def test_the_profile_keeps_name_language_and_zone(people, as_):
    browser = as_(people.member)
    browser.post(reverse("profile"), {"name": "Ida Sand", "language": "de", "time_zone": "Asia/Tokyo"})
    people.member.refresh_from_db()
    assert (people.member.name, people.member.language, people.member.time_zone) == ("Ida Sand", "de", "Asia/Tokyo")
    assert browser.cookies["django_language"].value == "de"
    refused = browser.post(reverse("profile"), {"name": "Ida", "language": "xx", "time_zone": "Mars/Base"})
    assert (refused.status_code, b"data-error-summary" in refused.content) == (422, True)


def test_own_hours_on_own_pages_and_the_teams_on_the_teams(people, signed_in):
    people.member.time_zone = "Asia/Tokyo"
    people.member.save()
    browser = signed_in(people.member)
    assert b"JST" in browser.get(reverse("usersessions_list")).content
    assert b"JST" not in browser.get(reverse("accounts:team", args=[people.home.slug])).content


def test_the_file_holds_what_is_held_and_nothing_of_others(people, signed_in, operator):
    TOTP.activate(people.member, generate_totp_secret())
    people.member.refresh_from_db()
    client = Client()
    client.force_login(people.member)
    assert client.get(reverse("account_data"))["Location"].startswith(reverse("account_reauthenticate"))
    told = own_account.taken_along(people.member, at=timezone.now())
    assert told["account"][0]["email"] == people.member.email
    assert told["organizations"] == [
        {"organization": "Home", "role": "member", "joined_at": told["organizations"][0]["joined_at"]}
    ]
    assert [each["kind"] for each in told["second_factors"]] == ["totp"]
    text = json.dumps(told)
    assert people.owner.email not in text
    assert "vault:" not in text
    assert "argon2" not in text


def test_the_download_is_a_file_for_who_just_typed_the_password(people, signed_in):
    answer = signed_in(people.member).get(reverse("account_data"))
    assert answer["Content-Disposition"].startswith("attachment")
    assert json.loads(answer.content)["account"][0]["email"] == people.member.email


def test_closing_is_typed_and_leaves_an_opaque_id(people, signed_in, operator):
    TOTP.activate(people.admin, generate_totp_secret())
    Authenticator.objects.filter(user=people.admin).update(type="totp")
    with acting_for(operator.pk):
        assert SignInSecret.objects.count() == 1
    address, name = people.admin.email, people.admin.name
    own_account.close(user=people.admin, at=timezone.now())
    gone = User.objects.get(pk=people.admin.pk)
    assert gone.email.endswith("@closed.invalid")
    assert (gone.name, gone.is_active, gone.has_usable_password()) == ("", False, False)
    assert not EmailAddress.objects.filter(email=address).exists()
    assert not Authenticator.objects.filter(user=gone).exists()
    with acting_for(operator.pk):
        assert SignInSecret.objects.count() == 0
        assert audit.events(operator.pk).filter(kind="accounts.account_closed").count() == 1
    with acting_for(people.home.pk):
        assert not Membership.objects.filter(user=gone).exists()
        assert audit.events(people.home.pk).filter(kind="accounts.member_left").count() == 1
        assert names.names(people.home.pk, [f"member:{gone.pk}"]) == {f"member:{gone.pk}": "a former member"}
    assert name not in str(gone)


def test_whoever_closes_is_signed_out_everywhere_and_cannot_come_back(people, signed_in, operator):
    here, there = signed_in(people.member), signed_in(people.member)
    there.get(reverse("profile"))
    here.get(reverse("profile"))
    wrong = here.post(reverse("account_close"), {"typed": "no"})
    assert (wrong.status_code, User.objects.get(pk=people.member.pk).is_active) == (422, True)
    done = here.post(reverse("account_close"), {"typed": people.member.email}, follow=True)
    assert "Your account is closed" in done.content.decode()
    assert not UserSession.objects.filter(user=people.member).exists()
    for browser in (here, there):
        assert browser.get(reverse("profile"))["Location"].startswith(reverse("account_login"))
    again = Client().post(reverse("account_login"), {"login": people.member.email, "password": factories.PASSWORD})
    assert again.status_code == 200


def test_the_only_owner_stays(people, signed_in, operator):
    browser = signed_in(people.owner)
    assert "You are the only owner" in browser.get(reverse("account_close")).content.decode()
    assert browser.post(reverse("account_close"), {"typed": people.owner.email}).status_code == 422
    with pytest.raises(OnlyOwner) as refused:
        own_account.close(user=people.owner, at=timezone.now())
    assert refused.value.organizations == ["Home"]
    people.owner.refresh_from_db()
    assert people.owner.is_active
    factories.member(people.home, "owner")
    own_account.close(user=people.owner, at=timezone.now())


def test_a_stranger_is_sent_to_the_login(client):
    for name in ("profile", "account_data", "account_close"):
        assert client.get(reverse(name))["Location"].startswith(reverse("account_login"))
