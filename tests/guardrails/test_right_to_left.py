"""A reader of Arabic gets the same pages from the other side: words, drawings and arrows turn, numbers do not."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.holdings import days_ago, keep_call

CSS = Path(settings.BASE_DIR) / "static/css/theme.css"
SIDES = re.compile(
    r"(?<![-\w])(?:(?:margin|padding|border)-(?:left|right)|left|right)\s*:|(?:float|text-align):\s*(?:left|right)"
)


def test_the_style_names_no_sides():
    """Logical properties only; what must name a side says so for right to left too."""
    lines = CSS.read_text().splitlines()
    assert [line for line in lines if SIDES.search(line) and '[dir="rtl"]' not in line] == []


def test_arrows_in_words_turn():
    loose = []
    for path in (Path(settings.BASE_DIR) / "templates").rglob("*.html"):
        loose += [path.name for line in path.read_text().splitlines() if "→" in re.sub(r'"flip[^>]*>→', "", line)]
    assert loose == []


@pytest.mark.django_db(transaction=True)
def test_pages_turn_for_a_reader_of_arabic(settings, vault_home):
    settings.LANGUAGES = [("ar", "العربية")]
    settings.LANGUAGE_CODE = "ar"
    organization = factories.organization()
    kept = keep_call(organization.id, days_ago(5), parts=("recording",))
    client = Client(headers={"Accept-Language": "ar"})
    client.force_login(factories.member(organization, "owner"))
    slug = organization.slug
    for address in (
        reverse("accounts:overview", args=[slug]),
        reverse("calls:list", args=[slug]),
        reverse("calls:call", args=[slug, kept.call.id]),
        reverse("contacts:list", args=[slug]),
        reverse("retention:settings", args=[slug]),
        reverse("retention:hold_place", args=[slug]),
    ):
        page = client.get(address).content.decode()
        assert re.search(r'<html lang="ar"\s+dir="rtl"', page), address
        assert "bootstrap.rtl.min" in page
        assert "bootstrap.min" not in page
