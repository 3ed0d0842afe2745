"""Contacts and agents in a real browser: no CSP violation, axe-clean, no sideways scrolling, light and dark."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from accounts.models import Role
from agents import connections
from agents.services import Settings, publish, registry, resolve
from contacts.details import checked
from contacts.services import add, create_list, put_on_list
from ground.tenancy import Actor
from tests import factories
from tests.contacts.conftest import NOW, run_jobs

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PICTURES = os.environ.get("PICTURES", "")
FILE = "Nom;Téléphone;E-mail\nMarie Curie;06 12 34 56 50;\nPierre Curie;12;\nIrène;06 12 34 56 51;irene@example.org\n"


@pytest.fixture
def page(browser):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda m: page.complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


@pytest.fixture
def home(db, vault_home):
    home = factories.organization(slug="home", name="Delorme Optique")
    owner = factories.member(home, Role.OWNER, email="owner@example.org")
    by = Actor.member(owner.pk)
    front, _ = connections.create(organization_id=home.id, provider="vapi", name="Front desk", by=by, at=NOW)
    connections.create(organization_id=home.id, provider="generic", name="Own switchboard, Lyon", by=by, at=NOW)
    agent = registry.create(
        organization_id=home.id, connection_id=front.id, provider_agent_id="asst_1", name="Camille", by=by, at=NOW
    )
    words = {"fr": "Cet appel est enregistré pour améliorer le service.", "en": "This call is recorded."}
    publish(organization_id=home.id, agent_id=agent.id, settings=Settings(), reason="start", by=by, at=NOW)
    publish(
        organization_id=home.id,
        agent_id=agent.id,
        settings=Settings(True, True, words, {"recording": 30}),
        reason="quality checks for six months",
        by=by,
        at=NOW,
    )
    resolve(home.id, front.id, "7e2f-asst-night-line-with-a-very-long-identifier-of-the-provider-0001", NOW)
    people = [
        {"name": "Marie Curie", "phones": ["06 12 34 56 42", "+32 470 12 34 52"], "emails": ["marie@example.org"]},
        {"name": "M. Curie", "phones": ["06 12 34 56 42"], "external_id": "CRM-9"},
        {"name": "李小龍", "phones": ["+41 79 123 45 34"]},
        {"emails": ["a.very.long.address.of.somebody@a-long-company-name.example"]},
    ]
    rows = [
        add(
            organization_id=home.id,
            details=checked(region="FR", **person),
            legal_basis=basis,
            by=by,
            at=NOW,
        )
        for person, basis in zip(people, ["consent", "contract", "unstated", "legitimate_interests"], strict=True)
    ]
    made = create_list(organization_id=home.id, name="Reminders", by=by, at=NOW)
    put_on_list(organization_id=home.id, list_id=made.id, contact_ids=[rows[0].id], by=by, at=NOW)
    home.rows, home.agent, home.front, home.by = rows, agent, front, by
    return home


def look(page, where, dark=True):
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for theme in ("light", "dark") if dark else ("light",):
            page.evaluate("theme => document.documentElement.setAttribute('data-bs-theme', theme)", theme)
            found = Axe().run(page, options=WCAG).response["violations"]
            assert not found, (where, theme, [(rule["id"], [n["html"] for n in rule["nodes"]]) for rule in found])
            if PICTURES:
                page.screenshot(path=Path(PICTURES) / f"{where}-{width}-{theme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} scrolls sideways"


def sign_in(page, root):
    page.goto(root + reverse("account_login"))
    page.fill("[name=login]", "owner@example.org")
    page.fill("[name=password]", factories.PASSWORD)
    page.click("main button.btn-primary")
    page.wait_for_url("**/o/**")


def test_agents_and_connections(live_server, page, home):
    sign_in(page, live_server.url)

    def go(name, *args):
        page.goto(live_server.url + reverse(f"agents:{name}", args=["home", *args]))

    go("list")
    look(page, "agents")
    go("agent", home.agent.id)
    look(page, "agent")
    go("connection_new")
    look(page, "connection-new")
    page.select_option("[name=provider]", "generic")
    page.fill("[name=name]", "Test bench")
    page.click("main form button.btn-primary")
    assert "whsec_" in page.inner_text("#secret")
    look(page, "connection-secret")
    go("connection", home.front.id)
    look(page, "connection")
    go("new")
    look(page, "agent-new")
    assert page.complaints == []


def test_contacts_and_import(live_server, page, home, tmp_path):
    sign_in(page, live_server.url)

    def go(name, *args):
        page.goto(live_server.url + reverse(f"contacts:{name}", args=["home", *args]))

    go("list")
    look(page, "contacts")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.fill("#top-search", "0033612345642")
    page.press("#top-search", "Enter")
    page.wait_for_selector("h2#contacts")
    assert page.locator("section[aria-labelledby=contacts] .rowlink").count() == 2
    look(page, "contacts-found", dark=False)
    go("contact", home.rows[0].id)
    look(page, "contact")
    page.click("text=Reveal; this is logged")
    page.wait_for_selector("h1:has-text('Marie Curie')")
    look(page, "contact-revealed", dark=False)
    go("edit", home.rows[0].id)
    look(page, "contact-edit")
    go("import_upload")
    look(page, "import-upload")
    (tmp_path / "people.csv").write_text(FILE)
    page.set_input_files("[name=file]", tmp_path / "people.csv")
    page.click("text=Upload and go on")
    page.wait_for_selector("text=Step 2 of 3")
    look(page, "import-columns")
    page.click("text=Check every line")
    page.wait_for_selector("text=Lines checked")
    look(page, "import-underway", dark=False)
    run_jobs(home, "contacts.check_import")
    page.wait_for_selector("text=Store them")
    look(page, "import-checked")
    page.click("text=Store them")
    page.wait_for_selector("text=Lines stored")
    run_jobs(home, "contacts.store_import")
    page.wait_for_selector("text=To the contacts")
    look(page, "import-finished", dark=False)
    assert page.complaints == []


def test_empty_pages(live_server, page, db, vault_home):
    home = factories.organization(slug="empty")
    factories.member(home, Role.OWNER, email="owner@example.org")
    sign_in(page, live_server.url)
    for app in ("contacts", "agents"):
        page.goto(live_server.url + reverse(f"{app}:list", args=["empty"]))
        look(page, f"{app}-empty", dark=False)
    assert page.complaints == []
