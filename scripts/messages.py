"""Collect strings for translation and compile translations: `python scripts/messages.py collect|compile`.

Collecting needs GNU xgettext; compiling does not. The compiled catalogues are committed, because no machine that only
runs the platform has the tools; a test compares them with their sources.
"""

import subprocess
import sys
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("fr", "de")


def catalogue(language: str) -> Path:
    """The source of one language's translations."""
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def collect() -> None:
    """Bring the catalogues up to date with the strings in code and templates; new ones come untranslated."""
    named = [argument for language in LANGUAGES for argument in ("-l", language)]
    folders = ["-i", ".venv", "-i", "tests", "-i", "var", "-i", "static"]
    command = [sys.executable, "-m", "django", "makemessages", "--no-location", *named, *folders]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603  (our own arguments)


def compile_all() -> None:
    """Write each catalogue's compiled form beside it."""
    for language in LANGUAGES:
        source = catalogue(language)
        polib.pofile(str(source)).save_as_mofile(str(source.with_suffix(".mo")))


if __name__ == "__main__":
    {"collect": collect, "compile": compile_all}[sys.argv[1]]()
