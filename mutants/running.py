"""Running the tests that enter a changed function, in a fork."""

import ast
import gc
import importlib
import json
import os
import signal
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from mutants.changes import Mutant, changed, first_line, mutants
from mutants.putting import forget, put
from mutants.report import ROOT, Score, say

EXAMPLES = 100
LEAST_SECONDS, SLOWER = 1, 10  # of processor time: a mutant may take ten times what its tests take, then it has no end
ASLEEP = 20  # how much longer than its processor time it may take by the clock on the wall
_SERVERS = {"db", "transactional_db", "vault_home", "browser", "moto_url", "other_process", "stub"}
_OFF = ("randomly", "cacheprovider", "schemathesis", "warnings", "terminal", "capture", "timeout", "xdist", "sugar")
_PASSED, _FAILED, _ENDLESS = 0, 1, -1


class _Module:
    """A module with its source, and the tests that enter each of its functions (of `parts`, where some are named)."""

    def __init__(self, name: str) -> None:
        self.name = name
        path, _, named = name.partition("::")
        parts = named.split(",") if named else []
        self.loaded = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        source = (ROOT / path).read_text()
        self.tree = ast.parse(source)
        outermost = [
            node
            for each in self.tree.body
            if not parts or getattr(each, "name", "") in parts
            for node in (each.body if isinstance(each, ast.ClassDef) else [each])
            if isinstance(node, ast.FunctionDef)
        ]
        self.functions = {
            line: first_line(node) for node in outermost for line in range(first_line(node), node.end_lineno + 1)
        }
        wanted = set(self.functions.values())
        self.mutants = [each for each in mutants(source) if each.function in wanted]
        self.entered: dict[int, list[tuple[float, Any]]] = {}


class Trial:
    """A plugin of pytest: in place of running the collected tests once, runs them for every mutant."""

    def __init__(self, wanted: Iterable[str], equivalent: Callable[[str, Mutant], str]) -> None:
        self.modules = {str(ROOT / name.partition("::")[0]): _Module(name) for name in wanted}
        self.equivalent = equivalent
        self.scores: list[Score] = []
        self.broken = ""

    def pytest_runtestloop(self, session: Any) -> bool:
        items = [item for item in session.items if not _needs_servers(item)]
        for item in items:
            _fewer_examples(item.obj)
        gc.collect()
        gc.freeze()
        self._look(session, items)
        if not self.broken:
            self.scores = [self._try(session, module) for module in self.modules.values()]
        return True

    def _look(self, session: Any, items: list[Any]) -> None:
        """Run everything unchanged, once, and note who enters what."""
        with tempfile.TemporaryDirectory() as folder:
            notes = Path(folder) / "notes"
            _in_a_fork(lambda: notes.write_text(json.dumps(self._watched(session, items))) and 0, 1800)
            seen = json.loads(notes.read_text()) if notes.exists() else []
        if not seen or isinstance(seen, str):
            self.broken = seen or "no test was found"
            return
        for item, (seconds, lines) in zip(items, seen, strict=True):
            for file, line in lines:
                module = self.modules[file]
                if line in module.functions:
                    tests = module.entered.setdefault(module.functions[line], [])
                    if all(test is not item for _, test in tests):
                        tests.append((seconds, item))

    def _watched(self, session: Any, items: list[Any]) -> list[Any] | str:
        seen = []
        for place, item in enumerate(items):
            lines: set[tuple[str, int]] = set()
            for module in self.modules.values():
                forget(module.loaded)

            def note(frame: types.FrameType, *_: Any, lines: set[tuple[str, int]] = lines) -> None:
                if frame.f_code.co_filename in self.modules:
                    lines.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

            began = time.process_time()
            sys.settrace(note)
            try:
                _run(item, items[place + 1] if place + 1 < len(items) else None)
            finally:
                sys.settrace(None)
            if session.testsfailed:
                return f"{item.nodeid} fails before anything is changed"
            seen.append((time.process_time() - began, sorted(lines)))
        return seen

    def _try(self, session: Any, module: _Module) -> Score:
        score = Score(module.name)
        began = time.monotonic()
        everything = {id(item): (seconds, item) for tests in module.entered.values() for seconds, item in tests}
        if self._outcome(session, module, module.tree, sorted(everything.values(), key=_seconds)) != _PASSED:
            raise SystemExit(f"{module.name}: its tests fail although nothing is changed but their order")
        for mutant in module.mutants:
            tests = sorted(module.entered.get(mutant.function, []), key=_seconds)
            outcome = self._outcome(session, module, changed(module.tree, mutant), tests) if tests else _PASSED
            reason = self.equivalent(module.name.partition("::")[0], mutant)
            if reason and outcome != _PASSED:
                score.not_equivalent.append(mutant)
            if outcome == _ENDLESS:
                score.endless += 1
            elif outcome != _PASSED:
                score.killed += 1
            elif reason:
                score.equivalent.append((mutant, reason))
            else:
                score.survived.append(mutant)
                say(f"  {module.name}:{mutant.line} {mutant.change}    {mutant.text}")
        score.seconds = time.monotonic() - began
        say(
            f"{score.percent:5.1f} %  {score.caught}/{score.total - len(score.equivalent)}  {module.name}  "
            f"({len(score.equivalent)} equivalent, {score.seconds:.0f} s)"
        )
        return score

    def _outcome(self, session: Any, module: _Module, tree: ast.Module, tests: list[tuple[float, Any]]) -> int:
        items = [item for _, item in tests]

        def attempt() -> int:
            put(module.loaded, tree)
            for place, item in enumerate(items):
                _run(item, items[place + 1] if place + 1 < len(items) else None)
                if session.testsfailed:
                    return _FAILED
            return _PASSED

        return _in_a_fork(attempt, LEAST_SECONDS + SLOWER * sum(seconds for seconds, _ in tests))


def _seconds(test: tuple[float, Any]) -> float:
    return test[0]


def _run(item: Any, following: Any) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _in_a_fork(work: Callable[[], int], seconds: float) -> int:
    """What `work` answers in a child of this process; _ENDLESS when it does not within these processor seconds."""
    child = os.fork()
    if child == 0:
        signal.setitimer(signal.ITIMER_PROF, seconds)  # the default action of both signals ends the process
        signal.setitimer(signal.ITIMER_REAL, seconds * ASLEEP)
        code, nowhere = _FAILED, os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            code = work()
        except BaseException:  # whatever a mutant brings about, the tests noticed
            code = _FAILED
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return _ENDLESS if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _needs_servers(item: Any) -> bool:
    return bool(item.get_closest_marker("django_db") or _SERVERS & set(item.fixturenames))


def _fewer_examples(test: Any) -> None:
    """A property is tried with at most EXAMPLES values, the same for every mutant, and not shrunk."""
    test = getattr(test, "__func__", test)
    given = getattr(test, "_hypothesis_internal_use_settings", None)
    if given is not None:
        test._hypothesis_internal_use_settings = hypothesis.settings(
            given,
            max_examples=min(given.max_examples, EXAMPLES),
            database=None,
            derandomize=True,
            phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        )


def measure(chosen: dict[str, tuple[str, ...]], equivalent: Callable[[str, Mutant], str]) -> list[Score]:
    """The scores of these modules, each tried by its test files."""
    trial = Trial(chosen, equivalent)
    options = [part for name in _OFF for part in ("-p", f"no:{name}")]
    tests = sorted({test for tests in chosen.values() for test in tests})
    pytest.main(["-o", "addopts=", *options, *tests], plugins=[trial])
    if trial.broken or not trial.scores:
        raise SystemExit(trial.broken or "the tests could not be collected")
    return trial.scores
