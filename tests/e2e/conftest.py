"""A real Chromium on a real server of this test's own, with the demo loaded.

`CHROMIUM` names the browser's executable; without it the usual places are tried. Without a browser the journeys skip,
loudly; with `SKIPS_FAIL=1`, as the build has it, a skip is a failure. `PICTURES` names the folder for the screenshots
of the journeys (light, dark and 390 px wide each); without it they go to test-results/journeys.
"""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from accounts.models import Organization
from config.demo import people
from config.demo.load import load
from tests.calls.conftest import run_jobs
from tests.e2e import eyes
from tests.programs import programs, queue  # noqa: F401  (fixtures)

PICTURES = Path(os.environ.get("PICTURES") or Path(__file__).parents[2] / "test-results" / "journeys")
PHONE = {"width": 390, "height": 844}


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.e2e)
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(300))


@pytest.fixture
def demo(vault_home, transactional_db, monkeypatch):
    """The demo at a twelfth of its size; organizations by slug."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # the browser's driver runs a loop in this thread
    load(now=datetime.now(UTC), scale=0.08)
    return {organization.slug: organization for organization in Organization.objects.filter(is_operator=False)}


@pytest.fixture
def logins(demo):
    return json.loads(people.logins_file().read_text())


class Visitor:
    """One person at the browser. Everything the console complained about is kept in `complaints`."""

    def __init__(self, context, address):
        self.context, self.address, self.complaints = context, address, []
        self.page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def sign_in(self, login):
        self.page.goto(self.address)
        self.page.fill("input[name=login]", login["email"])
        self.page.fill("input[name=password]", login["password"])
        self.page.press("input[name=password]", "Enter")
        self.page.wait_for_url("**/o/**")

    def until(self, expression, seconds=15):
        """Wait until the expression holds; the driver's own waiting needs `eval`, which the pages forbid."""
        ends = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < ends, f"never true: {expression}"
            self.page.wait_for_timeout(50)

    def named(self, name, **options):
        """The first link or button with this name."""
        link, button = (self.page.get_by_role(role, name=name, **options) for role in ("link", "button"))
        return link.or_(button).first

    def opens(self, link):
        """Click what leads to a page, and wait until that page stands."""
        with self.page.expect_navigation():
            link.click()

    def follow(self, name, **options):
        """Click the link or button with this name, and wait until the page it leads to stands."""
        self.opens(self.named(name, **options))

    def go(self, path):
        self.page.goto(f"{self.address}{path}")

    def sees(self, words):
        """Waits until these words stand on the page."""
        self.page.get_by_text(words).first.wait_for()

    def works_off(self, organization):
        """What a worker would do now, with nobody waiting for it."""
        return run_jobs(organization)

    def require_accessible(self):
        """As it stands, light and dark: nothing against WCAG 2.2 AA that axe can see; at 320 px nothing sticks out."""
        before = self.page.viewport_size
        wrong = eyes.axe(self.page) + eyes.dark(self.page) + eyes.narrow(self.page)
        self.page.set_viewport_size(before)
        assert not wrong, f"{self.page.url}:\n" + "\n".join(wrong)

    def show(self, name):
        """The page as it stands is accessible, and its pictures are kept: light, dark, and both on a phone."""
        self.require_accessible()
        PICTURES.mkdir(parents=True, exist_ok=True)
        before = self.page.viewport_size
        for size in (before, PHONE):
            self.page.set_viewport_size(size)
            tall = self.page.evaluate("document.documentElement.scrollHeight")
            self.page.set_viewport_size({**size, "height": max(size["height"], tall)})  # what is fixed stays below
            for theme in ("light", "dark"):
                self.page.emulate_media(color_scheme=theme)
                self.until(f"document.documentElement.dataset.bsTheme === '{theme}'")
                file = PICTURES / f"{name}-{size['width']}-{theme}.png"
                self.page.screenshot(path=file, animations="disabled")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(before)


@pytest.fixture
def visitors(browser, live_server, transactional_db):
    """`visitors()`: another person, at a browser of their own."""
    contexts = []

    def arrive(**options):
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce", **options
        )
        eyes.prepare(context)
        contexts.append(context)
        return Visitor(context, live_server.url)

    yield arrive
    for context in contexts:
        context.close()


@pytest.fixture
def visitor(visitors, demo):
    return visitors()
