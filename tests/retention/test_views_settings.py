"""Pages of periods: who may see and change them; a preview is exact; a change waits and can be undone."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ground.inventory import holds
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.profiles import Period, Unit
from ground.tenancy import Actor, acting_for
from retention import forecast
from retention.models import PeriodVersion
from retention.services import settings as service
from tests.holdings import days_ago, keep_call

BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)


def at(organization, name, **more):
    return reverse(f"retention:{name}", kwargs={"slug": organization.slug, **more})


def versions(organization):
    with acting_for(organization.id):
        return list(PeriodVersion.objects.order_by("version"))


def confirm(client, organization, *, n, rows, typed, unit="day", **more):
    data = {
        "recording-n": n,
        "recording-unit": unit,
        "recording-rows": rows,
        "typed": typed,
        "counted_at": timezone.now().strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
        "reason": "shorter",
        **more,
    }
    return client.post(at(organization, "change"), data)


@pytest.mark.parametrize("role, expected", [("owner", 200), ("member", 200), ("outsider", 404), ("stranger", 302)])
@pytest.mark.parametrize("page", ["settings", "settings_effect", "purges", "holds", "certificate_verify"])
def test_everybody_of_the_organization_reads_and_nobody_else(people, page, role, expected):
    assert people.client(role).get(at(people.organization, page)).status_code == expected


def test_the_page_says_bounds_sources_clocks_and_open_gaps(people):
    text = people.client("owner").get(at(people.organization, "settings")).content.decode()
    assert "1 day to 365 days" in text
    assert "operator default" in text
    assert "KLARIQO-RET-04" in text  # call metadata, fixed by the operator
    assert "Counted from the end of the call." in text
    assert "the operator has not decided" in text  # call reports
    service.decide(
        category="call_report", period=Period(180, Unit.DAY), reason="x", by=BY, at=timezone.now(), is_demo=True
    )
    text = people.client("owner").get(at(people.organization, "settings")).content.decode()
    assert "decided on 180 days" in text
    assert "demo decision" in text


def test_preview_is_exact_and_changes_nothing(people):
    for days in (95, 70, 70, 40):
        keep_call(people.organization.id, days_ago(days))
    answer = people.client("owner").get(
        at(people.organization, "preview"), {"recording-n": 60, "recording-unit": "day"}
    )
    assert answer.status_code == 200
    assert answer.context["rows_leaving"] == 2  # the one of 95 days leaves anyway
    assert not versions(people.organization)


def test_preview_counts_for_the_moment_the_change_takes_effect(people):
    keep_call(people.organization.id, days_ago(59, hours=12))  # 60 days old within the grace window
    seen = service.preview(people.organization.id, "recording", Period(60, Unit.DAY), at=timezone.now())
    assert seen.rows == 1


def test_a_shorter_period_needs_the_number_waits_and_can_be_undone(people):
    kept = keep_call(people.organization.id, days_ago(70))
    client = people.client("owner")
    assert confirm(client, people.organization, n=60, rows=1, typed="7").status_code == 409
    assert not versions(people.organization)
    assert confirm(client, people.organization, n=60, rows=1, typed=" 1 ").status_code == 302
    (version,) = versions(people.organization)
    assert version.preview_rows == 1
    assert version.effective_at - version.set_at == timedelta(hours=24)
    page = client.get(at(people.organization, "settings")).content.decode()
    assert "60 days takes effect" in page
    assert "Undo" in page
    assert client.post(at(people.organization, "change_undo", category="recording")).status_code == 302
    assert versions(people.organization)[0].undone_at
    assert kept.listen()
    history = client.get(at(people.organization, "history", category="recording")).content.decode()
    assert "undone" in history
    assert people.owner.get_full_name() in history


def test_a_number_that_moved_since_the_preview_changes_nothing(people):
    keep_call(people.organization.id, days_ago(70))
    keep_call(people.organization.id, days_ago(71))
    assert confirm(people.client("owner"), people.organization, n=60, rows=1, typed="1").status_code == 409
    assert not versions(people.organization)


def test_several_changes_are_saved_together_or_not_at_all(people):
    keep_call(people.organization.id, days_ago(70))
    client = people.client("owner")
    more = {"transcript-n": 30, "transcript-unit": "day", "transcript-rows": 5}
    assert confirm(client, people.organization, n=60, rows=1, typed="6", **more).status_code == 409
    assert not versions(people.organization)
    more["transcript-rows"] = 1
    assert confirm(client, people.organization, n=60, rows=1, typed="2", **more).status_code == 302
    assert {version.category for version in versions(people.organization)} == {"recording", "transcript"}


def test_a_longer_period_takes_effect_at_once_without_a_number(people):
    assert confirm(people.client("owner"), people.organization, n=120, rows=0, typed="").status_code == 302
    (version,) = versions(people.organization)
    assert version.effective_at == version.set_at


@pytest.mark.parametrize("n, unit", [("0", "day"), ("400", "day"), ("2", "year"), ("ninety", "day"), ("-3", "day")])
def test_a_period_outside_the_bounds_is_refused_with_words(people, n, unit):
    client = people.client("owner")
    answer = client.get(at(people.organization, "preview"), {"recording-n": n, "recording-unit": unit})
    assert answer.status_code == 422
    assert "There is a problem" in answer.content.decode()
    confirm(client, people.organization, n=n, rows=0, typed="", unit=unit)
    assert not versions(people.organization)


def test_what_the_operator_fixes_cannot_be_changed_by_a_crafted_form(people):
    data = {"call_metadata-n": 1, "call_metadata-unit": "day", "call_metadata-rows": 0}
    confirm(people.client("owner"), people.organization, n="", rows=0, typed="", **data)
    assert not versions(people.organization)


@pytest.mark.parametrize("role, expected", [("member", 403), ("auditor", 403), ("outsider", 404), ("stranger", 302)])
def test_who_may_not_change_periods_moves_nothing(people, role, expected):
    kept = keep_call(people.organization.id, days_ago(70))
    client = people.client(role)
    assert client.get(at(people.organization, "preview"), {"recording-n": 60}).status_code == expected
    assert confirm(client, people.organization, n=60, rows=1, typed="1").status_code == expected
    assert not versions(people.organization)
    service.change(
        organization_id=people.organization.id,
        category="recording",
        period=Period(60, Unit.DAY),
        by=BY,
        at=timezone.now(),
        confirmed_rows=1,
    )
    assert client.post(at(people.organization, "change_undo", category="recording")).status_code == expected
    assert versions(people.organization)[0].undone_at is None
    assert kept.listen()


def test_what_leaves_when_counts_each_record_once_and_leaves_held_ones_out(people):
    first, second = keep_call(people.organization.id, days_ago(85)), keep_call(people.organization.id, days_ago(60))
    holds.place(
        organization_id=people.organization.id,
        scope=HoldScope(kind=ScopeKind.CALL, call_id=second.call.id),
        reason="claim",
        review_on=days_ago(-30).date(),
        by=BY,
        at=days_ago(0),
    )
    with acting_for(people.organization.id):
        found = forecast.forecast(people.organization.id, timezone.now())
    assert found.weeks[0].by_category == {"recording": 1, "transcript": 1}
    assert found.total == 2
    assert first.listen()


def test_the_chart_draws_the_new_plan_over_todays(people):
    keep_call(people.organization.id, days_ago(20))
    client = people.client("owner")
    answer = client.get(at(people.organization, "settings_effect"), {"recording-n": 5, "recording-unit": "day"})
    text = answer.content.decode()
    assert 'class="ghost"' in text
    assert "1 record" in text
    assert "style=" not in text
    assert "<script" not in text
