"""E-mails in our hand: every one of allauth's, the invitation, and the word about a new browser."""

import re
from html.parser import HTMLParser
from pathlib import Path

import allauth
import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts import letters, sign_in_letters
from accounts.letters import Entry, Letter
from tests import factories

CONTEXT = {
    "code": "ABCD-1234",
    "email": "anna@example.org",
    "password_reset_url": "https://example.org/reset/1",
    "signup_url": "https://example.org/signup/",
    "activate_url": "https://example.org/confirm/1",
    "from_email": "old@example.org",
    "to_email": "new@example.org",
    "deleted_email": "gone@example.org",
    "ip": "192.0.2.7",
    "user_agent": "Firefox",
    "timestamp": timezone.now(),
}


class Reader(HTMLParser):
    """What a mail program would load or run, and what a person reads."""

    def __init__(self):
        super().__init__()
        self.tags, self.links, self.loads, self.text = [], [], [], []
        self.silent = 0

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        given = dict(attributes)
        self.links += [given["href"]] if tag == "a" else []
        self.loads += [given[name] for name in ("src", "srcset", "background") if name in given]
        self.silent += tag in ("style", "title")

    def handle_endtag(self, tag):
        self.silent -= tag in ("style", "title")

    def handle_data(self, data):
        if not self.silent:
            self.text.append(data)


def read(message):
    reader = Reader()
    reader.feed(message.alternatives[0].content)
    return reader


def words(text):
    """Words of a text, without those of addresses."""
    return set(re.findall(r"[^\W_]{4,}", re.sub(r"https?://\S+", "", text)))


def written(letter, language="en"):
    return letters.write(lambda: letter, to="anna@example.org", language=language, kind="test")


def prefixes_of_allauth():
    """Every e-mail allauth can send, from its own templates."""
    home = Path(allauth.__file__).parent / "templates"
    return sorted(
        str(file.relative_to(home)).removesuffix("_message.txt")
        for app in ("account", "mfa", "socialaccount")
        for file in (home / app / "email").glob("*_message.txt")
        if not file.name.startswith("base")
    )


def test_every_email_of_allauth_has_words_of_ours():
    assert set(prefixes_of_allauth()) <= set(sign_in_letters.known())


@pytest.mark.parametrize("prefix", [*sign_in_letters.known(), "account/email/of_a_later_release"])
def test_html_and_text_say_the_same_and_load_nothing(prefix):
    with translation.override("en"):
        message = written(sign_in_letters.find(prefix)(CONTEXT))
    reader = read(message)
    seen, plain = " ".join(reader.text), message.body
    assert words(seen) - words(plain) <= {"this", "address", "open"}  # "Or open this address:"
    assert words(plain) <= words(seen)
    assert reader.loads == []
    assert not {"img", "script", "link", "iframe", "form"} & set(reader.tags)
    assert CONTEXT["code"] not in message.subject
    for address in re.findall(r"https?://\S+", plain):
        assert address.rstrip(".") in [*reader.links, *re.findall(r"https?://\S+", seen)]
    assert "\n" not in message.subject


@pytest.mark.parametrize(
    "prefix", ["account/email/password_changed", "account/email/new_sign_in", "mfa/email/webauthn_added"]
)
def test_a_change_says_when_from_where_and_what_to_do(prefix):
    message = written(sign_in_letters.find(prefix)(CONTEXT))
    for expected in ("192.0.2.7", "Firefox", reverse("usersessions_list"), reverse("account_reset_password")):
        assert expected in message.body


def test_names_are_text_not_markup():
    nasty = '<a href="https://evil.example">Bank</a> & Söhne'
    message = written(Letter(f"{nasty}\nBcc: x@example.org", nasty, (nasty,), entries=(Entry(nasty, nasty),)))
    reader = read(message)
    assert reader.links == [letters.address("")]
    assert nasty in message.body
    assert "\n" not in message.subject


def test_an_unknown_language_falls_back_and_the_page_keeps_its_own():
    with translation.override("fr"):
        message = written(Letter("S", "T", ("P",)), language="tlh")
        assert translation.get_language() == "fr"
    assert '<html lang="en"' in message.alternatives[0].content


@pytest.mark.django_db
def test_signing_up_sends_a_code_in_the_language_of_the_page():
    client = Client(headers={"accept-language": "de"})
    client.post(reverse("account_signup"), {"email": "neu@example.org", "password1": factories.PASSWORD})
    (message,) = mail.outbox
    assert message.to == ["neu@example.org"]
    assert message.kind == "account.email_confirmation_signup"
    assert '<html lang="de"' in message.alternatives[0].content
    from accounts.models import User

    assert User.objects.get(email="neu@example.org").language == "de"


def sign_in(client, person):
    return client.post(reverse("account_login"), {"login": person.email, "password": factories.PASSWORD})


@pytest.mark.django_db
def test_a_browser_never_used_before_is_told_of_once():
    person, client = factories.user(language="fr"), Client(headers={"user-agent": "Firefox on a new machine"})
    assert sign_in(client, person).status_code == 302
    (message,) = mail.outbox
    assert (message.to, message.kind) == ([person.email], "account.new_sign_in")
    assert "Firefox on a new machine" in message.body
    assert '<html lang="fr"' in message.alternatives[0].content
    client.post(reverse("account_logout"))
    sign_in(client, person)
    assert len(mail.outbox) == 1
    sign_in(Client(), person)
    assert len(mail.outbox) == 2


@pytest.mark.django_db
def test_a_browser_of_somebody_else_is_new_to_me():
    one, other, client = factories.user(), factories.user(), Client()
    sign_in(client, one)
    client.post(reverse("account_logout"))
    sign_in(client, other)
    assert [message.to for message in mail.outbox] == [[one.email], [other.email]]
    client.post(reverse("account_logout"))
    sign_in(client, one)
    assert len(mail.outbox) == 2


@pytest.mark.django_db
def test_a_forged_cookie_makes_no_browser_known():
    person, client = factories.user(), Client()
    client.cookies["browser"] = f"{person.pk}:forged:signature"
    sign_in(client, person)
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_a_wrong_password_tells_nobody():
    person, client = factories.user(), Client()
    client.post(reverse("account_login"), {"login": person.email, "password": "wrong wrong wrong"})
    assert mail.outbox == []


@pytest.mark.django_db
def test_a_changed_password_is_told_in_the_persons_language():
    person, client = factories.user(language="de"), Client()
    sign_in(client, person)
    mail.outbox.clear()
    client.post(
        reverse("account_change_password"),
        {
            "oldpassword": factories.PASSWORD,
            "password1": "another long sentence 7",
            "password2": "another long sentence 7",
        },
    )
    (message,) = mail.outbox
    assert (message.to, message.kind) == ([person.email], "account.password_changed")
    assert '<html lang="de"' in message.alternatives[0].content
