"""Every page there is, looked at with different eyes: screen reader, keyboard, small screen, dark room, no script."""

import re
from functools import partial
from urllib.parse import urlsplit

import pytest
from django.test import RequestFactory
from playwright.sync_api import expect

from accounts import error_views
from accounts.models import Role
from tests import factories
from tests.e2e import eyes, stage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]  # many pages, each looked at ten times

# What is known and stays: (pattern of the address, pattern of the sentence), and why.
KNOWN = {
    (
        r"^/staff/",
        r"div.results.* scrolls sideways",
    ): "Django's own table; its rows hold links, so the keyboard scrolls it",
    (r"^/staff/", r"has the title of"): "Django's own titles",
    (r"^/staff/.*/change/", r"<div.form-row.* cuts off"): "Django's own; two pixels of a padding",
}


@pytest.fixture
def planted(demo, settings):
    return stage.set_up(settings)


@pytest.fixture
def door(browser, live_server):
    """`door(client, **options)`: a page in a browser context that has the client's session."""
    contexts = []

    def open_for(client, *, prepared=True, **options):
        context = browser.new_context(viewport=eyes.WIDE, locale="en-GB", reduced_motion="reduce", **options)
        contexts.append(context)
        if prepared:
            eyes.prepare(context)
        cookies = [{"name": name, "value": one.value, "url": live_server.url} for name, one in client.cookies.items()]
        if cookies:
            context.add_cookies(cookies)
        page = context.new_page()
        page.set_default_timeout(15_000)
        return page

    yield open_for
    for context in contexts:
        context.close()


def unknown(path, sentence):
    return not any(re.search(where, path) and re.search(what, sentence) for where, what in KNOWN)


def require_nothing(wrong):
    """`wrong`: (address, sentence) of everything that was found."""
    left = [f"{path}: {sentence}" for path, sentence in wrong if unknown(path, sentence)]
    assert not left, f"{len(left)} things\n" + "\n".join(left)


def look(page, titles):
    """Everything that can be seen of the page as it stands, at 1280 and 320 px, light and dark."""
    page.set_viewport_size(eyes.WIDE)
    facts = page.evaluate("eyes.structure()")
    path = urlsplit(page.url).path
    told = facts["wrong"] + eyes.axe(page) + eyes.keyboard(page) + eyes.dark(page) + eyes.narrow(page)
    told += [f"at 320 px: {what}" for what in eyes.keyboard(page)]
    if facts["lang"] != "en":
        told.append(f"the language is {facts['lang']!r}")
    if facts["title"] in titles:
        told.append(f"has the title of {titles[facts['title']]}: {facts['title']}")
    titles[facts["title"]] = path
    return [(path, what) for what in told]


@pytest.mark.parametrize("person", ["stranger", "owner", "staff"])
def test_every_page_is_for_everybody(person, planted, door, live_server):
    found, unexplained = stage.pages(planted)
    assert not unexplained, "\n".join(unexplained)
    paths = [path for whose, path in found if whose == person]
    assert len(paths) >= 5
    page, wrong, titles = door(stage.client_of(planted, person)), [], {}
    for path in paths:
        page.set_viewport_size(eyes.WIDE)
        page.goto(live_server.url + path)
        wrong += look(page, titles)
    require_nothing(wrong)


def fulfil(made, route):
    route.fulfill(body=made.content.decode(), content_type="text/html")


def test_pages_about_mistakes_are_for_everybody_too(door, live_server, db):
    """404 as it comes; the others as the server renders them, since nothing here fails when it is asked to."""
    page, wrong, titles = door(stage.Client()), [], {}
    page.goto(f"{live_server.url}/nowhere/")
    expect(page.get_by_role("heading").first).to_be_attached()
    wrong += look(page, titles)
    for status in (400, 403, 500, 503):
        made = error_views.answer(RequestFactory().get("/"), status)
        address = f"{live_server.url}/mistake/{status}/"
        page.route(address, partial(fulfil, made))
        page.set_viewport_size(eyes.WIDE)
        page.goto(address)
        wrong += look(page, titles)
    require_nothing(wrong)


def test_without_script_every_page_says_the_same(planted, door, live_server):
    found, _ = stage.pages(planted)
    wrong = []
    for person in ("stranger", "owner"):
        client = stage.client_of(planted, person)
        scripted, plain = door(client), door(client, prepared=False, java_script_enabled=False)
        for path in [path for whose, path in found if whose == person]:
            scripted.goto(live_server.url + path)
            plain.goto(live_server.url + path)
            wanted = scripted.evaluate("eyes.headings()")
            heads = [each.strip() for each in plain.locator("h1, h2, h3").all_inner_texts()]
            wrong += [(path, f"without script {head!r} is not there") for head in wanted if head not in heads]
            there, needed = len(plain.inner_text("main")), scripted.evaluate("eyes.words()")
            if there < 0.85 * needed:
                wrong.append((path, f"without script {there} of {needed} characters are there"))
            wrong += [(path, f"own colours: {what}") for what in eyes.forced_colours(scripted)]
    require_nothing(wrong)


def test_with_nothing_to_show_and_long_words_every_list_still_fits(planted, door, live_server):
    """An organization that begins today, with a name as names are, read in German at 320 px."""
    name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft m. b. H."
    fresh = factories.organization(slug="fresh", name=name, country="DE", time_zone="Europe/Berlin")
    owner = factories.member(fresh, Role.OWNER, language="de", name="Ottilie von der Schulenburg-Wolfsburg-Hehlen")
    found, _ = stage.pages(planted)
    inside = re.compile(rf"/o/{stage.SLUG}/([a-z-]+/)*$")
    page, wrong = door(stage.signed_in(owner)), []
    for path in [path for _, path in found if inside.match(path) and "verify" not in path]:
        path = path.replace(stage.SLUG, "fresh")
        page.set_viewport_size(eyes.WIDE)
        answer = page.goto(live_server.url + path)
        if answer.status != 200:
            wrong.append((path, f"answers {answer.status}"))
            continue
        wrong += [(path, what) for what in page.evaluate("eyes.structure()")["wrong"] + eyes.axe(page)]
        page.set_viewport_size(eyes.NARROW)
        wrong += [(path, f"at 320 px: {what}") for what in page.evaluate("eyes.narrow()")]
    require_nothing(wrong)


FORMS = "main form[method=post]:has([required]:not([type=hidden], [type=checkbox], [type=radio], select))"


def test_a_form_left_empty_says_what_is_missing_and_takes_the_reader_there(planted, door, live_server):
    found, _ = stage.pages(planted)
    wrong, tried = [], 0
    for person in ("stranger", "owner"):
        page = door(stage.client_of(planted, person))
        for path in [path for whose, path in found if whose == person]:
            page.goto(live_server.url + path)
            for number in range(page.locator(FORMS).count()):
                page.goto(live_server.url + path)
                form = page.locator(FORMS).nth(number)
                fields = form.locator("[required]").count()
                with page.expect_navigation():
                    form.evaluate("form => eyes.sendEmpty(form)")
                tried += 1
                wrong += [
                    (path, f"form {number}: {what}")
                    for what in page.evaluate("fields => eyes.mistakes(fields)", fields)
                ]
    assert tried >= 8
    require_nothing(wrong)
