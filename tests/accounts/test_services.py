"""Opening, joining, inviting, leaving, closing: what is true afterwards, and what stands in evidence."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.exceptions import AlreadyMember, InvitationSpent, LastOwner, OrganizationClosed, OwnersOnly
from accounts.models import Invitation, Membership, Organization, Role
from accounts.services import invitations, members, organizations
from ground import audit, tenancy, vault
from ground.tenancy import Actor
from tests import factories

pytestmark = pytest.mark.django_db
NOW = timezone.now


def kinds(organization):
    with tenancy.acting_for(organization.pk):
        return [event.kind for event in audit.events(organization.pk).order_by("id")]


def test_an_organization_opens_with_its_owner_and_its_evidence():
    owner = factories.user()
    opened = organizations.open_organization(
        name="Delorme", slug="delorme", owner=owner, by=Actor.system("demo"), at=NOW(), time_zone="Europe/Paris"
    )
    with tenancy.acting_for(opened.pk):
        assert Membership.objects.get().role == Role.OWNER
    assert kinds(opened) == ["accounts.organization_opened"]


@pytest.mark.parametrize(
    "wrong", [{"slug": "Not plain"}, {"slug": "taken"}, {"time_zone": "Mars/Olympus"}, {"name": ""}]
)
def test_what_is_wrong_opens_nothing(wrong):
    factories.organization(slug="taken")
    values = {"name": "A", "slug": "a", "owner": None, "by": Actor.system("t"), "at": NOW(), **wrong}
    with pytest.raises(ValidationError):
        organizations.open_organization(**values)
    assert Organization.objects.count() == 1


def test_hooks_of_an_opening_and_a_closing_run_in_order_in_its_context(monkeypatch):
    monkeypatch.setattr(organizations, "_closed", [])
    monkeypatch.setattr(organizations, "_opened", [])
    seen = []
    organizations.on_organization_closed("late", order=200)(lambda organization_id, at: seen.append("late"))
    organizations.on_organization_closed("early", order=10)(
        lambda organization_id, at: seen.append(tenancy.current_organization() == organization_id)
    )
    organizations.on_organization_opened("new")(lambda organization_id, at: seen.append("new"))
    with pytest.raises(ValueError, match="early"):
        organizations.on_organization_closed("early")(lambda organization_id, at: None)
    assert organizations.hooks_on_closing() == ["early", "late"]
    opened = organizations.open_organization(name="A", slug="a", owner=None, by=Actor.system("t"), at=NOW())
    closed = organizations.close_organization(organization_id=opened.pk, by=Actor.system("t"), at=NOW())
    assert seen == ["new", True, "late"]
    assert closed.state == "closed"
    with pytest.raises(OrganizationClosed):
        organizations.close_organization(organization_id=opened.pk, by=Actor.system("t"), at=NOW())


def test_a_closing_organization_takes_nobody_in(people):
    organizations.start_closing(organization_id=people.home.pk, by=Actor.member(people.owner.pk), at=NOW())
    with pytest.raises(OrganizationClosed):
        members.add(
            organization_id=people.home.pk, user=people.outsider, role=Role.MEMBER, by=Actor.system("t"), at=NOW()
        )


def test_joining_twice_is_refused(people):
    with pytest.raises(AlreadyMember):
        members.add(organization_id=people.home.pk, user=people.member, role=Role.ADMIN, by=Actor.system("t"), at=NOW())
    assert kinds(people.home) == []


def test_only_owners_unmake_owners_and_one_stays(people):
    with pytest.raises(OwnersOnly):
        members.remove(
            organization_id=people.home.pk, user_id=people.owner.pk, by=Actor.member(people.admin.pk), at=NOW()
        )
    with pytest.raises(LastOwner):
        members.remove(
            organization_id=people.home.pk, user_id=people.owner.pk, by=Actor.member(people.owner.pk), at=NOW()
        )
    assert kinds(people.home) == []


def test_a_role_change_says_from_what_to_what(people):
    members.change_role(
        organization_id=people.home.pk,
        user_id=people.member.pk,
        role=Role.ADMIN,
        by=Actor.member(people.owner.pk),
        at=NOW(),
    )
    with tenancy.acting_for(people.home.pk):
        event = audit.events(people.home.pk).get()
    assert (event.kind, event.actor_id, event.object_id) == (
        "accounts.role_changed",
        str(people.owner.pk),
        str(people.member.pk),
    )
    assert "member" in str(event.payload)
    assert "admin" in str(event.payload)


# ------------------------------------------------------------------ invitations
@pytest.fixture
def invite(people, operator, django_capture_on_commit_callbacks):
    def send(address="new@example.org", role=Role.MEMBER, by=None):
        with django_capture_on_commit_callbacks(execute=True):
            invitation = invitations.invite(
                organization_id=people.home.pk, address=address, role=role, by=by or people.owner, at=NOW()
            )
        return invitation, mail.outbox[-1].body.split("/account/invitation/")[1].split("/")[0]

    return send


def test_an_invitation_is_sent_sealed_and_accepted_once(people, invite):
    _invitation, token = invite("New@Example.org")
    with tenancy.acting_for(people.home.pk), connection.cursor() as cursor:
        cursor.execute("SELECT i::text FROM accounts_invitation i")
        dump = cursor.fetchone()[0]
    assert token not in dump
    assert b"new@example.org".hex() not in dump
    assert mail.outbox[-1].to == ["new@example.org"]
    person = factories.user(email="new@example.org")
    assert invitations.accept(token=token, user=person, at=NOW()) == people.home
    with tenancy.acting_for(people.home.pk):
        assert Membership.objects.get(user=person).role == Role.MEMBER
        assert Invitation.objects.count() == 0
    with pytest.raises(InvitationSpent):
        invitations.accept(token=token, user=person, at=NOW())
    assert kinds(people.home) == ["accounts.invitation_sent", "accounts.member_added"]


def test_a_forwarded_link_opens_nothing(people, invite):
    _, token = invite()
    with pytest.raises(InvitationSpent):
        invitations.accept(token=token, user=people.outsider, at=NOW())
    with tenancy.acting_for(people.home.pk):
        assert not Membership.objects.filter(user=people.outsider).exists()
        assert Invitation.objects.count() == 1


def test_an_old_or_withdrawn_link_opens_nothing(people, invite):
    invitation, token = invite()
    with pytest.raises(InvitationSpent):
        invitations.find(token, at=NOW() + timedelta(days=7, seconds=1))
    invitations.revoke(
        organization_id=people.home.pk, invitation_id=invitation.pk, by=Actor.member(people.owner.pk), at=NOW()
    )
    with pytest.raises(InvitationSpent):
        invitations.find(token, at=NOW())


def test_an_admin_cannot_invite_an_owner_nor_anybody_a_member(people, invite):
    with pytest.raises(OwnersOnly):
        invite(role=Role.OWNER, by=people.admin)
    with pytest.raises(AlreadyMember):
        invite(people.member.email)


def test_invitations_that_ran_out_leave_with_their_keys(people, invite):
    invitation, _ = invite()
    assert invitations.forget_over(people.home.pk, at=NOW()) == 0
    assert invitations.forget_over(people.home.pk, at=NOW() + timedelta(days=8)) == 1
    with tenancy.acting_for(people.home.pk), connection.cursor() as cursor:
        assert Invitation.objects.count() == 0
        cursor.execute("SELECT arguments::text FROM jobs_job WHERE kind = 'inventory.retire_keys'")
        assert str(invitation.key_id) in cursor.fetchone()[0]


def test_the_page_of_an_invitation(people, invite, as_):
    _, token = invite("new@example.org")
    address = reverse("invitation", args=[token])
    assert as_(None).get(address).status_code == 302
    person = factories.user(email="new@example.org")
    assert "Join Home" in as_(person).get(address).content.decode()
    wrong = as_(people.outsider)
    assert wrong.post(address).status_code == 404
    assert as_(person).post(address)["Location"] == reverse("accounts:overview", args=[people.home.slug])
    assert as_(person).get(address).status_code == 404


def test_the_team_page_names_open_invitations_to_those_who_manage(people, invite, as_):
    invite("new@example.org")
    assert "new@example.org" in as_(people.admin).get(f"/o/{people.home.slug}/team/").content.decode()
    assert "new@example.org" not in as_(people.member).get(f"/o/{people.home.slug}/team/").content.decode()


def test_a_vault_out_of_reach_is_a_page_that_says_so(people, invite, as_, monkeypatch):
    invite()

    def down(*args):
        raise vault.Unavailable("no store")

    monkeypatch.setattr(vault.keys, "open", down)
    answer = as_(people.admin).get(f"/o/{people.home.slug}/team/")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert "Nothing was lost" in answer.content.decode()
