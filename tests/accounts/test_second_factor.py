"""The staff site asks for a second factor; no secret of one is readable in the database."""

import base64

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import SignInSecret, User
from accounts.sessions import SessionStore
from ground import audit, tenancy
from tests import factories

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STAFF = "/staff/"


def code():
    cache.clear()
    return format_hotp_value(hotp_value(SECRET, next(iter(yield_hotp_counters_from_time()))))


def sign_in(user):
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": factories.PASSWORD})
    return client


def test_staff_with_a_second_factor_get_in(operator):
    user = factories.staff()
    TOTP.activate(user, SECRET)
    client = sign_in(user)
    assert client.get(STAFF).status_code == 302
    answer = client.post(reverse("mfa_authenticate"), {"code": code()})
    assert answer.status_code == 302, answer.context["form"].errors
    assert client.get(STAFF).status_code == 200


def test_staff_without_a_second_factor_are_led_to_set_one_up(operator):
    client = sign_in(factories.staff())
    answer = client.get(STAFF)
    assert answer.status_code == 302
    assert client.get(answer["Location"])["Location"] == reverse("mfa_index")


def test_a_second_factor_set_up_but_not_used_in_this_session_does_not_count(operator):
    user = factories.staff()
    client = sign_in(user)
    TOTP.activate(user, SECRET)
    answer = client.get(client.get(STAFF)["Location"])
    assert answer["Location"].startswith(reverse("mfa_reauthenticate"))


def test_forced_sessions_without_records_do_not_count(operator, as_):
    assert as_(factories.staff()).get(STAFF).status_code == 302


def test_nobody_else_learns_that_there_is_a_staff_site(operator, people, as_):
    assert as_(people.owner).get(STAFF, follow=True).status_code == 404
    assert as_(None).get(STAFF, follow=True).redirect_chain[-1][0].startswith(reverse("account_login"))


def test_the_staff_sites_own_login_never_shows_a_password_form_nor_leads_elsewhere(operator):
    user = factories.staff()
    TOTP.activate(user, SECRET)
    client = sign_in(user)
    client.post(reverse("mfa_authenticate"), {"code": code()})
    assert client.get("/staff/login/?next=https://elsewhere.example/")["Location"] == STAFF


@pytest.fixture
def staff_client(operator):
    user = factories.staff()
    TOTP.activate(user, SECRET)
    client = sign_in(user)
    client.post(reverse("mfa_authenticate"), {"code": code()})
    return client


def test_staff_see_how_many_and_never_who_belongs(staff_client, people):
    page = staff_client.get("/staff/accounts/organization/").content.decode()
    assert "Home" in page
    assert '<td class="field-members">4</td>' in page
    assert staff_client.get(f"/staff/accounts/organization/{people.home.pk}/change/").status_code == 200
    assert staff_client.post(f"/staff/accounts/organization/{people.home.pk}/delete/").status_code == 403
    assert staff_client.get("/staff/accounts/membership/").status_code == 404


def test_switching_an_account_off_is_evidence_without_a_name(staff_client, people, operator):
    staff_client.post(f"/staff/accounts/user/{people.member.pk}/change/", {"is_staff": ""})
    assert User.objects.get(pk=people.member.pk).is_active is False
    with tenancy.acting_for(operator.pk):
        assert [event.kind for event in audit.events(operator.pk)][-1:] == ["accounts.user_switched"]
    assert LogEntry.objects.count() == 0


def everything():
    """All that the database holds about second factors, as text."""
    parts = []
    with connection.cursor() as cursor:
        for table in ("mfa_authenticator", "accounts_signinsecret", "django_session"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            parts += [row[0] for row in cursor.fetchall()]
    return "\n".join(parts)


def test_the_secret_lies_sealed_and_opens_again(operator):
    user = factories.user()
    authenticator = TOTP.activate(user, SECRET).instance
    reference = Authenticator.objects.get().data["secret"]
    with tenancy.acting_for(operator.pk):
        dump = everything()
        assert SignInSecret.objects.count() == 1
    assert SECRET not in dump
    assert SECRET.encode().hex() not in dump
    assert reference.startswith("vault:")
    assert get_adapter().decrypt(reference) == SECRET
    assert authenticator.wrap().validate_code(code())


def test_sealed_secrets_are_walled(operator, people):
    TOTP.activate(people.owner, SECRET)
    assert SignInSecret.objects.count() == 0
    with tenancy.acting_for(people.home.pk):
        assert SignInSecret.objects.count() == 0


def test_with_the_factor_its_secret_and_key_go(operator):
    user = factories.user()
    TOTP.activate(user, SECRET)
    with tenancy.acting_for(operator.pk):
        key_id = SignInSecret.objects.get().key_id
    Authenticator.objects.all().delete()
    with tenancy.acting_for(operator.pk), connection.cursor() as cursor:
        assert SignInSecret.objects.count() == 0
        cursor.execute("SELECT arguments::text FROM jobs_job WHERE kind = 'inventory.retire_keys'")
        assert str(key_id) in cursor.fetchone()[0]


def test_sessions_are_unreadable_in_the_database(operator):
    client = sign_in(factories.user())
    client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
    assert client.get(reverse("mfa_activate_totp")).status_code == 200
    stored = Session.objects.get()
    raw = stored.session_data
    content = SessionStore(stored.session_key).load()
    secrets = [value for key, value in content.items() if "totp" in key and isinstance(value, str)]
    assert secrets
    assert "_auth_user_id" in content
    assert b"_auth_user_id" not in base64.b64decode(raw + "==", validate=False)
    assert all(secret not in raw for secret in secrets)


def test_a_session_that_does_not_open_is_an_empty_one(settings):
    text = SessionStore().encode({"a": 1})
    assert SessionStore().decode(text) == {"a": 1}
    assert SessionStore().decode(text[:-4] + "AAA=") == {}
    assert SessionStore().decode("not base64") == {}
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert SessionStore().decode(text) == {"a": 1}
    settings.SECRET_KEY_FALLBACKS = []
    assert SessionStore().decode(text) == {}
