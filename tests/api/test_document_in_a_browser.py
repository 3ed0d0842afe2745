"""The API's page in a real browser: it draws every operation and breaks no rule of the content policy."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_the_document_is_drawn_without_a_violation(live_server, browser):
    context = browser.new_context()
    page = context.new_page()
    complaints, asked = [], []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{live_server.url}/api/docs/")
    expect(page.locator("text=List calls, newest first")).to_be_visible(timeout=15_000)
    page.locator("text=List calls, newest first").click()
    expect(page.locator("text=calls.read").first).to_be_visible(timeout=15_000)
    assert not complaints
    assert all(url.startswith((live_server.url, "data:")) for url in asked)
    context.close()
