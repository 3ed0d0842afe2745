"""`python -m mutants [path …]`, see the package."""

import os
import sys
import tomllib
from pathlib import Path

from mutants import GOAL
from mutants.changes import Mutant
from mutants.modules import MODULES
from mutants.report import ROOT, remember, say
from mutants.running import measure


class Equivalents:
    """The changes that no test can tell from the original, each with its reason."""

    def __init__(self, path: Path) -> None:
        self._reasons: dict[tuple[str, str, str, int], str] = {}
        for module, entries in tomllib.loads(path.read_text()).items():
            for each in entries:
                for nth in each.get("nth", [1]):
                    self._reasons[module, each["line"], each["change"], nth] = each["reason"]
        self.unused = set(self._reasons)

    def reason(self, module: str, mutant: Mutant) -> str:
        """Why this change makes no difference; "" for one that does."""
        key = (module, mutant.text, mutant.change, mutant.nth)
        self.unused.discard(key)
        return self._reasons.get(key, "")


def main(only: list[str]) -> None:
    os.chdir(ROOT)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django

    django.setup()
    chosen = {path: tests for path, tests in MODULES.items() if not only or path.startswith(tuple(only))}
    equivalents = Equivalents(Path(__file__).with_name("equivalent.toml"))
    scores = measure(chosen, equivalents.reason)
    percent = remember(scores, MODULES)
    say(f"{percent:5.1f} %  of all modules, by their last results")
    wrong = [f"{each.module}: below {GOAL} %" for each in scores if each.percent < GOAL]
    wrong += [f"all: below {GOAL} %"] if percent < GOAL else []
    wrong += [
        f"{each.module}:{one.line} {one.change}: named equivalent, but a test tells it apart"
        for each in scores
        for one in each.not_equivalent
    ]
    wrong += [
        f"{module}: equivalent.toml names a change that cannot be made: {line} ({change}, {nth})"
        for module, line, change, nth in sorted(equivalents.unused)
        if module in {name.partition("::")[0] for name in chosen}
    ]
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main(sys.argv[1:])
