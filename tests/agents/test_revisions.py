"""What is published stays, counts from its moment on, and can only keep less than the organization does."""

from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db import connection as database

from agents import hooks
from agents.exceptions import (
    AgentRetired,
    DisclosureMissing,
    InvalidSettings,
    NothingChanged,
    OnlyShorter,
    OutsideOperatorBounds,
    UnknownAgent,
)
from agents.models import AgentActivity, AgentRevision
from agents.services import Settings, in_force, publish, registry, resolve, revisions_of, shorter_periods
from ground.audit.models import Event
from ground.profiles import Period
from ground.tenancy import acting_for
from tests.agents.conftest import BY, NOW

pytestmark = pytest.mark.django_db
HELLO = {"en": "This call is recorded."}


def put(organization, agent, settings, at=NOW, reason="first"):
    return publish(organization_id=organization.id, agent_id=agent.id, settings=settings, reason=reason, by=BY, at=at)


def test_recording_is_forbidden_until_somebody_publishes(organization, connection, agent):
    at_call = resolve(organization.id, connection.id, "asst_1", NOW)
    assert at_call.agent_id == agent.id
    assert (at_call.revision_number, at_call.recording_enabled, at_call.transcript_enabled) == (None, False, True)


def test_recording_without_disclosure_is_refused_and_nothing_is_published(organization, agent):
    for disclosures in ({}, {"en": "   "}):
        with pytest.raises(DisclosureMissing):
            put(organization, agent, Settings(recording_enabled=True, disclosures=disclosures))
    with acting_for(organization.id):
        assert not revisions_of(organization.id, agent.id).exists()


def test_the_database_itself_refuses_recording_without_disclosure(organization, agent):
    with acting_for(organization.id), pytest.raises(IntegrityError), transaction.atomic():
        AgentRevision.objects.create(
            organization_id=organization.id,
            agent=agent,
            number=1,
            recording_enabled=True,
            reason="sneaked in",
            published_by="x",
            published_at=NOW,
        )


def test_the_revision_in_force_is_the_one_of_the_moment_of_the_call(organization, connection, agent):
    put(organization, agent, Settings())
    put(organization, agent, Settings(True, True, HELLO), NOW + timedelta(hours=1))
    put(organization, agent, Settings(False, False, HELLO), NOW + timedelta(hours=2))
    seen = [
        resolve(organization.id, connection.id, "asst_1", NOW + timedelta(minutes=minutes))
        for minutes in (-1, 0, 59, 60, 61, 120, 500)
    ]
    assert [at_call.revision_number for at_call in seen] == [None, 1, 1, 2, 2, 3, 3]
    assert [at_call.recording_enabled for at_call in seen] == [False, False, False, True, True, False, False]
    assert [at_call.transcript_enabled for at_call in seen] == [True, True, True, True, True, False, False]
    assert [at_call.disclosure_version for at_call in seen] == [0, 0, 0, 1, 1, 1, 1]


def test_a_revision_published_with_an_older_clock_does_not_rewrite_the_past(organization, agent):
    put(organization, agent, Settings(True, True, HELLO))
    late = put(organization, agent, Settings(), NOW - timedelta(days=1), reason="clock skew")
    assert late.published_at == NOW
    with acting_for(organization.id):
        assert in_force(organization.id, agent.id, NOW).number == 2


def test_disclosure_version_rises_only_when_the_words_change(organization, agent):
    versions = [
        put(organization, agent, settings, NOW + timedelta(hours=hours), reason=f"change {hours}").disclosure_version
        for hours, settings in enumerate(
            [
                Settings(),
                Settings(True, True, HELLO),
                Settings(True, False, HELLO),
                Settings(True, False, {**HELLO, "fr-FR": "Cet appel est enregistré."}),
                Settings(False, False, {}),
            ]
        )
    ]
    assert versions == [0, 1, 1, 2, 3]


def test_the_same_settings_again_are_refused(organization, agent):
    put(organization, agent, Settings())
    with pytest.raises(NothingChanged):
        put(organization, agent, Settings())


def test_a_retired_agent_takes_no_revision_but_keeps_its_last(organization, connection, agent):
    put(organization, agent, Settings(True, True, HELLO))
    registry.retire(organization_id=organization.id, agent_id=agent.id, by=BY, at=NOW)
    with pytest.raises(AgentRetired):
        put(organization, agent, Settings())
    assert resolve(organization.id, connection.id, "asst_1", NOW).recording_enabled


@pytest.mark.parametrize(
    "bad",
    [
        Settings(disclosures={"english": "x"}),
        Settings(disclosures={"en": "x" * 601}),
        Settings(disclosures={"en": "a\x00b"}),
        Settings(retention_days={"contact": 5}),
        Settings(retention_days={"recording": 0}),
        Settings(retention_days={"recording": True}),
        Settings(retention_days={"recording": -3}),
        Settings(retention_days={"recording": 2.5}),
    ],
)
def test_settings_that_make_no_sense_are_refused(organization, agent, bad):
    with pytest.raises(InvalidSettings):
        put(organization, agent, bad)


def test_an_agent_can_only_shorten(organization, agent, monkeypatch):
    monkeypatch.setattr(hooks, "periods_in_force", [lambda _organization, _category: Period.parse("30 days")])
    with pytest.raises(OnlyShorter):
        put(organization, agent, Settings(retention_days={"recording": 31}))
    put(organization, agent, Settings(retention_days={"recording": 30, "transcript": 7}))
    assert shorter_periods(organization.id, ["transcript"]) == {"transcript": {agent.id: 7}}
    put(organization, agent, Settings(retention_days={"recording": 3}), NOW + timedelta(days=1), "shorter")
    assert shorter_periods(organization.id) == {"recording": {agent.id: 3}}


def test_without_an_organization_period_the_profile_bounds_it(organization, agent, monkeypatch):
    monkeypatch.setattr(hooks, "periods_in_force", [])
    with pytest.raises(OnlyShorter):
        put(organization, agent, Settings(retention_days={"recording": 91}))
    put(organization, agent, Settings(retention_days={"recording": 90}))


def test_operator_minimum_is_respected(organization, agent, monkeypatch):
    from dataclasses import replace

    from ground import profiles

    profile = profiles.current()
    rule = replace(profile.categories["recording"], minimum=Period.parse("10 days"))
    changed = replace(profile, categories={**profile.categories, "recording": rule})
    monkeypatch.setattr(profiles, "current", lambda: changed)
    with pytest.raises(OutsideOperatorBounds):
        put(organization, agent, Settings(retention_days={"recording": 9}))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE agents_agentrevision SET recording_enabled = true",
        "UPDATE agents_agentrevision SET published_at = now()",
        "DELETE FROM agents_agentrevision",
    ],
)
def test_the_database_refuses_to_change_what_was_published(organization, agent, statement):
    put(organization, agent, Settings())
    with acting_for(organization.id), pytest.raises(DatabaseError), transaction.atomic():
        database.cursor().execute(statement)
    with acting_for(organization.id):
        assert not revisions_of(organization.id, agent.id).get().recording_enabled


@pytest.mark.django_db(transaction=True)
def test_not_even_the_owner_of_the_schema_changes_a_revision(organization, agent, owner_connection):
    put(organization, agent, Settings())
    raw = owner_connection("default")
    raw.execute("SET app.maintenance = 'on'")
    for statement in (
        "UPDATE agents_agentrevision SET reason = 'other'",
        "DELETE FROM agents_agentrevision",
        "TRUNCATE agents_agentrevision",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            raw.execute(statement)
    assert raw.execute("SELECT count(*) FROM agents_agentrevision").fetchone() == (1,)


def test_revisions_leave_only_with_their_agent(organization, agent):
    put(organization, agent, Settings())
    with acting_for(organization.id):
        database.cursor().execute("DELETE FROM agents_agent WHERE id = %s", [agent.id])
        assert AgentRevision.objects.count() == 0


def test_publishing_is_evidence_without_words(organization, agent):
    put(organization, agent, Settings(True, True, HELLO), reason="Ms Martin asked for it")
    with acting_for(organization.id):
        event = Event.objects.get(organization_id=organization.id, kind="agents.published")
        text = str(event.payload)
        assert AgentActivity.objects.filter(agent_id=agent.id, kind="published", revision_number=1).count() == 1
    assert "Martin" not in text
    assert "recorded" not in text


def test_another_organization_neither_sees_nor_publishes(organization, other, agent):
    with pytest.raises(UnknownAgent):
        put(other, agent, Settings())
    with acting_for(other.id):
        assert not revisions_of(organization.id, agent.id).exists()
    with acting_for(organization.id):
        assert not revisions_of(organization.id, agent.id).exists()


def test_a_draft_acts_on_nothing(organization, connection, agent):
    registry.save_draft(
        organization_id=organization.id, agent_id=agent.id, settings=Settings(True, True, HELLO), by=BY, at=NOW
    )
    assert not resolve(organization.id, connection.id, "asst_1", NOW).recording_enabled
    with acting_for(organization.id):
        draft = registry.find(organization.id, agent.id).draft
    assert Settings.from_json(draft) == Settings(True, True, HELLO)
