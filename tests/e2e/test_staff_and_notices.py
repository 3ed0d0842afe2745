"""Staff of the operator look at an organization with a reason, and it sees that; the bell says what happened."""

import re

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import expect

from ground.profiles import Category, Period, Unit
from ground.tenancy import Actor
from retention.services import settings as periods

pytestmark = pytest.mark.django_db(transaction=True)
WHY = "Ticket 4711: the purge of last night is said to be late; I look at its runs."


def code(secret):
    cache.clear()  # a code counts once; the test signs in and confirms within one window
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_staff_look_with_a_reason_and_the_organization_reads_it(visitors, demo, logins):
    organization = demo["delorme-optique"]
    staff, owner = visitors(), visitors()
    page = staff.page
    page.goto(f"{staff.address}/desk/")
    page.fill("input[name=login]", logins["staff"]["email"])
    page.fill("input[name=password]", logins["staff"]["password"])
    page.press("input[name=password]", "Enter")
    page.locator("input[name=code]").first.fill(code(logins["staff"]["totp_secret"]))
    staff.show("staff-1-second-factor")
    page.get_by_role("button", name="Sign in").first.click()
    page.wait_for_url("**/desk/")
    staff.show("staff-2-desk")
    assert page.request.get(f"{staff.address}/o/{organization.slug}/").status == 404

    page.get_by_role("link", name=re.compile(f"Ask to look.*{organization.name}")).click()
    page.get_by_label("Reason", exact=True).fill(WHY)
    page.get_by_label(re.compile("I also need content")).check()
    page.get_by_role("button", name="Start looking").click()
    staff.sees("There is a problem")
    staff.show("staff-3-a-reason-is-missing")
    page.get_by_label(re.compile("I also need content")).uncheck()
    page.get_by_role("button", name="Start looking").click()
    page.wait_for_url(f"**/o/{organization.slug}/")
    staff.show("staff-4-looking")
    staff.follow("Calls", exact=True)
    staff.opens(page.locator("a.rowlink:visible").first)
    expect(page.get_by_role("heading", name="The life of this call")).to_be_visible()
    expect(page.locator("audio")).to_have_count(0)

    owner.sign_in(logins["owner"])
    owner.go(f"/o/{organization.slug}/staff-access/")
    owner.sees(WHY)
    owner.show("staff-5-the-organization-reads-it")
    owner.follow("End this access now")
    owner.sees("The next page they ask for is not there")
    assert page.goto(f"{staff.address}/o/{organization.slug}/calls/").status == 404
    owner.follow("Audit log", exact=True)
    owner.sees("Mara Lindqvist")
    assert owner.complaints == []


def test_the_bell_says_what_happened_and_leads_there(visitors, demo, logins):
    organization = demo["delorme-optique"]
    owner = visitors()
    owner.sign_in(logins["owner"])
    now = timezone.now()
    seen = periods.preview(organization.id, Category.TRANSCRIPT, Period(60, Unit.DAY), at=now)
    periods.change(
        organization_id=organization.id,
        category=Category.TRANSCRIPT,
        period=Period(60, Unit.DAY),
        by=Actor.system("test"),
        at=now,
        reason="Nobody reads older ones",
        confirmed_rows=seen.rows,
    )
    owner.works_off(organization)
    owner.page.reload()
    bell = owner.page.locator("details[data-bell] > summary")
    assert re.search(r"[1-9]", bell.inner_text())
    bell.click()
    line = owner.page.get_by_role("link", name=re.compile("Transcripts are to be kept 60 days"))
    line.first.wait_for()
    owner.show("notices-1-bell")
    owner.follow("All notices")
    owner.page.get_by_role("heading", name="Notices").wait_for()
    owner.show("notices-2-all")
    owner.page.get_by_role("main").get_by_role("link", name=re.compile("Transcripts are to be kept 60 days")).click()
    owner.page.wait_for_url(f"**/o/{organization.slug}/**")
    owner.sees("takes effect on")
    assert owner.complaints == []
