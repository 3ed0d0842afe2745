"""How staff of the operator come to see one organization's data, and how that ends.

Invariant: whether somebody is let in is decided at every request by the database's clock (`looking`), never by a
state that a task forgot to change. A person has one session that is asked or open, over all organizations. Every
step is an event in that organization's evidence; every page is one in its access stream. Nothing here lets staff
write: `accounts.access` gives a session reading permissions only, `accounts.middleware` refuses the rest.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts import hooks
from accounts.exceptions import (
    AlreadyExtended,
    NotStaff,
    OrganizationClosed,
    ReferenceMissing,
    SessionOver,
    StaffBusy,
    StaffNotWelcome,
)
from accounts.models import (
    Membership,
    Organization,
    OrganizationState,
    StaffAccess,
    StaffPurpose,
    StaffRule,
    StaffSession,
    StaffSessionState,
    User,
)
from ground import audit, tenancy
from ground.tenancy import Actor

APPROVAL_WITHIN = timedelta(hours=24)
SAME_LOOK = timedelta(minutes=1)
CLOCK = Actor.system("staff_sessions")
_State = StaffSessionState


def database_now() -> datetime:
    """The clock that decides whether a session is over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def rule_of(organization_id: UUID) -> StaffRule:
    """What the organization allows; with notice where it never said."""
    with tenancy.acting_for(organization_id):
        row = StaffAccess.objects.filter(organization_id=organization_id).first()
    return StaffRule(row.rule) if row else StaffRule.NOTICE


def change_rule(*, organization_id: UUID, rule: StaffRule, by: Actor, at: datetime) -> None:
    """What holds for sessions asked for from now on. One that runs goes on until somebody ends it."""
    with tenancy.acting_for(organization_id):
        before = rule_of(organization_id)
        if before == rule:
            return
        StaffAccess.objects.update_or_create(organization_id=organization_id, defaults={"rule": rule, "changed_at": at})
        audit.append(
            "accounts.staff_rule_changed",
            organization_id=organization_id,
            actor=by,
            object_type="organization",
            object_id=organization_id,
            before=before,
            rule=rule,
            changed_at=at,
        )


def ask(
    *,
    organization_id: UUID,
    staff: User,
    purpose: StaffPurpose,
    reason: str,
    reference: str,
    content_reason: str,
    minutes: int,
    at: datetime,
) -> StaffSession:
    """A session: open at once, or waiting for the organization, as its rule says; a duty by law is open at once.

    Content (sound, words, identifiers) comes with a reason of its own, or not at all. The caller has seen a recent
    second factor. Raises NotStaff, StaffBusy, StaffNotWelcome, ReferenceMissing, OrganizationClosed.
    """
    end_over(staff_sessions(staff.pk))
    if not (staff.is_active and staff.is_staff):
        raise NotStaff
    by_law = purpose == StaffPurpose.LAW
    if by_law and not reference:
        raise ReferenceMissing
    with tenancy.acting_for(organization_id):
        organization = Organization.objects.select_for_update().get(pk=organization_id)
        if organization.state == OrganizationState.CLOSED:
            raise OrganizationClosed
        if Membership.objects.filter(organization_id=organization_id, user=staff).exists():
            raise NotStaff
        rule = rule_of(organization_id)
        if rule == StaffRule.NEVER and not by_law:
            raise StaffNotWelcome
        waits = rule == StaffRule.APPROVAL and not by_law
        minutes = max(1, min(minutes, settings.STAFF_ACCESS_MAX_MINUTES))
        session = StaffSession(
            organization_id=organization_id,
            staff=staff,
            purpose=purpose,
            reason=reason,
            reference=reference,
            content=bool(content_reason),
            content_reason=content_reason,
            minutes=minutes,
            against_rule=by_law and rule != StaffRule.NOTICE,
            state=_State.ASKED if waits else _State.OPEN,
            asked_at=at,
            opened_at=None if waits else Now(),
            runs_out_at=Now() + (APPROVAL_WITHIN if waits else timedelta(minutes=minutes)),
        )
        try:
            with transaction.atomic():
                session.save(force_insert=True)
        except IntegrityError as error:
            if "accounts_staffsession_one_each" not in str(error):
                raise
            raise StaffBusy from error
        session.refresh_from_db()
        kind = "accounts.staff_access_asked" if waits else "accounts.staff_access_opened"
        _record(kind, session, Actor.staff(staff.pk), **_terms(session))
        (hooks.staff_access_asked if waits else hooks.staff_access_opened).tell(_news(session))
    return session


def approve(*, organization_id: UUID, session_id: UUID, by: User, at: datetime) -> StaffSession:
    """The session starts now and runs its minutes. Raises SessionOver when it was not waiting any more."""
    with tenancy.acting_for(organization_id):
        session = _locked(organization_id, session_id, _State.ASKED)
        staff = session.staff
        if not (staff.is_active and staff.is_staff):
            raise SessionOver
        StaffSession.objects.filter(pk=session.pk).update(
            state=_State.OPEN,
            decided_at=at,
            decided_by=by,
            opened_at=Now(),
            runs_out_at=Now() + timedelta(minutes=session.minutes),
        )
        session.refresh_from_db()
        _record("accounts.staff_access_approved", session, Actor.member(by.pk), **_terms(session))
        hooks.staff_access_opened.tell(_news(session))
    return session


def refuse(*, organization_id: UUID, session_id: UUID, by: User, at: datetime) -> StaffSession:
    """Nobody gets in by this request. Raises SessionOver when it was not waiting any more."""
    with tenancy.acting_for(organization_id):
        session = _locked(organization_id, session_id, _State.ASKED)
        session.decided_at, session.decided_by = at, by
        session.save(update_fields=["decided_at", "decided_by"])
        _finish(session, _State.REFUSED, Actor.member(by.pk))
        hooks.staff_access_refused.tell(_news(session))
    return session


def extend(*, organization_id: UUID, session_id: UUID, staff: User, at: datetime) -> StaffSession:
    """Once, by the minutes first asked for, counted from now. Raises SessionOver, AlreadyExtended."""
    with tenancy.acting_for(organization_id):
        session = _locked(organization_id, session_id, _State.OPEN, staff=staff)
        if session.extended or session.decided_at is not None:
            raise AlreadyExtended
        StaffSession.objects.filter(pk=session.pk).update(
            extended=True, runs_out_at=Now() + timedelta(minutes=session.minutes)
        )
        session.refresh_from_db()
        _record("accounts.staff_access_extended", session, Actor.staff(staff.pk), until=session.runs_out_at)
    return session


def end(*, organization_id: UUID, session_id: UUID, by: Actor, staff: User | None = None) -> StaffSession:
    """The next request finds nothing. `staff`: only a session of this person. Withdraws one that still waits.

    Raises SessionOver when it is not alive any more, or not theirs.
    """
    with tenancy.acting_for(organization_id):
        session = _locked(organization_id, session_id, _State.OPEN, _State.ASKED, staff=staff)
        _finish(session, _State.ENDED if session.state == _State.OPEN else _State.WITHDRAWN, by)
    return session


@dataclass(frozen=True, slots=True)
class Sighting:
    """One session as the staff desk knows it: no reason, nothing of the organization's own."""

    id: UUID
    organization_id: UUID
    staff_id: UUID
    purpose: str
    content: bool
    minutes: int
    state: str
    asked_at: datetime
    opened_at: datetime | None
    runs_out_at: datetime
    ended_at: datetime | None
    extended: bool
    looks: int
    over: bool

    @property
    def is_live(self) -> bool:
        return self.state == _State.OPEN and not self.over

    @property
    def waits(self) -> bool:
        return self.state == _State.ASKED and not self.over


def staff_sessions(staff_id: UUID | None = None, *, limit: int = 50) -> list[Sighting]:
    """The newest sessions of one member of staff, or of all, over all organizations; through a named crossing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_staff_sessions(%s, %s)", [staff_id, limit])
        return [Sighting(*row) for row in cursor.fetchall()]


def running_of(staff_id: UUID) -> Sighting | None:
    """The session of this person that is open now, wherever; None without one."""
    return next((each for each in staff_sessions(staff_id, limit=3) if each.is_live), None)


@dataclass(frozen=True, slots=True)
class Figures:
    """One organization as staff see it before any session: its rule, and counts."""

    rule: StaffRule
    members: int
    calls: int
    bytes: int
    alerts: int


def figures(organization_ids: list[UUID]) -> dict[UUID, Figures]:
    """By organization, from the roll-ups, through a named crossing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_staff_figures(%s)", [organization_ids])
        return {row[0]: Figures(StaffRule(row[1]), *row[2:]) for row in cursor.fetchall()}


def end_over(sightings: Iterable[Sighting] | None = None) -> int:
    """Sessions and requests whose time is over are written down as ended; how many. Safe to repeat.

    They let nobody in since their moment passed; this only makes the row say so.
    """
    if sightings is not None:
        over = [(each.id, each.organization_id) for each in sightings if each.over and each.state in _ALIVE]
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, organization_id FROM accounts_staff_sessions_over(%s)", [500])
            over = cursor.fetchall()
    ended = 0
    for session_id, organization_id in over:
        with tenancy.acting_for(organization_id):
            waiting = StaffSession.objects.select_for_update(skip_locked=True)
            session = waiting.filter(pk=session_id, state__in=_ALIVE, runs_out_at__lte=Now()).first()
            if session is not None:
                state = _State.ENDED if session.state == _State.OPEN else _State.LAPSED
                _finish(session, state, CLOCK, ended_at=session.runs_out_at)
                ended += 1
    return ended


def looking(organization_id: UUID, staff: User) -> StaffSession | None:
    """The session that lets this person look at the organization now, by the database's clock; or None."""
    if not (staff.is_active and staff.is_staff):
        return None
    with tenancy.acting_for(organization_id):
        found: StaffSession | None = StaffSession.objects.filter(
            organization_id=organization_id, staff=staff, state=_State.OPEN, runs_out_at__gt=Now()
        ).first()
    return found


def note_look(session: StaffSession, *, page: str, address: str, about: UUID | None, asked: bool) -> None:
    """One look is one access event. The same address again within a minute is the same look; a question never is."""
    digest = hashlib.sha256(address.encode()).hexdigest()
    with tenancy.acting_for(session.organization_id):
        rows = StaffSession.objects.filter(pk=session.pk)
        if not asked and rows.filter(last_address=digest, last_look_at__gt=Now() - SAME_LOOK).exists():
            return
        audit.append(
            "accounts.staff_looked",
            organization_id=session.organization_id,
            actor=Actor.staff(session.staff_id),
            object_type="staff_session",
            object_id=session.pk,
            stream=audit.ACCESS,
            page=page,
            **({"about": about} if about else {}),
        )
        rows.update(looks=F("looks") + 1, last_look_at=Now(), last_address=digest)


_ALIVE = (_State.ASKED, _State.OPEN)


def _locked(
    organization_id: UUID, session_id: UUID, *states: StaffSessionState, staff: User | None = None
) -> StaffSession:
    """The row, locked, alive by the database's clock. Raises SessionOver."""
    rows = StaffSession.objects.select_for_update(of=("self",)).filter(
        organization_id=organization_id, pk=session_id, state__in=states, runs_out_at__gt=Now()
    )
    session = (rows.filter(staff=staff) if staff else rows).select_related("staff").first()
    if session is None:
        raise SessionOver
    return session


def _finish(session: StaffSession, state: StaffSessionState, by: Actor, ended_at: datetime | None = None) -> None:
    StaffSession.objects.filter(pk=session.pk).update(state=state, ended_at=ended_at or Now(), ended_by=str(by))
    session.refresh_from_db()
    kinds = {
        _State.ENDED: "accounts.staff_access_ended",
        _State.REFUSED: "accounts.staff_access_refused",
        _State.WITHDRAWN: "accounts.staff_access_withdrawn",
        _State.LAPSED: "accounts.staff_access_lapsed",
    }
    _record(kinds[state], session, by, looks=session.looks, ended_at=session.ended_at)
    if state == _State.ENDED:
        hooks.staff_access_ended.tell(_news(session))


def _terms(session: StaffSession) -> dict[str, Any]:
    return {
        "purpose": session.purpose,
        "content": session.content,
        "minutes": session.minutes,
        "against_rule": session.against_rule,
        "until": session.runs_out_at,
    }


def _news(session: StaffSession) -> hooks.StaffAccessNews:
    return hooks.StaffAccessNews(
        session.organization_id, session.pk, session.staff_id, session.purpose, session.content, session.runs_out_at
    )


def _record(kind: str, session: StaffSession, by: Actor, **payload: Any) -> None:
    audit.append(
        kind,
        organization_id=session.organization_id,
        actor=by,
        object_type="staff_session",
        object_id=session.pk,
        **payload,
    )
