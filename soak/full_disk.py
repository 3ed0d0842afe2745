"""A program whose files may not grow: for it the kernel says what a full disk says. A23 runs it as a process.

Prints one JSON line for each look: [what, whether it was right, what was seen].
"""

import json
import random
import resource
import signal
import sys
from uuid import uuid4

from django.conf import settings

from calls.models import Call, ProviderEvent, Transcript
from ground import vault
from ground.tenancy import Actor, acting_for
from retention.services import sweep
from soak.asking import Program, client
from tests import factories, holdings
from tests.calls.conftest import Line
from tests.calls.samples import generic_event

BY = Actor.system("soak")


def look(what: str, ok: object, seen: object = "") -> None:
    print(json.dumps([what, bool(ok), str(seen)[:300]]), flush=True)


def grow_to(size: int) -> None:
    """No file of this process may become larger; writes give EFBIG, the sibling of ENOSPC."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def main(seed: str) -> None:
    chance = random.Random(seed)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    known, fresh = (factories.organization(slug=f"disk-{uuid4().hex}") for _ in range(2))  # others ran here before
    line, other = Line(known, "generic"), Line(fresh, "generic")
    programs = {one.id: Program(one.id) for one in (known, fresh)}
    due = [holdings.keep_call(known.id, holdings.days_ago(91)) for _ in range(2)]
    journal = sorted(settings.JOURNAL_PATH.glob("*.journal"))
    size = journal[-1].stat().st_size if journal else 0
    room = chance.choice([0, size + chance.randrange(1, 200)])
    before = counts(known.id), counts(fresh.id), keys(known.id, due)

    grow_to(0)  # a key file may be smaller than the journal, which has grown with every run
    answer = other.deliver(client(), generic_event(), event_id="while-full")
    look("a delivery that needs a new key file is 503", answer.status_code == 503, answer.content)
    grow_to(room)
    answer = programs[known.id].delete(f"/calls/{due[0].call.id}?confirm=4")
    look("a destruction that cannot be written down is 503", answer.status_code == 503, answer.content)
    try:
        holdings.keep_call(known.id, holdings.days_ago(1), parts=("recording",))
    except vault.Unavailable as outage:
        look("a recording that finds no room is refused by name", True, type(outage).__name__)
    else:
        look("a recording that finds no room is refused by name", False)
    report = sweep.purge_expired(organization_id=known.id, by=BY)
    look("a purge that cannot write its journal takes nothing", not report.rows, report.lines)
    after = counts(known.id), counts(fresh.id), keys(known.id, due)
    look("no partial write", after == before, f"{before} {after}")
    look("and everything still reads", all(one.open_transcript() and one.listen() for one in due))

    grow_to(resource.RLIM_INFINITY)
    answer = other.deliver(client(), generic_event(), event_id="while-full")
    look("the same delivery is taken once there is room", answer.status_code == 202, answer.content)
    answer = programs[known.id].delete(f"/calls/{due[0].call.id}?confirm=4")
    look("the same destruction is carried out", answer.status_code == 200, answer.content)
    report = sweep.purge_expired(organization_id=known.id, by=BY)
    look("and the purge takes the rest", report.rows == 2, report.lines)
    vault.journal.replay()
    look("the journal reads to its end", vault.journal.last_sequence() > 0)
    del line


def counts(organization_id: object) -> tuple[int, ...]:
    with acting_for(organization_id):
        rows = tuple(model.objects.count() for model in (Call, Transcript, ProviderEvent))
    objects = sum(1 for _ in vault.objects.store().list(f"{organization_id}/"))
    left = len(list((settings.OBJECTS_PATH / ".incoming").iterdir()))
    return (*rows, objects, left)


def keys(organization_id: object, due: list[holdings.Held]) -> int:
    return len(vault.keys.existing(organization_id, [one.recording.key_id for one in due]))


if __name__ == "__main__":
    main(sys.argv[1])
