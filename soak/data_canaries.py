"""A28: what people said and who they are is found nowhere outside the vault, in no spelling.

Made-up people go through everything: deliveries, jobs, pages, the interface, search, export, a purge and a destruction,
a refused delivery and a failing one. Then every byte that was written anywhere is searched for them: PostgreSQL's
files and log with its write-ahead log, a plain dump, the objects and their names, key store and journal, Valkey's
memory as a file, the platform's logs, and its figures.
"""

import base64
import io
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import redis
from django.conf import settings

from accounts.models import Role
from calls.models import Call
from calls.services import searching
from ground.tenancy import Actor, acting_for
from retention.services import sweep
from soak import world
from soak.asking import Program, client
from soak.harness import Run, figure
from tests import embedded, factories
from tests.calls.conftest import Line, run_jobs
from tests.calls.samples import generic_call, generic_event
from tests.ground.vault_ops.conftest import cluster

BY = Actor.system("soak")
AT_ONCE = 50
MARK, DIGITS = "qxzvkanarie", "1510777"  # every identifier has one of them, and nothing else in the world has
_LETTERS = "bcdfghjklmnpqrstvwxz"


class Person:
    """One canary: identifiers that occur nowhere else in the world."""

    def __init__(self, run: Run, number: int) -> None:
        word = MARK + "".join(run.random.choice(_LETTERS) for _ in range(8))
        self.national = f"{DIGITS}{number:04}"
        self.phone, self.email = f"+49{self.national}", f"{word}@mail.{word}.example"
        self.name, self.said = f"Zażółć {word.title()}", f"secret {word} und {self.national}"
        self.reference = f"crm-{word}"
        self.call_id = f"{word}-{number}"

    def call(self, **more: Any) -> dict[str, Any]:
        return generic_call(
            call_id=self.call_id,
            **{"from": self.phone},
            customer={"name": self.name, "email": self.email, "external_id": self.reference},
            turns=[{"speaker": "user", "text": self.said, "start_ms": 1, "end_ms": 2}],
            summary=f"about {self.said}",
            **more,
        )


def spellings(text: str) -> Iterator[bytes]:
    """The text as it may lie about: raw, in any case, UTF-16, hexadecimal, and base64 at any offset.

    Percent and JSON spelling leave letters and digits as they are.
    """
    for one in {text, text.lower(), text.upper(), text.title()}:
        raw = one.encode()
        yield raw
        yield one.encode("utf-16-le")
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        for offset in range(3):  # the first and last letters of base64 depend on the neighbours
            middle = base64.b64encode(b"\0" * offset + raw)[(0, 2, 3)[offset] :].rstrip(b"=")[:-1]
            yield middle
            yield middle.translate(bytes.maketrans(b"+/", b"-_"))


@figure(
    "A28",
    "No canary is found anywhere outside the vault",
    full=5_000,
    small=25,
    unit="people, each with six identifiers",
    share=1.5,
)
def canaries(run: Run) -> None:
    organization = factories.organization()
    line, program, browser = Line(organization, "generic"), Program(organization.id), client()
    browser.force_login(factories.member(organization, Role.OWNER))
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)
    people: list[Person] = []
    try:
        while run.ran < run.count and not (run.over and run.ran):
            size = min(AT_ONCE, run.count - run.ran)
            some = [Person(run, run.ran + number) for number in range(size)]
            with patch.object(searching, "SEARCHES", run.count * 4):  # one person asks more than one person may
                _live(run, organization, line, program, browser, some)
            people += some
            run.did(size)
        figures = b"".join(client().get(path).content for path in ("/metrics", "/readyz", "/healthz"))
    finally:
        logging.getLogger().removeHandler(handler)
    sought = _Sought({person.national for person in people})
    run.tell(spellings_searched_for=len(sought.needles))
    with world.scratch() as folder:
        (folder / "log").write_bytes(heard.getvalue().encode())
        (folder / "figures").write_bytes(figures)
        _dumped(folder)
        for kind, place in _places(folder).items():
            _searched(run, sought, kind, place)
    found = [sought.first(b"x" * 99 + needle + people[0].national[7:].encode()) for needle in sought.needles]
    run.check("the search finds what is there", all(found))
    run.note("Logs: every record of every logger at its configured level. Valkey: a dump of its memory after the run.")


def _live(run: Run, organization: Any, line: Line, program: Program, browser: Any, people: list[Person]) -> None:
    slug = organization.slug
    by_batch, by_line = people[::2], people[1::2]
    answer = program.store([person.call(agent=...) for person in by_batch], f"batch-{by_batch[0].call_id}"[:40])
    run.same("calls stored", answer.status_code, 201)
    for person in by_line:
        event = {**generic_event(), "data": person.call()}
        run.same("delivery taken", line.deliver(client(), event, event_id=f"e-{run.random.random()}").status_code, 202)
    run_jobs(organization)
    odd = people[0]
    line.deliver(client(), {"type": "call.ended", "data": {**odd.call(), "ended_at": odd.said}}, event_id="odd")
    line.deliver(client(), odd.call(), **{"webhook-signature": f"v1,{odd.said.encode().hex()}"})
    program.store([{**odd.call(agent=...), odd.reference: odd.email, "direction": odd.said}])
    with acting_for(organization.id):
        call_ids = list(Call.objects.order_by("-id").values_list("id", flat=True)[:4])
    for call_id in call_ids[:2]:
        for path in (f"/calls/{call_id}", f"/calls/{call_id}?reveal=true", f"/calls/{call_id}/transcript"):
            run.same("read by a program", program.get(path).status_code, 200)
        run.same("looked at", browser.get(f"/o/{slug}/calls/{call_id}/").status_code, 200)
    for asked in (odd.phone, odd.email, odd.name, odd.reference):
        found = browser.post(f"/o/{slug}/search/", {"value": asked}, follow=True)
        run.check("searched", found.status_code < 400, str(found.status_code))
    listed = browser.get(f"/o/{slug}/calls/export.csv")
    if listed.status_code == 200:
        b"".join(listed.streaming_content)
    looked = program.get(f"/calls/{call_ids[0]}/destruction").json()
    gone = program.delete(f"/calls/{call_ids[0]}?confirm={looked['records']}")
    run.same("destroyed", gone.status_code, 200)
    sweep.purge_expired(organization_id=organization.id, by=BY)


def _dumped(folder: Path) -> None:
    """Plain SQL of both databases, the write-ahead log on disk, Valkey's memory as a file."""
    import subprocess

    from ground.vault import backup_tools

    program, _ = backup_tools.tool("pg_dump", 18)
    for alias in world.ALIASES:
        with world.superuser(alias) as server:
            server.execute("CHECKPOINT")
        how = psycopg.conninfo.conninfo_to_dict(embedded._DSN)
        made = subprocess.run(
            [
                program,
                f"--host={how['host']}",
                f"--username={how['user']}",
                f"--dbname={embedded.database_names()[alias]}",
                f"--file={folder / alias}.sql",
            ],
            env={**os.environ, "PGPASSWORD": str(how.get("password", ""))},
            capture_output=True,
            check=False,
        )
        if made.returncode:
            raise RuntimeError(made.stderr.decode()[:300])
    server = redis.Redis.from_url(settings.REDIS_URL)
    for number in (0, 1):
        one = redis.Redis.from_url(re.sub(r"(db=|/)\d$", rf"\g<1>{number}", settings.REDIS_URL))
        with (folder / f"valkey-{number}").open("wb") as file:
            for key in one.scan_iter():
                file.write(key + b"\0" + (one.dump(key) or b"") + b"\0" + _value(one, key))
    server.close()


def _value(server: Any, key: bytes) -> bytes:
    """The value in the clear: the dump of a long one is compressed."""
    match server.type(key):
        case b"string":
            return server.get(key) or b""
        case b"list":
            return b"\0".join(server.lrange(key, 0, -1))
        case b"hash":
            return repr(server.hgetall(key)).encode()
        case b"zset":
            return repr(server.zrange(key, 0, -1)).encode()
        case _:
            return repr(server.smembers(key)).encode()


def _places(folder: Path) -> dict[str, Path]:
    return {
        "PostgreSQL's files and write-ahead log": cluster(),
        "dumps, Valkey, logs of the process, figures": folder,
        "objects and their names": settings.OBJECTS_PATH,
        "key store": settings.KEYSTORE_PATH,
        "journal": settings.JOURNAL_PATH,
        "everything else in the data folder": settings.DATA_DIR,
        "log files": settings.LOG_DIR,
        "Valkey's files": embedded.HOME / "valkey",
    }


class _Sought:
    """Every spelling of the marks. Seven digits may stand somewhere by chance: only a whole number counts there."""

    def __init__(self, numbers: set[str]) -> None:
        self.numbers = {number.encode() for number in numbers}
        self.needles = sorted({spelling for mark in (MARK, DIGITS) for spelling in spellings(mark)})

    def first(self, content: bytes) -> bytes | None:
        for needle in self.needles:
            at = content.find(needle)
            while at >= 0:
                if needle != DIGITS.encode() or content[at : at + 11] in self.numbers:
                    return needle
                at = content.find(needle, at + 1)
        return None


def _searched(run: Run, sought: _Sought, kind: str, place: Path) -> None:
    total = 0
    for folder, _, names in os.walk(place):
        for path in (Path(folder, name) for name in names):
            if not path.is_file() or path.is_symlink():
                continue
            try:
                content = path.read_bytes()
            except OSError:
                continue
            total += len(content)
            hit = sought.first(str(path.relative_to(place)).encode() + b"\0" + content)
            run.check(f"0 hits: {kind}", hit is None, f"{hit!r} in {path.relative_to(place)}")
    run.tell(**{f"bytes of {kind}": total})
