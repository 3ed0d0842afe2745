"""Purges, certificates, holds, the destruction of one call: who may what, and what has moved afterwards."""

import io
import json
import zipfile

import pytest
from django.urls import reverse
from django.utils import timezone

from ground import audit, vault
from ground.audit.models import Event
from ground.inventory import holds
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.inventory.models import DestructionBatch, Hold
from ground.jobs.models import Job
from ground.tenancy import Actor, acting_for
from retention.models import Approval, Certificate, PlannedDestruction, PurgeLine, PurgeRun
from retention.planned import Thing
from retention.services import archiving, grace, guard, setaside, sweep
from retention.services import certificates as certificate_service
from tests.holdings import days_ago, exists, keep_call

BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)


def at(organization, name, space="retention", **more):
    return reverse(f"{space}:{name}", kwargs={"slug": organization.slug, **more})


def purge(organization):
    return sweep.purge_expired(organization_id=organization.id, by=BY)


def newest(organization, model):
    with acting_for(organization.id):
        return model.objects.order_by("-id").first()


def kinds(organization, **filters):
    with acting_for(organization.id):
        return list(Event.objects.filter(**filters).order_by("id").values_list("kind", flat=True))


def place(organization, call_id):
    return holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.CALL, call_id=call_id),
        reason="claim of Mme Durand",
        review_on=days_ago(-30).date(),
        by=BY,
        at=days_ago(0),
    )


# ------------------------------------------------------------------ purges and approval
@pytest.fixture
def waiting(people):
    """A run that takes unusually much waits for a person."""
    for _ in range(guard.FLOOR_ROWS + 1):
        keep_call(people.organization.id, days_ago(200), parts=("transcript",))
    purge(people.organization)
    return newest(people.organization, PurgeRun)


def test_runs_are_listed_filtered_and_lead_to_their_certificate(people):
    keep_call(people.organization.id, days_ago(91))
    purge(people.organization)
    client = people.client("member")
    page = client.get(at(people.organization, "purges")).content.decode()
    assert "Certificate 1" in page
    filtered = client.get(at(people.organization, "purges"), {"state": "failed", "since": "2020-01-01"})
    assert "Nothing matches" in filtered.content.decode()
    assert [chip.without for chip in filtered.context["shown"].chips] == ["?since=2020-01-01", "?state=failed"]
    run = newest(people.organization, PurgeRun)
    text = client.get(at(people.organization, "purge", run_id=run.pk)).content.decode()
    assert "Recordings" in text
    assert "Transcripts" in text
    assert people.client("outsider").get(at(people.organization, "purge", run_id=run.pk)).status_code == 404
    assert people.client("outsider").get(at(people.other, "purge", run_id=run.pk)).status_code == 404


def test_waiting_for_approval_does_not_fill_the_list(people, waiting):
    purge(people.organization)
    purge(people.organization)
    with acting_for(people.organization.id):
        assert PurgeRun.objects.count() == 1


def test_an_approval_needs_the_number_and_the_run_follows(people, waiting):
    client, count = people.client("owner"), guard.FLOOR_ROWS + 1
    page = client.get(at(people.organization, "purge", run_id=waiting.pk)).content.decode()
    assert f"Type {count} to approve" in page
    address = at(people.organization, "purge_approve", run_id=waiting.pk)
    data = {"category": "transcript", "shown": count}
    assert client.post(address, {**data, "typed": "5"}).status_code == 422
    assert newest(people.organization, Approval) is None
    assert client.post(address, {**data, "typed": str(count)}).status_code == 302
    with acting_for(people.organization.id):
        assert Approval.objects.get().most_rows == count
        assert Job.objects.filter(kind="retention.sweep", unique_key="asked").count() == 1
    assert "retention.run_approved" in kinds(people.organization)
    keep_call(people.organization.id, days_ago(91), parts=("transcript",))  # the steady pace needs no approval
    assert purge(people.organization).rows == count + 1
    with acting_for(people.organization.id):
        assert not PurgeRun.objects.filter(state="waiting").exists()
        assert not PurgeLine.objects.filter(state="waiting").exists()


def test_an_approval_beyond_what_is_due_is_refused(people, waiting):
    data = {"category": "transcript", "shown": "5000", "typed": "5000"}
    answer = people.client("owner").post(at(people.organization, "purge_approve", run_id=waiting.pk), data)
    assert answer.status_code == 409
    assert newest(people.organization, Approval) is None


@pytest.mark.parametrize("role, expected", [("member", 403), ("auditor", 403), ("outsider", 404), ("stranger", 302)])
def test_who_may_not_approve_or_ask_moves_nothing(people, waiting, role, expected):
    client, count = people.client(role), guard.FLOOR_ROWS + 1
    data = {"category": "transcript", "shown": count, "typed": count}
    address = at(people.organization, "purge_approve", run_id=waiting.pk)
    assert client.post(address, data).status_code == expected
    assert client.post(at(people.organization, "purge_now")).status_code == expected
    assert client.post(at(people.organization, "purge_retry")).status_code == expected
    assert newest(people.organization, Approval) is None
    with acting_for(people.organization.id):
        assert not Job.objects.filter(kind="retention.sweep").exists()


def test_a_running_purge_shows_its_progress_and_htmx_gets_only_that(people):
    keep_call(people.organization.id, days_ago(91))
    with acting_for(people.organization.id):
        run = PurgeRun.objects.create(organization_id=people.organization.id, trigger="schedule", by=str(BY))
    client = people.client("member")
    address = at(people.organization, "purge", run_id=run.pk)
    assert "0 of 2" in client.get(address).content.decode()
    part = client.get(address, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert "HX-Refresh" not in part
    with acting_for(people.organization.id):
        PurgeRun.objects.update(state="done")
    assert client.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_what_was_set_aside_is_tried_again(people):
    kept = keep_call(people.organization.id, days_ago(91))
    with acting_for(people.organization.id):
        type(kept.recording).objects.update(set_aside_at=timezone.now())
    audit.alerts.raise_alert(people.organization.id, "destruction.set_aside", key=str(kept.recording.id))
    client = people.client("owner")
    page = client.get(at(people.organization, "purges")).content.decode()
    assert "1 record set aside" in page
    assert client.post(at(people.organization, "purge_retry")).status_code == 302
    purge(people.organization)
    assert not exists(people.organization.id, kept.recording)


# ------------------------------------------------------------------ certificates
@pytest.fixture
def certificate(people):
    keep_call(people.organization.id, days_ago(91))
    purge(people.organization)
    return newest(people.organization, Certificate)


def test_a_certificate_says_what_was_destroyed_and_what_it_does_not_claim(people, certificate):
    text = (
        people.client("member")
        .get(at(people.organization, "certificate", certificate_id=certificate.pk))
        .content.decode()
    )
    assert "2 records were destroyed" in text
    assert "signatures valid" in text
    assert "Not signed yet" in text
    assert "What this does not claim" in text


def test_the_downloaded_file_verifies_with_the_published_keys_offline(people, certificate, tmp_path, client):
    from django.core.management import call_command

    file, keys = tmp_path / "certificate.json", tmp_path / "keys.json"
    file.write_bytes(
        people.client("auditor")
        .get(at(people.organization, "certificate_download", certificate_id=certificate.pk))
        .content
    )
    published = client.get("/.well-known/sottovoce/signing-keys.json")
    assert published.status_code == 200
    keys.write_bytes(published.content)
    call_command("verify_certificate", str(file), public_key=str(keys))


def test_the_box_tells_genuine_from_changed(people, certificate):
    with acting_for(people.organization.id):
        raw = certificate_service.bundle(certificate)
    client = people.client("member")
    address = at(people.organization, "certificate_verify")

    def said(text):
        return client.post(address, {"text": text}).content.decode()

    assert "is genuine" in said(raw.decode())
    assert "signature does not belong" in said(raw.decode().replace('"records":1', '"records":2'))
    assert "cannot be read" in said("{}")
    assert "cannot be read" in said("[" * 5000)
    wrong = json.loads(raw)
    wrong["certificate"]["number"] = 99
    assert "different certificates" in said(json.dumps(wrong))
    wrong["statements"][0]["signature"]["key_id"] = "0" * 32
    assert "never published" in said(json.dumps(wrong))
    assert client.post(address, {}).status_code == 422


@pytest.mark.parametrize("role, expected", [("outsider", 404), ("stranger", 302)])
def test_a_certificate_is_the_organizations(people, certificate, role, expected):
    for name in ("certificate", "certificate_download"):
        address = at(people.organization, name, certificate_id=certificate.pk)
        assert people.client(role).get(address).status_code == expected
    if role == "outsider":
        assert (
            people.client(role).get(at(people.other, "certificate", certificate_id=certificate.pk)).status_code == 404
        )


# ------------------------------------------------------------------ set aside, one by one
@pytest.fixture
def two_aside(people):
    kept = [keep_call(people.organization.id, days_ago(91), parts=("transcript",)) for _ in range(2)]
    ids = sorted(one.transcript.id for one in kept)
    with acting_for(people.organization.id):
        type(kept[0].transcript).objects.update(set_aside_at=timezone.now())
        for record_id in ids:
            audit.alerts.raise_alert(
                people.organization.id, "destruction.set_aside", key=str(record_id), error="ObjectStoreDown"
            )
    return ids


def described(organization_id):
    return setaside.described(organization_id, list(setaside.alerts_of(organization_id)))


def test_each_record_set_aside_is_shown_with_its_reason(people, two_aside):
    page = people.client("member").get(at(people.organization, "set_aside")).content.decode()
    for record_id in two_aside:
        assert str(record_id) in page
    assert "ObjectStoreDown" in page
    assert "Try all" not in page  # a member reads, and changes nothing
    assert "Try all 2 again" in people.client("owner").get(at(people.organization, "set_aside")).content.decode()


def test_one_is_tried_again_and_the_other_stays_aside(people, two_aside):
    client, first = people.client("owner"), two_aside[0]
    answer = client.post(at(people.organization, "record_retry", record_id=first))
    assert answer["Location"] == at(people.organization, "set_aside")
    with acting_for(people.organization.id):
        assert setaside.waiting(people.organization.id) == {"transcript": 1}
        assert [one.record_id for one in described(people.organization.id)] == two_aside[1:]
        assert Job.objects.filter(kind="retention.sweep").count() == 1
    purge(people.organization)
    assert client.post(at(people.organization, "record_retry", record_id=first)).status_code == 302
    client.post(at(people.organization, "record_retry", record_id=two_aside[1]))
    assert "Nothing is set aside" in client.get(at(people.organization, "set_aside")).content.decode()


@pytest.mark.parametrize("role, expected", [("member", 403), ("auditor", 403), ("outsider", 404), ("stranger", 302)])
def test_who_may_not_try_again_moves_nothing(people, two_aside, role, expected):
    address = at(people.organization, "record_retry", record_id=two_aside[0])
    assert people.client(role).post(address).status_code == expected
    with acting_for(people.organization.id):
        assert setaside.waiting(people.organization.id) == {"transcript": 2}


# ------------------------------------------------------------------ archive
def archive(people, role="auditor", **days):
    return people.client(role).get(at(people.organization, "certificates_archive"), days)


def test_the_certificates_of_some_days_come_as_one_archive_that_verifies_by_itself(people, certificate, tmp_path):
    from django.core.management import call_command

    keep_call(people.organization.id, days_ago(92))
    purge(people.organization)
    today = timezone.localdate().isoformat()
    raw = b"".join(archive(people, since=today, until=today).streaming_content)
    with zipfile.ZipFile(io.BytesIO(raw)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["README.txt", "signing-keys.json", "certificate-1.json", "certificate-2.json"]
        opened.extractall(tmp_path)
    for number in (1, 2):
        call_command(
            "verify_certificate",
            str(tmp_path / f"certificate-{number}.json"),
            public_key=str(tmp_path / "signing-keys.json"),
        )
    assert b"".join(archive(people, since=today, until=today).streaming_content) == raw


def test_days_without_certificates_and_too_many_are_said(people, certificate, monkeypatch):
    def told(**days):
        answer = archive(people, **days)
        assert answer.status_code == 302
        return people_said(people, at(people.organization, "certificates_archive"), days)

    today = timezone.localdate().isoformat()
    assert "No certificate was issued" in told(since="2020-01-01", until="2020-01-02")
    assert "The last day lies before" in told(since=today, until="2020-01-02")
    assert "Give the first and the last day" in told()
    monkeypatch.setattr(archiving, "MOST", 0)
    assert "Choose fewer days" in told(since=today, until=today)


def people_said(people, address, data):
    return people.client("auditor").get(address, data, follow=True).content.decode()


@pytest.mark.parametrize("role, expected", [("outsider", 404), ("stranger", 302)])
def test_an_archive_is_the_organizations(people, certificate, role, expected):
    today = timezone.localdate().isoformat()
    assert archive(people, role, since=today, until=today).status_code == expected


# ------------------------------------------------------------------ holds
def test_a_hold_is_previewed_placed_read_and_released(people):
    kept = keep_call(people.organization.id, days_ago(91))
    client = people.client("owner")
    data = {
        "scope": "call",
        "call": str(kept.call.id),
        "reason": "a claim",
        "review_on": days_ago(-30).date().isoformat(),
    }
    preview = client.post(at(people.organization, "hold_place"), data)
    assert preview.status_code == 200
    assert "would be kept" in preview.content.decode()
    assert newest(people.organization, Hold) is None
    assert client.post(at(people.organization, "hold_place"), {**data, "step": "confirm"}).status_code == 302
    hold = newest(people.organization, Hold)
    purge(people.organization)
    assert kept.listen()

    page = client.get(at(people.organization, "hold", hold_id=hold.pk)).content.decode()
    assert "a claim" not in page
    reader = people.client("member")
    answer = reader.post(at(people.organization, "hold_reason", hold_id=hold.pk))
    assert "a claim" in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert "retention.hold_reason_read" in kinds(people.organization, stream="access")

    release = at(people.organization, "hold_release", hold_id=hold.pk)
    assert "past their period" in client.get(release).content.decode()
    assert client.post(release).status_code == 422
    assert client.post(release, {"confirm": "release"}).status_code == 302
    purge(people.organization)
    assert not exists(people.organization.id, kept.recording)


def test_a_hold_of_a_person_is_found_by_number_and_the_number_is_nowhere(people):
    digest = vault.blind.digest(people.organization.id, "find", "phone", "+33199001122")
    keep_call(people.organization.id, days_ago(5), phone_index=digest)
    data = {
        "scope": "contact",
        "kind": "phone",
        "value": "01 99 00 11 22",
        "reason": "dispute",
        "review_on": days_ago(-30).date().isoformat(),
    }
    client = people.client("owner")
    preview = client.post(at(people.organization, "hold_place"), data)
    assert "Call metadata" in preview.content.decode()
    client.post(at(people.organization, "hold_place"), {**data, "step": "confirm"})
    hold = newest(people.organization, Hold)
    assert hold.scope_kind == "contact"
    assert "One person" in client.get(at(people.organization, "holds")).content.decode()


@pytest.mark.parametrize(
    "data, field",
    [
        ({"scope": "call"}, "call"),
        ({"scope": "call", "call": "00000000-0000-0000-0000-000000000000"}, "__all__"),
        ({"scope": "contact", "kind": "phone", "value": "not a number"}, "value"),
        ({"scope": "agent"}, "agent"),
        ({"scope": "period", "start": "2026-05-02", "end": "2026-05-01"}, "end"),
        ({"scope": "period", "start": "2026-05-01", "end": "2026-05-02", "review_on": "2020-01-01"}, "review_on"),
    ],
)
def test_a_hold_without_content_is_not_placed(people, data, field):
    values = {"reason": "x", "review_on": days_ago(-30).date().isoformat(), "step": "confirm", **data}
    answer = people.client("owner").post(at(people.organization, "hold_place"), values)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert newest(people.organization, Hold) is None


@pytest.mark.parametrize("role, expected", [("member", 403), ("auditor", 403), ("outsider", 404), ("stranger", 302)])
def test_who_may_not_place_or_release_moves_nothing(people, role, expected):
    kept = keep_call(people.organization.id, days_ago(91))
    hold = place(people.organization, kept.call.id)
    client = people.client(role)
    address = at(people.organization, "hold_release", hold_id=hold.pk)
    assert client.post(address, {"confirm": "release"}).status_code == expected
    data = {"scope": "call", "call": str(kept.call.id), "reason": "x", "review_on": "2030-01-01", "step": "confirm"}
    assert client.post(at(people.organization, "hold_place"), data).status_code == expected
    with acting_for(people.organization.id):
        assert Hold.objects.filter(released_at=None).count() == 1
    if role == "outsider":
        theirs = at(people.other, "hold_release", hold_id=hold.pk)
        assert client.post(theirs, {"confirm": "release"}).status_code == 404
        assert client.post(at(people.other, "hold_reason", hold_id=hold.pk)).status_code == 404
        assert client.post(at(people.other, "hold_place"), data).status_code == 422
        assert newest(people.other, Hold) is None


# ------------------------------------------------------------------ one call
def carry_out(organization, kept):
    """The grace of a call is over."""
    with acting_for(organization.id):
        planned = grace.newest(organization.id, Thing.call(kept.call.id))
    grace.carry_out(organization.id, planned.id)


def test_one_call_is_destroyed_with_the_number_a_grace_and_a_certificate(people):
    kept, other = (
        keep_call(people.organization.id, days_ago(5), parts=("recording",)),
        keep_call(people.organization.id, days_ago(5), parts=("recording",)),
    )
    client = people.client("owner")
    address = at(people.organization, "call_destroy", object_id=kept.call.id)
    page = at(people.organization, "call", "calls", call_id=kept.call.id)
    assert "Type 2 to destroy" in client.get(address).content.decode()
    assert client.post(address, {"typed": "3"}).status_code == 422
    answer = client.post(address, {"typed": "2"}, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert "Will be destroyed on" in answer.content.decode()
    assert "Undo" in answer.content.decode()
    assert client.get(address).status_code == 302  # nothing to confirm twice
    assert kept.listen()
    carry_out(people.organization, kept)
    assert not exists(people.organization.id, kept.call)
    assert other.listen()
    gone = client.get(page)
    assert gone.status_code == 410
    assert "because a member decided so" in gone.content.decode()
    assert "Certificate 1" in gone.content.decode()
    assert client.get(address).status_code == 404


def test_a_destruction_is_undone_by_anyone_who_may_destroy(people):
    kept = keep_call(people.organization.id, days_ago(5), parts=("recording",))
    address = at(people.organization, "call_destroy", object_id=kept.call.id)
    undo = at(people.organization, "call_destroy_undo", object_id=kept.call.id)
    people.client("owner").post(address, {"typed": "2"})
    page = at(people.organization, "call", "calls", call_id=kept.call.id)
    assert "Undo" not in people.client("member").get(page).content.decode()
    for role, expected in (("member", 403), ("auditor", 403), ("outsider", 404), ("stranger", 302)):
        assert people.client(role).post(undo).status_code == expected
    with acting_for(people.organization.id):
        assert grace.newest(people.organization.id, Thing.call(kept.call.id)).state == "waiting"
    answer = people.client("owner").post(undo, follow=True)
    assert "Nothing was destroyed" in answer.content.decode()
    assert "Will be destroyed on" not in answer.content.decode()
    assert "There is nothing to undo" in people.client("owner").post(undo, follow=True).content.decode()
    assert kept.listen()


def test_the_band_asks_again_and_leads_on_when_it_is_over(people):
    kept = keep_call(people.organization.id, days_ago(5), parts=("recording",))
    client = people.client("owner")
    client.post(at(people.organization, "call_destroy", object_id=kept.call.id), {"typed": "2"})
    state = at(people.organization, "call_destroy_state", object_id=kept.call.id)
    page = at(people.organization, "call", "calls", call_id=kept.call.id)
    assert client.get(state)["Location"] == page  # without script
    htmx = {"headers": {"HX-Request": "true"}}
    assert "Undo" in client.get(state, **htmx).content.decode()
    with acting_for(people.organization.id):
        PlannedDestruction.objects.update(state="started", run_id=None)
    assert "0 of 2" in client.get(state, **htmx).content.decode()
    with acting_for(people.organization.id):
        PlannedDestruction.objects.update(state="refused", refusal="changed", ended_at=days_ago(0))
    assert client.get(state, **htmx)["HX-Redirect"] == page
    assert "more had arrived" in client.get(page).content.decode()


def test_what_remains_of_a_call_says_no_content_and_forgets_with_the_backups(people):
    kept = keep_call(people.organization.id, days_ago(400))
    purge(people.organization)
    page = at(people.organization, "call", "calls", call_id=kept.call.id)
    for role in ("owner", "member", "auditor"):
        answer = people.client(role).get(page)
        assert answer.status_code == 410
        assert "because their time was over" in answer.content.decode()
    assert people.client("outsider").get(page).status_code == 404
    assert people.client("outsider").get(at(people.other, "call", "calls", call_id=kept.call.id)).status_code == 404
    search = at(people.organization, "search", "calls")
    found = people.client("auditor").post(search, {"value": str(kept.call.id)}, follow=True).content.decode()
    assert "A call that was destroyed" in found
    proof = newest(people.organization, Certificate)
    found = people.client("auditor").post(search, {"value": str(proof.id)}, follow=True).content.decode()
    assert f"Certificate {proof.number}" in found
    with acting_for(people.organization.id):
        DestructionBatch.objects.update(left_backups_at=days_ago(0), row_ids=[])
    assert people.client("owner").get(page).status_code == 404


def test_a_held_call_is_not_destroyed(people):
    kept = keep_call(people.organization.id, days_ago(5))
    place(people.organization, kept.call.id)
    client = people.client("owner")
    address = at(people.organization, "call_destroy", object_id=kept.call.id)
    assert "A legal hold keeps all of it" in client.get(address).content.decode()
    assert client.post(address, {"typed": "4"}).status_code == 422
    assert kept.listen()


@pytest.mark.parametrize("role, expected", [("member", 403), ("auditor", 403), ("outsider", 404), ("stranger", 302)])
def test_who_may_not_destroy_a_call_destroys_nothing(people, role, expected):
    kept = keep_call(people.organization.id, days_ago(5))
    client = people.client(role)
    address = at(people.organization, "call_destroy", object_id=kept.call.id)
    assert client.post(address, {"typed": "4"}).status_code == expected
    if role == "outsider":
        assert client.post(at(people.other, "call_destroy", object_id=kept.call.id), {"typed": "4"}).status_code == 404
    assert kept.listen()


# ------------------------------------------------------------------ audit log
def test_reading_the_log_is_itself_in_the_log(people):
    keep_call(people.organization.id, days_ago(91))
    purge(people.organization)
    client = people.client("auditor")
    page = client.get(at(people.organization, "log", "audit"))
    assert "Destroyed records" in page.content.decode()
    again = client.get(at(people.organization, "log", "audit"), {"stream": "access"}).content.decode()
    assert "Read the audit log" in again
    assert people.auditor.get_full_name() in again
    assert "Destroyed records" not in again


def test_the_log_is_filtered_by_kind_actor_and_day(people):
    keep_call(people.organization.id, days_ago(91))
    purge(people.organization)
    client = people.client("owner")
    address = at(people.organization, "log", "audit")

    def found(**filters):
        return {shown["event"].kind for shown in client.get(address, filters).context["events"]}

    assert found(kind="retention.run") == {"retention.run_finished"}
    assert found(actor=f"member:{people.owner.pk}") <= {"audit.log_read"}
    today = timezone.localdate().isoformat()
    assert "inventory.destroyed" in found(since=today, until=today)
    assert found(until="2020-01-01") == set()


def test_verify_says_the_chain_holds_and_names_the_first_bad_block(people, superuser_connection):
    keep_call(people.organization.id, days_ago(91))
    purge(people.organization)
    audit.seal_due()
    client = people.client("owner")
    answer = client.post(at(people.organization, "verify", "audit"), follow=True).content.decode()
    assert "nothing was changed, removed or inserted" in answer
    audit.seal_due()
    connection = superuser_connection("default")
    connection.execute("SET session_replication_role = replica")
    connection.execute("UPDATE audit_event SET payload = '{}' WHERE kind = 'retention.run_finished'")
    answer = client.post(at(people.organization, "verify", "audit"), follow=True).content.decode()
    assert "First bad block: 1 of evidence" in answer
    assert "first bad block 1" in answer


def test_the_export_is_csv_and_an_access_event(people):
    keep_call(people.organization.id, days_ago(91))
    purge(people.organization)
    answer = people.client("auditor").get(at(people.organization, "export", "audit"), {"stream": "evidence"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[0].startswith("occurred_at,stream,kind")
    assert "retention.run_finished" in text
    assert "audit.log_exported" in kinds(people.organization, stream="access")


@pytest.mark.parametrize("role, expected", [("member", 403), ("outsider", 404), ("stranger", 302)])
def test_who_may_not_read_the_log_reads_nothing(people, role, expected):
    client = people.client(role)
    for name, method in (("log", client.get), ("export", client.get), ("verify", client.post)):
        assert method(at(people.organization, name, "audit")).status_code == expected
    assert not {"audit.log_read", "audit.log_exported", "audit.verified"} & set(kinds(people.organization))
