"""Deciding how long, holding what must stay, reading what happened: as an owner does it, with and without script."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from calls.models import Recording
from ground.tenancy import acting_for

pytestmark = pytest.mark.django_db(transaction=True)


def open_page(visitor, name):
    visitor.follow(name, exact=True)


def test_an_owner_shortens_a_period_sees_what_goes_confirms_and_undoes(visitor, demo, logins):
    visitor.sign_in(logins["owner"])
    page = visitor.page
    open_page(visitor, "Retention")

    page.fill("#id_recording-n", "20")
    visitor.until("document.querySelector('#effect .effect strong') !== null")
    drawn = page.locator("#effect .effect strong").inner_text()
    expect(page.locator("#effect svg .ghost").first).to_be_attached()
    visitor.show("period-1-redrawn")
    visitor.follow("Preview the change")
    page.wait_for_url("**/retention/preview/**")
    number = re.search(r"([\d,]+) records? would leave", page.locator("h1").inner_text())[1]
    assert drawn.startswith(number)
    visitor.show("period-2-preview")

    page.get_by_label(re.compile("Type .* to confirm")).fill("999999")
    visitor.follow("Save the change")
    page.get_by_text("Nothing was done; look again", exact=False).first.wait_for()
    visitor.show("period-3-wrong-number")
    page.get_by_label(re.compile("Type .* to confirm")).fill(number)
    visitor.follow("Save the change")
    page.get_by_text("20 days takes effect on").wait_for()
    visitor.show("period-4-grace")
    page.get_by_role("button", name=re.compile("Undo")).first.click()
    page.get_by_text("The change is undone").wait_for()
    expect(page.get_by_text("20 days takes effect on")).to_have_count(0)


def test_a_hold_is_placed_and_the_purge_leaves_what_it_keeps(visitor, demo, logins):
    organization = demo["delorme-optique"]
    with acting_for(organization.id):
        late = Recording.objects.filter(ended_at__lt=timezone.now() - timedelta(days=91), held=False)
        kept, *others = late.order_by("ended_at")[:2]
    visitor.sign_in(logins["owner"])
    page, there = visitor.page, f"/o/{organization.slug}"
    visitor.go(f"{there}/calls/{kept.call_id}/")
    visitor.follow("Place a hold")
    expect(page.get_by_label("One call")).to_be_checked()
    page.get_by_label("Why").fill("The caller disputes what was agreed")
    visitor.show("hold-1-place")
    visitor.follow("See what it would keep")
    page.get_by_role("heading", name=re.compile("would be kept")).wait_for()
    visitor.show("hold-2-preview")
    visitor.follow("Place the hold")
    visitor.sees("The hold is in force")
    visitor.show("hold-3-in-force")

    open_page(visitor, "Purges and certificates")
    visitor.follow("Purge now")
    visitor.works_off(organization)
    visitor.go(f"{there}/purges/")
    visitor.show("hold-4-purges")
    visitor.go(f"{there}/calls/{kept.call_id}/")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    visitor.sees("A hold keeps it past its date")
    visitor.show("hold-5-kept")
    for other in others:
        visitor.go(f"{there}/calls/{other.call_id}/")
        expect(page.get_by_role("button", name="Play", exact=True)).to_have_count(0)
    assert visitor.complaints == []


def test_without_script_a_period_is_previewed_and_saved_and_a_hold_placed(browser, demo, logins, live_server):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url)
    page.fill("input[name=login]", logins["owner"]["email"])
    page.fill("input[name=password]", logins["owner"]["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/o/**")
    page.get_by_role("link", name="Retention", exact=True).first.click()
    page.fill("#id_transcript-n", "364")
    page.get_by_role("button", name="Preview the change").click()
    page.get_by_role("button", name="Save the change").click()
    page.get_by_text("The change is saved").wait_for()

    page.get_by_role("link", name=re.compile("^Holds")).first.click()
    page.get_by_role("link", name="Place a hold").first.click()
    page.get_by_label("Everything between two days").check()
    today = timezone.localdate()
    page.get_by_label("First day").fill((today - timedelta(days=20)).isoformat())
    page.get_by_label("Last day").fill((today - timedelta(days=10)).isoformat())
    page.get_by_label("Why").fill("A dispute about these days")
    page.get_by_role("button", name="See what it would keep").click()
    page.get_by_role("heading", name=re.compile("would be kept")).wait_for()
    page.get_by_role("button", name="Place the hold").click()
    page.get_by_text("The hold is in force").wait_for()
    page.get_by_role("button", name="Read the reason").click()
    page.get_by_text("A dispute about these days").wait_for()
    context.close()


def test_the_log_shows_who_read_it_and_proves_itself(visitor, demo, logins):
    visitor.sign_in(logins["owner"])
    open_page(visitor, "Audit log")
    visitor.show("audit-log")
    visitor.follow("Verify", exact=True)
    visitor.page.get_by_text("nothing was changed, removed or inserted").first.wait_for()
    visitor.page.select_option("select[name=stream]", "access")
    visitor.follow("Filter", exact=True)
    visitor.page.get_by_text("Read the audit log").first.wait_for()
    for name in ("Purges and certificates", "Holds"):
        visitor.opens(visitor.page.get_by_role("link", name=re.compile(f"^{name}")).first)
        visitor.require_accessible()
    assert not visitor.complaints
