"""From a draft to a revision on the screen: nothing counts before it is published, and only what was seen is."""

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from agents.differences import differences
from agents.drafts import draft_of, stamp_of
from agents.exceptions import UnknownRevision
from agents.models import Agent, AgentRevision
from agents.services import Settings, discard_draft, publish, restore, save_draft
from ground.tenancy import acting_for
from tests import factories
from tests.agents.conftest import BY, NOW

pytestmark = pytest.mark.django_db

FIRST = Settings(True, True, {"en": "This call is recorded."}, {"recording": 30})
FORM = {
    "recording_enabled": "on",
    "transcript_enabled": "on",
    "language_0": "en",
    "words_0": "This call is recorded.",
    "days_recording": "30",
}


@pytest.fixture
def owner(organization):
    client = Client()
    client.force_login(factories.member(organization, "owner"))
    return client


def at(organization, name, *args):
    return reverse(f"agents:{name}", args=[organization.slug, *args])


def reread(organization, agent):
    with acting_for(organization.id):
        return Agent.objects.get(id=agent.id)


def publish_first(organization, agent):
    return publish(organization_id=organization.id, agent_id=agent.id, settings=FIRST, reason="first", by=BY, at=NOW)


def test_a_saved_draft_decides_nothing(organization, agent, owner):
    answer = owner.post(at(organization, "draft", agent.id), FORM)
    assert answer["Location"] == at(organization, "agent", agent.id) + "#draft"
    with acting_for(organization.id):
        assert not AgentRevision.objects.exists()
    assert reread(organization, agent).draft == FIRST.to_json()
    page = owner.get(at(organization, "agent", agent.id)).content.decode()
    assert "to be decided" in page
    assert "The sound of calls that start from then on is fetched and stored." in page
    assert "Publish 3 changes" in page


def test_publishing_takes_what_was_seen(organization, agent, owner):
    owner.post(at(organization, "draft", agent.id), FORM)
    stamp = stamp_of(reread(organization, agent).draft)
    seen_before = owner.post(at(organization, "publish", agent.id), {"stamp": "older", "reason": "x"}, follow=True)
    assert "not the one you saw" in seen_before.content.decode()
    with acting_for(organization.id):
        assert not AgentRevision.objects.exists()
    owner.post(at(organization, "publish", agent.id), {"stamp": stamp, "reason": "quality"})
    with acting_for(organization.id):
        revision = AgentRevision.objects.get()
    assert (revision.number, revision.reason, revision.retention_days) == (1, "quality", {"recording": 30})
    assert reread(organization, agent).draft == {}
    page = owner.get(at(organization, "agent", agent.id)).content.decode()
    assert "This call is recorded." in page
    assert "English (en)" in page
    assert 'id="draft"' not in page


def test_a_draft_without_a_reason_is_not_published(organization, agent, owner):
    owner.post(at(organization, "draft", agent.id), FORM)
    stamp = stamp_of(reread(organization, agent).draft)
    answer = owner.post(at(organization, "publish", agent.id), {"stamp": stamp, "reason": " "}, follow=True)
    assert "say why" in answer.content.decode()
    with acting_for(organization.id):
        assert not AgentRevision.objects.exists()


def test_what_stands_in_the_way_is_said_before_anybody_publishes(organization, agent, owner):
    owner.post(at(organization, "draft", agent.id), {"recording_enabled": "on"})
    page = owner.get(at(organization, "agent", agent.id)).content.decode()
    assert "Recording needs words that callers hear first." in page
    assert at(organization, "publish", agent.id) not in page


def test_an_earlier_revision_comes_back_as_draft(organization, agent, owner):
    publish_first(organization, agent)
    publish(
        organization_id=organization.id,
        agent_id=agent.id,
        settings=replace(FIRST, recording_enabled=False),
        reason="off",
        by=BY,
        at=NOW,
    )
    owner.post(at(organization, "restore", agent.id, 1))
    assert reread(organization, agent).draft == FIRST.to_json()
    page = owner.get(at(organization, "agent", agent.id)).content.decode()
    assert "What would change against revision 2" in page
    with acting_for(organization.id):
        assert AgentRevision.objects.count() == 2
    assert owner.post(at(organization, "restore", agent.id, 9), follow=True).status_code == 200
    with pytest.raises(UnknownRevision):
        restore(organization_id=organization.id, agent_id=agent.id, number=9, by=BY, at=NOW)


def test_discarding_leaves_what_is_in_force(organization, agent, owner):
    publish_first(organization, agent)
    save_draft(organization_id=organization.id, agent_id=agent.id, settings=Settings(), by=BY, at=NOW)
    owner.post(at(organization, "draft_discard", agent.id))
    assert reread(organization, agent).draft == {}
    with acting_for(organization.id):
        assert AgentRevision.objects.count() == 1
    discard_draft(organization_id=organization.id, agent_id=agent.id, by=BY, at=NOW)


def test_a_draft_thrown_away_is_brought_back_once(organization, agent, owner):
    publish_first(organization, agent)
    save_draft(organization_id=organization.id, agent_id=agent.id, settings=Settings(), by=BY, at=NOW)
    before = reread(organization, agent).draft
    address = at(organization, "draft_bring_back", agent.id)
    assert "cannot be brought back" in owner.post(address, follow=True).content.decode()
    assert reread(organization, agent).draft == before
    page = owner.post(at(organization, "draft_discard", agent.id), follow=True).content.decode()
    assert f'action="{address}"' in page
    assert reread(organization, agent).draft == {}
    assert "The draft is back" in owner.post(address, follow=True).content.decode()
    assert reread(organization, agent).draft == before
    owner.post(at(organization, "draft_discard", agent.id))
    newer = Settings(disclosures={"en": "Another beginning."})
    save_draft(organization_id=organization.id, agent_id=agent.id, settings=newer, by=BY, at=NOW)
    assert "cannot be brought back" in owner.post(address, follow=True).content.decode()
    assert reread(organization, agent).draft == newer.to_json()


def test_a_retired_agent_takes_no_draft(organization, agent, owner):
    publish_first(organization, agent)
    owner.post(at(organization, "retire", agent.id))
    for answer in (
        owner.post(at(organization, "draft", agent.id), FORM, follow=True),
        owner.post(at(organization, "restore", agent.id, 1), follow=True),
    ):
        assert "retired and takes no new revision" in answer.content.decode()
    assert reread(organization, agent).draft == {}


def test_a_draft_nobody_can_read_counts_as_none(organization, agent):
    agent.draft = {"something": "else"}
    with acting_for(organization.id):
        found = draft_of(agent)
    assert (found.settings, found.differences, found.obstacle) == (Settings(), [], None)


def test_differences_in_words():
    nothing = Settings()
    assert differences(FIRST, FIRST) == []
    said = differences(nothing, FIRST)
    assert [each.what for each in said] == ["Recordings", "Callers hear (en)", "Period of recordings"]
    assert (said[2].before, said[2].after) == ("as the organization’s", "30 days")
    assert "leaves with the next sweep" in said[2].effect
    back = differences(FIRST, nothing)
    assert "What is stored stays until its period is over." in back[0].effect
    assert (back[1].after, back[1].language) == ("nothing", "en")
    assert back[2].effect == "What is destroyed already does not come back."
    assert [each.what for each in differences(nothing, Settings(transcript_enabled=False))] == [
        "Transcripts and reports"
    ]
    changed = differences(FIRST, replace(FIRST, disclosures={"fr": "Cet appel est enregistré."}))
    assert [each.language for each in changed] == ["en", "fr"]


def test_only_leading_roles_prepare_and_publish(organization, other, agent):
    member, outsider = Client(), Client()
    member.force_login(factories.member(organization, "member"))
    outsider.force_login(factories.member(other, "owner"))
    writing = [
        ("get", at(organization, "draft", agent.id)),
        ("post", at(organization, "draft", agent.id)),
        ("post", at(organization, "publish", agent.id)),
        ("post", at(organization, "draft_discard", agent.id)),
        ("post", at(organization, "draft_bring_back", agent.id)),
        ("post", at(organization, "restore", agent.id, 1)),
    ]
    for method, address in writing:
        assert getattr(Client(), method)(address).status_code == 302
        assert getattr(outsider, method)(address, FORM).status_code == 404, address
        assert getattr(member, method)(address, FORM).status_code == 403, address
    assert reread(organization, agent).draft == {}
