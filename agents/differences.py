"""What changes when settings are published, in words a person can decide by."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents.services.settings import SHORTENED, Settings
from agents.templatetags.agents import category_words


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` goes from `before` to `after`; `effect`: what that does, or "". `language`: of the words, "" for ours."""

    what: str
    before: str
    after: str
    effect: str = ""
    language: str = ""


def differences(before: Settings, after: Settings) -> list[Difference]:
    """Everything that differs; empty when publishing would change nothing."""
    return [*_switches(before, after), *_disclosures(before, after), *_periods(before, after)]


def _switches(before: Settings, after: Settings) -> Iterator[Difference]:
    if before.recording_enabled != after.recording_enabled:
        begins = _("The sound of calls that start from then on is fetched and stored. Earlier calls stay without.")
        ends = _(
            "No sound of a call that starts from then on is stored. What is stored stays until its period is over."
        )
        yield _switched(_("Recordings"), after.recording_enabled, begins, ends)
    if before.transcript_enabled != after.transcript_enabled:
        begins = _("What is said in calls that start from then on is stored.")
        ends = _(
            "No words of a call that starts from then on are stored. What is stored stays until its period is over."
        )
        yield _switched(_("Transcripts and reports"), after.transcript_enabled, begins, ends)


def _switched(what: str, on: bool, begins: str, ends: str) -> Difference:
    return Difference(what, _kept(not on), _kept(on), begins if on else ends)


def _kept(on: bool) -> str:
    return _("kept") if on else _("refused")


def _disclosures(before: Settings, after: Settings) -> Iterator[Difference]:
    for language in sorted({*before.disclosures, *after.disclosures}):
        old, new = before.disclosures.get(language, ""), after.disclosures.get(language, "")
        if old != new:
            effect = "" if new else _("Callers in this language hear nothing from us.")
            yield Difference(
                _("Callers hear (%(language)s)") % {"language": language},
                f"“{old}”" if old else _("nothing"),
                f"“{new}”" if new else _("nothing"),
                effect,
                language,
            )


def _periods(before: Settings, after: Settings) -> Iterator[Difference]:
    for category in SHORTENED:
        old, new = before.retention_days.get(category), after.retention_days.get(category)
        if old != new:
            shorter = new is not None and (old is None or new < old)
            yield Difference(
                _("Period of %(what)s") % {"what": category_words(category)},
                _days(old),
                _days(new),
                _("This counts for what is stored already, too: what is older leaves with the next sweep.")
                if shorter
                else _("What is destroyed already does not come back."),
            )


def _days(n: int | None) -> str:
    if n is None:
        return _("as the organization’s")
    return ngettext("%(n)d day", "%(n)d days", n) % {"n": n}
