"""The provider's own copy: remembered with the call, due when the call or a part of it was destroyed, asked to go.

What was destroyed here is not always all of the call; the provider knows only one deletion, of the whole. What we
still may keep, we keep here. The request is a job of its own with its own patience: our destruction never waits for
somebody else's machine. The wording everywhere is "deletion requested and acknowledged", which is what we know.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from agents.connections import api_key_of, find
from agents.exceptions import UnknownConnection
from agents.models import ProviderConnection
from calls import providers, sealing
from calls.models import Call, CopyState, ProviderCopy
from calls.providers.base import CopyState as Said
from calls.providers.base import DeletionAnswer, Provider
from calls.providers.client import ApiClient
from calls.record import CallRecord
from ground import audit, faults, jobs, vault
from ground.inventory import superseded
from ground.inventory.outcomes import any_of
from ground.profiles import Category
from ground.tenancy import Actor, acting_for, uuid7

BY = Actor.system("calls.delete_provider_copy")
DELETE_COPY = "calls.delete_provider_copy"
DAYS_OF_PATIENCE = 15
_LONGEST_WAIT_SECONDS = 6 * 60 * 60
_OPEN = [CopyState.DUE, CopyState.ASKED, CopyState.CREDENTIALS, CopyState.FAILED]
ALERT = "calls.provider_copy"


def remember(organization_id: UUID, call: Call, record: CallRecord, identity: bytes, key: vault.DataKey) -> None:
    """Note in the caller's transaction that the provider holds a copy of this call, its ids sealed under `key`."""
    assert call.connection_id is not None
    copy = ProviderCopy(
        id=uuid7(),
        organization_id=organization_id,
        call_id=call.id,
        connection_id=call.connection_id,
        provider=call.provider,
        identity=identity,
        key_id=key.id,
    )
    ids = {"call_id": record.provider_call_id, "account": record.account}
    copy.sealed = sealing.seal_copy(key, ids, copy_id=copy.id)
    copy.save(force_insert=True)


def is_known(organization_id: UUID, identities: list[bytes]) -> bool:
    """Whether a copy of this call is remembered already. Needs the organization's context."""
    found = ProviderCopy.objects.filter(organization_id=organization_id, identity__in=identities)
    return bool(found.exists())


def mark_due(organization_id: UUID, call_ids: Iterable[UUID], *, at: datetime) -> int:
    """The copies of these calls must go; one job for each. Inside the destruction's transaction. Returns how many."""
    held = ProviderCopy.objects.filter(
        any_of(set(call_ids), "call_id"), organization_id=organization_id, state=CopyState.HELD
    )
    copies = list(held.values_list("id", flat=True))
    if copies:
        ProviderCopy.objects.filter(any_of(copies), organization_id=organization_id).update(
            state=CopyState.DUE, due_at=at
        )
        jobs.enqueue_many(
            DELETE_COPY,
            organization_id=organization_id,
            each=[(str(copy_id), {"copy": str(copy_id)}) for copy_id in copies],
        )
    return len(copies)


def ask_later(organization_id: UUID, copy_id: UUID, *, at_once: bool = False) -> None:
    """Put the request into the queue, once; `at_once`: also when another one waits for its time."""
    jobs.enqueue(
        DELETE_COPY,
        organization_id=organization_id,
        arguments={"copy": str(copy_id)},
        unique=f"{copy_id}:now" if at_once else str(copy_id),
    )


def retry_connection(organization_id: UUID, connection_id: UUID, *, by: Actor) -> int:
    """The connection has a new key: ask again for what its old key could not delete. Returns how many."""
    with acting_for(organization_id):
        stuck = ProviderCopy.objects.filter(
            organization_id=organization_id,
            connection_id=connection_id,
            state__in=[CopyState.CREDENTIALS, CopyState.FAILED],
        )
        copies = list(stuck.values_list("id", flat=True))
        stuck.update(state=CopyState.DUE, due_at=timezone.now())
        for copy_id in copies:
            ask_later(organization_id, copy_id, at_once=True)
        audit.alerts.resolve(organization_id, ALERT, str(connection_id), by=by)
    return len(copies)


def client_of(connection: ProviderConnection, provider: Provider) -> ApiClient:
    """The provider's interface under this connection's key. Raises VaultError."""
    base_url = connection.base_url or (f"https://{provider.api_hosts[0]}" if provider.api_hosts else "")
    return ApiClient(base_url=base_url, hosts=provider.api_hosts, key=api_key_of(connection).encode() or None)


def ask(organization_id: UUID, copy_id: UUID, *, now: datetime) -> DeletionAnswer | None:
    """Ask the provider once to delete its copy, and write down what it said. None: nothing (more) to be done."""
    with acting_for(organization_id):
        copy = ProviderCopy.objects.filter(organization_id=organization_id, id=copy_id, state__in=_OPEN).first()
        if copy is None or copy.key_id is None:
            return None
        provider = providers.find(copy.provider)
        if provider is None or not provider.deletes_by_api:
            _settle(copy, CopyState.UNSUPPORTED, DeletionAnswer(Said.UNSUPPORTED), now)
            return None
        try:
            connection = find(organization_id, copy.connection_id)
        except UnknownConnection:
            answer = DeletionAnswer(Said.CREDENTIALS)
            _record(copy, answer, now)
            return answer
        client = client_of(connection, provider)
        ids = sealing.open_copy(vault.keys.open_one(organization_id, copy.key_id), copy)
        ProviderCopy.objects.filter(id=copy.id).update(state=CopyState.ASKED, asked_at=now, attempts=F("attempts") + 1)
    faults.point("calls.delete_copy.before_request")
    answer = provider.ask_deletion(client, ids)
    faults.point("calls.delete_copy.after_request")
    with acting_for(organization_id):
        current = (
            ProviderCopy.objects.select_for_update()
            .filter(organization_id=organization_id, id=copy_id, state__in=_OPEN)
            .first()
        )
        if current is not None:
            _record(current, answer, now)
    return answer


def heard(organization_id: UUID, identities: list[bytes], *, gone: bool, now: datetime) -> int:
    """The provider told by itself that it deleted a copy, or failed to. Returns how many copies that concerned."""
    with acting_for(organization_id):
        copies = list(
            ProviderCopy.objects.select_for_update()
            .filter(organization_id=organization_id, identity__in=identities)
            .exclude(state__in=[CopyState.GONE, CopyState.UNSUPPORTED])
        )
        for copy in copies:
            if gone:
                _settle(copy, CopyState.GONE, DeletionAnswer(Said.GONE), now)
            elif copy.state != CopyState.HELD:
                copy.state = CopyState.DUE
                copy.save(update_fields=["state"])
                ask_later(organization_id, copy.id, at_once=True)
    return len(copies)


def _record(copy: ProviderCopy, answer: DeletionAnswer, now: datetime) -> None:
    """One answer, in the caller's transaction."""
    if answer.state is Said.GONE:
        _settle(copy, CopyState.GONE, answer, now)
        return
    if answer.state is Said.RETRY:
        copy.state = CopyState.DUE
    elif answer.state is Said.CREDENTIALS:
        copy.state = CopyState.CREDENTIALS
    else:
        copy.state = CopyState.FAILED
    copy.answered_at, copy.last_code = now, answer.code
    copy.save(update_fields=["state", "answered_at", "last_code"])
    _evidence(copy, answer)
    if copy.state != CopyState.DUE:
        audit.alerts.raise_alert(
            copy.organization_id, ALERT, str(copy.connection_id), state=str(copy.state), code=answer.code
        )


def _settle(copy: ProviderCopy, state: CopyState, answer: DeletionAnswer, now: datetime) -> None:
    """The end of a copy: its ids are forgotten with their key; state, code and moments remain."""
    key_id = copy.key_id
    copy.state, copy.last_code = state, answer.code
    copy.answered_at = copy.settled_at = now
    copy.key_id, copy.sealed = None, b""
    copy.save()
    if key_id is not None:
        superseded.retire_keys(copy.organization_id, [key_id], category=Category.PROVIDER_EVENT)
    _evidence(copy, answer)
    stuck = ProviderCopy.objects.filter(
        organization_id=copy.organization_id,
        connection_id=copy.connection_id,
        state__in=[CopyState.CREDENTIALS, CopyState.FAILED],
    )
    if not stuck.exists():
        audit.alerts.resolve(copy.organization_id, ALERT, str(copy.connection_id), by=BY)


def _evidence(copy: ProviderCopy, answer: DeletionAnswer) -> None:
    audit.append(
        "calls.provider_copy_answered",
        organization_id=copy.organization_id,
        actor=BY,
        object_type="provider_copy",
        object_id=copy.id,
        call=copy.call_id,
        provider=copy.provider,
        state=str(copy.state),
        code=answer.code,
    )


def wait_seconds(answer: DeletionAnswer, attempt: int) -> float:
    """How long until the next request: what the provider named, else 30 s doubling to six hours.

    A refused key is tried again after six hours: somebody may have put in another one meanwhile.
    """
    if answer.state is Said.CREDENTIALS:
        return float(_LONGEST_WAIT_SECONDS)
    if answer.retry_after is not None:
        return float(answer.retry_after)
    return float(min(30 * 2 ** min(attempt - 1, 12), _LONGEST_WAIT_SECONDS))


def is_out_of_patience(organization_id: UUID, copy_id: UUID, *, now: datetime) -> bool:
    """Whether the provider has been asked for too many days; then the copy is marked failed, with an alert."""
    with acting_for(organization_id):
        copies = ProviderCopy.objects.filter(organization_id=organization_id, id=copy_id, state__in=_OPEN)
        copy = copies.select_for_update().first()  # none: settled since, by the provider's own word
        if copy is None or copy.due_at is None or now - copy.due_at < timedelta(days=DAYS_OF_PATIENCE):
            return False
        _record(copy, DeletionAnswer(Said.FAILED, copy.last_code), now)
    return True
