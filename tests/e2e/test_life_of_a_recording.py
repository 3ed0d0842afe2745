"""From the list to the certificate: a recording is found, heard, expires, and is provably gone."""

import json
import re

import pytest
from playwright.sync_api import expect

from calls.models import Call, Recording
from ground.tenancy import acting_for
from tests.calls.conftest import run_jobs

pytestmark = pytest.mark.django_db(transaction=True)


def overdue_recording(organization):
    """A call whose recording is past its 90 days."""
    with acting_for(organization.id):
        oldest = Recording.objects.filter(held=False).order_by("ended_at").first()
        return Call.objects.get(id=oldest.call_id)


def seconds(page):
    return page.evaluate("document.querySelector('audio').currentTime")


def test_a_member_finds_a_call_hears_it_and_reads_along(visitor, demo, logins):
    visitor.sign_in(logins["member"])
    page = visitor.page
    visitor.require_accessible()
    visitor.follow("Calls", exact=True)
    page.wait_for_url("**/calls/")
    page.select_option("select[name=state]", "recording")
    visitor.follow("Filter", exact=True)
    page.wait_for_url("**state=recording**")
    expect(page.locator(".chip").get_by_text("Recorded").first).to_be_attached()
    visitor.require_accessible()

    page.locator("a.rowlink").first.click()
    page.wait_for_url(re.compile(r"/calls/[0-9a-f-]{36}/"))
    expect(page.get_by_role("heading", name="The life of this call")).to_be_visible()
    visitor.require_accessible()

    page.get_by_role("button", name="Play", exact=True).click()
    visitor.until("document.querySelector('audio').readyState >= 2")
    visitor.until("document.querySelector('audio').currentTime > 0.3")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    visitor.until("document.querySelectorAll('.turn[aria-current]').length === 1")

    wave = page.get_by_role("slider", name="Place in the recording")
    box = wave.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2)
    visitor.until("document.querySelector('audio').currentTime > 7")
    after_seek = seconds(page)
    visitor.until(f"document.querySelector('audio').currentTime > {after_seek} + 0.3")
    assert page.locator(".turn[aria-current]").inner_text() != page.locator(".turn").first.inner_text()

    page.get_by_role("button", name="Pause").click()
    wave.focus()
    before = seconds(page)
    page.keyboard.press("ArrowLeft")
    visitor.until(f"Math.abs(document.querySelector('audio').currentTime - ({before} - 5)) < 0.5")
    page.get_by_role("button", name="2×").click()
    assert page.evaluate("document.querySelector('audio').playbackRate") == 2
    assert page.locator("rect.w-on").count() > 3

    visitor.follow(re.compile("Reveal"))
    page.wait_for_url("**/reveal/")
    expect(page.get_by_role("link", name="Mask again")).to_be_visible()
    expect(page.get_by_text("revealed the number").first).to_be_attached()
    assert visitor.complaints == []


def test_a_member_uncovers_a_number_in_the_list_without_leaving_it(visitor, logins):
    visitor.sign_in(logins["member"])
    visitor.follow("Calls", exact=True)
    visitor.page.wait_for_url("**/calls/")
    first = visitor.page.locator("td.who").first
    masked = first.inner_text()
    first.get_by_role("button").click()
    visitor.until(f"document.querySelector('td.who').innerText !== {json.dumps(masked)}")
    assert "•" not in first.inner_text()
    assert visitor.page.url.endswith("/calls/")
    assert visitor.complaints == []


def test_what_is_overdue_is_destroyed_and_the_certificate_proves_it(visitor, demo, logins):
    organization = demo["delorme-optique"]
    call = overdue_recording(organization)
    home = f"/o/{organization.slug}"
    visitor.sign_in(logins["owner"])
    page = visitor.page
    visitor.go(f"{home}/calls/{call.id}/")
    expect(page.get_by_text("leaves with the next purge").first).to_be_attached()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()

    visitor.follow("Retention", exact=True)
    expect(page.get_by_label("Recordings: period")).to_have_value("90")
    visitor.require_accessible()

    visitor.follow("Purges and certificates", exact=True)
    visitor.follow("Purge now")
    run_jobs(organization)

    visitor.go(f"{home}/calls/{call.id}/")
    expect(page.get_by_text("The recording was destroyed. Nobody can hear it, we included.")).to_be_visible()
    expect(page.get_by_role("button", name="Play", exact=True)).to_have_count(0)
    gone = page.evaluate(f"fetch('{home}/calls/{call.id}/audio').then((answer) => answer.status)")
    assert gone == 404

    visitor.follow("Overview", exact=True)
    visitor.require_accessible()
    visitor.follow(re.compile("^Certificate"))
    page.wait_for_url("**/certificates/**")
    visitor.require_accessible()
    file = page.evaluate(f"fetch('{page.url}file/').then((answer) => answer.text())")
    visitor.go(f"{home}/certificates/verify/")
    page.fill("textarea[name=text]", file)
    visitor.opens(page.get_by_role("main").get_by_role("button", name="Verify"))
    expect(page.get_by_text("is genuine")).to_be_visible()
    visitor.go(f"{home}/certificates/verify/")
    page.fill("textarea[name=text]", file.replace('"records":', '"records":1', 1))
    visitor.opens(page.get_by_role("main").get_by_role("button", name="Verify"))
    expect(page.get_by_text("This is not a genuine certificate as it stands")).to_be_visible()


def test_an_auditor_looks_at_facts_and_hears_nothing(visitor, demo, logins):
    visitor.sign_in(logins["auditor"])
    page = visitor.page
    visitor.go("/o/klinik-sankt-aurelia/calls/?state=recording")
    visitor.opens(page.locator("a.rowlink").first)
    expect(page.get_by_text("Your role does not listen to it.")).to_be_visible()
    expect(page.locator("audio")).to_have_count(0)
    visitor.require_accessible()
    answer = page.request.get(f"{visitor.address}/o/delorme-optique/calls/")
    assert answer.status == 404


def test_without_script_the_plain_player_plays(browser, demo, logins, live_server):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url)
    page.fill("input[name=login]", logins["member"]["email"])
    page.fill("input[name=password]", logins["member"]["password"])
    page.press("input[name=password]", "Enter")
    page.goto(f"{live_server.url}/o/delorme-optique/calls/?state=recording")
    page.locator("a.rowlink").first.click()
    page.wait_for_load_state()
    player = page.locator("audio[controls]")
    expect(player).to_be_visible()
    sound = page.request.get(live_server.url + player.get_attribute("src"), headers={"Range": "bytes=1000-1999"})
    assert (sound.status, len(sound.body())) == (206, 1000)
    context.close()
