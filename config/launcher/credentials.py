"""The secrets that the launcher makes once and keeps in `<data folder>/secrets.json` (0600)."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from config.launcher.messages import FOLDER_UNUSABLE, Refusal
from config.launcher.places import write_secret


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signs sessions, and the two database logins."""

    secret_key: str
    owner_password: str
    app_password: str


def kept_in(data_dir: Path) -> Credentials:
    """The stored secrets; made at the first call."""
    path = data_dir / "secrets.json"
    if not path.exists():
        made = Credentials(*(secrets.token_urlsafe(length) for length in (48, 24, 24)))
        write_secret(path, json.dumps(asdict(made), indent=2) + "\n")
        return made
    try:
        return Credentials(**json.loads(path.read_text()))
    except (ValueError, TypeError, OSError) as error:
        raise Refusal(
            f"{path} cannot be read ({error}): restore it; without it the databases of this folder stay closed.",
            code=FOLDER_UNUSABLE,
        ) from error
