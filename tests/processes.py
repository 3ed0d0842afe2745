"""Other processes on this test's databases and folders: to be killed at named places."""

import os
import subprocess
import sys
import textwrap

_FOLDERS = (
    "DATA_DIR",
    "KEYSTORE_PATH",
    "KEYSTORE_MIRROR_PATH",
    "OBJECTS_PATH",
    "JOURNAL_PATH",
    "BACKUP_PATH",
    "LOG_DIR",
    "ROOT_KEY_FILE",
)


def folders(settings):
    """The folders of this test as environment variables."""
    return {name: str(getattr(settings, name)) for name in _FOLDERS}


def run(settings, code, *arguments, fault="", timeout=60, **environment):
    """Run Python with Django set up; returns (exit code, output). A kill at `fault` gives exit code -9."""
    environment = {**os.environ, **folders(settings), **environment}
    if fault:
        environment["SOTTOVOCE_FAULT"] = fault
    finished = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()\n" + textwrap.dedent(code), *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return finished.returncode, finished.stdout + finished.stderr
