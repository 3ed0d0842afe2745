"""The demo: loads through the real services, plays what was recorded, and loses a little on the first sweep."""

import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from accounts.models import Membership, Organization, User
from calls import playback, reading
from calls.models import Call, ProviderCopy, ProviderEvent, Recording, Transcript
from config.demo import people, telling
from config.demo.load import load
from config.demo.places import PLACES
from ground.inventory import holds, tally
from ground.tenancy import Actor, acting_for
from retention import periods
from retention.models import Certificate, OperatorDecision
from retention.services import sweep
from tests import factories

BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def demo(vault_home, transactional_db):
    load(now=datetime.now(UTC), scale=0.12)
    return {organization.slug: organization for organization in Organization.objects.filter(is_operator=False)}


def test_the_demo_is_whole_and_believable(demo):
    assert set(demo) == {place.slug for place in PLACES}
    logins = json.loads(people.logins_file().read_text())
    assert {"owner", "member", "staff", "auditor"} <= set(logins)
    assert people.logins_file().stat().st_mode & 0o777 == 0o600
    for login in logins.values():
        assert User.objects.get(email=login["email"]).check_password(login["password"])
    assert logins["staff"]["totp_secret"]
    assert not OperatorDecision.objects.filter(is_demo=False).exists()
    for place in PLACES:
        organization = demo[place.slug]
        with acting_for(organization.id):
            assert Membership.objects.filter(role="owner").count() == 1
            calls = Call.objects.count()
            assert calls >= 12
            assert Recording.objects.exists()
            assert Transcript.objects.exists()
            copies = 3 if any(agent.provider == "vapi" for agent in place.agents) else 0
            assert ProviderEvent.objects.filter(state="processed").count() == 4 + copies
            assert ProviderCopy.objects.filter(state="held").count() == copies
            assert tally.totals(organization.id)["call_metadata"].rows == calls
            assert tally.totals(organization.id)["recording"].rows == Recording.objects.count()
            assert not Recording.objects.exclude(
                call_id__in=Call.objects.filter(recording_allowed=True, has_recording=True).values("id")
            ).exists()


def test_what_plays_is_the_speech_file_and_the_transcript_says_the_same(demo):
    for place in PLACES:
        organization_id = demo[place.slug].id
        with acting_for(organization_id):
            call = Call.objects.filter(has_recording=True).order_by("-ended_at").first()
        sound = playback.open(organization_id=organization_id, call_id=call.id, range_header=None, by=BY)
        played = b"".join(sound.pieces)
        turns = reading.transcript(organization_id=organization_id, call_id=call.id, by=BY)
        said = [turn.text for turn in turns]
        [dialogue] = [
            name for name in place.dialogues if [turn[1] for turn in telling.dialogues()[name]["turns"]] == said
        ]
        assert played == telling.sound(dialogue)
        assert call.duration_ms == sound.recording.duration_ms
        with acting_for(organization_id):
            assert len(playback.peaks(organization_id, sound.recording)) > 100


def test_the_first_sweep_takes_a_little_with_a_certificate_and_spares_what_is_held(demo):
    destroyed = 0
    for place in PLACES:
        organization_id = demo[place.slug].id
        with acting_for(organization_id):
            before = tally.totals(organization_id)
        report = sweep.purge_expired(organization_id=organization_id, by=BY)
        assert {line.state for line in report.lines} == {"done"}
        destroyed += report.rows
        for line in report.lines:
            assert line.outcome.rows <= max(2, 0.2 * before[line.category].rows)
        with acting_for(organization_id):
            assert Certificate.objects.filter(run_id=report.run_id).exists() == bool(report.rows)
    assert destroyed >= 4


def test_a_period_changes_and_a_hold_is_in_force(demo):
    with acting_for(demo["ashby-and-daughters"].id):
        waiting = periods.waiting_version(demo["ashby-and-daughters"].id, "transcript", datetime.now(UTC))
    assert waiting.n == 60
    with acting_for(demo["klinik-sankt-aurelia"].id):
        assert holds.in_force(demo["klinik-sankt-aurelia"].id).count() == 1


def test_loading_again_changes_nothing(demo):
    with acting_for(demo["delorme-optique"].id):
        calls = Call.objects.count()
    people.logins_file().unlink()  # killed before the end
    load(now=datetime.now(UTC), scale=0.12)
    with acting_for(demo["delorme-optique"].id):
        assert Call.objects.count() == calls
    assert Organization.objects.count() == 4
    call_command("demo", verbosity=0)


def test_no_demo_beside_organizations_of_ones_own(vault_home, transactional_db, capsys):
    factories.organization(slug="mine")
    call_command("demo")
    assert "no demo data was loaded" in capsys.readouterr().out
    assert Organization.objects.count() == 1
    assert not people.logins_file().exists()


def test_every_number_is_from_a_range_kept_free_for_fiction():
    free = ("+3319900", "+3363998", "+492214710", "+493023125", "+491713920", "+441134960", "+447700900")
    for place in PLACES:
        assert place.line.startswith(free)
        assert all(number.startswith(free) for number in place.numbers)
