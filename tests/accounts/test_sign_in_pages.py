"""Every address that allauth brings is a page in our own hand, in every language, and closed doors say why."""

import html
import re
from types import SimpleNamespace

import pytest
from allauth import urls as allauth_urls
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core.management import call_command
from django.forms import Form
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone, translation

from accounts import error_views, maintenance
from tests import factories

pytestmark = pytest.mark.django_db


def named(patterns=None):
    for entry in patterns if patterns is not None else allauth_urls.urlpatterns:
        if isinstance(entry, URLResolver):
            yield from named(entry.url_patterns)
        elif isinstance(entry, URLPattern) and entry.name:
            yield entry.name


# Addresses that answer without a page of their own, and why.
NO_PAGE = {
    "mfa_download_recovery_codes": "a file of plain text, as long as the codes were not shown",
    "mfa_reauthenticate_webauthn": "leads away without a key that really answers; rendered by itself below",
    "mfa_login_webauthn": "answers the script of the login page with JSON",
    "socialaccount_signup": "leads away: nobody signs up through another service",
    "account_confirm_login_code": "leads away: codes instead of passwords are switched off",
}
STRANGER = {
    "account_login",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_email_verification_sent",
    "mfa_authenticate",
}
FRESH = {"account_set_password", "account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"}
OURS = {"E-mail address", "New e-mail address", "Stay signed in on this device"}  # our own catalogue's test holds them


@pytest.fixture
def scene(operator):
    """Somebody with an app and recovery codes, and somebody with nothing but a password."""
    person = factories.member(factories.organization(), "owner", email="ida@example.org")
    plain = factories.member(factories.organization(), "owner", email="ove@example.org")
    TOTP.activate(person, generate_totp_secret())
    RecoveryCodes.activate(person)
    return SimpleNamespace(person=person, plain=plain)


def a_key_of(person):
    data = {"name": "My key", "credential": {"clientExtensionResults": {"credProps": {"rk": True}}}}
    return Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data=data)


def browser(user=None, *, fresh=True):
    client = Client()
    if user is not None:
        client.force_login(user)
        if fresh:
            client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
    return client


def waiting_for_the_second_step(scene):
    client = Client()
    client.post(reverse("account_login"), {"login": scene.person.email, "password": factories.PASSWORD})
    return client


def waiting_for_the_code():
    client = Client()
    data = {"email": "new@example.org", "password1": factories.PASSWORD, "website": ""}
    assert client.post(reverse("account_signup"), data).status_code == 302
    return client


def open_page(scene, name):
    """The answer behind an address, opened by somebody who may."""
    arguments = {}
    if name in {"mfa_remove_webauthn", "mfa_edit_webauthn"}:
        arguments = {"pk": a_key_of(scene.person).pk}
    if name == "mfa_list_webauthn":
        a_key_of(scene.person)
    if name == "account_reset_password_from_key":
        arguments = {"uidb36": "x", "key": "gone"}
    where = reverse(name, kwargs=arguments)
    if name == "mfa_authenticate":
        return waiting_for_the_second_step(scene).get(where)
    if name == "account_email_verification_sent":
        return waiting_for_the_code().get(where)
    if name in STRANGER:
        return browser().get(where)
    if name == "account_set_password":
        scene.plain.set_unusable_password()
        scene.plain.save()
        return browser(scene.plain, fresh=False).get(where)
    person = scene.plain if name in {"mfa_activate_totp"} else scene.person
    return browser(person, fresh=name not in FRESH).get(where)


def check(text):
    """Our frame, one heading, no form field without a purpose, no inline style or script."""
    assert "css/theme.css" in text
    assert 'class="entrance"' in text or 'class="frame"' in text
    headings = re.findall(r"<h1[^>]*>(.*?)</h1>", text, re.S)
    assert len(headings) == 1, headings
    assert re.sub(r"<[^>]+>|\s", "", headings[0])
    assert re.search(r"<title>\s*\S[^·]+·", text)
    assert not re.search(r"<[^>]+\sstyle=", text)
    assert not re.search(r"<script(?![^>]*\b(src=|type=.application/json))", text)
    for field in re.findall(r"<input[^>]*>", text):
        kind = re.search(r'type="(\w+)"', field)
        if kind and kind[1] in {"text", "email", "password", "tel"} and 'id="id_name"' not in field:
            assert "autocomplete=" in field, field


ALL = sorted(set(named()))


def test_the_walk_sees_the_pages():
    assert {"account_login", "mfa_index", "usersessions_list", "mfa_add_webauthn"} <= set(ALL)
    assert set(NO_PAGE) <= set(ALL)


@pytest.mark.parametrize("name", [name for name in ALL if name not in NO_PAGE])
def test_every_page_is_in_our_own_hand(scene, name):
    answer = open_page(scene, name)
    wanted = 401 if name == "socialaccount_login_error" else 200
    assert answer.status_code == wanted, (answer.status_code, answer.get("Location"))
    check(answer.content.decode())
    used = [template.origin.name for template in answer.templates if template.name]
    pages = [each for each in used if "/allauth/templates/" in each and "/base_" not in each and "snippets" not in each]
    assert [each for each in pages if "/layouts/" not in each and "/elements/" not in each] == []


@pytest.mark.parametrize("name", sorted(NO_PAGE))
def test_the_others_lead_away_or_answer_a_script(scene, name):
    answer = browser(scene.person).get(reverse(name))
    assert answer.status_code in {302, 404, 405} or answer["Content-Type"] in {"application/json", "text/plain"}


@pytest.mark.parametrize("language", ["fr", "de"])
@pytest.mark.parametrize("name", [name for name in ALL if name not in NO_PAGE])
def test_the_parts_that_allauth_writes_speak_the_readers_language(scene, name, language):
    """Labels of its forms come from its own catalogue, which speaks French and German, or from ours."""
    answer = open_page(scene, name)
    form = answer.context and answer.context.get("form")
    if not form:
        return
    with translation.override("en"):
        english = {str(field.label) for field in form if field.label and not field.is_hidden}
    with translation.override(language):
        said = {str(field.label) for field in form if field.label and not field.is_hidden}
    same = (english & said) - {"Name", "Code", "Account"} - OURS
    assert not same, same


def test_confirming_with_a_key_is_in_our_own_hand(rf, people):
    request = rf.get("/account/2fa/webauthn/reauthenticate/")
    request.user = people.owner
    check(render_to_string("mfa/webauthn/reauthenticate.html", {"form": Form(), "js_data": {}}, request))


def test_new_recovery_codes_are_shown_once(scene):
    client = browser(scene.person)
    answer = client.post(reverse("mfa_generate_recovery_codes"), follow=True)
    text = answer.content.decode()
    check(text)
    assert len(re.findall(r"<li>[0-9a-z-]{8,}</li>", text)) == 10
    again = client.get(reverse("mfa_view_recovery_codes"), follow=True).content.decode()
    assert not re.search(r"<li>[0-9a-z-]{8,}</li>", again)


def test_a_good_reset_link_asks_for_the_new_password(scene, mailoutbox):
    client = Client()
    client.post(reverse("account_reset_password"), {"email": scene.plain.email})
    link = re.search(r"http://[^/]+(/account/password/reset/key/\S+)", mailoutbox[0].body)[1]
    answer = client.get(link, follow=True)
    check(answer.content.decode())
    done = client.post(answer.redirect_chain[-1][0], {"password1": "staple battery horse 9"}, follow=True)
    check(done.content.decode())
    assert client.post(reverse("account_login"), {"login": scene.plain.email, "password": "staple battery horse 9"})


def test_a_mistake_is_summed_up_where_the_focus_goes(scene):
    for name, data in (
        ("account_login", {"login": "ida@example.org", "password": "wrong"}),
        ("account_signup", {"email": "nobody", "password1": "x", "website": ""}),
        ("account_reset_password", {"email": "nobody"}),
    ):
        text = Client().post(reverse(name), data).content.decode()
        assert "data-error-summary" in text, name
    text = browser(scene.plain).post(reverse("account_change_password"), {"oldpassword": "x"}).content.decode()
    assert "data-error-summary" in text


def test_changing_the_address_counts_once_it_is_confirmed(scene, mailoutbox):
    client = browser(scene.plain)
    client.post(reverse("account_email"), {"action_add": "", "email": "new@example.org"}, follow=True)
    scene.plain.refresh_from_db()
    assert scene.plain.email == "ove@example.org"
    assert EmailAddress.objects.filter(user=scene.plain, email="new@example.org", verified=True).count() == 0
    page = client.get(reverse("account_email_verification_sent")).content.decode()
    check(page)
    code = re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", mailoutbox[-1].body, re.M)[1]
    client.post(reverse("account_email_verification_sent"), {"code": code})
    scene.plain.refresh_from_db()
    assert scene.plain.email == "new@example.org"


def test_signing_out_elsewhere_leaves_this_device(scene):
    here, there = Client(), Client()
    for client in (here, there):
        client.post(reverse("account_login"), {"login": scene.plain.email, "password": factories.PASSWORD})
    assert "Sign out everywhere else" in here.get(reverse("usersessions_list")).content.decode()
    here.post(reverse("usersessions_list"))
    assert here.get(reverse("profile")).status_code == 200
    assert there.get(reverse("profile")).status_code == 302


def test_whoever_signs_up_reads_on_in_their_language(db):
    client = Client(headers={"accept-language": "de"})
    data = {"email": "neu@example.org", "password1": factories.PASSWORD, "website": ""}
    client.post(reverse("account_signup"), data)
    assert EmailAddress.objects.get(email="neu@example.org").user.language == "de"
    assert get_adapter() is not None


# ------------------------------------------------------------------ doors that are closed
@pytest.fixture
def closed(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    yield maintenance
    maintenance.end()


def test_maintenance_answers_people_and_programs_and_health_goes_on(client, closed):
    call_command("maintenance", "on", "--minutes", "30")
    page = client.get("/", headers={"accept": "text/html", "accept-language": "en"})
    assert page.status_code == 503
    assert 1700 <= int(page["Retry-After"]) <= 1800
    text = page.content.decode()
    assert "Closed for maintenance" in text
    assert page["X-Request-ID"] in text
    for path in ("/api/v1/calls", "/ingest/generic/abc"):
        problem = client.get(path, headers={"accept": "text/html"})
        assert (problem.status_code, problem["Content-Type"]) == (503, "application/problem+json")
        assert problem.json()["code"] == "maintenance"
        assert problem.json()["request_id"] == problem["X-Request-ID"]
        assert int(problem["Retry-After"]) > 0
    assert client.get("/healthz").status_code == 200
    assert "restore_gate" in client.get("/readyz").json()["checks"]
    call_command("maintenance", "off")
    assert client.get("/", headers={"accept": "text/html"}).status_code == 302


def test_a_file_nobody_can_read_closes_all_the_same(client, closed):
    maintenance.file().write_text("{", encoding="utf-8")
    assert client.get("/").status_code == 503
    assert int(client.get("/")["Retry-After"]) == maintenance.RETRY_SECONDS


def test_the_environment_closes_too(client, settings):
    settings.MAINTENANCE = True
    assert client.get("/").status_code == 503
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("reason", ["csrf", "maintenance", "restoring"])
def test_pages_of_one_cause_name_the_request_and_need_no_database(reason):
    request = RequestFactory().get("/x", headers={"accept": "text/html"})
    request.request_id = "request-0001"
    text = error_views.answer(request, 503, reason).content.decode()
    assert "request-0001" in text
    assert len(re.findall(r"<h1", text)) == 1


def test_a_form_without_its_token_is_told_what_happened(people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.owner)
    answer = client.post(reverse("profile"), {"name": "x"})
    assert answer.status_code == 403
    assert "This form is too old" in html.unescape(answer.content.decode())
    assert answer["X-Request-ID"] in answer.content.decode()


def test_what_is_not_there_is_said_in_our_hand(client, people):
    client.force_login(people.member)
    for path in ("/nothing/here", f"/o/{people.other.slug}/"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer["X-Request-ID"] in answer.content.decode()
    refused = client.get(reverse("accounts:developers", args=[people.home.slug]))
    assert refused.status_code == 403
    assert refused["X-Request-ID"] in refused.content.decode()
    assert settings.DEBUG is False
    assert timezone.now()
