"""Dates are written in one place, so that every page writes them alike in every language."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
WORDS = re.compile(r"""\|date:["'](?!Y-m-d["'])[^"']*[jdDlFMNbEyY][^"']*["']|date_format\(|time_format\(""")
ITSELF = {"accounts/dates.py"}


def test_pages_write_dates_with_the_filters_of_their_own():
    found = []
    for path in [*ROOT.glob("templates/**/*"), *ROOT.glob("*/**/*.py")]:
        name = path.relative_to(ROOT).as_posix()
        if not path.is_file() or name in ITSELF or name.startswith(("tests/", "var/", ".venv/", "node_modules/")):
            continue
        found += [f"{name}: {hit}" for hit in WORDS.findall(path.read_text())]
    assert found == []
