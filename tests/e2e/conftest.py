"""A real Chromium on a real server of this test's own, with the demo loaded.

`CHROMIUM` names the browser's executable; without it the usual places are tried. Without a browser the journeys skip,
loudly; with `SKIPS_FAIL=1`, as the build has it, a skip is a failure.
"""

import json
import time
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe

from accounts.models import Organization
from config.demo import people
from config.demo.load import load

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.e2e)
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

    def follow(self, name, **options):
        """Click the link or button with this name."""
        self.page.get_by_role("link", name=name, **options).or_(
            self.page.get_by_role("button", name=name, **options)
        ).first.click()

    def go(self, path):
        self.page.goto(f"{self.address}{path}")

    def wear(self, theme):
        self.context.add_cookies([{"name": "theme", "value": theme, "url": self.address}])

    def require_accessible(self):
        """No violation of WCAG 2.2 AA that axe can see on this page, light and dark; nothing wider than the screen."""
        for theme in ("light", "dark"):
            self.wear(theme)
            self.page.reload()
            found = Axe().run(self.page, options={"runOnly": AXE_TAGS, "resultTypes": ["violations"]})
            places = [
                f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
                for violation in found.response["violations"]
                for node in violation["nodes"]
            ]
            assert not places, f"{self.page.url} ({theme}):\n" + "\n".join(places)
        self.wear("light")

    def require_fits(self, width):
        """At this width nothing sticks out to the side."""
        before = self.page.viewport_size
        self.page.set_viewport_size({"width": width, "height": 800})
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        self.page.set_viewport_size(before)
        assert wide <= width, f"{self.page.url} is {wide} wide at {width}"


@pytest.fixture
def visitor(browser, demo, live_server):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    yield Visitor(context, live_server.url)
    context.close()
