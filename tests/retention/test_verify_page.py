"""The public page that verifies certificates: without an account, plain words, nothing kept."""

import json
import logging

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from ground import audit, vault
from ground.tenancy import Actor, acting_for
from ground.vault.canonical import canonical_json
from retention.models import Certificate
from retention.services import anchors, certificates, sweep, verifying
from retention.views import public
from tests.holdings import days_ago, keep_call

ADDRESS = "/verify/"
BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh_counters():
    cache.clear()


@pytest.fixture
def certificate(organization):
    keep_call(organization.id, days_ago(91))
    sweep.purge_expired(organization_id=organization.id, by=BY)
    with acting_for(organization.id):
        return Certificate.objects.get()


@pytest.fixture
def raw(certificate):
    with acting_for(certificate.organization_id):
        return certificates.bundle(certificate)


def said(text, client=None):
    answer = (client or Client()).post(ADDRESS, {"text": text if isinstance(text, str) else text.decode()})
    return answer.status_code, answer.content.decode()


def test_a_genuine_certificate_is_verified_for_a_stranger(raw, certificate):
    status, page = said(raw)
    assert status == 200
    assert "Certificate 1 is genuine" in page
    assert "Recordings: 1 record" in page
    assert "The data keys were deleted" in page
    with acting_for(certificate.organization_id):
        [statement] = certificates.statements_of(certificate)
    assert statement.signing_key_id in page
    assert certificates.signed(statement).digest[:4] in page


def test_a_file_can_be_uploaded_as_it_was_downloaded(raw, tmp_path):
    file = tmp_path / "certificate-1.json"
    file.write_bytes(raw)
    with file.open("rb") as opened:
        answer = Client().post(ADDRESS, {"file": opened})
    assert "Certificate 1 is genuine" in answer.content.decode()


def test_it_names_the_audit_block_once_the_block_is_sealed(raw, certificate):
    assert "not in a signed block yet" in said(raw)[1]
    audit.seal_due()
    assert "anchored in block" in said(raw)[1]


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda text: text.replace('"records":1', '"records":2', 1), "Statement 1 of the file: The signature does not"),
        (lambda text: text[: len(text) // 2], "cannot be read as one"),
        (lambda text: "[]", "cannot be read as one"),
        (lambda text: "[" * 100_000, "cannot be read as one"),
        (lambda text: '{"statements": []}', "cannot be read as one"),
        (lambda text: '{"type": "invoice"}', "cannot be read as one"),
        (lambda text: "%PDF-1.7 and so on", "This is a PDF"),
    ],
)
def test_what_is_not_genuine_is_told_in_plain_words(raw, change, words):
    status, page = said(change(raw.decode()))
    assert status == 200
    assert words in page
    assert "is genuine" not in page


def test_an_unknown_key_and_a_mixed_file_are_told_apart(raw):
    changed = json.loads(raw)
    changed["statements"][0]["signature"]["key_id"] = "0" * 32
    assert "never published" in said(json.dumps(changed))[1]
    changed = json.loads(raw)
    changed["certificate"]["number"] = 99
    assert "different certificates" in said(json.dumps(changed))[1]


def test_a_later_statement_must_name_the_earlier_one_as_it_is(raw):
    first = json.loads(raw)["statements"][0]
    later = {**first["statement"], "moment": "beyond_recovery", "earlier_statements": {"unreadable": "0" * 64}}
    signed = vault.signing.sign(later)
    both = {"certificate": first["statement"]["certificate"], "statements": [first, json.loads(signed.to_json())]}
    verdict = verifying.verify(canonical_json(both))
    assert (verdict.problem, verdict.number) == ("broken_chain", 2)
    assert "names an earlier one by its digest" in said(json.dumps(both))[1]


def test_nothing_given_or_too_much_is_refused_with_a_summary():
    client = Client()
    empty = client.post(ADDRESS, {})
    assert empty.status_code == 422
    assert "data-error-summary" in empty.content.decode()
    assert said("x" * (verifying.LARGEST + 1))[0] == 413
    huge = client.post(ADDRESS, {"text": "x" * (3 * verifying.LARGEST)})
    assert huge.status_code == 413
    assert "larger than any certificate" in huge.content.decode()


def test_markup_in_a_certificate_is_only_text():
    assert "<script>alert" not in said('{"a": "<script>alert(1)</script>"}')[1]


def test_who_asks_very_often_waits_a_minute(raw):
    client = Client()
    for _ in range(public.PER_MINUTE):
        assert said(raw, client)[0] == 200
    answer = client.post(ADDRESS, {"text": raw.decode()})
    assert answer.status_code == 429
    assert answer["Retry-After"] == "60"
    assert client.get(ADDRESS).status_code == 200
    assert client.post(ADDRESS, {"text": "{}"}, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_no_address_lies_in_the_cache_and_no_content_in_the_log(raw, caplog):
    client = Client(REMOTE_ADDR="203.0.113.77")
    with caplog.at_level(logging.DEBUG):
        said(raw, client)
    assert "203.0.113.77" not in caplog.text
    assert json.loads(raw)["certificate"]["id"] not in caplog.text
    names = [name.decode() for name in cache._cache.get_client().keys("*")]
    assert any("door" in name for name in names)
    assert not any("203.0.113" in name for name in names)


def test_the_post_is_guarded_against_other_sites(raw):
    answer = Client(enforce_csrf_checks=True).post(ADDRESS, {"text": raw.decode()})
    assert answer.status_code == 403
    assert "is genuine" not in answer.content.decode()


def test_the_page_is_for_everybody_and_is_never_kept():
    answer = Client().get(ADDRESS)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert reverse("signing_keys") in answer.content.decode()
    assert Client().delete(ADDRESS).status_code == 405


def test_the_published_keys_say_where_to_check():
    published = Client().get(reverse("signing_keys")).json()
    assert published["verify"].endswith(ADDRESS)


def test_a_file_beyond_the_largest_is_no_certificate(raw, monkeypatch):
    monkeypatch.setattr(verifying, "LARGEST", len(raw) - 1)
    assert verifying.verify(raw).problem == "no_certificate"


def test_a_statement_that_names_no_earlier_ones_breaks_no_chain(raw):
    signed = vault.signing.sign({"moment": "unreadable", "certificate": {"id": "1", "number": 1}})
    verdict = verifying.verify(signed.to_json())
    assert (verdict.problem, verdict.certificate["number"]) == ("", 1)
    assert anchors.anchor_of_content(verdict.contents[0]) is None, "no organization to look in"


def test_a_statement_whose_evidence_has_expired_is_genuine_without_its_block(raw, certificate, superuser_connection):
    database = superuser_connection("default")
    database.execute("SET session_replication_role = replica")
    database.execute("DELETE FROM audit_event WHERE kind = 'retention.statement_issued'")
    [content] = verifying.verify(raw).contents
    assert anchors.anchor_of_content(content) is None
