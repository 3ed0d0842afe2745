"""`python -m config.launcher up` and `python -m config.launcher manage <command>`."""

import os
import sys
from collections.abc import Mapping, Sequence

from config.launcher import credentials, locks, messages, parts
from config.launcher.logs import DayLogs
from config.launcher.messages import Refusal
from config.launcher.processes import Family
from config.launcher.up import up


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    try:
        if arguments[:1] == ["manage"] and len(arguments) > 1:
            return manage(arguments[1:], environ)
        if list(arguments) == ["up"]:
            return up(environ)
    except Refusal as refusal:
        messages.complain(str(refusal))
        return refusal.code
    messages.complain("Usage: python -m config.launcher up | manage <command> …")
    return 2


def manage(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Uses the servers of the running platform, or starts them for as long as the command takes."""
    folder = parts.data_dir(environ)
    lock = locks.FolderLock(folder)
    kept = credentials.kept_in(folder)
    if not lock.taken():
        running = parts.locate_servers(folder, kept, environ)
        return parts.manage(parts.Settings(running, kept, folder, lock.holder().get("address", ""), environ), arguments)
    logs = DayLogs(parts.log_dir(environ, folder))
    logs.start()
    family = Family(say=lambda sentence: None)
    try:
        lock.note()
        running = parts.start_servers(family, logs, folder, kept, environ, tell=lambda name, detail: None)
        return parts.manage(parts.Settings(running, kept, folder, "http://127.0.0.1:8000", environ), arguments)
    finally:
        family.stop(())
        logs.close()
        lock.release()


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    sys.exit(main(sys.argv[1:], os.environ))
