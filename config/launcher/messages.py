"""What the launcher says: one clear sentence for everything that can stop it, each with an exit code of its own."""

import os
import sys

RUNNING_ALREADY = 10
PORT_IN_USE = 11
FOLDER_UNUSABLE = 12
WRONG_DATABASE_VERSION = 13
FOREIGN_CACHE_FOLDER = 14
BINARIES_MISSING = 15
SERVER_DID_NOT_START = 16
SERVER_UNREACHABLE = 17
STEP_FAILED = 18
NOT_READY = 19
ROOT_WITHOUT_A_USER = 20


class Refusal(Exception):
    """The launcher cannot go on; its text is for the person who typed the command."""

    def __init__(self, sentence: str, *, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def say(sentence: str) -> None:
    """Prints one line at once, so that a pipe or a log shows it when it happens."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def step(name: str, detail: str = "") -> None:
    """Prints one line of progress."""
    say(f"  {_dim('·')} {name}{_dim(f'  {detail}') if detail else ''}")


def complain(sentence: str) -> None:
    """Prints one line to the error stream."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def _dim(text: str) -> str:
    plain = os.environ.get("NO_COLOR") or not sys.stdout.isatty()
    return text if plain else f"\033[2m{text}\033[0m"
