"""Staff at an organization's data: only in a session, only looking, always seen, over when the database says so."""

import time
import uuid
from datetime import timedelta

import pytest
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from accounts import hooks
from accounts import people as names_of
from accounts.exceptions import (
    AlreadyExtended,
    NotStaff,
    OrganizationClosed,
    ReferenceMissing,
    SessionOver,
    StaffBusy,
    StaffNotWelcome,
)
from accounts.middleware import ASKING
from accounts.models import Organization, StaffPurpose, StaffRule, StaffSession
from accounts.services import staff_access
from accounts.tasks import end_staff_sessions
from ground import audit, tenancy
from ground.tenancy import Actor
from tests import factories

pytestmark = pytest.mark.django_db


def browser(user, ago=0, second_factor=True):
    """Signed in, with a second factor seen `ago` seconds ago."""
    client = Client()
    client.force_login(user)
    if second_factor:
        session = client.session
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "type": "totp", "at": time.time() - ago}]
        session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
        session.save()
    return client


def ask(organization, staff, **more):
    values = {
        "purpose": StaffPurpose.QUESTION,
        "reason": "They asked why a purge is late",
        "reference": "T-42",
        "content_reason": "",
        "minutes": 30,
        "at": timezone.now(),
    }
    return staff_access.ask(organization_id=organization.pk, staff=staff, **{**values, **more})


def at(organization, name, **more):
    return reverse(name, kwargs={"slug": organization.slug, **more})


def rows(organization):
    with tenancy.acting_for(organization.pk):
        return list(StaffSession.objects.order_by("asked_at").values())


def kinds(organization, stream=""):
    with tenancy.acting_for(organization.pk):
        return [event.kind for event in audit.events(organization.pk, stream=stream)]


def let_time_pass(session):
    """The moment of this session is over, by the database's clock."""
    with tenancy.acting_for(session.organization_id):
        StaffSession.objects.filter(pk=session.pk).update(
            opened_at=Now() - timedelta(hours=2), runs_out_at=Now() - timedelta(seconds=1)
        )


@pytest.fixture
def staff(db):
    return factories.staff(name="Mara Lindqvist")


@pytest.fixture
def told():
    """What the hooks were told, by list."""
    heard = []
    lists = (
        hooks.staff_access_asked,
        hooks.staff_access_opened,
        hooks.staff_access_refused,
        hooks.staff_access_ended,
    )
    for each in lists:
        each.register("test")(lambda news, name=each.name: heard.append((name, news)))
    yield heard
    for each in lists:
        each.forget("test")


PAGES = [
    "accounts:overview",
    "calls:list",
    "contacts:list",
    "agents:list",
    "retention:settings",
    "retention:holds",
    "retention:purges",
    "audit:log",
    "accounts:team",
    "accounts:developers",
    "accounts:settings",
]


@pytest.mark.parametrize("page", PAGES)
def test_staff_without_a_session_are_outsiders(people, staff, page):
    answer = browser(staff).get(at(people.home, page))
    nothing = browser(staff).get("/o/nothing-of-that-name/")
    assert answer.status_code == nothing.status_code == 404
    assert "accounts.staff_looked" not in kinds(people.home)


@pytest.mark.parametrize("page", PAGES)
def test_with_a_session_they_see_the_page_and_the_organization_sees_the_look(people, staff, page):
    session = ask(people.home, staff)
    answer = browser(staff).get(at(people.home, page))
    assert answer.status_code == 200
    assert "You look at" in answer.content.decode()
    with tenancy.acting_for(people.home.pk):
        event = audit.events(people.home.pk, kind="accounts.staff_looked").get()
    assert (event.actor_kind, event.actor_id, event.stream) == ("staff", str(staff.pk), "access")
    assert event.object_id == str(session.pk)
    assert page.rsplit(":")[-1] in event.payload or page == "accounts:overview"
    assert rows(people.home)[0]["looks"] == 1


def test_only_of_the_organization_that_was_named(people, staff):
    ask(people.home, staff)
    assert browser(staff).get(at(people.other, "accounts:overview")).status_code == 404
    assert kinds(people.other) == []


def test_only_with_a_second_factor_in_this_login(people, staff):
    ask(people.home, staff)
    assert browser(staff, second_factor=False).get(at(people.home, "calls:list")).status_code == 404
    assert browser(staff).get(at(people.home, "calls:list")).status_code == 200


def test_only_the_person_who_asked(people, staff):
    ask(people.home, staff)
    assert browser(factories.staff()).get(at(people.home, "calls:list")).status_code == 404
    staff.is_staff = False
    staff.save()
    assert browser(staff).get(at(people.home, "calls:list")).status_code == 404


def test_when_the_time_is_over_the_next_page_is_not_there(people, staff):
    session = ask(people.home, staff)
    client = browser(staff)
    assert client.get(at(people.home, "calls:list")).status_code == 200
    let_time_pass(session)
    before = rows(people.home)
    answer = client.get(at(people.home, "calls:list"))
    assert answer.status_code == 404
    assert rows(people.home) == before
    assert "You look at" not in client.get(reverse("desk:home")).content.decode()


def test_a_session_over_is_written_down_once_and_makes_room(people, staff, told):
    session = ask(people.home, staff)
    let_time_pass(session)
    end_staff_sessions()
    end_staff_sessions()
    assert kinds(people.home).count("accounts.staff_access_ended") == 1
    assert rows(people.home)[0]["state"] == "ended"
    assert rows(people.home)[0]["ended_by"] == "system:staff_sessions"
    assert [name for name, _ in told] == ["staff_access_opened", "staff_access_ended"]
    again = ask(people.other, staff)
    let_time_pass(again)
    assert ask(people.home, staff).state == "open"  # asking ends what is over by itself
    assert rows(people.other)[0]["state"] == "ended"


def test_what_a_session_refuses_is_not_offered(people, staff, as_):
    ask(people.home, staff)
    client, owner = browser(staff), as_(people.owner)
    for name, offered in (
        ("accounts:team", "CSV of these"),
        ("audit:log", "audit/verify/"),
    ):
        assert offered in owner.get(at(people.home, name)).content.decode(), name
        assert offered not in client.get(at(people.home, name)).content.decode(), name


WRITES = [
    ("accounts:settings", {}, {"name": "Mine", "time_zone": "UTC", "country": "FR"}),
    ("accounts:invite", {}, {"email": "x@example.org", "role": "owner"}),
    ("accounts:key_create", {}, {"name": "x", "scopes": ["calls.read"], "days": "30"}),
    ("accounts:staff_rule", {}, {"rule": "never"}),
    ("retention:purge_now", {}, {}),
    ("retention:change", {}, {}),
    ("audit:verify", {}, {}),
]


@pytest.mark.parametrize("content", ["", "They asked us to listen to one call"])
@pytest.mark.parametrize(("name", "more", "data"), WRITES)
def test_nothing_is_written(people, staff, name, more, data, content):
    ask(people.home, staff, content_reason=content)
    before = (rows(people.home), kinds(people.home), Organization.objects.get(pk=people.home.pk).name)
    client = browser(staff)
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client, method)(at(people.home, name, **more), data).status_code == 403
    assert (rows(people.home), kinds(people.home), Organization.objects.get(pk=people.home.pk).name) == before


@pytest.mark.parametrize("name", ["audit:export", "calls:csv", "contacts:csv"])
def test_nothing_is_taken_out(people, staff, name):
    ask(people.home, staff, content_reason="They asked us to listen to one call")
    before = kinds(people.home)
    assert browser(staff).get(at(people.home, name)).status_code == 403
    assert kinds(people.home) == before


def test_finding_a_person_needs_content(people, staff, vault_home):
    session = ask(people.home, staff)
    client = browser(staff)
    asked = {"value": "+33142685300", "q": "+33142685300"}
    assert client.post(at(people.home, "calls:search"), asked).status_code == 403
    assert kinds(people.home, "access") == []
    staff_access.end(organization_id=people.home.pk, session_id=session.pk, by=Actor.staff(staff.pk), staff=staff)
    ask(people.home, staff, content_reason="They gave us the number of the caller")
    assert client.post(at(people.home, "calls:search"), asked).status_code in {200, 302, 303}


def test_what_may_be_asked_by_post_exists(people):
    for name in ASKING:
        view = resolve(reverse(name, kwargs={"slug": "x", **_sample(name)}))
        assert view.view_name == name


def _sample(name):
    keys = {"calls:reveal": "call_id", "contacts:reveal": "contact_id", "retention:hold_reason": "hold_id"}
    return {keys[name]: uuid.uuid4()} if name in keys else {}


def test_the_same_page_again_within_a_minute_is_one_look(people, staff):
    ask(people.home, staff)
    client = browser(staff)
    for _ in range(3):
        client.get(at(people.home, "calls:list"))
    client.get(at(people.home, "calls:list") + "?direction=inbound")
    client.get(at(people.home, "calls:list"))
    assert rows(people.home)[0]["looks"] == 3
    assert kinds(people.home).count("accounts.staff_looked") == 3


def test_one_at_a_time_over_all_organizations(people, staff):
    ask(people.home, staff)
    with pytest.raises(StaffBusy):
        ask(people.other, staff)
    assert rows(people.other) == []
    assert kinds(people.other) == []
    assert ask(people.other, factories.staff()).state == "open"


def test_who_is_not_staff_or_belongs_there_does_not_ask(people, staff):
    with pytest.raises(NotStaff):
        ask(people.home, people.outsider)
    factories.join(people.home, staff)
    with pytest.raises(NotStaff):
        ask(people.home, staff)
    assert rows(people.home) == []


def test_a_closed_organization_is_closed_to_staff(people, staff):
    people.home.state, people.home.closed_at = "closed", people.home.created_at
    people.home.save()
    with pytest.raises(OrganizationClosed):
        ask(people.home, staff)


def test_approval_comes_first_where_the_organization_wants_it(people, staff, as_, told):
    as_(people.owner).post(at(people.home, "accounts:staff_rule"), {"rule": "approval"})
    session = ask(people.home, staff)
    assert session.state == "asked"
    assert browser(staff).get(at(people.home, "calls:list")).status_code == 404
    page = as_(people.admin).get(at(people.home, "accounts:staff_access")).content.decode()
    assert "Mara Lindqvist asks to look" in page
    assert "They asked why a purge is late" in page
    for person, status in ((people.member, 403), (people.auditor, 403), (people.outsider, 404), (None, 302)):
        answer = as_(person).post(at(people.home, "accounts:staff_approve", session_id=session.pk))
        assert answer.status_code == status
        assert rows(people.home)[0]["state"] == "asked"
    as_(people.admin).post(at(people.home, "accounts:staff_approve", session_id=session.pk))
    [row] = rows(people.home)
    assert (row["state"], row["decided_by_id"]) == ("open", people.admin.pk)
    assert timedelta(minutes=29) < row["runs_out_at"] - row["opened_at"] <= timedelta(minutes=30)
    assert browser(staff).get(at(people.home, "calls:list")).status_code == 200
    assert [name for name, _ in told] == ["staff_access_asked", "staff_access_opened"]
    with pytest.raises(AlreadyExtended):
        staff_access.extend(organization_id=people.home.pk, session_id=session.pk, staff=staff, at=timezone.now())


def test_refused_means_nobody_looks(people, staff, as_, told):
    staff_access.change_rule(
        organization_id=people.home.pk, rule=StaffRule.APPROVAL, by=Actor.member(people.owner.pk), at=timezone.now()
    )
    session = ask(people.home, staff)
    as_(people.owner).post(at(people.home, "accounts:staff_refuse", session_id=session.pk))
    assert rows(people.home)[0]["state"] == "refused"
    assert browser(staff).get(at(people.home, "calls:list")).status_code == 404
    assert [name for name, _ in told] == ["staff_access_asked", "staff_access_refused"]
    with pytest.raises(SessionOver):
        staff_access.approve(organization_id=people.home.pk, session_id=session.pk, by=people.owner, at=timezone.now())
    assert rows(people.home)[0]["state"] == "refused"


def test_a_request_lapses_and_cannot_be_approved_any_more(people, staff, as_):
    as_(people.owner).post(at(people.home, "accounts:staff_rule"), {"rule": "approval"})
    session = ask(people.home, staff)
    let_time_pass(session)
    as_(people.owner).post(at(people.home, "accounts:staff_approve", session_id=session.pk))
    assert browser(staff).get(at(people.home, "calls:list")).status_code == 404
    assert "lapsed" in as_(people.owner).get(at(people.home, "accounts:staff_access")).content.decode()
    end_staff_sessions()
    assert rows(people.home)[0]["state"] == "lapsed"


def test_never_means_never_except_by_law(people, staff, as_):
    as_(people.owner).post(at(people.home, "accounts:staff_rule"), {"rule": "never"})
    with pytest.raises(StaffNotWelcome):
        ask(people.home, staff)
    with pytest.raises(ReferenceMissing):
        ask(people.home, staff, purpose=StaffPurpose.LAW, reference="")
    assert rows(people.home) == []
    session = ask(people.home, staff, purpose=StaffPurpose.LAW, reference="Order 7/26")
    assert (session.state, session.against_rule) == ("open", True)
    page = as_(people.auditor).get(at(people.home, "accounts:staff_access")).content.decode()
    assert "despite your setting, by law" in page
    assert "Order 7/26" in page


def test_the_rule_is_changed_by_owner_and_admin_alone(people, as_):
    address = at(people.home, "accounts:staff_rule")
    for person, status in ((people.member, 403), (people.auditor, 403), (people.outsider, 404), (None, 302)):
        assert as_(person).post(address, {"rule": "never"}).status_code == status
        assert staff_access.rule_of(people.home.pk) == StaffRule.NOTICE
    as_(people.admin).post(address, {"rule": "whatever"})
    assert staff_access.rule_of(people.home.pk) == StaffRule.NOTICE
    as_(people.admin).post(address, {"rule": "never"})
    assert staff_access.rule_of(people.home.pk) == StaffRule.NEVER
    assert staff_access.rule_of(people.other.pk) == StaffRule.NOTICE
    assert kinds(people.home, "evidence") == ["accounts.staff_rule_changed"]


def test_the_organization_ends_a_session_and_the_next_page_is_gone(people, staff, as_, told):
    session = ask(people.home, staff)
    client = browser(staff)
    client.get(at(people.home, "calls:list"))
    page = as_(people.owner).get(at(people.home, "accounts:staff_access")).content.decode()
    assert "Mara Lindqvist may look now" in page
    assert "End this access now" in page
    assert (
        "End this access now" not in as_(people.member).get(at(people.home, "accounts:staff_access")).content.decode()
    )
    address = at(people.home, "accounts:staff_end", session_id=session.pk)
    for person, status in ((people.member, 403), (people.auditor, 403), (people.outsider, 404), (None, 302)):
        assert as_(person).post(address).status_code == status
        assert rows(people.home)[0]["state"] == "open"
    as_(people.owner).post(address)
    assert client.get(at(people.home, "calls:list")).status_code == 404
    assert rows(people.home)[0]["ended_by"] == f"member:{people.owner.pk}"
    assert told[-1][0] == "staff_access_ended"
    page = as_(people.auditor).get(at(people.home, "accounts:staff_access")).content.decode()
    assert "They asked why a purge is late" in page
    assert ">1<" in page  # one look


def test_another_organizations_owner_cannot_touch_a_session(people, staff, as_):
    session = ask(people.home, staff)
    before = rows(people.home)
    for name in ("staff_end", "staff_approve", "staff_refuse"):
        as_(people.outsider).post(at(people.other, f"accounts:{name}", session_id=session.pk))
        assert rows(people.home) == before


def test_extending_is_once_and_by_the_person(people, staff):
    session = ask(people.home, staff)
    with pytest.raises(SessionOver):
        staff_access.extend(
            organization_id=people.home.pk, session_id=session.pk, staff=factories.staff(), at=timezone.now()
        )
    later = staff_access.extend(organization_id=people.home.pk, session_id=session.pk, staff=staff, at=timezone.now())
    assert later.runs_out_at > session.runs_out_at
    with pytest.raises(AlreadyExtended):
        staff_access.extend(organization_id=people.home.pk, session_id=session.pk, staff=staff, at=timezone.now())
    assert kinds(people.home).count("accounts.staff_access_extended") == 1


def test_the_operators_setting_bounds_the_minutes(people, staff, settings):
    settings.STAFF_ACCESS_MAX_MINUTES = 20
    session = ask(people.home, staff, minutes=600)
    assert session.minutes == 20
    assert session.runs_out_at - session.opened_at <= timedelta(minutes=20, seconds=1)


def test_evidence_carries_ids_and_no_words(people, staff):
    ask(people.home, staff, content_reason="They asked us to listen to one call")
    with tenancy.acting_for(people.home.pk):
        event = audit.events(people.home.pk, kind="accounts.staff_access_opened").get()
    assert "purge is late" not in event.payload
    assert "listen" not in event.payload
    assert '"purpose":"question"' in event.payload
    assert '"content":true' in event.payload


def test_the_log_names_the_person_of_the_operator(people, staff, as_):
    ask(people.home, staff)
    browser(staff).get(at(people.home, "calls:list"))
    log = as_(people.auditor).get(at(people.home, "audit:log")).content.decode()
    assert "Mara Lindqvist, staff of the operator" in log
    assert "Looked at a page as staff of the operator" in log
    with tenancy.acting_for(people.home.pk):
        assert names_of.names(people.home.pk, ["staff:job"]) == {"staff:job": "staff of the operator"}


def test_the_database_refuses_a_session_without_reason_or_with_unreasoned_content(people, staff):
    common = {"organization": people.home, "staff": staff, "purpose": "fault", "minutes": 5, "state": "asked"}
    for wrong in ({"reason": ""}, {"reason": "x", "content": True}, {"reason": "x", "content_reason": "y"}):
        with pytest.raises(IntegrityError), tenancy.acting_for(people.home.pk), transaction.atomic():
            StaffSession.objects.create(**common, **wrong, runs_out_at=timezone.now())
    assert rows(people.home) == []


def test_a_hook_is_named_once_and_its_refusal_undoes_the_session(people, staff):
    @hooks.staff_access_opened.register("unwilling")
    def refuse(news):
        raise RuntimeError("the notice cannot be written")

    try:
        with pytest.raises(ValueError, match="registered already"):
            hooks.staff_access_opened.register("unwilling")(refuse)
        with pytest.raises(RuntimeError):
            ask(people.home, staff)
    finally:
        hooks.staff_access_opened.forget("unwilling")
    assert rows(people.home) == []
    assert kinds(people.home) == []
