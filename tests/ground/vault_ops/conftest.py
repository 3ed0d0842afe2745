"""What tests of the vault's operations share: real dumps and restores, other processes, the journal's handlers."""

import os
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from ground import vault
from ground.vault import keys, owner, shelves
from ground.vault.models import DestroyedVersion, ShelfVersion
from tests import embedded

WEEK = datetime(2026, 10, 7, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 20, 2, tzinfo=UTC)
PATHS = (
    "KEYSTORE_PATH",
    "KEYSTORE_MIRROR_PATH",
    "OBJECTS_PATH",
    "JOURNAL_PATH",
    "ROOT_KEY_FILE",
    "DATA_DIR",
    "BACKUP_PATH",
)


@pytest.fixture(autouse=True)
def forget_between_tests(vault_home):
    vault.forget_everything()
    yield
    vault.forget_everything()


@pytest.fixture
def other_process(settings):
    """`other_process(code)` starts Python with Django set up on this test's databases and folders."""
    started = []

    def start(code, *arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, "-c", "import django; django.setup()\n" + textwrap.dedent(code), *map(str, arguments)],
            env=os.environ | {name: str(getattr(settings, name)) for name in PATHS} | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def filled(count=10, category="recording", at=WEEK, organization_id=None):
    """An organization with live keys: (organization id, {key id: secret})."""
    organization_id = organization_id or uuid4()
    minted = keys.mint(organization_id, category, at, count)
    keys.confirm(organization_id, [key.id for key in minted])
    return organization_id, {key.id: key.secret for key in minted}


def opened(organization_id, ids):
    """What opens now: {key id: secret}."""
    return {key_id: key.secret for key_id, key in keys.open(organization_id, ids).items()}


def versions(organization_id):
    """Shelf versions that stand, oldest first."""
    with shelves.keyring(organization_id, durable=False):
        return list(ShelfVersion.objects.order_by("id"))


def destroyed(organization_id):
    """Notes of versions that are gone, by id."""
    with shelves.keyring(organization_id, durable=False):
        return {version.id: version for version in DestroyedVersion.objects.all()}


def wrapped_rows(organization_id):
    """{key id: (version id, wrapped)} as the keyring has them now."""
    with owner.connect(owner.KEYRING) as connection:
        rows = connection.execute(
            "SELECT id, shelf_version_id, wrapped FROM vault_datakey WHERE organization_id = %s", [organization_id]
        ).fetchall()
    return {row[0]: (row[1], bytes(row[2])) for row in rows}


def days(count):
    return timedelta(days=count)


def cluster():
    """The data folder of the test server (heap files and WAL)."""
    return embedded.HOME / "pg"
