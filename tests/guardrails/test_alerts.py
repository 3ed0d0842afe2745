"""Every alert that is raised anywhere has words: nobody reads a code where a sentence belongs."""

import ast
from datetime import UTC, datetime

from django.conf import settings

from delivery import kinds
from tests.guardrails.test_repository import sources

# Function -> the file that may call it ("" any), which argument is the alert's kind, what is put before it.
# `_finding` gives its kind to ground.audit.of_the_vault through a list of hooks; the others call raise_alert with it.
RAISING = {
    "raise_alert": ("", 1, ""),
    "_announce": ("ground/jobs/services/running.py", 0, ""),
    "_tell": ("retention/services/reconcile.py", 1, ""),
    "_finding": ("ground/vault/rotation.py", 1, "vault."),
}
HANDED_ON = {  # where those call raise_alert
    "ground/audit/of_the_vault.py: f'vault.{kind}'",
    "ground/jobs/services/running.py: event",
    "retention/services/reconcile.py: alert",
}


def raised():
    """The kinds of alerts in the sources; where a kind is neither a string nor a constant: file and expression."""
    return {kind for path in sources() for kind in raised_in(path)}


def raised_in(path):
    name, tree = str(path.relative_to(settings.BASE_DIR)), ast.parse(path.read_text())
    constants = dict(pair for statement in tree.body if isinstance(statement, ast.Assign) for pair in pairs(statement))
    for call in ast.walk(tree):
        function = ast.unparse(call.func).rpartition(".")[2] if isinstance(call, ast.Call) else ""
        file, place, before = RAISING.get(function, ("nowhere", 0, ""))
        if file in ("", name):
            kind = call.args[place]
            text = kind.value if isinstance(kind, ast.Constant) else constants.get(ast.unparse(kind))
            yield before + text if text else f"{name}: {ast.unparse(kind)}"


def pairs(statement):
    """(`A`, "a") of `A = "a"`, and of `A, B = "a", "b"`."""
    for target in statement.targets:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        values = statement.value.elts if isinstance(statement.value, ast.Tuple) else [statement.value]
        for name, value in zip(names, values, strict=False):
            if isinstance(value, ast.Constant):
                yield ast.unparse(name), value.value


def test_every_alert_that_is_raised_has_words():
    found = raised()
    assert len(found) > 20
    assert {kind for kind in found if kinds.wording_of(kind) is None} == HANDED_ON


def test_no_alert_has_words_that_is_never_raised():
    assert set(kinds._of_alert) <= raised()


def test_the_words_of_every_alert_are_sentences():
    for alert, wording in kinds._of_alert.items():
        said = wording.say(kinds.alert_facts("recording", {"rows": 7}, datetime(2026, 11, 2, tzinfo=UTC)))
        assert said.title and said.words.endswith("."), alert
