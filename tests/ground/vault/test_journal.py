"""The erasure journal: acknowledged means on disk; damage stops replay; a torn tail does not."""

import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from botocore.exceptions import ClientError

from ground.vault import journal
from ground.vault.exceptions import JournalDamaged, JournalDown, NoHandler, NotOpaque
from ground.vault.journal.bucket import BucketJournal
from ground.vault.journal.entries import JournalEntry
from tests.ground.vault.conftest import flipped

ORGANIZATION = UUID(int=51)


@pytest.fixture(params=["folder", "bucket"])
def book(request, vault_home, settings):
    if request.param == "bucket":
        request.getfixturevalue("s3")
        bucket = request.getfixturevalue("bucket")
        settings.KEYSTORE_BACKEND, settings.KEYSTORE_BUCKET = "s3", bucket()
        settings.KEYSTORE_MIRROR_BUCKET = bucket()
    return journal.journal()


@pytest.fixture
def folder(vault_home, settings):
    return settings.JOURNAL_PATH


def fill(count=3):
    return [journal.append(ORGANIZATION, "destroy", {"row_ids": [uuid4()], "number": n}) for n in range(count)]


def only_file(folder):
    [path] = folder.glob("*.journal")
    return path


def test_entries_come_back_in_order_from_any_position(book):
    assert journal.last_sequence() == 0
    assert list(journal.entries()) == []
    written = fill(5)
    assert [entry.sequence for entry in written] == [1, 2, 3, 4, 5]
    assert list(journal.entries()) == written
    assert list(journal.entries(3)) == written[3:]
    assert list(journal.entries(5)) == []
    assert journal.last_sequence() == 5
    assert book.describe()


def test_a_new_process_goes_on_where_the_last_one_stopped(book):
    fill(9)
    journal.journal.cache_clear()
    assert journal.append(ORGANIZATION, "hold", {}).sequence == 10
    assert journal.last_sequence() == 10


def test_writers_at_once_lose_nothing(book):
    threads = [threading.Thread(target=fill, args=(10,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.sequence for entry in journal.entries()] == list(range(1, 41))


@pytest.mark.parametrize(
    "payload",
    [
        {"batch_id": uuid4(), "table": "calls_call", "key_ids": [uuid4()], "tombstones": [os.urandom(16)]},
        {"object_names": [f"{uuid4()}/recording/{uuid4()}"], "held": True, "nothing": None, "count": 3},
        {"until": datetime(2026, 1, 1, tzinfo=UTC), "digest": "ab" * 32, "empty": "", "ids": {uuid4(), uuid4()}},
    ],
)
def test_ids_digests_words_and_moments_are_welcome(vault_home, payload):
    entry = journal.append(ORGANIZATION, "destroy", payload)
    assert list(journal.entries()) == [entry]


@pytest.mark.parametrize(
    "payload",
    [
        {"who": "anna@example.org"},
        {"number": "+4915123456789"},
        {"number": "015123456789"},
        {"name": "Anna Müller"},
        {"reason": "she asked us to"},
        {"Anna": 1},
        {"deep": [{"deeper": ["Anna Müller"]}]},
        {"phone": 2**60},
        {"amount": 1.5},
        {"thing": object()},
        {1: "x"},
    ],
)
def test_what_reads_like_a_person_is_refused(vault_home, payload):
    with pytest.raises(NotOpaque) as refused:
        journal.append(ORGANIZATION, "destroy", payload)
    assert "Anna Müller" not in str(refused.value)
    assert journal.last_sequence() == 0


def test_an_unknown_kind_is_refused(vault_home):
    with pytest.raises(ValueError, match="kind"):
        journal.append(ORGANIZATION, "gossip", {})
    with pytest.raises(ValueError, match="kind"):
        journal.on_replay("gossip")


# ------------------------------------------------------------------ replay
@pytest.fixture
def handlers(monkeypatch):
    monkeypatch.setattr(journal, "_handlers", {})


def test_replay_hands_each_entry_to_its_handlers_in_order(book, handlers):
    seen = []
    journal.on_replay("destroy")(lambda entry: seen.append(("first", entry.sequence)))
    journal.on_replay("destroy")(lambda entry: seen.append(("second", entry.sequence)))
    fill(2)
    passed = []
    assert journal.replay(progress=lambda entry: passed.append(entry.sequence)) == 2
    assert seen == [("first", 1), ("second", 1), ("first", 2), ("second", 2)]
    assert passed == [1, 2]
    assert journal.replay(1) == 1


def test_replay_stops_at_what_nobody_handles(book, handlers):
    journal.on_replay("destroy")(lambda entry: None)
    fill(1)
    journal.append(ORGANIZATION, "hold", {})
    with pytest.raises(NoHandler):
        journal.replay()


# ------------------------------------------------------------------ folder
def test_files_are_private_one_per_day_and_a_clock_going_back_changes_no_order(folder, monkeypatch):
    book = journal.journal()

    def at(day):
        return lambda sequence: JournalEntry(sequence, datetime(2026, 1, day, tzinfo=UTC), ORGANIZATION, "hold", {})

    for day in (1, 2, 1, 3):
        book.append(at(day))
    assert sorted(path.name for path in folder.glob("*.journal")) == [f"2026-01-0{day}.journal" for day in (1, 2, 3)]
    assert [entry.sequence for entry in journal.entries()] == [1, 2, 3, 4]
    assert [entry.sequence for entry in journal.entries(3)] == [4]
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_a_torn_tail_is_no_entry_and_the_next_append_cuts_it_off(folder):
    fill(3)
    path = only_file(folder)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in range(1, len(lines[2])):
        path.write_bytes(whole[:-cut])
        assert [entry.sequence for entry in journal.entries()] == [1, 2]
        assert journal.last_sequence() == 2
    assert fill(1)[0].sequence == 3
    assert [entry.sequence for entry in journal.entries()] == [1, 2, 3]


def test_a_file_with_nothing_but_a_torn_first_line_is_repaired(folder):
    fill(1)
    path = only_file(folder)
    path.write_bytes(path.read_bytes()[:20])
    assert journal.last_sequence() == 0
    assert fill(1)[0].sequence == 1
    assert journal.last_sequence() == 1


@pytest.mark.parametrize("line", [0, 1, 2])
def test_damage_of_an_acknowledged_entry_stops_replay(folder, line):
    fill(3)
    path = only_file(folder)
    lines = path.read_bytes().splitlines(keepends=True)
    for place in (0, 3, 9, 30, len(lines[line]) - 3):
        changed = list(lines)
        changed[line] = flipped(lines[line], place)
        path.write_bytes(b"".join(changed))
        with pytest.raises(JournalDamaged):
            list(journal.entries())
    if line == 2:
        with pytest.raises(JournalDamaged):
            fill(1)


def test_a_missing_swapped_or_repeated_entry_is_noticed(folder):
    fill(3)
    path = only_file(folder)
    one, two, three = path.read_bytes().splitlines(keepends=True)
    for wrong in ([one, three], [two, one, three], [one, two, two, three]):
        path.write_bytes(b"".join(wrong))
        with pytest.raises(JournalDamaged):
            list(journal.entries())


def test_a_long_entry_is_found_from_the_end(folder):
    ids = [uuid4() for _ in range(5_000)]
    journal.append(ORGANIZATION, "destroy", {"key_ids": ids})
    assert journal.last_sequence() == 1
    entry = journal.append(ORGANIZATION, "destroy", {"key_ids": ids})
    assert entry.sequence == 2
    assert [UUID(written) for written in next(journal.entries(1)).payload["key_ids"]] == ids


def test_a_full_disk_acknowledges_nothing_and_leaves_the_journal_whole(folder, monkeypatch):
    fill(1)
    write = os.write

    def half(descriptor, content):
        if len(content) > 20:
            return write(descriptor, bytes(content)[:20])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        with pytest.raises(JournalDown, match="No space left"):
            journal.append(ORGANIZATION, "hold", {})
    assert [entry.sequence for entry in journal.entries()] == [1]
    assert only_file(folder).read_bytes().endswith(b"\n")
    assert fill(1)[0].sequence == 2


def test_a_journal_that_cannot_be_opened_is_an_outage(vault_home, settings):
    settings.JOURNAL_PATH = settings.ROOT_KEY_FILE / "below" / "a file"
    settings.ROOT_KEY_FILE.parent.mkdir()
    settings.ROOT_KEY_FILE.write_text("file")
    with pytest.raises(JournalDown):
        journal.append(ORGANIZATION, "hold", {})


@pytest.mark.slow
def test_what_a_killed_writer_acknowledged_is_there(folder, other_process):
    code = """
        from uuid import UUID
        from ground.vault import journal
        while True:
            print(journal.append(UUID(int=51), "hold", {"number": 1}).sequence, flush=True)
    """
    acknowledged = 0
    for turn in range(4):
        writer = other_process(code)
        first = int(writer.stdout.readline())
        assert first == acknowledged + 1 or first == acknowledged + 2  # the last one may lack its acknowledgement
        time.sleep(0.02 * turn)
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged = int(([str(first), *writer.stdout.read().split()])[-1])  # also what is buffered here
        sequences = [entry.sequence for entry in journal.entries()]
        assert sequences == list(range(1, len(sequences) + 1))
        assert acknowledged <= len(sequences) <= acknowledged + 1
        acknowledged = len(sequences)


# ------------------------------------------------------------------ bucket
def test_a_missing_object_stops_replay_of_a_bucket(s3, bucket):
    name = bucket()
    book = BucketJournal(s3, name, conditional=True, guard=lambda: pytest.fail("no guard needed"))
    for _ in range(3):
        book.append(lambda sequence: JournalEntry(sequence, datetime.now(UTC), ORGANIZATION, "hold", {}))
    s3.delete_object(Bucket=name, Key=f"journal/{2:016d}")
    with pytest.raises(JournalDamaged):
        list(book.entries())


def test_a_bucket_without_conditions_is_guarded(s3, bucket):
    held = []

    class Guard:
        def __enter__(self):
            held.append(True)

        def __exit__(self, *_):
            held.append(False)

    book = BucketJournal(s3, bucket(), conditional=False, guard=Guard)
    book.append(lambda sequence: JournalEntry(sequence, datetime.now(UTC), ORGANIZATION, "hold", {}))
    assert held == [True, False]
    assert book.last_sequence() == 1


def test_an_outage_of_the_bucket_is_named(s3):
    book = BucketJournal(s3, "nowhere-at-all", conditional=True, guard=lambda: None)
    with pytest.raises(JournalDown):
        book.last_sequence()
    with pytest.raises(JournalDown):
        list(book.entries())


class Answering:
    """An S3 client whose writes are answered with an error of this code."""

    def __init__(self, s3, code):
        self.s3, self.code, self.asked = s3, code, 0

    def __getattr__(self, name):
        return getattr(self.s3, name)

    def put_object(self, **_):
        self.asked += 1
        raise ClientError({"Error": {"Code": self.code}, "ResponseMetadata": {"HTTPStatusCode": 0}}, "PutObject")


@pytest.mark.parametrize(("code", "asked", "said"), [("AccessDenied", 1, "appending"), ("412", 50, "too busy")])
def test_a_bucket_that_refuses_and_one_that_is_always_taken_acknowledge_nothing(s3, bucket, code, asked, said):
    client = Answering(s3, code)
    book = BucketJournal(client, bucket(), conditional=True, guard=lambda: pytest.fail("no guard needed"))
    with pytest.raises(JournalDown, match=said):
        book.append(lambda sequence: JournalEntry(sequence, datetime.now(UTC), ORGANIZATION, "hold", {}))
    assert client.asked == asked
    assert book.last_sequence() == 0


@pytest.mark.django_db(transaction=True)
def test_writers_of_a_bucket_without_conditions_wait_for_each_other(vault_home, superuser_connection):
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    keyring = superuser_connection("keyring")
    before = keyring.execute(held).fetchone()[0]
    with journal._one_writer():
        assert keyring.execute(held).fetchone()[0] == before + 1
    assert keyring.execute(held).fetchone()[0] == before


def test_an_entry_and_a_digest_have_their_sizes(vault_home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[JournalEntry.__module__], "MAX_LINE_BYTES", 100)
        with pytest.raises(ValueError, match="split the batch"):
            journal.append(ORGANIZATION, "hold", {"hold": uuid4()})
    for digest in (b"short", b"x" * 65):
        with pytest.raises(NotOpaque, match="which no digest has"):
            journal.append(ORGANIZATION, "destroy", {"digest": digest})
    assert list(journal.entries()) == []
