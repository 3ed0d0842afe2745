"""Where things lie: the data folder, and a short private folder for sockets.

A unix socket's path may have 107 bytes at most, so sockets never lie below the data folder (which may be deep)
but in a folder named by the data folder's hash.
"""

import contextlib
import hashlib
import os
import stat
from pathlib import Path

from config.launcher.messages import FOLDER_UNUSABLE, Refusal

LONGEST_SOCKET_PATH = 107


def run_dir_for(data_dir: Path) -> Path:
    """The private folder for the sockets of the servers whose data is in `data_dir`; made if missing."""
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
    name = f"sottovoce-{os.geteuid()}-{digest}"
    for parent in (os.environ.get("TMPDIR"), "/tmp"):  # noqa: S108 - private, checked
        if not parent or not os.access(parent, os.W_OK | os.X_OK):
            continue
        folder = Path(parent) / name
        if len(os.fsencode(folder)) <= LONGEST_SOCKET_PATH - len("/postgres/.s.PGSQL.5432.lock"):
            return private_folder(folder)
    raise Refusal("No short folder for sockets is writable: set TMPDIR to one, such as /tmp.", code=FOLDER_UNUSABLE)


def private_folder(folder: Path, *, owner: int | None = None) -> Path:
    """A folder that is ours alone (0700), or `owner`'s; refuses a link or another user's folder put in its place."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise Refusal(f"The folder {folder} cannot be used: {error.strerror}.", code=FOLDER_UNUSABLE) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), owner):
        raise Refusal(f"{folder} is a link or belongs to another user; remove it.", code=FOLDER_UNUSABLE)
    folder.chmod(0o700)
    if owner is not None:
        os.chown(folder, owner, -1)
    return folder


def socket_path(folder: Path, name: str) -> Path:
    """The socket's path, refused when the kernel would refuse it."""
    path = folder / name
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise Refusal(
            f"The socket path {path} is longer than {LONGEST_SOCKET_PATH} bytes; choose a shorter folder.",
            code=FOLDER_UNUSABLE,
        )
    return path


def write_secret(path: Path, text: str) -> None:
    """Writes a file that only we can read, whole or not at all."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    with contextlib.suppress(FileNotFoundError):
        unfinished.unlink()
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
