"""A05, A06: an object store that is away for a while, or leaves some of what it was told to delete.

The platform talks to an S3 server through a proxy that misbehaves. The server here is moto's, in memory, with versions;
its speed says nothing, its answers are S3's.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config
from django.conf import settings
from moto.server import ThreadedMotoServer

from calls.models import Recording
from ground import vault
from ground.inventory import destruction, removals
from ground.inventory.models import ObjectRemoval
from ground.tenancy import Actor, acting_for
from ground.vault import aws
from ground.vault.exceptions import KeyLost, ObjectStoreDown
from retention.services import sweep
from soak import checker
from soak.asking import Program, client
from soak.fault_proxy import BUSY, FINE, HANG, RESET, SLOW, FaultProxy
from soak.harness import Run, figure
from tests import factories, holdings
from tests.calls.conftest import Line
from tests.calls.samples import generic_call, generic_event
from tests.faults.test_purge_killed import finish

BY = Actor.system("soak")
ROUNDS = 10
_OURS = ("OBJECTS_BACKEND", "S3_BUCKET", "S3_ENDPOINT_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
_PATIENCE = Config(
    connect_timeout=1,
    read_timeout=1,
    retries={"mode": "standard", "total_max_attempts": 2},
    signature_version="s3v4",
    s3={"addressing_style": "path"},
)


@contextlib.contextmanager
def bucket() -> Iterator[FaultProxy]:
    """A versioned bucket behind a proxy, as the platform's object store; waiting is cut to a second."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    upstream = "http://{}:{}".format(*server.get_host_and_port())
    plain = boto3.session.Session().client(
        "s3", endpoint_url=upstream, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    plain.create_bucket(Bucket="soak")
    plain.put_bucket_versioning(Bucket="soak", VersioningConfiguration={"Status": "Enabled"})
    proxy, before, patience = FaultProxy(upstream), {name: getattr(settings, name) for name in _OURS}, aws._CONFIG
    aws._CONFIG = _PATIENCE
    for name, value in zip(_OURS, ("s3", "soak", proxy.url, "x", "x"), strict=True):
        setattr(settings, name, value)
    vault.forget_everything()
    proxy.versions = lambda: plain.list_object_versions(Bucket="soak")
    try:
        yield proxy
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
        aws._CONFIG = patience
        vault.forget_everything()
        proxy.close()
        server.stop()


def _remaining(proxy: Any) -> set[str]:
    """Names with any version or delete marker."""
    told = proxy.versions()
    return {item["Key"] for item in [*told.get("Versions", ()), *told.get("DeleteMarkers", ())]}


def _due_now(organization_id: Any) -> None:
    with acting_for(organization_id):
        ObjectRemoval.objects.update(next_at=holdings.days_ago(1))


@figure(
    "A05",
    "An object store that is away stops neither ingest nor unreadability; the backlog drains",
    full=40,
    small=1,
    unit="outages (of 503, hanging, resets, slowness)",
)
def away(run: Run) -> None:
    with bucket() as proxy:
        organization = factories.organization()
        program, line = Program(organization.id), Line(organization, "generic")
        for turn in run.turns():
            _one_outage(run, proxy, organization, program, line, turn)
    run.note("Outages last as long as the requests made in them; the server behind the proxy is moto's.")


def _one_outage(run: Run, proxy: Any, organization: Any, program: Program, line: Line, turn: int) -> None:
    due = [holdings.keep_call(organization.id, holdings.days_ago(400)) for _ in range(3)]
    kept = holdings.keep_call(organization.id, holdings.days_ago(3))
    names = {one.recording.object_name for one in due}
    proxy.mode = mode = (BUSY, HANG, RESET, SLOW)[(turn + run.random.randrange(4)) % 4]
    proxy.asked.clear()
    event = {**generic_event(), "data": generic_call(call_id=f"event-{turn}")}
    run.same("a delivery is accepted", line.deliver(client(), event, event_id=f"e{turn}").status_code, 202)
    stored = program.store([generic_call(call_id=f"call-{turn}", agent=...)])
    run.same("calls are accepted", stored.status_code, 201)
    sweep.purge_expired(organization_id=organization.id, by=BY)
    for one in due:
        try:
            vault.keys.open(organization.id, [one.recording.key_id])
        except KeyLost:
            opened = False
        else:
            opened = True
        run.check("unreadable although the store is away", not opened)
    there = names & _remaining(proxy)
    with acting_for(organization.id):
        listed = set(ObjectRemoval.objects.filter(object_name__in=names).values_list("object_name", flat=True))
    run.check("nothing counts as gone that is still there", there <= listed, f"{mode}: {len(there - listed)}")
    run.check("no storm of retries", proxy.asked[mode] <= 40, f"{mode}: {proxy.asked[mode]} requests")
    proxy.mode = FINE
    _due_now(organization.id)
    removals.remove_objects(organization.id)
    finish(organization.id)
    run.same("the backlog has drained", names & _remaining(proxy), set())
    run.check("what is kept sounds", kept.listen() == holdings.SOUND)
    checker.at_rest(run, organization.id)
    run.tell(**{f"outages: {mode}": 1})


@figure(
    "A06",
    "What a store refuses to delete is never called gone, and goes in the end",
    full=100,
    small=1,
    unit=f"purges with {ROUNDS} rounds of refusals",
)
def refusals(run: Run) -> None:
    with bucket() as proxy:
        for _ in run.turns():
            organization_id = factories.organization().id
            due = [holdings.keep_call(organization_id, holdings.days_ago(400), parts=("recording",)) for _ in range(20)]
            names = {one.recording.object_name for one in due}
            proxy.refuses = lambda key: run.random.random() < 0.1
            sweep.purge_expired(organization_id=organization_id, by=BY)
            for _ in range(ROUNDS):
                _compared(run, proxy, organization_id, names)
                _due_now(organization_id)
                with contextlib.suppress(ObjectStoreDown):
                    destruction.remove_objects(organization_id)
            proxy.refuses = lambda key: False
            _due_now(organization_id)
            destruction.remove_objects(organization_id)
            run.same("finally gone, with all versions", names & _remaining(proxy), set())
            finish(organization_id)
            with acting_for(organization_id):
                run.same("no row is left", Recording.objects.count(), 0)
            checker.at_rest(run, organization_id)


def _compared(run: Run, proxy: Any, organization_id: Any, names: set[str]) -> None:
    with acting_for(organization_id):
        listed = set(ObjectRemoval.objects.values_list("object_name", flat=True))
    there = names & _remaining(proxy)
    run.check("0 false deleted", there <= listed, f"{len(there - listed)} of {len(there)}")
    run.tell(still_there_and_listed=len(there))
