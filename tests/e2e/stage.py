"""An organization in which every page has something to show, and the addresses of all pages there.

Addresses come from the URL resolver: a page added tomorrow is walked tomorrow. One whose address needs a value that is
not in `values` fails the walk until somebody says here where the value comes from.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

from allauth.account.forms import default_token_generator
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.internal.auth import WebAuthn
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import resolve

from accounts.models import ApiRequest, Invitation, Membership, Organization, Role, User
from accounts.services import api_keys, invitations
from agents.models import Agent, ProviderConnection
from calls.models import Call
from calls.services import trying
from contacts.models import Contact
from contacts.services import create_list, imports
from ground.inventory import holds
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.tenancy import Actor, acting_for
from retention.models import Certificate, PurgeRun
from retention.services import sweep
from tests import factories
from tests.calls.conftest import run_jobs
from tests.guardrails.test_urls import routes

SLUG = "ashby-and-daughters"
LINES = "Name;Phone;E-mail\nAda Byron;07700 900123;\nNobody;12;\nBea;07700 900124;bea@example.org\n"

# Addresses that answer a GET with something else than a page of their own, and why. Patterns of routes.
EXEMPT = {
    r"healthz|readyz|metrics|\.well-known/.*": "for programs",
    r"api/v1/.*|api/schema/": "for programs",
    r"ingest/.*": "for programs",
    r"staff/(login|logout|password_change|jsi18n|autocomplete|r)/.*": "leads elsewhere, or is for scripts",
    r"staff/.*<path:object_id>/": "Django's own way of leading to …/change/",
    r"staff/<str:app_label>/|staff/<str:url>": "what no other address takes",
    r"staff/.*/(add|delete|history)/.*": "Django's own, closed where evidence is only read",
    r"account/(inactive|3rdparty|social)/?.*": "of allauth, without a link to it: no accounts of third parties here",
    r"account/(login/code/confirm|2fa/authenticate|2fa/webauthn/(login|reauthenticate)|confirm-email|password/set)/": (
        "only in the middle of signing in"
    ),
    r"account/language/|o/<slug:slug>/retention/preview/": "answers what was sent; the journeys look at it",
    r"o/<slug:slug>/(calls|contacts)/<uuid:\w+>/destroy/state/": "a part of the page that counts down",
    r"o/<slug:slug>/notices/<uuid:notice_id>/": "leads to what it is about",
    r"o/<slug:slug>/certificates/archive/": "a file",
    r"account/password/reset/key/<.*": "only by a letter; the page it leads to is walked",
    r"account/2fa/recovery-codes/download/": "a file",
    r"account/invitation/<.*": "tests/accounts tells the whole story of an invitation",
}


@dataclass
class Stage:
    """One organization, its people, and the values its addresses need."""

    organization: Organization
    owner: User
    staff: User
    values: dict[str, object] = field(default_factory=dict)

    @property
    def letter(self):
        """Where a letter about a lost password leads."""
        return f"/account/password/reset/key/{user_pk_to_url_str(self.owner)}-{token_for(self.owner)}/"


def set_up(settings, now=None):
    """The demo's British organization with a hold, a purge and its certificate, an import, a key, an invitation."""
    settings.ORGANIZATIONS_OPEN = True
    now = now or datetime.now(UTC)
    organization = Organization.objects.get(slug=SLUG)
    identity = organization.pk
    owner = User.objects.get(email="owner@ashby.example")
    by = Actor.member(owner.pk)
    factories.member(organization, Role.AUDITOR, name="")
    kept = holds.place(
        organization_id=identity,
        scope=HoldScope(kind=ScopeKind.PERIOD, start=now - timedelta(days=5), end=now - timedelta(days=4)),
        reason="A dispute about these two days",
        review_on=(now + timedelta(days=30)).date(),
        by=by,
        at=now,
    )
    sweep.purge_expired(organization_id=identity, by=by, trigger="member")
    key = api_keys.create(organization_id=identity, name="crm", scopes=["calls.read"], by=by, at=now)
    address = "a.very.long.address.of.somebody@a-long-company-name.example"
    invitation = invitations.invite(organization_id=identity, address=address, role=Role.MEMBER, by=owner, at=now)
    some_list = create_list(organization_id=identity, name="Reminders", by=by, at=now)
    waiting = imports.receive(organization_id=identity, content=LINES.encode(), by=by, at=now)
    imports.name_columns(
        organization_id=identity,
        import_id=waiting.id,
        mapping=waiting.mapping,
        has_header=waiting.has_header,
        region="GB",
        by=by,
        at=now,
    )
    with acting_for(identity):
        line = trying.line_to_try(identity)
    tried = trying.send(organization_id=identity, connection_id=line.id, language="en", by=by, at=now)
    with acting_for(identity):
        asked = ApiRequest.objects.create(
            organization_id=identity,
            door="api",
            caller_id=key.row.id,
            method="GET",
            route="/api/v1/calls/",
            status=200,
            duration_ms=12,
            request_id="r-1",
        )
    run_jobs(organization)
    searched = signed_in(owner).post(f"/o/{SLUG}/search/", {"value": "+44 7700 900123"})
    stage = Stage(organization, owner, User.objects.get(is_staff=True))
    with acting_for(identity):
        call = Call.objects.filter(has_recording=True, held=False).order_by("-ended_at").first()
        stage.values = {
            "slug": SLUG,
            "agent_id": Agent.objects.order_by("id").first().id,
            "call_id": call.id,
            "category": "recording",
            "certificate_id": Certificate.objects.order_by("-id").first().id,
            "connection_id": ProviderConnection.objects.order_by("id").first().id,
            "contact_id": Contact.objects.order_by("id").first().id,
            "hold_id": kept.id,
            "import_id": waiting.id,
            "invitation_id": Invitation.objects.get(id=invitation.id).id,
            "key_id": key.row.id,
            "list_id": some_list.id,
            "run_id": PurgeRun.objects.order_by("-started_at").first().id,
            "user_id": Membership.objects.exclude(user=owner).first().user_id,
            "token": "x",
            "organization_id": identity,
            "event_id": tried.event_id,
            "request_pk": asked.pk,
            "handle": searched["Location"].rstrip("/").rpartition("/")[2],
            "number": 1,
            "session_id": uuid4(),  # only ever posted to
            "notice_id": uuid4(),
            "record_id": uuid4(),
        }
    RecoveryCodes.activate(stage.staff)
    passkey = WebAuthn.add(stage.staff, "Laptop of the desk", {})
    stage.values["pk"] = passkey.instance.pk
    EmailAddress.objects.update_or_create(user=owner, email=owner.email, defaults={"primary": True, "verified": True})
    return stage


def token_for(user):
    return default_token_generator.make_token(user)


def signed_in(user):
    """A client with the person's session; for staff with the record of a second factor."""
    client = Client()
    client.force_login(user)
    session = client.session
    visit = SimpleNamespace(session=session)
    record_authentication(visit, user, "password", reauthenticated=True)
    if user.is_staff:
        record_authentication(visit, user, "mfa", type="totp", reauthenticated=True)
    session.save()
    UserSession.objects.get_or_create(
        session_key=session.session_key, user=user, ip="192.0.2.7", user_agent="Mozilla/5.0 (X11; Linux x86_64)"
    )
    return client


def client_of(stage, person):
    """`stranger`, `owner` or `staff`."""
    return Client() if person == "stranger" else signed_in(getattr(stage, person))


def exempt(route):
    return next((reason for pattern, reason in EXEMPT.items() if re.fullmatch(pattern, route)), None)


class Nothing(Exception):
    """A staff page about one row of a table of which staff see no rows."""


def _staff_object(route):
    """The first row a staff page could be about."""
    from django.contrib import admin

    app, model = route.split("/")[1:3]
    for registered in admin.site._registry:
        if (registered._meta.app_label, registered._meta.model_name) == (app, model):
            return registered._default_manager.first()
    return None


def path_of(route, values):
    """The address with its values filled in. Raises KeyError for a value nobody named."""

    def fill(match):
        name = match.group(1).rpartition(":")[2]
        if name == "object_id":
            found = _staff_object(route)
            if found is None:
                raise Nothing
            return str(found.pk)
        return str(values[name])

    return "/" + re.sub(r"<([^>]+)>", fill, route)


def _is_page(answer):
    kind = answer.get("Content-Type", "")
    return answer.status_code == 200 and kind.startswith("text/html") and not answer.streaming


def pages(stage):
    """(person, address) of every page; and what has no page although nobody exempted it, as sentences."""
    doors = {person: client_of(stage, person) for person in ("stranger", "owner", "staff")}
    found, unexplained = [], []
    for route in sorted(set(routes())):
        if exempt(route):
            continue
        try:
            path = path_of(route, stage.values)
        except Nothing:
            continue
        except KeyError as error:
            unexplained.append(f"{route}: no value for {error}; give it one in tests/e2e/stage.py")
            continue
        answers = {}
        for person, client in doors.items():
            answer = client.get(path)
            answers[person] = answer.get("Location", answer.status_code)
            if answer.status_code == 200:
                if _is_page(answer) and b"<!DOCTYPE" in answer.content[:200]:
                    found.append((person, path))
                break
        else:
            if 405 not in answers.values() and resolve(path).func.__name__ != "home":
                unexplained.append(f"{path}: answers {answers}")
    return [*found, ("stranger", stage.letter)], unexplained
