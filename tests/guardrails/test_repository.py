"""Rules about the repository itself."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

ROOT = Path(settings.BASE_DIR)
APPS = ("accounts", "agents", "billing", "calls", "config", "consent", "contacts", "delivery", "dsar", "ground")
APPS += ("incidents", "insights", "policy", "retention", "subprocessors")


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def sources():
    return [
        path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in APPS and "migrations" not in path.parts
    ]


def test_every_beat_entry_names_a_real_task():
    from config.celery import app

    app.loader.import_default_modules()
    for name, entry in app.conf.beat_schedule.items():
        assert entry["task"] in app.tasks, name


def test_no_source_file_is_longer_than_one_sitting():
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()}
    assert {name: lines for name, lines in long.items() if lines > 450} == {}


def test_every_module_says_what_it_is_for():
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []


def test_no_room_is_called_utils_or_helpers():
    assert [path for path in sources() if path.stem in {"utils", "helpers", "misc", "common"}] == []


def test_our_apps_do_not_talk_through_django_signals():
    talking = [
        path for path in sources() if re.search(r"@receiver|post_save\.connect|pre_delete\.connect", path.read_text())
    ]
    assert talking == []


def test_tasks_are_woken_only_by_the_queue():
    """`.delay(` and `.apply_async(` send before the commit; work goes through ground.jobs."""
    bare = [
        str(path.relative_to(ROOT))
        for path in sources()
        if re.search(r"\.(delay|apply_async)\(", path.read_text())
        and not str(path.relative_to(ROOT)).startswith("ground/jobs")
    ]
    assert bare == []


def test_purgeable_rows_are_deleted_only_by_the_inventory():
    """`.delete()` on a declared model would leave keys behind, unless the same file retires them."""
    from ground.inventory import declarations

    names = {declaration.model.__name__ for declaration in declarations() if declaration.key}
    pattern = re.compile(rf"\b({'|'.join(sorted(names))})\.objects[^\n]*\.delete\(\)")
    offenders = [
        str(path.relative_to(ROOT))
        for path in sources()
        if pattern.search(path.read_text())
        and "retire_keys(" not in path.read_text()
        and not str(path.relative_to(ROOT)).startswith("ground/inventory")
    ]
    assert offenders == []


def test_every_cascade_is_listed():
    """A cascade deletes rows nobody asked about; each one is named here with its reason in the model."""
    known = (ROOT / "tests/guardrails/cascades.txt").read_text().split()
    found = sorted(
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey)
        and field.remote_field.on_delete is models.CASCADE
        and model._meta.app_label
        not in {"admin", "auth", "contenttypes", "account", "mfa", "socialaccount", "usersessions"}
    )
    assert found == known


def test_no_template_is_unused():
    used = "\n".join(
        path.read_text()
        for path in [*sources(), *tracked("templates/*"), *tracked("tests/*.py")]
        if path.suffix in {".py", ".html", ".txt"}
    )
    overrides = (
        "errors/",  # by status, in accounts.error_views
        "account/",
        "mfa/",
        "socialaccount/",
        "usersessions/",
        "allauth/",
        "django/",
        "admin/",
    )
    unused = []
    for path in tracked("templates/*"):
        name = str(path.relative_to(ROOT / "templates"))
        stem = name.rsplit(".", 1)[0]
        if not name.startswith(overrides) and name not in used and stem.removesuffix("_subject") not in used:
            unused.append(name)
    assert unused == []


SILENCED = re.compile(r"#\s*(ruff:\s*)?(noqa|type:\s*ignore)\b")
REASONED = re.compile(r"# (noqa: [A-Z]+\d+(, [A-Z]+\d+)*|type: ignore\[[a-z-]+\])\s+[(#-]\s*\w+")


def test_what_silences_a_check_says_why():
    silent = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked("*.py")
        if "migrations" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if SILENCED.search(line) and not REASONED.search(line)
    ]
    assert silent == []


# Each word in two pieces, so that this file is searched like every other and does not find itself.
@pytest.mark.parametrize(
    "word",
    ["/wo" + "rk/", "pypi" + ".org", "files.python" + "hosted", "registry.npm" + "js", "deb.debian" + ".org"],
)
def test_no_machine_path_and_no_registry_stands_in_the_project(word):
    holding = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix not in {".woff2", ".png", ".mo", ".wav", ".ogg", ".mp3", ".pdf"}
        and word in path.read_text(errors="ignore")
    ]
    assert holding == []
