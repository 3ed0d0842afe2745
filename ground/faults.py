"""Named places at which a test may stop the process, to prove that stopping there loses nothing.

Inert unless `SOTTOVOCE_FAULT` is set, which production settings refuse. `SOTTOVOCE_FAULT=name` kills this process
(SIGKILL) the first time `name` is passed; `name:error` raises instead; `name:kill:3` does so the third time.
"""

import os
import signal

VARIABLE = "SOTTOVOCE_FAULT"
_passed: dict[str, int] = {}


class InjectedFault(Exception):
    """Raised at a named place because a test asked for it."""


def point(name: str) -> None:
    """Pass the place `name`."""
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    place, _, rest = wanted.partition(":")
    if place != name:
        return
    action, _, turn = rest.partition(":")
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] != int(turn or 1):
        return
    if action == "error":
        raise InjectedFault(name)
    os.kill(os.getpid(), signal.SIGKILL)
