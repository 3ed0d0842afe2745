"""The real thing under the model: three organizations on real databases, keys, objects, jobs and deliveries.

What is seen is read as the databases' superuser, past every wall, so that nothing can hide behind row-level security;
that the walls stand is asked separately, as the application.
"""

import json
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection as application
from django.test import Client

from agents.services import Settings, publish, registry
from calls import sealing
from calls.models import Call, CallReport, ProviderEvent, Recording, Transcript
from ground import jobs, vault
from ground.jobs.models import Job
from ground.tenancy import acting_for
from ground.vault import keystore
from ground.vault.exceptions import WrongKey
from ground.vault.keystore.record import Record
from ground.vault.sealing import unwrap_key
from retention.models import Certificate
from retention.services import certificates
from tests import embedded, factories
from tests.calls.conftest import BY, Line
from tests.calls.samples import wav
from tests.calls.stub import Answer
from tests.model.truth import CALL, EVENT, HURRIED_DAYS, RECORDING, REPORT, TRANSCRIPT

MODELS = {CALL: Call, RECORDING: Recording, TRANSCRIPT: Transcript, REPORT: CallReport, EVENT: ProviderEvent}
SOUND = wav(0.1)
_KEPT_AS_SIGNED = ("audit_", "retention_certificate", "retention_statement")
_TABLES = {
    CALL: ("calls_call", "id", "ended_at"),
    RECORDING: ("calls_recording", "call_id", "ended_at"),
    TRANSCRIPT: ("calls_transcript", "call_id", "ended_at"),
    REPORT: ("calls_callreport", "call_id", "ended_at"),
    EVENT: ("calls_providerevent", "call_id", "received_at"),
}
_ROWS = " UNION ALL ".join(
    f"SELECT organization_id, '{kind}', id, {call}, {clock}, held, set_aside_at IS NULL, key_id, stored_bytes, "
    f"{'object_name' if kind == RECORDING else 'NULL'} FROM {table} WHERE organization_id = ANY(%(ids)s)"
    for kind, (table, call, clock) in _TABLES.items()
)
_COUNTS = " UNION ALL ".join(f"SELECT '{kind}', count(*)::int FROM {table}" for kind, (table, *_) in _TABLES.items())
_TALLY = """
    SELECT organization_id, category, day, sum(rows)::int, sum(bytes)::int FROM (
        SELECT organization_id, category, day, rows, bytes FROM inventory_tally WHERE organization_id = ANY(%(ids)s)
        UNION ALL
        SELECT organization_id, category, day, rows, bytes FROM inventory_tallydelta
        WHERE organization_id = ANY(%(ids)s)) AS both_tables
    GROUP BY 1, 2, 3 HAVING sum(rows) <> 0 OR sum(bytes) <> 0
"""
_EVIDENCE = """
    SELECT organization_id, sum((payload::json->>'rows')::int)::int FROM audit_event
    WHERE organization_id = ANY(%(ids)s) AND kind = 'inventory.destroyed' GROUP BY 1
"""
_ELSEWHERE = """
    SELECT organization_id, sum(rows)::int FROM inventory_destructionbatch
    WHERE organization_id = ANY(%(ids)s) AND NOT label = ANY(%(labels)s) GROUP BY 1
"""


class Eyes:
    """Connections that see everything, kept open for the whole run."""

    def __init__(self):
        self.main, self.keyring = embedded.superuser("default"), embedded.superuser("keyring")
        self._older = {alias: self._shifts(connection) for alias, connection in self.both()}

    def both(self):
        return [("default", self.main), ("keyring", self.keyring)]

    def close(self):
        for _, connection in self.both():
            connection.close()

    def _shifts(self, connection):
        """Statements that make every moment of some organizations older."""
        columns = connection.execute(
            "SELECT c.table_name, array_agg(c.column_name::text), bool_or(c.data_type = 'date') "
            "FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) "
            "WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' "
            "AND c.data_type IN ('timestamp with time zone', 'date') AND EXISTS (SELECT 1 FROM "
            "information_schema.columns o WHERE o.table_name = c.table_name AND o.column_name = 'organization_id') "
            "GROUP BY 1"
        ).fetchall()
        statements = []
        for table, names, _ in columns:
            if table.startswith(_KEPT_AS_SIGNED):
                continue
            steps = ["%(days)s"] if table != "inventory_tally" else ["100000", "%(days)s - 100000"]  # one row a day
            for step in steps:
                older = ", ".join(f'"{name}" = "{name}" - make_interval(days => {step})' for name in names)
                statements.append(f"UPDATE {table} SET {older} WHERE organization_id = ANY(%(ids)s)")
        return statements

    def grow_older(self, ids, days):
        """Time passes: everything these organizations have is so many days older."""
        for alias, connection in self.both():
            with connection.transaction():
                connection.execute("SET LOCAL session_replication_role = replica")
                for statement in self._older[alias]:
                    connection.execute(statement, {"ids": ids, "days": days})

    def rows(self, ids):
        return self.main.execute(_ROWS, {"ids": ids}).fetchall()

    def tally(self, ids):
        return self.main.execute(_TALLY, {"ids": ids}).fetchall()

    def evidence(self, ids):
        """Rows destroyed by organization: as audit events tell, and of them rows of other models than ours."""
        labels = [model._meta.label for model in MODELS.values()]
        told = dict(self.main.execute(_EVIDENCE, {"ids": ids}).fetchall())
        other = dict(self.main.execute(_ELSEWHERE, {"ids": ids, "labels": labels}).fetchall())
        return {each: told.get(each, 0) - other.get(each, 0) for each in ids}

    def keys(self, ids):
        """{(organization, key id): wrapped}"""
        rows = self.keyring.execute(
            "SELECT organization_id, id, wrapped FROM vault_datakey WHERE organization_id = ANY(%s)", [ids]
        )
        return {(organization_id, key_id): bytes(wrapped) for organization_id, key_id, wrapped in rows.fetchall()}


class House:
    """One organization with its door for deliveries, two agents and jobs."""

    def __init__(self, stub):
        self.organization = factories.organization()
        self.id = self.organization.id
        self.line = Line(self.organization, "generic")
        self.agents = {"desk": self.line.agent_id, "quick": self._quick().id}
        self.client = Client()
        self.sound = stub.on("/sound.wav", Answer(200, SOUND))

    def _quick(self):
        then = datetime.now(UTC) - timedelta(days=400)
        given = {"organization_id": self.id, "by": BY, "at": then}
        made = registry.create(**given, connection_id=self.line.connection.id, provider_agent_id="quick", name="Quick")
        publish(**given, agent_id=made.id, settings=Settings(retention_days=dict(HURRIED_DAYS)), reason="test")
        return made

    def run_jobs(self, *kinds):
        """What is due of these kinds, until nothing is."""
        while True:
            with acting_for(self.id):
                due = list(Job.objects.filter(state="ready", run_at__lte=datetime.now(UTC), kind__in=kinds))
            if not due:
                return
            for job in due:
                assert str(jobs.run(job.id, self.id)) == "done", job.kind

    def seen_as_application(self):
        """Counts by kind without naming the organization: the wall alone decides."""
        with acting_for(self.id), application.cursor() as cursor:
            cursor.execute(_COUNTS)
            return dict(cursor.fetchall())

    def says(self, kind, call_id):
        """What a part of a call says, opened."""
        with acting_for(self.id):
            row = MODELS[kind].objects.get(call_id=call_id)
            key = vault.keys.open_one(self.id, row.key_id)
            if kind == TRANSCRIPT:
                return sealing.open_turns(key, row)[0].text
            return sealing.open_report(key, row).values["summary"]

    def listens(self, call_id):
        """What is heard of a call."""
        with acting_for(self.id):
            row = Recording.objects.get(call_id=call_id)
        return b"".join(vault.objects.open_range(vault.keys.open_one(self.id, row.key_id), row.object_name))

    def objects(self):
        return {found.name for found in vault.objects.store().list(f"{self.id}/")}

    def certified(self):
        """Records that first statements of certificates prove destroyed."""
        with acting_for(self.id):
            bodies = [
                certificates.signed(certificates.statements_of(one)[0]).content() for one in Certificate.objects.all()
            ]
        return sum(entry["records"] for body in bodies for entry in body["destroyed"] if entry["category"] in MODELS)

    def shelf_keys(self):
        """Everything either place of the key store still has to unwrap data keys with."""
        store, found = keystore.store(), []
        for place in (store.primary, store.mirror):
            raw, _ = place.read(f"{self.id}.keys")
            for (kind, name), wrapped in Record.from_bytes(raw, self.id).secrets.items():
                if kind == "shelf":
                    context = {"organization": str(self.id), "kind": kind, "id": name}
                    found.append(AESGCM(store.root.unwrap(wrapped, context)))
        return found

    def opening(self, remnants):
        """Those of (key id, wrapped) that open with anything the key store still has."""
        shelves = self.shelf_keys()
        return {one for one in remnants if any(self._opens(shelf, *one) for shelf in shelves)}

    def _opens(self, shelf, key_id, wrapped):
        try:
            unwrap_key(shelf, wrapped, self.id, key_id)
        except WrongKey:
            return False
        return True

    def deliver(self, event, event_id):
        answer = self.line.deliver(self.client, event, event_id=event_id)
        assert answer.status_code in (200, 202), answer.content
        self.run_jobs("calls.process_event", "calls.fetch_recording", "inventory.retire_keys")
        return answer.status_code, json.loads(answer.content or b"{}")
