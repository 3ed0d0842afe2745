import json
import os
import socket
import stat

import pytest

from config.launcher import credentials, locks, messages, places
from config.launcher.locks import FolderLock
from config.launcher.messages import Refusal


def test_a_second_launcher_is_told_where_the_first_one_runs(tmp_path):
    first = FolderLock(tmp_path)
    first.take()
    first.note(address="http://127.0.0.1:8000")
    with pytest.raises(
        Refusal, match=rf"already running from .* at http://127\.0\.0\.1:8000 \(pid {os.getpid()}\)"
    ) as no:
        FolderLock(tmp_path).take()
    assert no.value.code == messages.RUNNING_ALREADY
    first.release()
    second = FolderLock(tmp_path)
    second.take()
    assert second.stale is None
    second.release()


def test_what_a_killed_launcher_left_is_no_obstacle(script, tmp_path):
    holder = script(
        """
        import sys, time
        from pathlib import Path
        from config.launcher.locks import FolderLock
        lock = FolderLock(Path(sys.argv[1])); lock.take(); lock.note(); print("held", flush=True); time.sleep(60)
        """,
        tmp_path,
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Refusal):
        FolderLock(tmp_path).take()
    holder.kill()
    holder.wait()
    lock = FolderLock(tmp_path)
    lock.take()
    assert lock.stale == {"pid": holder.pid}
    lock.release()


def test_a_data_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "var").write_text("")
    with pytest.raises(Refusal, match="cannot be used") as refused:
        FolderLock(tmp_path / "var")
    assert refused.value.code == messages.FOLDER_UNUSABLE


def test_a_taken_port_is_named_with_a_free_one():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refusal, match=rf"Port {port} is in use .*`make up PORT=\d+`") as refused:
            locks.require_port(port)
    assert refused.value.code == messages.PORT_IN_USE
    locks.require_port(port)


@pytest.mark.parametrize("text", ["", "http", "0", "-1", "65536", "80.5", "８０００"])
def test_what_is_no_port_is_refused(text):
    with pytest.raises(Refusal, match="is no port"):
        locks.port_number(text)


def test_secrets_are_made_once_and_readable_by_us_alone(tmp_path):
    kept = credentials.kept_in(tmp_path)
    assert credentials.kept_in(tmp_path) == kept
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert len({kept.secret_key, kept.owner_password, kept.app_password}) == 3


@pytest.mark.parametrize("broken", ["", "{}", "[1]", json.dumps({"secret_key": "x"})])
def test_broken_secrets_are_never_replaced(tmp_path, broken):
    (tmp_path / "secrets.json").write_text(broken)
    with pytest.raises(Refusal, match="restore it"):
        credentials.kept_in(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == broken


def test_the_socket_folder_is_short_private_and_the_same_each_time(tmp_path):
    deep = tmp_path / ("x" * 120)
    folder = places.run_dir_for(deep)
    assert folder == places.run_dir_for(deep)
    assert len(str(folder)) < 75
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(Refusal, match="is a link"):
        places.run_dir_for(deep)
    folder.unlink()
