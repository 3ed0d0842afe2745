"""E-mails as letters: what they say is data, how they look is one pair of templates; HTML and text never drift apart.

No remote image, no script, no tracking. Written in the language of whoever receives it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import get_supported_language_variant, override


@dataclass(frozen=True, slots=True)
class Entry:
    """One matter in a letter that lists several."""

    title: str
    words: str = ""
    href: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """`code` to be typed, or `action` (words, address) to be pressed; `facts` (name, value); `second`: the
    lesser address; `why` somebody gets it.

    The subject names no secret: it is shown on locked screens.
    """

    subject: str
    title: str
    paragraphs: tuple[str, ...] = ()
    code: str = ""
    action: tuple[str, str] | None = None
    facts: tuple[tuple[str, str], ...] = ()
    entries: tuple[Entry, ...] = ()
    closing: tuple[str, ...] = ()
    second: tuple[str, str] | None = None
    why: str = ""


class Message(EmailMultiAlternatives):
    """`kind`: a word for the log of e-mails."""

    kind = ""


def address(path: str) -> str:
    """The full address of a path of ours."""
    return f"{settings.PUBLIC_BASE_URL}{path}"


def write(letter: Callable[[], Letter], *, to: str, language: str, kind: str) -> Message:
    """The message, unsent: `letter` is called in the recipient's language. `kind` is a word for the log of e-mails."""
    with override(_known(language)):
        said = letter()
        context = {"letter": said, "product": settings.PRODUCT_NAME, "home": settings.PUBLIC_BASE_URL}
        text = render_to_string("email/letter.txt", context).strip() + "\n"
        html = render_to_string("email/letter.html", context).strip() + "\n"
    message = Message(" ".join(said.subject.split()), text, settings.DEFAULT_FROM_EMAIL, [to])
    message.attach_alternative(html, "text/html")
    message.kind = kind
    return message


def _known(language: str) -> str:
    try:
        return get_supported_language_variant(language)
    except LookupError:
        return settings.LANGUAGE_CODE
