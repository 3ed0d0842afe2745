"""The certificate as PDF: tagged, readable by machines, the same bytes every time, and deaf to hostile names."""

import io
import json
import subprocess
import time

import pytest
from django.urls import reverse
from django.utils import translation
from pypdf import PdfReader

from ground.tenancy import Actor, acting_for
from retention.models import Certificate
from retention.pdf import typesetting
from retention.pdf.document import TEMPLATE, document
from retention.pdf.typesetting import NotTypeset, typeset
from retention.services import certificates, sweep, verifying
from tests.holdings import days_ago, keep_call

BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def certificate(organization):
    keep_call(organization.id, days_ago(91))
    sweep.purge_expired(organization_id=organization.id, by=BY)
    with acting_for(organization.id):
        return Certificate.objects.get()


def paper(certificate, name="Delorme Optique", language="en"):
    with translation.override(language), acting_for(certificate.organization_id):
        return document(certificate, name)


def press(given):
    return typeset(TEMPLATE, given.data, attachment=given.attachment, at=given.at)


def text_of(pdf):
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def test_the_pdf_is_tagged_titled_and_in_its_language(certificate):
    reader = PdfReader(io.BytesIO(press(paper(certificate))))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == "Certificate 1 · Sottovoce"
    assert "pdfuaid" in reader.xmp_metadata.stream.get_data().decode()


def test_its_figures_can_be_read_out(certificate):
    text = text_of(press(paper(certificate)))
    with acting_for(certificate.organization_id):
        [statement] = certificates.statements_of(certificate)
        content = certificates.signed(statement).content()
    for entry in content["destroyed"]:
        assert f"{entry['bytes']:,}" in text
    assert "2 records were destroyed" in text
    assert "Recordings" in text
    assert statement.signing_key_id in text.replace("\u200b", "")
    assert certificates.signed(statement).digest in text.replace("\u200b", "").replace(" ", "")
    assert "verify_certificate certificate-1.json" in text.replace("\u200b", "")
    assert "What this does not claim" in text
    assert "Beyond recovery" in text
    assert str(certificate.pk) in text.replace("\u200b", "")


def test_the_signed_file_is_attached_and_genuine(certificate):
    [(name, [raw])] = PdfReader(io.BytesIO(press(paper(certificate)))).attachments.items()
    assert name == "certificate-1.json"
    with acting_for(certificate.organization_id):
        assert raw == certificates.bundle(certificate)
    assert verifying.verify(raw).valid


def test_the_same_certificate_is_the_same_bytes_tomorrow(certificate):
    first = press(paper(certificate))
    time.sleep(1.1)
    assert press(paper(certificate)) == first


@pytest.mark.parametrize("language, words", [("fr", "Ce que"), ("de", "Wirkung")])
def test_it_speaks_the_readers_language(certificate, language, words):
    reader = PdfReader(io.BytesIO(press(paper(certificate, language=language))))
    assert reader.trailer["/Root"]["/Lang"] == language
    assert reader.metadata.title.endswith("· Sottovoce")


@pytest.mark.parametrize(
    "name",
    [
        '#panic("x") #read("/etc/passwd") *bold* $x^2$ <label> @ref \\ // /* #import "@preview/a:1.0.0"',
        "مؤسسة النور للبصريات",
        "משרד עורכי דין",
        "株式会社 眼鏡 😀👩‍👩‍👧 \u0007\u202e reversed",
        "x" * 2000,
        "ab " * 700,
        "\ufffd\ue000\U000e0001",
        '"}, "attack": {"',
    ],
)
def test_hostile_names_are_only_shown(certificate, name):
    pdf = press(paper(certificate, name))
    text = text_of(pdf)
    assert "2 records were destroyed" in text
    assert "root:" not in text
    if name.startswith("#panic"):
        assert '#panic("x")' in text.replace("\u201c", '"').replace("\u201d", '"').replace("\u200b", "")
    assert pdf == press(paper(certificate, name))


def test_a_press_that_fails_or_takes_too_long_is_an_error_with_a_name(certificate, monkeypatch):
    given = paper(certificate)
    with pytest.raises(NotTypeset):
        typeset("no-such-template.typ", given.data, attachment=given.attachment, at=given.at)
    with pytest.raises(NotTypeset):
        typeset(TEMPLATE, given.data, attachment=b"x" * typesetting.MOST_BYTES, at=given.at)
    monkeypatch.setattr(typesetting, "SECONDS", 0.001)
    with pytest.raises(NotTypeset):
        press(given)


def test_the_press_knows_no_secret(certificate, monkeypatch):
    seen = {}

    def run(command, **options):
        seen.update(options["env"])
        raise subprocess.TimeoutExpired(command, 1)

    monkeypatch.setenv("SECRET_KEY", "known-here")
    monkeypatch.setattr(typesetting.subprocess, "run", run)
    with pytest.raises(NotTypeset):
        press(paper(certificate))
    assert set(seen) == {"TZ", "RAYON_NUM_THREADS"}


def address(people, certificate):
    return reverse(
        "retention:certificate_pdf", kwargs={"slug": people.organization.slug, "certificate_id": certificate.pk}
    )


def test_the_page_offers_the_pdf_and_only_to_the_organization(people):
    keep_call(people.organization.id, days_ago(91))
    sweep.purge_expired(organization_id=people.organization.id, by=BY)
    with acting_for(people.organization.id):
        certificate = Certificate.objects.get()
    answer = people.client("auditor").get(address(people, certificate))
    assert answer["Content-Type"] == "application/pdf"
    assert 'filename="certificate-1.pdf"' in answer["Content-Disposition"]
    assert people.organization.name in text_of(answer.content)
    page = people.client("auditor").get(
        reverse("retention:certificate", kwargs={"slug": people.organization.slug, "certificate_id": certificate.pk})
    )
    assert address(people, certificate) in page.content.decode()
    assert people.client("outsider").get(address(people, certificate)).status_code == 404
    assert people.client("stranger").get(address(people, certificate)).status_code == 302


def test_a_pdf_that_cannot_be_made_says_so_and_loses_nothing(people, monkeypatch):
    keep_call(people.organization.id, days_ago(91))
    sweep.purge_expired(organization_id=people.organization.id, by=BY)
    with acting_for(people.organization.id):
        certificate = Certificate.objects.get()
    monkeypatch.setattr(typesetting, "SECONDS", 0.001)
    answer = people.client("member").get(address(people, certificate), follow=True)
    assert "could not be made" in answer.content.decode()
    assert (
        json.loads(people.client("member").get(address(people, certificate).replace("/pdf/", "/file/")).content)[
            "certificate"
        ]["number"]
        == 1
    )
