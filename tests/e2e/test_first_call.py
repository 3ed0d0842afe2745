"""From the first sign-in to the first call, through the queue and a worker of its own."""

import re

import pytest
from playwright.sync_api import expect

from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "Hello, you speak with an automated assistant. This call is recorded."


def test_from_the_first_sign_in_to_the_first_call(visitors, vault_home, programs, settings):
    settings.ORGANIZATIONS_OPEN = True
    programs.worker("worker")
    factories.user(email="ada@lindqvist.example", name="Ada Lindqvist")
    visitor = visitors()
    page = visitor.page
    page.goto(visitor.address)
    page.fill("input[name=login]", "ada@lindqvist.example")
    page.fill("input[name=password]", factories.PASSWORD)
    page.press("input[name=password]", "Enter")
    page.get_by_role("heading", name="Welcome").wait_for()
    visitor.show("first-1-welcome")

    visitor.follow("Open an organization")
    page.get_by_label("Name").fill("Lindqvist Optik & Töchter")
    page.get_by_role("button", name="Open it").click()
    page.wait_for_url("**/o/**")
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    visitor.show("first-2-steps")

    visitor.follow("Any system")
    page.get_by_label("Name").fill("Own telephone system")
    page.get_by_role("button", name="Connect", exact=True).click()
    assert page.locator("#secret").inner_text().count("whsec_") == 1
    visitor.show("first-3-secret")

    visitor.follow("Overview", exact=True)
    visitor.follow("Enter an agent")
    page.get_by_label("Name", exact=True).fill("Camille")
    page.get_by_label("The provider's id of it").fill("camille")
    page.get_by_role("button", name="Enter the agent").click()
    page.get_by_role("heading", name="Camille").wait_for()
    visitor.follow("Overview", exact=True)
    visitor.follow("Decide for Camille")
    page.get_by_label("Keep recordings").check()
    page.get_by_label("Keep transcripts").check()
    page.get_by_label("Language").first.fill("en")
    page.get_by_label("Words").first.fill(WORDS)
    page.get_by_role("button", name="See what would change").click()
    visitor.sees("not in force")
    visitor.show("first-4-draft")
    page.get_by_label("Why").fill("The first day")
    visitor.follow(re.compile("^Publish"))

    visitor.follow("Overview", exact=True)
    visitor.show("first-5-ready")
    visitor.follow("Send a test call")
    page.wait_for_url("**/calls/test/**")
    page.get_by_text("Recording stored").wait_for(timeout=30_000)
    visitor.show("first-6-its-way")
    visitor.follow("Hear it")
    page.get_by_role("button", name="Play", exact=True).click()
    visitor.until("document.querySelector('audio').currentTime > 0.3")
    visitor.show("first-7-call")
    visitor.follow("Overview", exact=True)
    visitor.show("first-8-overview")
    assert visitor.complaints == []
