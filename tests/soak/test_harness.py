"""The harness itself: what it calls held, broken and not run, and what the page says about counts."""

import json

import pytest

from soak import harness, report
from soak.harness import Figure, NotRun, Run, Verdict


def figure_of(work, **changes):
    values = {"full": 500, "small": 3, "unit": "kills", "share": 1.0, "platform": False}
    return Figure("A01", "It survives", work, **{**values, **changes})


def carried(work, *, count=3, seconds=None):
    return harness.carry_out(figure_of(work), count=count, seed=7, seconds=seconds, say=lambda line: None)


def test_a_figure_is_held_when_every_check_held_and_knows_how_much_ran():
    def work(run):
        for number in run.turns():
            run.check("counts", number < 3)
            run.tell(calls_sent=2)

    result = carried(work)
    assert (result.verdict, result.ran, result.asked, result.whole) == (Verdict.HELD, 3, 500, False)
    assert result.evidence == {"calls sent": 6}
    assert carried(work, count=500).broken == {"counts": 497}


@pytest.mark.parametrize(
    "work", [lambda run: run.check("no", False, "why"), lambda run: [run.did(), run.check("yes", True), 1 / 0]]
)
def test_a_failed_check_and_an_error_of_the_figure_break_it(work):
    result = carried(work)
    assert result.verdict == Verdict.BROKEN
    assert result.failures


def missing(run):
    run.did()
    run.check("yes", True)
    raise NotRun("no such tool here")


@pytest.mark.parametrize("work", [missing, lambda run: run.did(), lambda run: run.check("yes", True)])
def test_what_checked_nothing_or_did_nothing_did_not_run(work):
    assert carried(work).verdict == Verdict.NOT_RUN


def test_the_time_ends_the_turns_but_never_before_the_first():
    def work(run):
        for _ in run.turns():
            run.check("yes", True)

    assert carried(work, count=10**9, seconds=0).ran == 1


def test_the_same_seed_gives_the_same_run():
    first, again, other = (Run("A01", count=1, seed=seed).random.random() for seed in (7, 7, 8))
    assert first == again != other


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "KEPT", tmp_path / "kept.json")
    monkeypatch.setattr(report, "WRITTEN", tmp_path / "page.md")
    monkeypatch.setattr(report, "commit", lambda: "abc")
    return tmp_path / "page.md"


def remember(ran, *, verdict=Verdict.HELD, budget="20 minutes"):
    def work(run):
        run.did(ran)
        run.check("yes", verdict is Verdict.HELD)

    every = [figure_of(work), Figure("A02", "Never tried", work, 1, 1, "times", 1, False)]
    result = harness.carry_out(every[0], count=ran, seed=7, say=lambda line: None)
    report.remember(result, every, budget=budget, server="PostgreSQL")
    return every


def test_the_page_says_what_ran_and_what_did_not(page):
    remember(12)
    assert "| [A01](#a01) | It survives | 500 kills asked, 12 run | held |" in page.read_text()
    assert "| A02 | Never tried | not run | not run |" in page.read_text()
    remember(500)
    assert "| 500 kills, all | held |" in page.read_text()


def test_a_fuller_result_of_the_same_code_stays_unless_a_later_one_is_broken(page):
    remember(500)
    remember(12)
    assert json.loads(report.KEPT.read_text())["A01"]["ran"] == 500
    remember(12, verdict=Verdict.BROKEN)
    assert "**broken**" in page.read_text()


def test_a_run_goes_on_with_what_has_no_result_of_this_code_and_budget(page, monkeypatch):
    every = remember(12)
    assert [one.id for one in report.outstanding(every, budget="20 minutes")] == ["A02", "A01"]
    assert [one.id for one in report.outstanding(every, budget="full")] == ["A01", "A02"]
    monkeypatch.setattr(report, "commit", lambda: "def")
    assert [one.id for one in report.outstanding(every, budget="20 minutes")] == ["A01", "A02"]
