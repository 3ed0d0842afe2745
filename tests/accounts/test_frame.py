"""The frame: vendored files are what they say, the permission page is the table, pieces draw what they should."""

import hashlib
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from accounts import error_views, lifeline
from accounts.management.commands import permissions
from accounts.permissions import PERMISSIONS, SCOPES
from accounts.templatetags import sottovoce

VENDOR = settings.BASE_DIR / "static" / "vendor"


def test_vendored_files_are_the_ones_that_were_fetched():
    entries = json.loads((VENDOR / "VENDOR.json").read_text())
    known = {name: digest for entry in entries for name, digest in entry["sha256"].items()}
    found = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()} - {"VENDOR.json"}
    assert found == set(known)
    for name, digest in known.items():
        content = (VENDOR / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, name
        assert b"sourceMappingURL" not in content
    for entry in entries:
        assert any(name.endswith("LICENSE") for name in entry["sha256"])
        assert entry["licence"]
        assert entry["integrity"].startswith("sha512-")


def test_every_static_file_a_template_names_exists():
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        for name in re.findall(r"""{%\s*static\s+['"]([^'"]+)['"]""", path.read_text()):
            assert finders.find(name), f"{path.name}: {name}"


def test_every_icon_a_template_names_is_in_the_sprite():
    sprite = set(re.findall(r'symbol id="([^"]+)"', (settings.BASE_DIR / "static/img/icons.svg").read_text()))
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        used = set(re.findall(r"""{%\s*icon\s+['"]([^'"]+)['"]""", path.read_text()))
        assert used <= sprite, f"{path.name}: {used - sprite}"


def test_no_template_has_inline_style_or_script():
    letters = settings.BASE_DIR / "templates/email"  # mail programs know no style sheet, and no page shows these
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        if path.is_relative_to(letters):
            continue
        text = path.read_text()
        assert not re.search(r"""<[^>]+\sstyle=["']""", text), path
        assert "<style" not in text, path
        assert not re.search(r"<script(?![^>]*\b(src|type=.application/json))", text), path
        assert not re.search(r"\son(click|change|submit|load|input)=", text), path


def test_the_page_of_permissions_is_the_table():
    assert (settings.BASE_DIR / "docs" / "permissions.md").read_text() == permissions.page()


def test_the_table_holds_together():
    for name, (words, roles) in PERMISSIONS.items():
        assert re.fullmatch(r"[a-z]+\.[a-z]+", name)
        assert words
        assert "owner" in roles
    assert set(SCOPES) <= set(PERMISSIONS)
    assert not {scope for scope in SCOPES if scope.startswith(("team.", "developers."))}


MOMENTS = [
    lifeline.Moment("done", "Recorded", "6 Sep 2026", "17:02 CEST"),
    lifeline.Moment("done", "Transcript, report", "6 Sep 2026", "17:07 CEST"),
    lifeline.Moment("today", "Today", "24 Nov 2026", "day 79 of 90"),
    lifeline.Moment("due", "Expires", "5 Dec 2026", "in 11 days"),
    lifeline.Moment("end", "Unreadable", "5 Dec 2026", "within minutes"),
    lifeline.Moment("end", "Beyond recovery", "6 Dec 2026", "next night"),
    lifeline.Moment("end", "Gone from backups", "4 Jan 2027", "30-day window"),
]


def test_a_life_line_is_solid_until_today_pale_until_it_expires_dotted_after():
    line = lifeline.draw(MOMENTS)
    assert len(line.marks) == 7
    assert line.past
    assert line.ahead
    assert line.rest
    assert line.marks[0].anchor == "start"
    assert line.marks[-1].anchor == "end"
    assert [mark.x for mark in line.marks] == sorted(mark.x for mark in line.marks)
    gone = lifeline.draw([*MOMENTS[:2], lifeline.Moment("sealed", "Destroyed", "3 May 2026"), MOMENTS[2]])
    assert not gone.ahead
    with pytest.raises(ValueError, match="beginning"):
        lifeline.draw(MOMENTS[:1])


def test_a_life_line_is_spoken_as_a_list():
    html = Template("{% load sottovoce %}{% life_line line %}").render(Context({"line": lifeline.draw(MOMENTS)}))
    assert html.count("<li>") == 7
    assert "Expires: 5 Dec 2026, in 11 days" in html
    assert html.count('aria-hidden="true"') == 2


@pytest.mark.parametrize("state", ["kept", "due", "overdue", "held", "gone", "ok"])
def test_a_state_is_a_word_a_shape_and_a_colour(state):
    html = Template("{% load sottovoce %}{% pill state words %}").render(Context({"state": state, "words": "in words"}))
    assert f"s-{state}" in html
    assert "<svg" in html
    assert "in words" in html


def test_names_are_escaped():
    html = Template("{% load sottovoce %}{% pill 'kept' words %}").render(Context({"words": "<b>x</b>"}))
    assert "<b>" not in html


@pytest.mark.parametrize(
    "value, words",
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (21_500_000_000, "21.5 GB"), (226_000_000, "226 MB"), (None, "0 B")],
)
def test_sizes_in_words(value, words):
    assert sottovoce.size(value) == words


@pytest.mark.parametrize("value, words", [(0, "0:00"), (231_000, "3:51"), (3_729_000, "1:02:09"), (None, "0:00")])
def test_lengths_in_words(value, words):
    assert sottovoce.duration(value) == words


@time_machine.travel("2026-11-24T10:00:00Z", tick=False)
def test_dates_in_words():
    now = timezone.now()
    with timezone.override("Europe/Paris"):
        assert sottovoce.moment(now) == "24 Nov 2026, 11:00 CET"
        assert sottovoce.away(now + timedelta(days=11)) == "in 11 days"
        assert sottovoce.away(now + timedelta(hours=13)) == "tomorrow"
        assert sottovoce.away(now - timedelta(days=1)) == "yesterday"
        assert sottovoce.away(now - timedelta(days=3)) == "3 days ago"
        assert sottovoce.away(None) == sottovoce.day(None) == sottovoce.moment(None) == ""


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_pages_of_errors_need_no_database_and_name_the_request(status):
    request = RequestFactory().get("/x", headers={"cookie": "theme=dark"})
    request.request_id = "request-0001"
    page = error_views.answer(request, status)
    assert page.status_code == status
    text = page.content.decode()
    assert "request-0001" in text
    assert 'data-bs-theme="dark"' in text
    api = RequestFactory().get("/api/v1/x")
    api.request_id = "request-0002"
    problem = error_views.answer(api, status)
    assert json.loads(problem.content)["request_id"] == "request-0002"
    assert Path(settings.BASE_DIR, "templates", "errors", f"{status}.html").exists()
