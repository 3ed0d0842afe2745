"""A profile is read whole or refused with every reason; what it does not say stays visibly unsaid."""

import tomllib
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground import profiles
from ground.profiles import (
    Category,
    CategoryRule,
    ChangedBy,
    Clock,
    Concern,
    NotAPeriod,
    Period,
    ProfileError,
    RegimeId,
    Source,
    Unit,
)
from ground.profiles.loader import FOLDER

OUR_OWN = {Category.PROVIDER_EVENT, Category.BACKUP}


@pytest.fixture
def document() -> dict[str, Any]:
    """Klariqo's profile as a plain document, to be spoiled."""
    return tomllib.loads((FOLDER / "klariqo.toml").read_text(encoding="utf-8"))


def problems_of(document) -> list[str]:
    with pytest.raises(ProfileError) as refused:
        profiles.read(document, origin="test")
    return list(refused.value.problems)


def test_five_profiles_ship():
    assert profiles.shipped() == ["aically", "callkom", "kalem", "kallglot", "klariqo"]


@pytest.mark.parametrize("name", profiles.shipped())
def test_a_shipped_profile_is_whole(name):
    profile = profiles.load(name)
    assert profile.name == name
    assert set(profile.categories) == set(Category)
    assert all(rule.category is category for category, rule in profile.categories.items())


@pytest.mark.parametrize("name", profiles.shipped())
def test_our_own_figures_are_never_attributed_to_the_company(name):
    rules = profiles.load(name).categories
    for category in OUR_OWN:
        assert rules[category].source is not None
        assert rules[category].source.is_operator_default
    assert str(rules[Category.BACKUP].source) == "operator default"


@pytest.mark.parametrize("name", profiles.shipped())
def test_every_gap_is_an_open_finding_with_a_sentence(name):
    profile = profiles.load(name)
    findings = profile.findings()
    unstated = {finding.path for finding in findings if finding.concern is Concern.UNSTATED}
    gaps = {f"categories.{rule.category}" for rule in profile.categories.values() if rule.default is None}
    assert gaps <= unstated
    assert all(finding.words.endswith(".") for finding in findings)
    assert ("responses" in unstated) is not bool(profile.responses)


def test_klariqo_says_what_its_text_says():
    klariqo = profiles.load("klariqo")
    stated = {
        category: (str(rule.default), str(rule.source), rule.changed_by, rule.clock)
        for category, rule in klariqo.categories.items()
        if rule.default and not rule.source.is_operator_default
    }
    assert stated == {
        Category.RECORDING: ("90 days", "KLARIQO-RET-02", ChangedBy.ORGANIZATION, Clock.CALL_END),
        Category.TRANSCRIPT: ("90 days", "KLARIQO-RET-03", ChangedBy.ORGANIZATION, Clock.CALL_END),
        Category.CALL_METADATA: ("1 year", "KLARIQO-RET-04", ChangedBy.OPERATOR, Clock.CALL_END),
        Category.WEB_ANALYTICS: ("14 months", "KLARIQO-RET-06", ChangedBy.OPERATOR, Clock.EVENT_TIME),
        Category.ACCOUNT: ("30 days", "KLARIQO-RET-01", ChangedBy.OPERATOR, Clock.ACCOUNT_CLOSURE),
        Category.BILLING_RECORD: ("7 years", "KLARIQO-RET-05", ChangedBy.OPERATOR, Clock.FINANCIAL_YEAR_END),
    }
    assert klariqo.policy.date.value == date(2026, 3, 23)
    assert klariqo.children.under_age.value == 13
    assert klariqo.breach.people_notice_hours.value == 72
    assert klariqo.recording.on_by_default.value is False
    assert klariqo.regimes.value == (RegimeId.EU_GDPR, RegimeId.US_CA)
    assert klariqo.backup_window == Period(30, Unit.DAY)
    assert [str(promise.period) for promise in klariqo.responses] == ["30 days", "30 days", "45 days"]


def test_klariqos_seven_years_against_eight_in_law_is_a_contradiction():
    found = {(finding.path, finding.concern) for finding in profiles.load("klariqo").findings()}
    assert ("categories.billing_record", Concern.CONTRADICTION) in found


@pytest.mark.parametrize(
    ("name", "category", "default", "minimum", "maximum"),
    [
        ("kalem", Category.RECORDING, "90 days", "30 days", "90 days"),
        ("kalem", Category.PLATFORM_LOG, "90 days", "None", "None"),
        ("callkom", Category.BILLING_RECORD, "10 years", "10 years", "10 years"),
        ("callkom", Category.RECORDING, "None", "1 day", "365 days"),
        ("aically", Category.TRANSCRIPT, "None", "1 day", "365 days"),
        ("kallglot", Category.TRANSCRIPT, "30 days", "1 day", "365 days"),
        ("kallglot", Category.ACCOUNT, "0 days", "0 days", "0 days"),
    ],
)
def test_the_other_four_keep_their_figures_and_their_gaps(name, category, default, minimum, maximum):
    rule = profiles.load(name).categories[category]
    assert (str(rule.default), str(rule.minimum), str(rule.maximum)) == (default, minimum, maximum)


def test_a_loaded_profile_cannot_be_changed():
    klariqo = profiles.load("klariqo")
    with pytest.raises(AttributeError):
        klariqo.name = "other"
    with pytest.raises(TypeError):
        klariqo.categories[Category.RECORDING] = klariqo.categories[Category.TRANSCRIPT]


def test_the_current_profile_follows_the_setting(settings):
    settings.OPERATOR_PROFILE = "kallglot"
    assert profiles.current() is profiles.load("kallglot")


# Refusals


def test_an_unknown_profile_is_refused_with_a_suggestion():
    with pytest.raises(ProfileError, match=r"Did you mean klariqo\?"):
        profiles.load("klarico")


def test_a_path_to_a_profile_of_ones_own_is_read(tmp_path):
    own = tmp_path / "mine.toml"
    own.write_bytes((FOLDER / "klariqo.toml").read_bytes())
    assert profiles.load(str(own)) == profiles.load("klariqo")


def test_a_missing_or_broken_file_is_refused_by_name(tmp_path):
    with pytest.raises(ProfileError, match="file: cannot be read"):
        profiles.load(str(tmp_path / "absent.toml"))
    for index, content in enumerate([b"name = ", b"\xff\xfe"]):
        path = tmp_path / f"broken{index}.toml"
        path.write_bytes(content)
        with pytest.raises(ProfileError, match="file: is not valid TOML"):
            profiles.load(str(path))


def test_every_problem_is_reported_at_once(document):
    del document["categories"]["transcript"]
    document["categories"]["recording"]["defualt"] = document["categories"]["recording"].pop("default")
    document["children"]["under_age"]["value"] = "thirteen"
    document["polcy"] = {}
    problems = problems_of(document)
    assert problems == [
        "polcy: is not a known key. Did you mean policy?",
        "children.under_age.value: must be a whole number, zero or more, not 'thirteen'.",
        "categories.recording.defualt: is not a known key. Did you mean default?",
        "categories.transcript: has no rule; every category needs one, even if its period is unstated.",
    ]


def test_the_error_lists_its_problems_and_names_the_profile(document):
    del document["policy"]["date"]
    with pytest.raises(ProfileError) as refused:
        profiles.read(document, origin="mine.toml")
    assert str(refused.value) == (
        "The operator profile mine.toml cannot be used:\n"
        '  policy.date: is missing; where the text gives no value write { unstated = "why" }.'
    )


@pytest.mark.parametrize("name", [None, "", "Klariqo Ltd", 7])
def test_a_profile_needs_a_plain_name(document, name):
    document["name"] = name
    assert problems_of(document) == ["name: must be a short name in lower case letters, digits and underscores."]


SPOILED = [
    ("categories.recording.minimum", "91 days", "minimum (91 days) is not always within default (90 days)."),
    ("categories.recording.maximum", "89 days", "default (90 days) is not always within maximum (89 days)."),
    ("categories.call_report.maximum", "0 days", "minimum (1 day) is not always within maximum (0 days)."),
    ("categories.recording.unstated", "Nothing.", "needs either a default or a sentence in unstated, and not both."),
    ("categories.call_report.unstated", None, "needs either a default or a sentence in unstated, and not both."),
    ("categories.recording.source", None, "has a default without a source."),
    ("categories.recording.bounds_source", None, "has bounds without a bounds_source."),
    (
        "categories.recording.maximum",
        None,
        "is changed by the organization and needs both a minimum and a maximum.",
    ),
]


@pytest.mark.parametrize(("path", "value", "sentence"), SPOILED)
def test_a_rule_that_cannot_be_true_is_refused(document, path, value, sentence):
    section, category, key = path.split(".")
    if value is None:
        del document[section][category][key]
    else:
        document[section][category][key] = value
    assert problems_of(document) == [f"{section}.{category}: {sentence}"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"default": "90 dayz"}, "'90 dayz' is not a period; write it like 90 days, 14 months or 7 years."),
        ({"default": "-1 days"}, "'-1 days' is not a period; write it like 90 days, 14 months or 7 years."),
        ({"default": "101 years"}, "101 years is not between zero and 100 years."),
        ({"default": 90}, "must be a period like 90 days, not 90."),
    ],
)
def test_a_period_that_is_none_is_refused(document, change, problem):
    document["categories"]["recording"].update(change)
    assert problems_of(document) == [f"categories.recording.default: {problem}"]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("KLARIQO-RET-02", 'must be a list of promise ids or "operator default".'),
        ([], 'must be a list of promise ids or "operator default".'),
        (["KALEM-RET-03"], "'KALEM-RET-03' is no promise of this company; write ids like KLARIQO-RET-01."),
        (["klariqo 7"], "'klariqo 7' is no promise of this company; write ids like KLARIQO-RET-01."),
        ([7], "7 is no promise of this company; write ids like KLARIQO-RET-01."),
    ],
)
def test_a_source_must_be_a_promise_of_this_company(document, source, problem):
    document["categories"]["recording"]["source"] = source
    assert problems_of(document) == [f"categories.recording.source: {problem}"]


@pytest.mark.parametrize(
    ("section", "key", "figure", "problem"),
    [
        ("children", "under_age", 13, ": must be a table { value = …, source = … } or { unstated = … }."),
        ("children", "under_age", {}, ": needs either a value or a sentence in unstated, and not both."),
        (
            "children",
            "under_age",
            {"value": 13},
            ': has a value without a source; name promise ids or "operator default".',
        ),
        (
            "children",
            "under_age",
            {"value": -1, "source": "operator default"},
            ".value: must be a whole number, zero or more, not -1.",
        ),
        (
            "children",
            "under_age",
            {"value": True, "source": "operator default"},
            ".value: must be a whole number, zero or more, not True.",
        ),
        ("policy", "date", {"unstated": " "}, ".unstated: must be a text that is not empty, not ' '."),
        (
            "policy",
            "date",
            {"value": "2026", "source": "operator default"},
            ".value: must be a date like 2026-03-23, not '2026'.",
        ),
        (
            "policy",
            "notice_channels",
            {"value": [], "source": "operator default"},
            ".value: must be a list with at least one entry.",
        ),
        (
            "policy",
            "notice_channels",
            {"value": ["email", "email"], "source": "operator default"},
            ".value: names the same entry twice.",
        ),
        (
            "policy",
            "notice_channels",
            {"value": ["e-mail"], "source": "operator default"},
            ".value: 'e-mail' is not allowed here. Did you mean email?",
        ),
        (
            "policy",
            "notice_channels",
            {"value": ["pigeon"], "source": "operator default"},
            ".value: 'pigeon' is not allowed here. Known here: website, email, banner, in_app.",
        ),
    ],
)
def test_a_figure_of_the_wrong_kind_is_refused(document, section, key, figure, problem):
    document[section][key] = figure
    assert problems_of(document) == [f"{section}.{key}{problem}"]


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("policy", 1, "policy: must be a table."),
        ("categories", 1, "categories: must be a table with one rule per category."),
        ("responses", {}, "responses: must be a list of tables, written as [[responses]]."),
        ("responses", [1], "responses[0]: must be a table."),
        ("no_response_promise", "None.", "responses: give response promises, or say in no_response_promise that"),
        ("responses", [], "responses: give response promises, or say in no_response_promise that"),
    ],
)
def test_a_part_of_the_wrong_shape_is_refused(document, key, value, problem):
    document[key] = value
    (found,) = problems_of(document)
    assert found.startswith(problem)


def test_an_extension_is_in_the_unit_of_its_period(document):
    document["responses"][0]["extension"] = "2 months"
    assert problems_of(document) == ["responses[0].extension: must be in the unit of the period, days."]


@pytest.mark.parametrize("day", ["31-12", "12-32", "13-01", "1-1"])
def test_a_financial_year_ends_on_a_day_of_the_calendar(document, day):
    document["windows"]["financial_year_end"]["value"] = day
    assert problems_of(document) == [f"windows.financial_year_end: must be month and day like 12-31, not {day!r}."]


def test_a_financial_year_may_stay_unstated(document):
    document["windows"]["financial_year_end"] = {"unstated": "Nobody said."}
    paths = {finding.path for finding in profiles.read(document, origin="test").findings()}
    assert "windows.financial_year_end" in paths


# Rules


def rule(**changes):
    shape = {"category": Category.RECORDING, "clock": Clock.CALL_END, "changed_by": ChangedBy.ORGANIZATION}
    return CategoryRule(**(shape | changes))


@pytest.mark.parametrize(
    ("minimum", "maximum", "period", "allowed"),
    [
        ("30 days", "90 days", "30 days", True),
        ("30 days", "90 days", "90 days", True),
        ("30 days", "90 days", "29 days", False),
        ("30 days", "90 days", "91 days", False),
        ("30 days", "90 days", "3 months", False),
        ("30 days", "90 days", "2 months", True),
        (None, None, "0 days", False),
        (None, None, "100 years", True),
        ("0 days", "0 days", "0 days", True),
        ("1 year", "1 year", "365 days", False),
    ],
)
def test_a_period_outside_the_bounds_is_not_allowed(minimum, maximum, period, allowed):
    low, high = (Period.parse(bound) if bound else None for bound in (minimum, maximum))
    assert rule(minimum=low, maximum=high).allows(Period.parse(period)) is allowed


def test_no_period_below_the_legal_minimum_is_allowed():
    legal = profiles.LegalMinimum(Period(8, Unit.YEAR), Clock.FINANCIAL_YEAR_END, "a law", verified=False)
    kept = rule(legal_minimum=legal, default=Period(8, Unit.YEAR))
    assert kept.allows(Period(7, Unit.YEAR)) is False
    assert kept.allows(Period(8, Unit.YEAR))


def test_an_unverified_legal_minimum_is_a_finding(document):
    document["categories"]["billing_record"]["legal_minimum"] |= {"period": "6 years", "verified": False}
    found = [f for f in profiles.read(document, origin="test").findings() if f.concern is Concern.UNVERIFIED]
    assert [finding.path for finding in found] == ["categories.billing_record"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"default": Period(90, Unit.DAY)}, "90 days after the call ended; each organization can change it."),
        (
            {"default": Period(0, Unit.DAY), "clock": Clock.ACCOUNT_CLOSURE, "changed_by": ChangedBy.OPERATOR},
            "At once after the account is closed; fixed by the operator.",
        ),
        ({}, "No period given yet; it will count after the call ended."),
    ],
)
def test_a_rule_reads_as_a_sentence(changes, words):
    assert rule(**changes).words == words


@pytest.mark.parametrize(
    ("minimum", "maximum", "words"),
    [
        (None, None, "no bounds"),
        (None, "1 year", "at most 1 year"),
        ("1 day", None, "at least 1 day"),
        ("1 day", "2 days", "between 1 day and 2 days"),
        ("1 year", "1 year", "exactly 1 year"),
    ],
)
def test_bounds_read_as_words(minimum, maximum, words):
    low, high = (Period.parse(bound) if bound else None for bound in (minimum, maximum))
    assert rule(minimum=low, maximum=high).bounds_words == words


def test_every_clock_has_words():
    assert all(clock.words.startswith("after ") for clock in Clock)
    assert all(who.words for who in ChangedBy)


def test_a_source_is_a_promise_or_our_own_default():
    assert str(Source(("KLARIQO-RET-01", "KLARIQO-RET-02"))) == "KLARIQO-RET-01, KLARIQO-RET-02"
    assert Source().is_operator_default


# Periods


@given(n=st.integers(0, 100), unit=st.sampled_from(Unit))
def test_a_written_period_reads_back_the_same(n, unit):
    assert Period.parse(str(Period(n, unit))) == Period(n, unit)


@pytest.mark.parametrize(
    ("n", "unit"),
    [
        (-1, Unit.DAY),
        (101, Unit.YEAR),
        (1201, Unit.MONTH),
        (True, Unit.DAY),
        (1.0, Unit.DAY),
        ("1", Unit.DAY),
        (1, "day"),
    ],
)
def test_a_corrupt_period_is_refused(n, unit):
    with pytest.raises(NotAPeriod):
        Period(n, unit)


@pytest.mark.parametrize("written", ["", "90", "days", "90days", "９０ days", "1 week", "1.5 days", "90 days "])
def test_a_period_is_written_one_way(written):
    with pytest.raises(NotAPeriod):
        Period.parse(written)


@pytest.mark.parametrize(
    ("period", "shortest", "longest"),
    [("1 month", 28, 31), ("2 months", 59, 62), ("1 year", 365, 366), ("8 years", 2921, 2922), ("90 days", 90, 90)],
)
def test_a_calendar_period_lasts_between_two_lengths(period, shortest, longest):
    found = Period.parse(period)
    assert (found.shortest_days, found.longest_days) == (shortest, longest)


@pytest.mark.parametrize(
    ("one", "other", "within"),
    [
        ("365 days", "1 year", True),
        ("1 year", "365 days", False),
        ("1 year", "366 days", True),
        ("12 months", "1 year", True),
        ("1 year", "12 months", True),
        ("13 months", "1 year", False),
        ("28 days", "1 month", True),
        ("30 days", "1 month", False),
    ],
)
def test_periods_compare_for_every_start(one, other, within):
    assert Period.parse(one).no_longer_than(Period.parse(other)) is within


@pytest.mark.parametrize("bound", ["minimum", "maximum"])
def test_one_bound_alone_needs_its_source_too(document, bound):
    table = document["categories"]["account"]
    for name in ("bounds_source", "minimum", "maximum"):
        table.pop(name, None)
    table[bound] = "1 day"
    assert any("has bounds without a bounds_source" in each for each in problems_of(document))
