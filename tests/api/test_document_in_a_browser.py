"""The API's page in a real browser: it breaks no rule of the content policy, and what is sought is found."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(live_server, browser):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda m: page.complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("requestfailed", lambda request: page.complaints.append(request.url))
    page.on(
        "request",
        lambda request: page.complaints.extend([] if request.url.startswith(live_server.url) else [request.url]),
    )
    page.goto(f"{live_server.url}/api/docs/")
    yield page
    assert not page.complaints
    context.close()


def test_a_link_of_the_contents_leads_to_the_operation_and_its_answer_opens(page):
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="GET /calls", exact=True).click()
    operation = page.locator("article", has=page.locator("#calls_list"))
    expect(operation.get_by_role("heading", name="List calls, newest first")).to_be_in_viewport()
    expect(operation.get_by_text("has_transcript", exact=True)).to_be_hidden()
    operation.locator("summary", has_text="200").click()
    expect(operation.get_by_text("has_transcript", exact=True)).to_be_visible()
    operation.get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl -sS ")


def test_what_is_sought_is_found_and_counted_and_the_rest_makes_way(page):
    field = page.get_by_label("Find an operation")
    field.fill("idempotency-key certificate")
    expect(page.get_by_text("No operation has these words.").first).to_be_visible()
    expect(page.locator("article:visible")).to_have_count(0)
    field.fill("outside-operator-bounds")
    expect(page.locator("article:visible")).to_have_count(1)
    expect(page.locator("[data-api-found]")).to_have_text("1 operation")
    assert page.locator("#status").inner_text() == "1 operation"
    expect(page.get_by_role("navigation", name="On this page").get_by_role("link")).to_have_count(2)  # and its group
    expect(page.get_by_role("heading", name="Keys and scopes")).to_be_hidden()
    field.press("Enter")
    assert page.url.endswith("#agent_revisions_publish")
    field.fill("")
    expect(page.get_by_role("heading", name="Keys and scopes")).to_be_visible()
    expect(page.locator("article:visible")).to_have_count(page.locator("article").count())
    expect(page.locator("[data-api-found]")).to_be_empty()


def test_paper_shows_the_answers_too(page):
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.get_by_text("has_transcript", exact=True).first).to_be_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.api-answer[open]").count() == 0
