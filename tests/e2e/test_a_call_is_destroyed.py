"""Destroying one call before its time: what exactly, the number typed, a grace with Undo, then proof for anyone."""

import json
import re

import pytest
from playwright.sync_api import expect

from calls.models import Call
from ground.tenancy import acting_for

pytestmark = pytest.mark.django_db(transaction=True)


def confirm(visitor):
    """Types the number the page asks for."""
    field = visitor.page.get_by_label(re.compile("Type .* to destroy"))
    number = re.search(r"Type ([\d,]+) to destroy", visitor.page.inner_text("main"))[1]
    field.fill(number)
    visitor.follow("Destroy now")


def test_a_call_is_destroyed_and_anyone_can_verify_it(visitor, visitors, demo, logins, settings):
    organization = demo["delorme-optique"]
    with acting_for(organization.id):
        call = Call.objects.filter(has_recording=True, has_transcript=True, held=False).order_by("-ended_at").first()
    visitor.sign_in(logins["owner"])
    page, there = visitor.page, f"/o/{organization.slug}/calls/{call.id}/"
    visitor.go(there)
    page.get_by_role("main").get_by_text(re.compile("Destroy")).first.click()
    if not page.url.endswith("/destroy/"):
        visitor.go(f"{there}destroy/")
    visitor.sees("What exactly")
    visitor.show("destroy-1-what-exactly")
    page.get_by_label(re.compile("Type .* to destroy")).fill("999")
    visitor.follow("Destroy now")
    visitor.sees("There is a problem")
    assert page.evaluate("document.activeElement.matches('[data-error-summary]')")
    visitor.show("destroy-2-wrong-number")

    confirm(visitor)
    visitor.sees(re.compile("Will be destroyed on"))
    visitor.show("destroy-3-grace")
    visitor.works_off(organization)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    visitor.follow("Undo")
    visitor.sees("Undone. Nothing was destroyed")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()

    settings.DESTRUCTION_GRACE_SECONDS = 1
    visitor.go(f"{there}destroy/")
    confirm(visitor)
    visitor.sees("Its destruction begins")
    visitor.works_off(organization)
    page.get_by_role("heading", name="This call was destroyed").wait_for()
    visitor.show("destroy-4-gone")
    assert page.request.get(f"{visitor.address}{there}audio").status == 404
    visitor.follow(re.compile("^Certificate"))
    page.wait_for_url("**/certificates/**")
    visitor.show("destroy-5-certificate")

    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("JSON")).first.click()
    file = json.loads(download.value.path().read_text())
    stranger = visitors()
    stranger.go("/verify/")
    stranger.show("destroy-6-verify")
    check(stranger, json.dumps(file))
    stranger.sees("is genuine")
    stranger.show("destroy-7-genuine")
    check(stranger, json.dumps(file).replace('"records": 1', '"records": 2', 1))
    stranger.sees("This is not a genuine certificate as it stands")
    stranger.show("destroy-8-tampered")
    assert stranger.complaints == []


def check(visitor, text):
    visitor.page.fill("textarea[name=text]", text)
    visitor.opens(visitor.page.get_by_role("main").get_by_role("button", name="Verify"))
