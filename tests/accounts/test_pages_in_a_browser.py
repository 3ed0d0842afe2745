"""The frame's pages in a real browser: no CSP violation, axe-clean, no sideways scrolling, usable by keyboard."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from accounts.services import api_keys, invitations
from ground.tenancy import Actor
from tests import factories

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture
def page(browser):
    """A page that remembers what the console complained about in `page.complaints`."""
    context = browser.new_context()
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda m: page.complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


@pytest.fixture
def home(operator, vault_home):
    home = factories.organization(slug="home", name="Établissements Grandjean-Lefebvre & Fils, Lyon Part-Dieu")
    owner = factories.member(home, Role.OWNER, email="owner@example.org")
    factories.member(home, Role.AUDITOR, name="")
    by, now = Actor.member(owner.pk), timezone.now()
    api_keys.create(organization_id=home.pk, name="crm", scopes=["calls.read"], by=by, at=now)
    invitations.invite(
        organization_id=home.pk, address="a.very.long.address@a-long-name.example", role=Role.MEMBER, by=owner, at=now
    )
    return home


def look(page, where):
    """Axe and the width, as the page stands."""
    found = Axe().run(page, options=WCAG).response["violations"]
    assert not found, (where, [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} scrolls sideways"


def sign_in(page, root):
    page.goto(root + reverse("account_login"))
    page.fill("[name=login]", "owner@example.org")
    page.fill("[name=password]", factories.PASSWORD)
    page.click("main button.btn-primary")
    page.wait_for_url("**/o/home/")


def test_every_page_of_the_frame_is_clean(live_server, page, home):
    sign_in(page, live_server.url)
    names = ("overview", "team", "developers", "request_list", "settings", "close")
    places = [reverse(f"accounts:{name}", args=["home"]) for name in names]
    places += [reverse(name) for name in ("profile", "account_email", "mfa_index", "usersessions_list")]
    for theme in ("light", "dark"):
        page.context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 800})
            for place in places:
                page.goto(live_server.url + place)
                assert page.get_attribute("html", "data-bs-theme") == theme
                assert page.get_attribute("html", "lang") == "en"
                look(page, (place, theme, width))
    assert page.complaints == []


def test_signing_in_is_clean_before_and_after_a_mistake(live_server, page, home):
    page.set_viewport_size({"width": 320, "height": 700})
    for name in ("account_login", "account_signup", "account_reset_password"):
        page.goto(live_server.url + reverse(name))
        look(page, name)
    page.goto(live_server.url + reverse("account_login"))
    page.fill("[name=login]", "owner@example.org")
    page.fill("[name=password]", "wrong")
    page.click("main button.btn-primary")
    page.wait_for_selector(".error-summary:focus")
    look(page, "after a mistake")
    assert page.complaints == []


def test_setting_up_a_second_factor_shows_a_code_to_scan(live_server, page, home):
    sign_in(page, live_server.url)
    page.goto(live_server.url + reverse("mfa_activate_totp"))
    if "reauthenticate" in page.url:
        page.fill("[name=password]", factories.PASSWORD)
        page.click("main button.btn-primary")
    page.wait_for_selector("img.qr")
    assert page.evaluate("document.querySelector('img.qr').naturalWidth") > 0
    look(page, "second factor")
    assert page.complaints == []


def test_menus_and_colours_by_keyboard(live_server, page, home):
    sign_in(page, live_server.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.focus("summary.top-org")
    page.keyboard.press("Enter")
    assert page.is_visible(".menu-list a[aria-current]")
    look(page, "open menu")
    page.keyboard.press("Escape")
    assert not page.is_visible(".menu-list a[aria-current]")
    assert page.evaluate("document.activeElement.className") == "top-org"
    page.focus("summary:has(.face)")
    page.keyboard.press("Enter")
    page.click("[data-theme-value=dark]")
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    page.reload()
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    assert page.complaints == []


def test_without_script_the_menus_and_colours_work_too(live_server, home, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url + reverse("account_login"))
    page.click("[name=theme][value=dark]")
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    page.goto(live_server.url + reverse("account_login"))
    page.fill("[name=login]", "owner@example.org")
    page.fill("[name=password]", factories.PASSWORD)
    page.click("main button.btn-primary")
    page.wait_for_url("**/o/home/")
    page.click("summary:has(.face)")
    page.click("text=Sign out")
    page.wait_for_url("**/account/login/**")
    context.close()


def test_on_a_phone_the_filters_are_folded_and_the_chips_are_not(live_server, page, home):
    sign_in(page, live_server.url)
    team = live_server.url + reverse("accounts:team", args=["home"])
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(team)
    role, fold = page.locator("#filter-role"), page.locator("#list-fold-head")
    assert not role.is_visible()
    fold.focus()
    page.keyboard.press("Enter")
    assert role.is_visible()
    look(page, "unfolded")
    role.select_option("auditor")
    with page.expect_response(lambda response: "role=auditor" in response.url):
        page.click("#filter-go")
    page.locator(".chip").wait_for()
    assert "role=auditor" in page.url
    assert role.is_visible()  # what was unfolded stays so
    look(page, "filtered")
    fold.click()
    assert page.locator(".chip").is_visible()
    with page.expect_response(lambda response: response.url.endswith("/team/?")):
        page.click(".chip a")
    page.locator(".chip").wait_for(state="detached")
    assert not role.is_visible()  # and what was folded
    assert page.complaints == []
    page.set_viewport_size({"width": 1280, "height": 800})
    assert role.is_visible()
    assert not fold.is_visible()


def test_without_script_the_filters_unfold_and_filter_too(live_server, home, browser):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    sign_in(page, live_server.url)
    page.goto(live_server.url + reverse("accounts:team", args=["home"]))
    role = page.locator("#filter-role")
    assert not role.is_visible()
    page.click("#list-fold-head")
    role.select_option("auditor")
    page.click("#filter-go")
    page.wait_for_url("**/team/?*role=auditor*")
    assert role.is_visible()
    assert page.locator(".chip").is_visible()
    context.close()
