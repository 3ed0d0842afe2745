"""Brings both databases and the static files up to date; safe to repeat, quick when there is nothing to do.

`python -m config.launcher.prepare` is one process instead of four commands, because starting Django costs a second
each time. It is the only step that migrates, and it connects as the owner:

    migrate (main, keyring) -> provision -> collect static files, if they changed

It ends by printing which optional commands exist, as JSON, for the launcher.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    import django

    django.setup()
    from django.core.management import call_command, get_commands

    _migrate()
    call_command("provision", verbosity=0)
    _collect_static()
    known = get_commands()
    sys.stdout.write(json.dumps({"commands": [name for name in ("demo", "nightly") if name in known]}) + "\n")


def _migrate() -> None:
    """Each database as its owner; the role of web and worker may not even create a table."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from config.settings.base import env

    for alias, owner_url in (
        ("default", settings.DATABASE_OWNER_URL),
        ("keyring", settings.KEYRING_DATABASE_OWNER_URL),
    ):
        connection = connections[alias]
        owner = env.db_url_config(owner_url)
        connection.settings_dict.update({key: owner[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")})
        connection.settings_dict["OPTIONS"] = {
            key: value
            for key, value in {**connection.settings_dict["OPTIONS"], **owner.get("OPTIONS", {})}.items()
            if key != "pool"
        }
        call_command("migrate", database=alias, verbosity=0, interactive=False)
        connection.close()


def _collect_static() -> None:
    """Collecting and compressing takes seconds, so it happens only when a source file changed."""
    from django.conf import settings
    from django.core.management import call_command

    root = Path(settings.STATIC_ROOT)
    stamp = root / ".sources"
    digest = hashlib.sha256()
    for line in sorted(_static_sources()):
        digest.update(line.encode())
    wanted = digest.hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(wanted)


def _static_sources() -> Iterator[str]:
    from django.contrib.staticfiles.finders import get_finders

    for finder in get_finders():
        for path, storage in finder.list(None):
            found = Path(storage.path(path)).stat()
            yield f"{path} {found.st_size} {found.st_mtime_ns}\n"


if __name__ == "__main__":
    main()
