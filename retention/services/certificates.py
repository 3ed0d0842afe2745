"""Certificates: what a run destroyed, in up to three signed statements, each issued only after its moment happened.

  unreadable          the data keys are gone: seconds after the purge
  beyond recovery     the shelf keys that could still open old copies of the data keys are gone: by the next night
  gone from backups   the last main-database backup that held the rows has expired: the backup window later

A statement is canonical JSON (RFC 8785) signed with Ed25519; anyone verifies it offline with the public key. Its digest
is anchored by an audit event. Statements hold opaque ids, counts and moments, never personal data.
"""

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Max

from ground import audit, profiles, vault
from ground.inventory.models import DestructionBatch
from ground.tenancy import Actor, acting_for
from ground.vault.canonical import canonical_json
from ground.vault.statements import SignedStatement
from retention import due
from retention.models import Certificate, Moment, PurgeLine, PurgeRun, Statement

STATEMENT_TYPE = "sottovoce/destruction/1"
BUNDLE_TYPE = "sottovoce/certificate/1"
_BY = Actor.system("certificates")

CLAIMS = {
    Moment.UNREADABLE: (
        "The data keys of these records were deleted from the keyring and the deletion was committed. "
        "Without its data key a sealed record cannot be opened."
    ),
    Moment.BEYOND_RECOVERY: (
        "The shelf keys under which the deleted data keys were wrapped were destroyed in both key stores, and keyring "
        "backups that could still open them were removed. Copies of the wrapped keys in database files, "
        "write-ahead logs, replicas and backups open nothing."
    ),
    Moment.GONE_FROM_BACKUPS: (
        "The last backup of the main database that still held the rows (ids, moments, lengths) has expired."
    ),
}
REMAINS = [
    "opaque ids in the audit log and in this certificate",
    "keyed digests (tombstones) that keep the records from coming back, until provider copies and backups have ended",
    "a suppression entry, if the person asked not to be contacted",
]


def issue_unreadable(organization_id: UUID, run_id: UUID) -> Certificate | None:
    """The certificate of a finished run with its first statement. Idempotent; None if the run destroyed nothing."""
    with acting_for(organization_id):
        run = PurgeRun.objects.get(organization_id=organization_id, id=run_id)
        batches = _batches(organization_id, run_id)
        if not batches:
            return None
        _one_at_a_time(organization_id)
        certificate = Certificate.objects.filter(organization_id=organization_id, run_id=run_id).first()
        if certificate is None:
            certificate = _number(organization_id, run_id)
        happened_at = max(batch.unreadable_at for batch in batches if batch.unreadable_at)
        _issue(certificate, run, batches, Moment.UNREADABLE, happened_at)
    return certificate


def issue_later(organization_id: UUID, certificate: Certificate, moment: Moment, happened_at: datetime) -> Statement:
    """Add a statement about a later moment. Idempotent. Needs the organization's context."""
    _one_at_a_time(organization_id)
    run = PurgeRun.objects.get(organization_id=organization_id, id=certificate.run_id)
    return _issue(certificate, run, _batches(organization_id, run.id), moment, happened_at)


def _batches(organization_id: UUID, run_id: UUID) -> list[DestructionBatch]:
    found = DestructionBatch.objects.filter(
        organization_id=organization_id, run_id=run_id, unreadable_at__isnull=False, rows__gt=0
    )
    return list(found.order_by("id").defer("row_ids"))


def _one_at_a_time(organization_id: UUID) -> None:
    """Nobody else issues for this organization until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"certificate {organization_id}"])


def _number(organization_id: UUID, run_id: UUID) -> Certificate:
    """The next number of the organization, without gaps."""
    last = Certificate.objects.filter(organization_id=organization_id).aggregate(last=Max("number"))["last"]
    return Certificate.objects.create(
        organization_id=organization_id, run_id=run_id, number=(last or 0) + 1, issued_at=due.database_now()
    )


def _issue(
    certificate: Certificate, run: PurgeRun, batches: list[DestructionBatch], moment: Moment, happened_at: datetime
) -> Statement:
    organization_id = certificate.organization_id
    earlier = list(Statement.objects.filter(organization_id=organization_id, certificate_id=certificate.id))
    for statement in earlier:
        if statement.moment == moment:
            return statement
    issued_at = due.database_now()
    signed = vault.signing.sign(
        {
            "type": STATEMENT_TYPE,
            "moment": str(moment),
            "happened_at": happened_at.isoformat(),
            "issued_at": issued_at.isoformat(),
            "certificate": {"id": str(certificate.id), "number": certificate.number},
            "operator": profiles.current().display_name,
            "organization": str(organization_id),
            "run": {
                "id": str(run.id),
                "trigger": run.trigger,
                "by": run.by,
                "started_at": run.started_at.isoformat(),
                "finished_at": run.finished_at.isoformat() if run.finished_at else None,
            },
            "destroyed": destroyed(PurgeLine.objects.filter(organization_id=organization_id, run_id=run.id), batches),
            "held_at_the_last_look": run.kept,
            "set_aside": run.set_aside,
            "key_store": settings.KEYSTORE_BACKEND,
            "claim": CLAIMS[moment],
            "limits": _limits(),
            "remains": REMAINS,
            "earlier_statements": {statement.moment: _digest(statement) for statement in earlier},
        }
    )
    statement = Statement.objects.create(
        organization_id=organization_id,
        certificate_id=certificate.id,
        moment=moment,
        happened_at=happened_at,
        issued_at=issued_at,
        body=signed.body,
        signature=signed.signature,
        signing_key_id=signed.key_id,
    )
    audit.append(
        "retention.statement_issued",
        organization_id=organization_id,
        actor=_BY,
        object_type="statement",
        object_id=statement.id,
        moment=str(moment),
        digest=signed.digest,
    )
    return statement


def destroyed(run_lines: Iterable[PurgeLine], batches: Iterable[DestructionBatch]) -> list[dict[str, Any]]:
    """What the batches of a run destroyed, by category, with the period that its lines say made them due."""
    lines = {line.category: line for line in run_lines}
    by_category: dict[str, list[DestructionBatch]] = {}
    for batch in batches:
        by_category.setdefault(batch.category, []).append(batch)
    return [
        {
            "category": category,
            "reason": sorted({batch.reason for batch in group}),
            "records": sum(batch.rows for batch in group),
            "keys": sum(batch.keys for batch in group),
            "objects": sum(batch.objects_total for batch in group),
            "bytes": sum(batch.bytes for batch in group),
            "clock_from": _earliest(batch.earliest for batch in group),
            "clock_to": _earliest((batch.latest for batch in group), last=True),
            "period": lines[category].period if category in lines else None,
            "period_set_by": lines[category].origin if category in lines else None,
            "batches": len(group),
            "records_sha256": hashlib.sha256(b"".join(bytes(batch.digest) for batch in group)).hexdigest(),
        }
        for category, group in sorted(by_category.items())
    ]


def _earliest(moments: Iterable[datetime | None], *, last: bool = False) -> str | None:
    known = sorted(moment for moment in moments if moment is not None)
    return known[-1 if last else 0].isoformat() if known else None


def _limits() -> str:
    if settings.KEYSTORE_BACKEND == "folder":
        return (
            "The key store is a folder: the claim covers databases, write-ahead logs, replicas and logical backups, "
            "not forensic examination of the disk that holds the keys."
        )
    return (
        "The key store is a bucket without versions: the claim relies on the store deleting what it confirms deleted."
    )


def _digest(statement: Statement) -> str:
    return hashlib.sha256(bytes(statement.body)).hexdigest()


def signed(statement: Statement) -> SignedStatement:
    """The stored statement as the vault verifies it."""
    return SignedStatement(bytes(statement.body), bytes(statement.signature), statement.signing_key_id)


def statements_of(certificate: Certificate) -> list[Statement]:
    """In the order of their moments. Needs the organization's context."""
    found = Statement.objects.filter(organization_id=certificate.organization_id, certificate_id=certificate.id)
    return list(found.order_by("happened_at", "issued_at"))


def bundle(certificate: Certificate) -> bytes:
    """The file people download: every statement issued so far and the public keys that signed them."""
    statements = statements_of(certificate)
    used = {statement.signing_key_id for statement in statements}
    return canonical_json(
        {
            "type": BUNDLE_TYPE,
            "certificate": {"id": str(certificate.id), "number": certificate.number},
            "statements": [
                {
                    "statement": signed(statement).content(),
                    "signature": {
                        "algorithm": "Ed25519",
                        "key_id": statement.signing_key_id,
                        "value": base64.b64encode(bytes(statement.signature)).decode(),
                    },
                }
                for statement in statements
            ],
            "public_keys": [key.to_dict() for key in vault.signing.public_keys() if key.key_id in used],
        }
    )
