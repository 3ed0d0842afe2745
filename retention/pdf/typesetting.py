"""Hand a document to the press: a process of its own, bounded in time and memory, that knows no secret."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

_PRESS = Path(__file__).resolve().parent / "press.py"
SECONDS = 30
MOST_BYTES = 4 * 1024 * 1024  # of data and attachment; a certificate has some ten kilobytes


class NotTypeset(Exception):
    """The document could not be set. Its facts are unharmed: the page and the signed file say the same."""


def typeset(template: str, data: dict[str, Any], *, attachment: bytes, at: datetime) -> bytes:
    """The PDF; identical bytes for identical input. Call outside a transaction. Raises NotTypeset."""
    order = json.dumps(
        {
            "template": template,
            "data": data,
            "attachment": attachment.decode(),
            "timestamp": int(at.timestamp()),
        }
    ).encode()
    if len(order) > MOST_BYTES:
        raise NotTypeset("the document is too large")
    try:
        done = subprocess.run(  # noqa: S603  (our own program and arguments)
            [sys.executable, "-I", str(_PRESS)],
            input=order,
            capture_output=True,
            timeout=SECONDS,
            check=True,
            env={"TZ": "UTC", "RAYON_NUM_THREADS": "2"},
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotTypeset("the press failed") from error
    if not done.stdout.startswith(b"%PDF-"):
        raise NotTypeset("the press gave no PDF")
    return done.stdout
