"""What is said on demo calls: thirty conversations in three languages, with slots that are filled for each call."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_CHARACTERS_PER_SECOND = 15
_PAUSE_MS = (250, 900)


@dataclass(frozen=True, slots=True)
class Script:
    """One conversation. `turns`: texts, the agent first and then in turn; a text that begins with "~" is said by the
    same speaker as before. Slots are `{word}`; `summary` and `analysis` become the report."""

    turns: tuple[str, ...]
    summary: str
    direction: str = "inbound"
    outcome: str = "completed"
    analysis: Mapping[str, Any] = field(default_factory=dict)
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Language:
    """Everything that is said in one language. `slots`: words a slot is filled with. `declines`: caller, agent."""

    code: str
    scripts: tuple[Script, ...]
    slots: Mapping[str, Sequence[str]]
    first_names: Sequence[str]
    last_names: Sequence[str]
    greeting: str
    declines: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A filled script: turns as [speaker, text, start_ms, end_ms]."""

    turns: list[tuple[str, str, int, int]]
    summary: str
    analysis: dict[str, Any]
    duration_ms: int


def fill(script: Script, language: Language, dice: random.Random, *, names: Mapping[str, str], ask: bool) -> Spoken:
    """The script with its slots filled. `ask`: the agent greets with the disclosure; `names` fill slots too."""
    words = {slot: dice.choice(list(choices)) for slot, choices in language.slots.items()}
    words.update(names)
    texts = [("agent", language.greeting.format(**words)), ("user", words["yes"])] if ask else []
    speaker = "user"
    for text in script.turns:
        if text.startswith("~"):
            text = text[1:]
        else:
            speaker = "agent" if speaker == "user" else "user"
        texts.append((speaker, text.format(**words)))
    return spoken(texts, script.summary.format(**words), dict(script.analysis), dice)


def declined(language: Language, spoken_before: Spoken, dice: random.Random) -> Spoken:
    """The same call by somebody who does not want to be recorded."""
    caller, agent = language.declines
    greeting, rest = spoken_before.turns[:1], spoken_before.turns[2:]
    texts = [(turn[0], turn[1]) for turn in greeting] + [("user", caller), ("agent", agent)]
    texts += [(turn[0], turn[1]) for turn in rest]
    return spoken(texts, spoken_before.summary, spoken_before.analysis, dice)


def spoken(texts: Sequence[tuple[str, str]], summary: str, analysis: dict[str, Any], dice: random.Random) -> Spoken:
    """Texts with the times at which somebody would say them."""
    turns, at = [], 400
    for speaker, text in texts:
        length = len(text) * 1000 // _CHARACTERS_PER_SECOND
        turns.append((speaker, text, at, at + length))
        at += length + dice.randint(*_PAUSE_MS)
    return Spoken(turns, summary, analysis, at)
