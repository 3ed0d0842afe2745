"""Every page that shows rows shows them by the one mechanism of lists, or says here why it need not."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import resolve, reverse

from accounts.lists import Listing
from agents import connections
from agents.services import registry
from ground.audit.models import Event
from ground.tenancy import acting_for
from tests import factories
from tests.agents.conftest import BY, NOW
from tests.guardrails.test_urls import INSIDE, address

TEMPLATES = Path(settings.BASE_DIR) / "templates"
_TOKEN = re.compile(
    r"{%\s*(?P<tag>for|endfor|block|endblock|extends|include)\b(?P<rest>[^%]*)%}|<(?P<html>tr|li|article|section)\b",
    re.S,
)

# Where rows are repeated outside a list: (template, what is walked) and why that cannot grow without bound, or where
# all of it can be read.
_FORM = "what one form says or asks"
_RULES = "as many as the law, the product or one settings page has"
_STAFF = "the operator's own site, where staff see figures and the newest"
BOUNDED = {
    ("accounts/account_close.html", "left"): "the organizations of one person",
    ("accounts/desk/_sessions.html", "found"): "staff of the operator; each organization has all of its own as a list",
    ("accounts/developers.html", "scopes"): _RULES,
    ("accounts/staff_access.html", "live"): "each person of the operator has one session at most",
    ("accounts/staff_access.html", "waiting"): "each person of the operator has one request at most",
    ("accounts/staff_figures.html", "table.rows"): _STAFF,
    ("accounts/team.html", "table"): _RULES,
    ("accounts/team.html", "waiting"): "invitations run out after seven days",
    ("agents/_draft.html", "draft.differences"): "the settings one revision has",
    ("agents/_line.html", "line.deliveries"): "the newest few of one day; the request log has every one",
    ("agents/agent_detail.html", "activity"): "the newest few; the audit log has all of it",
    ("agents/agent_detail.html", "revisions"): "the newest few; the list of revisions has all of them",
    ("agents/connection_detail.html", "facts.steps"): _RULES,
    ("api_docs/_body.html", "group.operations"): _RULES,
    ("api_docs/_body.html", "reference.groups"): _RULES,
    ("api_docs/_members.html", "members"): _RULES,
    ("api_docs/_operation.html", "operation.parameters"): _RULES,
    ("api_docs/_named.html", "operations"): _RULES,
    ("api_docs/_operation.html", "operation.refusals"): _RULES,
    ("api_docs/page.html", "group.operations"): _RULES,
    ("calls/_rows.html", "rows"): "the lines of the two lists of calls",
    ("calls/call_detail.html", "looks"): "the newest few; the audit log has all of it",
    ("calls/call_detail.html", "turns"): "what was said in one call is read as a whole",
    ("calls/search.html", "contacts"): "the last few spoken to; the page says that there are more",
    ("calls/search.html", "form.value.errors"): _FORM,
    ("calls/search.html", "query.readings"): "one of each kind of identifier",
    ("calls/search.html", "things"): "one id belongs to few things",
    ("components/error_summary.html", "field.errors"): _FORM,
    ("components/error_summary.html", "form.non_field_errors"): _FORM,
    ("components/first_steps.html", "first_steps"): _RULES,
    ("components/life_line.html", "line.marks"): _RULES,
    ("components/list_filters.html", "shown.chips"): "one for each filter in force",
    ("components/rail.html", "group.links"): _RULES,
    ("components/toasts.html", "messages"): "what this answer has to say",
    ("contacts/_import_state.html", "problems"): "the first few lines of one file; a file has all of them",
    ("contacts/contact_detail.html", "similar"): "ten at most",
    ("contacts/import_columns.html", "columns"): "the columns of one file",
    ("delivery/notifications.html", "fields"): _RULES,
    ("delivery/notifications.html", "form.topics.items"): _RULES,
    ("delivery/staff_emails.html", "counts"): _STAFF,
    ("delivery/staff_emails.html", "emails"): _STAFF,
    ("email/letter.html", "letter.entries"): "a letter is no page",
    ("email/letter.html", "letter.facts"): "a letter is no page",
    ("mfa/recovery_codes/index.html", "unused_codes"): "ten codes of one person",
    ("mfa/webauthn/authenticator_list.html", "authenticators"): "the passkeys of one person",
    ("retention/_chart.html", "chart.legend"): _RULES,
    ("retention/_chart.html", "chart.rows"): "thirteen weeks",
    ("retention/_kept.html", "kept"): "one line for each category",
    ("retention/admin_figures.html", "rows"): _STAFF,
    ("retention/certificate.html", "destroyed"): "one line for each category",
    ("retention/certificate.html", "remains"): _RULES,
    ("retention/destroy.html", "selection"): "one line for each category",
    ("retention/gone.html", "parts"): "one line for each category",
    ("retention/overview.html", "matters"): "one line for each kind of matter",
    ("retention/overview.html", "runs"): "the newest few; the list of purges has all of them",
    ("retention/purge.html", "asked"): "one line for each category",
    ("retention/purge.html", "lines"): "one line for each category",
    ("retention/purges.html", "aside.items"): "one line for each category",
    ("retention/purges.html", "waiting"): "one line for each category",
    ("usersessions/usersession_list.html", "sessions"): "the devices of one person, whose sessions run out",
}


def loops(name):
    """(what is walked, the block it stands in, whether the page is a list) of every loop that makes rows."""
    text = (TEMPLATES / name).read_text()
    walked, blocks, is_list, found = [], [], False, set()
    for token in _TOKEN.finditer(text):
        match token["tag"]:
            case "extends":
                is_list = "list_page.html" in token["rest"]
            case "for":
                walked.append(token["rest"].partition(" in ")[2].strip())
            case "endfor":
                walked.pop()
            case "block":
                blocks.append(token["rest"].strip())
            case "endblock":
                blocks.pop()
            case "include" if walked and _makes_a_row(token["rest"]):
                found.add((walked[-1], blocks[-1] if blocks else "", is_list))
            case None if walked:
                found.add((walked[-1], blocks[-1] if blocks else "", is_list))
    return found


def _makes_a_row(included):
    """Whether what is included, `"agents/_revision_row.html" with …`, is itself a row: the first it has is one."""
    name = re.match(r'"([^"]+)"', included.strip())
    text = (TEMPLATES / name[1]).read_text() if name else ""
    tags = re.sub(r"{%.*?%}|{#.*?#}", "", re.sub(r"{% comment %}.*?{% endcomment %}", "", text, flags=re.DOTALL))
    return any(token["tag"] is None and not tags[: token.start()].strip() for token in _TOKEN.finditer(tags))


def repeated():
    """(template, what is walked) of every loop that makes rows, without those of a list's own page."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        name = str(path.relative_to(TEMPLATES))
        for walked, block, is_list in loops(name):
            if not (is_list and block in ("rows", "table")):
                yield name, walked


def test_rows_are_a_list_or_bounded_for_a_reason():
    found = set(repeated())
    unnamed = sorted(found - set(BOUNDED))
    assert not unnamed, f"not by accounts.lists, and nobody said why: {unnamed}"
    gone = sorted(set(BOUNDED) - found)
    assert not gone, f"these repeat nothing any more: {gone}"
    assert all(len(reason.split()) > 1 for reason in BOUNDED.values())


# ------------------------------------------------------------------ the pages themselves
@pytest.fixture
def home(db, vault_home):
    """An organization that begins today, but for an agent nothing was published for."""
    return factories.organization(slug="home")


@pytest.fixture
def values(home):
    line, _secret = connections.create(organization_id=home.id, provider="vapi", name="Front desk", by=BY, at=NOW)
    agent = registry.create(
        organization_id=home.id, connection_id=line.id, provider_agent_id="asst_1", name="Camille", by=BY, at=NOW
    )
    return {"slug": "home", "agent_id": str(agent.id), "category": "recording"}


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def pages(client, values):
    """(address, answer, the list) of every page of an organization that is a list."""
    for route in INSIDE:
        if set(re.findall(r"<(?:\w+:)?(\w+)>", route)) <= set(values):
            path = address(route, **values)
            answer = client.get(path)
            shown = (answer.context or {}).get("shown") if answer.status_code == 200 else None
            if isinstance(shown, Listing):
                yield path, answer, shown


def file_of(path, shown):
    given = resolve(path).kwargs
    return reverse(shown.named.csv, kwargs={name: given[name] for name in shown.named.arguments if name in given})


@pytest.mark.django_db
def test_every_list_is_sorted_named_and_has_a_file_of_what_is_filtered(home, values):
    client, lists = signed_in(factories.member(home, "owner")), []
    for path, answer, shown in pages(client, values):
        lists.append(path)
        assert b"data-list" in answer.content, path
        assert shown.asked.declaration.sorts, path
        assert shown.asked.declaration.filters, path
        assert shown.words, path
        assert any(template.name == "list_page.html" for template in answer.templates), path
        file = client.get(file_of(path, shown))
        assert file["Content-Type"].startswith("text/csv"), path
        assert file["Cache-Control"] == "no-store", path
        first = b"".join(file.streaming_content).decode().partition("\n")[0]
        assert len(first.split(",")) > 2, path
        answer = client.get(f"{file_of(path, shown)}?sort=nonsense")
        assert (answer.status_code, urlsplit(answer["Location"]).path) == (302, path)
    assert len(lists) >= 17, lists


@pytest.mark.django_db
def test_an_empty_list_says_what_will_appear_and_offers_one_action(home, values):
    for role in ("owner", "auditor"):
        for path, answer, shown in pages(signed_in(factories.member(home, role)), values):
            text = answer.content.decode()
            if shown.rows:
                continue
            assert shown.is_empty, path
            [empty] = re.findall(r'<div class="empty">.*?</div>', text, re.S)
            assert len(re.findall(r"<a class=\"btn btn-primary\"", empty)) == 1, (path, role)
            assert "data-filters" not in text, path


def taken(home):
    with acting_for(home.pk):
        return Event.objects.filter(kind__endswith="_exported").count()


@pytest.mark.django_db
def test_a_file_is_for_whoever_sees_the_page_and_its_taking_is_recorded(home, values):
    owner, member = signed_in(factories.member(home, "owner")), signed_in(factories.member(home, "member"))
    outsider = signed_in(factories.member(factories.organization(slug="other"), "owner"))
    for path, _answer, shown in list(pages(owner, values)):
        file, before = file_of(path, shown), taken(home)
        assert outsider.get(file).status_code == 404, path
        assert Client().get(file).status_code == 302, path
        assert taken(home) == before, path
        seen = member.get(path)
        offered = f'href="{file}'.encode() in seen.content
        answer = member.get(file)
        assert answer.status_code == (403 if shown.named.csv_needs or seen.status_code == 403 else 200), path
        assert not (offered and answer.status_code != 200), path
        assert taken(home) == before + (answer.status_code == 200), path
