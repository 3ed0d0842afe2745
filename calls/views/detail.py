"""One call: its life, its sound beside its words, what is known about it, who looked."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts import navigation, people
from accounts.access import OrganizationContext, own_transactions, require
from accounts.bands import leaves_at
from agents.models import Agent, AgentRevision
from calls import hooks, life, playback, reading, vcon, wave, words
from calls.exceptions import NoSuchPart
from calls.life import Periods, Pill
from calls.models import Call, CallReport, ProviderCopy, Recording, Transcript
from calls.reading import Person
from calls.record import Direction, Speaker, Turn
from calls.services import exporting
from calls.views import listing
from calls.views.listing import DAMAGED
from contacts.services import by_digests
from ground import audit, profiles
from ground.profiles import Category

LOOKS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Said:
    """A turn as the page shows it."""

    start_ms: int | None
    end_ms: int | None
    speaker: Any
    text: str
    theirs: bool


@require_GET
def call(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """The page. What the role may not see is said, not shown; reading text is an access event.

    Where a call was destroyed, what remains of it stands instead."""
    context = require(request, "calls.read")
    row = Call.objects.filter(organization_id=context.organization.pk, id=call_id).first()
    if row is None:
        return hooks.destruction.remains_of(request, context, call_id)
    return _page(request, context, row)


@require_POST
@own_transactions
def reveal(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """The number in the clear, written down. htmx gets the number alone, a form the whole page."""
    context = require(request, "calls.reveal")
    try:
        person = reading.revealed(organization_id=context.organization.pk, call_id=call_id, by=context.actor)
    except Call.DoesNotExist as error:
        raise Http404 from error
    if getattr(request, "htmx", False):
        response = render(request, "calls/_revealed.html", {"person": _readable(person)})
    else:
        with context.acting():
            response = _page(request, context, _call_or_404(context, call_id), person)
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@own_transactions
def as_vcon(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """Everything that is here of the call, for other systems; written down."""
    context = require(request, "calls.export")
    try:
        content = exporting.as_vcon(
            organization_id=context.organization.pk,
            organization_name=context.organization.name,
            call_id=call_id,
            by=context.actor,
        )
    except Call.DoesNotExist as error:
        raise Http404 from error
    response = JsonResponse(content, content_type=vcon.MEDIA_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{call_id}.vcon.json"'
    response["Cache-Control"] = "no-store"
    return response


def _call_or_404(context: OrganizationContext, call_id: UUID) -> Call:
    found: Call | None = Call.objects.filter(organization_id=context.organization.pk, id=call_id).first()
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, context: OrganizationContext, row: Call, person: Person | None = None) -> HttpResponse:
    organization_id, now = context.organization.pk, timezone.now()
    agent = None
    if row.agent_id:
        agent = Agent.objects.filter(organization_id=organization_id, id=row.agent_id).first()
    leaving = Periods(organization_id).of(row)
    ends_at = None if row.held else hooks.destruction.endings_of(organization_id, [row.id]).get(row.id)
    listens = context.may("calls.listen")
    content = _content(context, row, agent) if listens else {}
    response = render(
        request,
        "calls/call_detail.html",
        {
            "call": row,
            "agent": agent,
            "person": _readable(person or listing.people_on(organization_id, [row])[row.id]),
            "revealed": person is not None,
            "outbound": row.direction == Direction.OUTBOUND,
            "direction": words.DIRECTIONS[row.direction],
            "outcome": words.OUTCOMES[row.outcome],
            "line": life.line(row, leaving, now, ends_at),
            "pill": Pill("due", leaves_at(ends_at, now)) if ends_at else life.pill(row, leaving, now),
            "why": life.why(leaving, context.organization.name, ends_at),
            "listens": listens,
            "no_recording": words.NO_RECORDING.get(row.recording_state, words.NO_RECORDING["none"]),
            **content,
            **_facts(organization_id, row),
            "looks_kept": words.period(kept)
            if (kept := profiles.current().categories[Category.ACCESS_LOG].default)
            else "",
            "looks": _looks(organization_id, row) if context.may("audit.read") or listens else None,
            "holds": context.may("holds.place") and navigation.exists("retention:hold_place"),
            "destroys": context.may("calls.destroy"),
            "exports": context.may("calls.export"),
            "bands": [band.render(request) for band in hooks.destruction.bands_of(context, row.id)],
        },
    )
    if listens or person is not None:
        response["Cache-Control"] = "no-store"
    return response


def _readable(person: Person) -> Person:
    return replace(person, number=words.number(person.number), agent_number=words.number(person.agent_number))


def _content(context: OrganizationContext, row: Call, agent: Agent | None) -> dict[str, Any]:
    """Sound, words and report. A part that cannot be opened is said to be damaged; the others still show."""
    organization_id, by = context.organization.pk, context.actor
    found: dict[str, Any] = {"damaged": []}
    turns: list[Turn] = []
    try:
        turns = reading.transcript(organization_id=organization_id, call_id=row.id, by=by)
        found["turns"] = [_said(turn, row, agent) for turn in turns]
    except NoSuchPart:
        pass
    except DAMAGED:
        found["damaged"].append(words.PARTS["transcript"])
    try:
        found["report"] = reading.report(organization_id=organization_id, call_id=row.id, by=by)
    except NoSuchPart:
        pass
    except DAMAGED:
        found["damaged"].append(words.PARTS["call_report"])
    try:
        recording = playback.recording_of(organization_id, row.id)
        found["recording"] = recording
        found["bars"] = wave.draw(playback.peaks(organization_id, recording), turns, recording.duration_ms)
    except NoSuchPart:
        pass
    except DAMAGED:
        found["damaged"].append(words.PARTS["recording"])
    return found


def _said(turn: Turn, row: Call, agent: Agent | None) -> Said:
    theirs = turn.speaker == Speaker.USER
    speaker = words.SPEAKERS.get(turn.speaker) or (agent.name if agent else words.AGENT)
    if theirs and row.direction == Direction.OUTBOUND:
        speaker = words.CALLED
    return Said(turn.start_ms, turn.end_ms, speaker, turn.text, theirs)


def _facts(organization_id: UUID, row: Call) -> dict[str, Any]:
    """What is known beside the content."""
    revision = None
    if row.agent_id and row.agent_revision:
        revision = AgentRevision.objects.filter(
            organization_id=organization_id, agent_id=row.agent_id, number=row.agent_revision
        ).first()
    copy = ProviderCopy.objects.filter(organization_id=organization_id, call_id=row.id).first()
    digests = [bytes(digest) for digest in (row.phone_index, row.email_index, row.external_index) if digest]
    stored = row.stored_bytes
    for model in (Recording, Transcript, CallReport):
        sizes = model._default_manager.filter(organization_id=organization_id, call_id=row.id)
        stored += sum(sizes.values_list("stored_bytes", flat=True))
    return {
        "revision": revision,
        "copy": copy,
        "copy_words": words.COPIES[copy.state] if copy else None,
        "contact": by_digests(organization_id, digests).first() if digests else None,
        "consent": words.CONSENTS.get(row.consent, ""),
        "channel": words.CHANNELS[row.channel],
        "stored_bytes": stored,
    }


def _looks(organization_id: UUID, row: Call) -> list[dict[str, Any]]:
    """The newest looks at this call and its parts, with the names that belong to them today."""
    ids = [str(row.id)]
    for model in (Recording, Transcript, CallReport):
        parts = model._default_manager.filter(organization_id=organization_id, call_id=row.id)
        ids += [str(part) for part in parts.values_list("id", flat=True)]
    events = list(
        audit.events(organization_id, stream=audit.ACCESS).filter(object_id__in=ids, kind__in=list(words.LOOKS))[
            :LOOKS_SHOWN
        ]
    )
    names = people.names(organization_id, {f"{event.actor_kind}:{event.actor_id}" for event in events})
    return [
        {
            "who": names[f"{event.actor_kind}:{event.actor_id}"],
            "what": words.LOOKS[event.kind],
            "at": event.occurred_at,
        }
        for event in events
    ]
