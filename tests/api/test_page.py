"""`/api/docs/`: for everybody, without script, and nothing inline."""

import re

import pytest
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator

from accounts.api.openapi import operations
from accounts.models import Role
from accounts.templatetags.api_docs import coded, path_pieces
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document():
    return SchemaGenerator().get_schema(request=None, public=True)


def test_a_stranger_reads_every_operation(client, document):
    answer = client.get("/api/docs/")
    assert answer.status_code == 200
    page = answer.content.decode()
    for path, said in operations(document):
        assert f'id="{said["operationId"]}"' in page, path
        assert said["x-scope"] in page


def test_every_link_within_the_page_leads_somewhere(client):
    page = client.get("/api/docs/").content.decode()
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(client):
    answer = client.get("/api/docs/")
    page = answer.content.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    assert not re.search(r'(?:src|href)="https?://', page)


def test_the_document_can_be_taken_along(client):
    page = client.get("/api/docs/").content.decode()
    assert f'href="{reverse("schema")}?format=json"' in page
    assert client.get(reverse("schema") + "?format=json").json()["openapi"].startswith("3.1")
    assert client.get(reverse("schema")).status_code == 200


def test_what_holds_for_all_is_what_the_platform_does(client, settings):
    page = client.get("/api/docs/").content.decode()
    assert "sv_live_&lt;id&gt;_&lt;secret&gt;" in page
    assert "application/problem+json" in page
    rate = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["api_key"].split("/")[0]
    assert f"{rate} times" in page.replace(",", "")


def test_the_document_stays_english_and_says_so_to_a_reader_of_german(client):
    page = client.get("/api/docs/", headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="de"' in page
    assert re.search(r'<h3 id="calls_list" lang="en">\s*List calls, newest first', page)
    english = client.get("/api/docs/", headers={"Accept-Language": "en"}).content.decode()
    assert '<html lang="en"' in english


def test_the_developers_page_leads_there(client):
    organization = factories.organization()
    client.force_login(factories.member(organization, Role.OWNER))
    page = client.get(reverse("accounts:developers", args=[organization.slug])).content.decode()
    assert f'href="{reverse("api_docs")}"' in page
    assert client.get(reverse("api_docs")).status_code == 200


def test_it_is_only_read(client):
    assert client.head("/api/docs/").status_code == 200
    assert client.post("/api/docs/").status_code in {403, 405}


def test_words_of_the_document_cannot_become_markup():
    assert coded("a `b<c>` & <d>") == "a <code>b&lt;c&gt;</code> &amp; &lt;d&gt;"
    assert path_pieces(("/a/<b>", "{c}")) == "/<wbr>a/<wbr>&lt;b&gt;<b>{c}</b>"
