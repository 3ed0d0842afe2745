"""Mutation testing of the pure modules: every small change to their code must make a test fail.

    make mutants                      all modules, and docs/mutation.md is written
    make mutants only=ground/clocks   some of them; survivors are listed, nothing is written

One operator at a time is changed: a comparison, an arithmetic or boolean operator, a number, a truth value, a
condition, a return value. Messages of errors and declarations of tables are left alone. The tests of a module are
collected once; then they run, for each mutant, in a fork of that process with the changed code put into the functions
that stand there, so that nothing is imported again and no server is needed.
"""

import ast
import copy
import importlib
import os
import platform
import signal
import sys
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "docs" / "mutation.md"
GOAL = 90  # percent
EXAMPLES = 100

_CLOCKS = (
    "tests/ground/test_clocks.py",
    "tests/ground/test_clocks_periods.py",
    "tests/ground/test_clocks_statutory.py",
)
_PROFILES = ("tests/ground/test_profiles.py", "tests/ground/test_clocks_periods.py")
_EVENTS = ("tests/calls/test_reading_events.py",)
MODULES: dict[str, tuple[str, ...]] = {
    "ground/clocks/calendars.py": _CLOCKS,
    "ground/clocks/calling.py": _CLOCKS,
    "ground/clocks/durations.py": _CLOCKS,
    "ground/clocks/periods.py": _CLOCKS,
    "ground/clocks/regimes.py": _CLOCKS,
    "ground/clocks/statutory.py": _CLOCKS,
    "ground/profiles/loader.py": _PROFILES,
    "ground/profiles/period.py": _PROFILES,
    "ground/profiles/reading.py": _PROFILES,
    "ground/profiles/schema.py": _PROFILES,
    "ground/audit/merkle.py": ("tests/ground/audit/test_merkle.py",),
    "ground/audit/payload.py": ("tests/ground/audit/test_payload.py",),
    "ground/vault/identifiers.py": ("tests/ground/vault/test_identifiers.py",),
    "ground/vault/plaintext.py": ("tests/ground/vault/test_plaintext.py",),
    "contacts/parsing.py": ("tests/contacts/test_parsing.py",),
    "contacts/life.py": ("tests/contacts/test_life.py",),
}

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


@dataclass(frozen=True)
class Mutant:
    """The place-th change that can be made to a module."""

    place: int
    line: int
    words: str


@dataclass
class Score:
    module: str
    killed: int = 0
    endless: int = 0
    survived: list[Mutant] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.killed + self.endless + len(self.survived)

    @property
    def percent(self) -> float:
        return 100 * (self.killed + self.endless) / self.total if self.total else 100.0


class _Changer(ast.NodeTransformer):
    """Counts the changes that can be made inside functions; makes the one at `wanted`."""

    def __init__(self, wanted: int = -1) -> None:
        self.wanted, self.found, self.inside = wanted, [], 0

    def _take(self, node: ast.AST, words: str) -> bool:
        self.found.append(Mutant(len(self.found), node.lineno, words))  # type: ignore[attr-defined]
        return len(self.found) - 1 == self.wanted

    def _swap(self, node: ast.AST, operator: ast.AST) -> ast.AST:
        other = _SWAPS.get(type(operator))
        if other is None or not self.inside:
            return operator
        taken = self._take(node, f"{type(operator).__name__} -> {other.__name__}")
        return other() if taken else operator

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.inside += 1
        if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
            node.body = [node.body[0], *[self.visit(each) for each in node.body[1:]]]
        else:
            node.body = [self.visit(each) for each in node.body]
        node.args.defaults = [self.visit(each) for each in node.args.defaults]
        self.inside -= 1
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return node  # what an error says is not what it means

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        node.ops = [self._swap(node, each) for each in node.ops]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        node.op = self._swap(node, node.op)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        node.op = self._swap(node, node.op)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        node.op = self._swap(node, node.op)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if self.inside and isinstance(node.op, ast.Not) and self._take(node, "not x -> x"):
            return node.operand
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not self.inside or not isinstance(node.value, bool | int):
            return node
        changed = (not node.value) if isinstance(node.value, bool) else node.value + 1
        if self._take(node, f"{node.value!r} -> {changed!r}"):
            return ast.copy_location(ast.Constant(changed), node)
        return node

    def _condition(self, node: ast.If | ast.While | ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        simple = not isinstance(node.test, ast.Compare | ast.UnaryOp)
        if self.inside and simple and self._take(node, "condition negated"):
            node.test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
        return node

    visit_If = visit_While = visit_IfExp = _condition  # type: ignore[assignment]

    def visit_Return(self, node: ast.Return) -> ast.AST:
        self.generic_visit(node)
        nothing = node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)
        if self.inside and not nothing and self._take(node, "returns None"):
            node.value = ast.copy_location(ast.Constant(None), node)
        return node


def mutants(tree: ast.Module) -> list[Mutant]:
    counting = _Changer()
    counting.visit(copy.deepcopy(tree))
    return counting.found


def changed(tree: ast.Module, mutant: Mutant) -> ast.Module:
    return ast.fix_missing_locations(_Changer(mutant.place).visit(copy.deepcopy(tree)))


# ------------------------------------------------------------------ putting changed code where it is used
def _bare(thing: object) -> Iterator[types.FunctionType]:
    """The plain functions behind a member of a module or a class."""
    if isinstance(thing, property):
        for part in (thing.fget, thing.fset):
            yield from _bare(part)
    elif isinstance(thing, staticmethod | classmethod):
        yield from _bare(thing.__func__)
    elif isinstance(thing, types.FunctionType):
        yield thing
        if hasattr(thing, "__wrapped__"):
            yield from _bare(thing.__wrapped__)
    elif hasattr(thing, "__wrapped__"):  # a cache around a function
        if hasattr(thing, "cache_clear"):
            thing.cache_clear()
        yield from _bare(thing.__wrapped__)


def _functions(module: types.ModuleType) -> Iterator[types.FunctionType]:
    for thing in list(vars(module).values()):
        if isinstance(thing, type) and thing.__module__ == module.__name__:
            for member in list(vars(thing).values()):
                yield from _bare(member)
        else:
            yield from _bare(thing)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from _codes(each)


def put(module: types.ModuleType, tree: ast.Module) -> None:
    """The functions of a module run the code of `tree` from now on, whoever holds them."""
    codes = {
        (code.co_qualname, code.co_firstlineno): code for code in _codes(compile(tree, str(module.__file__), "exec"))
    }
    for function in _functions(module):
        code = codes.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
        if code is not None and function.__module__ == module.__name__:
            function.__code__ = code


# ------------------------------------------------------------------ running
class _Trial:
    """A plugin of pytest: in place of running the collected tests once, runs them for every mutant in a fork."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        self.tree = ast.parse((ROOT / path).read_text())
        self.score = Score(path)
        self.broken = False

    def pytest_runtestloop(self, session: Any) -> bool:
        for item in session.items:
            _fewer_examples(item.obj)
        began = time.monotonic()
        self.broken = not session.items or self._fails(session, None, 600) != 0
        seconds = (time.monotonic() - began) * 10 + 10
        for mutant in [] if self.broken else mutants(self.tree):
            outcome = self._fails(session, changed(self.tree, mutant), seconds)
            if outcome == 0:
                self.score.survived.append(mutant)
                _say(f"  {self.path}:{mutant.line} {mutant.words}")
            elif outcome < 0:
                self.score.endless += 1
            else:
                self.score.killed += 1
        return True

    def _fails(self, session: Any, tree: ast.Module | None, seconds: float) -> int:
        """What the tests say of the module with that code: 0 all passed, 1 some failed, -1 no end in sight."""
        child = os.fork()
        if child == 0:
            signal.alarm(int(seconds) + 1)  # the default action ends the process
            try:
                if tree is not None:
                    put(self.module, tree)
                for place, item in enumerate(session.items):
                    following = session.items[place + 1] if place + 1 < len(session.items) else None
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                    if session.testsfailed:
                        break
            except BaseException:  # noqa: BLE001  (whatever a mutant brings about, the tests noticed)
                session.testsfailed = 1
            os._exit(1 if session.testsfailed else 0)
        _, status = os.waitpid(child, 0)
        return -1 if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


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


def measure(path: str, tests: tuple[str, ...]) -> Score:
    trial = _Trial(path)
    switched_off = ("randomly", "cacheprovider", "schemathesis", "warnings", "terminal", "capture", "timeout", "xdist")
    options = [part for name in switched_off for part in ("-p", f"no:{name}")]
    pytest.main(["-o", "addopts=", *options, *tests], plugins=[trial])
    if trial.broken:
        raise SystemExit(f"{path}: its tests fail before anything is changed")
    score = trial.score
    _say(f"{score.percent:5.1f} %  {score.total - len(score.survived)}/{score.total}  {path}")
    return score


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def write(scores: list[Score]) -> None:
    total, survived = sum(each.total for each in scores), sum(len(each.survived) for each in scores)
    figures = f"{total - survived} of {total} killed, {100 * (total - survived) / total:.1f} %; the goal is {GOAL} %."
    lines = [
        "# Mutation testing of the pure modules",
        "",
        "Written by `make mutants`; do not edit. One operator at a time is changed (comparison, arithmetic, boolean,",
        "number, truth value, condition, return value), and the fast tests of the module must notice.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}: {figures}",
        "",
        "| Module | Mutants | Killed | Ran without end | Survived | Score |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *[
            f"| `{each.module}` | {each.total} | {each.killed} | {each.endless} | {len(each.survived)} "
            f"| {each.percent:.1f} % |"
            for each in scores
        ],
        "",
    ]
    if survived:
        lines += ["## What survived", ""]
        lines += [f"- `{each.module}:{one.line}` {one.words}" for each in scores for one in each.survived]
        lines.append("")
    REPORT.write_text("\n".join(lines))


def main(only: list[str]) -> None:
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django

    django.setup()
    chosen = {path: tests for path, tests in MODULES.items() if not only or path.startswith(tuple(only))}
    scores = [measure(path, tests) for path, tests in chosen.items()]
    if not only:
        write(scores)
    below = [each.module for each in scores if each.percent < GOAL]
    if below:
        raise SystemExit(f"Below {GOAL} %: {', '.join(below)}")


if __name__ == "__main__":
    main(sys.argv[1:])
