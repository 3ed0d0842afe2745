"""`manage.py purge`: the same service as the schedule, by hand."""

import json

import pytest
from django.core.management import CommandError, call_command

from ground.inventory.models import DestructionBatch
from ground.tenancy import acting_for
from retention.models import PurgeRun
from retention.services import lease
from tests.holdings import days_ago, exists, keep_call

pytestmark = pytest.mark.django_db(transaction=True)


def answer(capsys, *arguments):
    call_command("purge", *arguments)
    return json.loads(capsys.readouterr().out)


def test_a_dry_run_says_what_would_go_and_destroys_nothing(organization, capsys):
    kept = keep_call(organization.id, days_ago(95))
    [said] = answer(capsys, "--organization", organization.slug, "--dry-run", "--json")
    assert said["organization"] == organization.slug and said["run"] is None
    assert {line["category"]: (line["due"], line["rows"]) for line in said["lines"]} == {
        "recording": (1, 0),
        "transcript": (1, 0),
    }
    assert all(line["period"] == "90 days" and line["oldest"] for line in said["lines"])
    assert kept.listen()
    with acting_for(organization.id):
        assert not PurgeRun.objects.exists() and not DestructionBatch.objects.exists()


def test_the_real_run_destroys_what_the_dry_run_named(organization, capsys):
    kept = keep_call(organization.id, days_ago(95))
    [said] = answer(capsys, "--organization", organization.slug, "--json")
    assert {line["category"]: line["rows"] for line in said["lines"]} == {"recording": 1, "transcript": 1}
    assert not exists(organization.id, kept.recording)
    with acting_for(organization.id):
        assert str(PurgeRun.objects.get().id) == said["run"]


def test_without_an_organization_every_one_is_purged_and_named(organization, outsider_organization, capsys):
    kept = [keep_call(each.id, days_ago(95), parts=("transcript",)) for each in (organization, outsider_organization)]
    assert [one["organization"] for one in answer(capsys, "--json")] == sorted(
        [organization.slug, outsider_organization.slug]
    )
    assert not any(exists(one.organization_id, one.transcript) for one in kept)


def test_an_unknown_organization_and_a_purge_at_work_are_clear_errors(organization, capsys):
    with pytest.raises(CommandError, match="No organization has the address nobody"):
        call_command("purge", "--organization", "nobody")
    kept = keep_call(organization.id, days_ago(95), parts=("transcript",))
    lease.take(organization.id)
    with pytest.raises(CommandError, match="Not every organization"):
        call_command("purge", "--organization", organization.slug)
    assert "another purge is at work" in capsys.readouterr().err
    assert exists(organization.id, kept.transcript)
