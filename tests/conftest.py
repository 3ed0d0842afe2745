"""Fixtures every test may use. Three people: owner, member, outsider (see `factories.py`)."""

import contextlib
import os
import shutil
import socket
from pathlib import Path

import pytest
from django.test import TransactionTestCase
from django.utils import timezone, translation

from tests import embedded

BOTH = ["default", "keyring"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker):
    """Databases come from templates that the owner migrated; tests connect as the application role."""
    from django.db import connections

    with django_db_blocker.unblock():
        embedded.build_templates()
        embedded.copy_databases()
        embedded.remember_seeds()
    yield
    with django_db_blocker.unblock():
        connections.close_all()


def _put_back(self):
    from django.conf import settings
    from django.db import connections

    for alias in self._databases_names(include_mirrors=False):
        connections[alias].close()
    embedded.put_back(set(embedded.TEMPLATES))
    (Path(settings.JOURNAL_PATH) / "where-we-stand.json").unlink(missing_ok=True)  # the databases went back in time


TransactionTestCase._fixture_teardown = _put_back  # the application role may not TRUNCATE: the superuser puts back


def pytest_collection_modifyitems(items):
    """Every database test sees both databases unless it says otherwise."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker is not None and "databases" not in marker.kwargs:
            marker.kwargs["databases"] = BOTH


@pytest.fixture
def owner_connection():
    """`owner_connection("default")`: a raw autocommit connection of the schema's owner."""
    with contextlib.ExitStack() as stack:
        yield lambda alias="default": stack.enter_context(embedded.owner(alias))


@pytest.fixture
def superuser_connection():
    """`superuser_connection("default")`: for tests that tamper."""
    with contextlib.ExitStack() as stack:
        yield lambda alias="default": stack.enter_context(embedded.superuser(alias))


@pytest.fixture(autouse=True)
def nobody_s_language():
    """A page leaves its reader's language and time zone behind in the thread; the next test starts without."""
    yield
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch):
    """The network is closed except for this machine and unix sockets."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(
            ("127.", "::1", "localhost")
        ):
            raise OSError(f"tests may not reach {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def browser():
    """Chromium, one for all journeys of this run: two drivers in one thread would fall over each other."""
    from playwright.sync_api import expect, sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        pytest.skip("NO BROWSER: the journeys were not tried. Install Chromium or set CHROMIUM=/path/to/chromium.")
    flags = ["--autoplay-policy=no-user-gesture-required", "--disable-gpu"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses root with its sandbox
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=flags)
        yield started
        started.close()


@pytest.fixture
def vault_home(settings, tmp_path):
    """A fresh home for keys, objects, journal and backups, for one test."""
    for name, folder in {
        "DATA_DIR": "data",
        "KEYSTORE_PATH": "keystore",
        "KEYSTORE_MIRROR_PATH": "keystore-mirror",
        "OBJECTS_PATH": "objects",
        "JOURNAL_PATH": "journal",
        "BACKUP_PATH": "backups",
        "LOG_DIR": "logs",
    }.items():
        setattr(settings, name, Path(tmp_path) / folder)
    settings.ROOT_KEY_FILE = Path(tmp_path) / "keys" / "root.key"
    from ground import vault

    vault.forget_everything()
    yield Path(tmp_path)
    vault.forget_everything()
