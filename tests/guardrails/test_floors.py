"""The floors hold: the hardest imports tried on empty packages, under the very contracts of this project."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
PARTS = ("faults", "profiles", "clocks", "tenancy", "vault", "audit", "jobs", "inventory")

FORBIDDEN = [
    ("ground.vault", "ground.audit"),  # a key-lost alarm wants the audit log
    ("ground.jobs", "ground.inventory"),
    ("ground.inventory", "calls"),  # the walk reaches models by declaration only
    ("accounts", "delivery"),  # an invitation wants to send mail
    ("contacts", "consent"),  # neighbours of one floor
    ("agents", "calls"),  # a new key should retry deletions: a hook
    ("calls", "retention"),  # is it past its period? a hook
    ("retention", "dsar"),
    ("insights", "retention"),
    ("dsar", "incidents"),
]
ALLOWED = [("retention", "agents"), ("calls", "contacts"), ("ground.inventory", "ground.vault"), ("config", "policy")]


@pytest.fixture(scope="module")
def empty_packages(tmp_path_factory):
    """Every package of the project, with nothing in it."""
    folder = tmp_path_factory.mktemp("floors")
    for package in [*CONTRACTS["root_packages"], *(f"ground.{part}" for part in PARTS)]:
        place = folder.joinpath(*package.split("."))
        place.mkdir(parents=True, exist_ok=True)
        (place / "__init__.py").touch()
    whole = (ROOT / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(whole[whole.index("[tool.importlinter]") :])
    return folder


def holds(folder, importer, imported):
    """Whether the contracts hold when one package imports another."""
    module = folder.joinpath(*importer.split("."), "tried.py")
    module.write_text(f"import {imported}\n")
    try:
        found = subprocess.run(
            [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        module.unlink()
    assert "Contracts:" in found.stdout, found.stdout + found.stderr
    return found.returncode == 0


@pytest.mark.parametrize("importer, imported", FORBIDDEN)
def test_an_import_upwards_or_sideways_is_found(empty_packages, importer, imported):
    assert not holds(empty_packages, importer, imported)


@pytest.mark.parametrize("importer, imported", ALLOWED)
def test_an_import_downwards_is_free(empty_packages, importer, imported):
    assert holds(empty_packages, importer, imported)
