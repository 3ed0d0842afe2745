"""The demo's calls as an organization's own system would send them: in the published form of the API."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from config.demo.places import DemoAgent, Place
from config.demo.scripts import Script, Spoken, declined, fill

SPEECH = Path(__file__).parent / "speech"
DAYS = 120
KEEPS_SINCE_DAYS = 92
"""Before that the agents kept neither sound nor text: so only two days' worth is past its 90 days at the start."""
SHORTER_SPARE_DAYS = 1.5
_HOURS = (8, 9, 9, 10, 10, 10, 11, 11, 12, 14, 14, 15, 15, 16, 16, 17, 18)
_NIGHT = (19, 20, 21, 22, 6, 7)
_MISSED = (("no_answer", 0.06), ("busy", 0.02), ("voicemail", 0.07), ("failed", 0.01))


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who does not exist."""

    name: str
    last: str
    number: str
    email: str
    reference: str


@dataclass(frozen=True, slots=True)
class Told:
    """One call: what is sent, and which dialogue is its sound ("" for none)."""

    item: dict[str, Any]
    dialogue: str


@cache
def dialogues() -> Mapping[str, Any]:
    """The speech files' words and times (see speech/make.py)."""
    found: Mapping[str, Any] = json.loads((SPEECH / "dialogues.json").read_text(encoding="utf-8"))
    return found


def sound(dialogue: str) -> bytes:
    """A speech file."""
    return (SPEECH / f"{dialogue}.wav").read_bytes()


def callers(place: Place, dice: random.Random) -> list[Caller]:
    """The people who call this organization, some of whom call again."""
    people, taken = [], set()
    for number in range(place.calls // 3):
        first, last = dice.choice(list(place.language.first_names)), dice.choice(list(place.language.last_names))
        phone = "".join(dice.choice("0123456789") if digit == "#" else digit for digit in dice.choice(place.numbers))
        if phone in taken or phone == place.line:
            continue
        taken.add(phone)
        local = f"{first}.{last}{number}".lower().encode("ascii", "ignore").decode()
        people.append(Caller(f"{first} {last}", last, phone, f"{local}@mail.example", f"{place.country}-{number:05}"))
    return people


class Teller:
    """Makes an organization's calls. The same dice, the same calls."""

    def __init__(self, place: Place, agents: Mapping[str, UUID], now: datetime, count: int) -> None:
        self.place, self.agents, self.now, self.count = place, agents, now, count
        self.dice = random.Random(f"demo {place.slug}")  # noqa: S311 - invented calls, no secrets
        self.people = callers(place, random.Random(place.slug))  # noqa: S311 - the same
        self._dialogue = 0

    def tell(self) -> Iterator[Told]:
        """The calls of the last 120 days, in no order."""
        past_their_time = max(2, round(self.count * 0.022))
        for number in range(self.count):
            days = self.dice.uniform(0.05, DAYS)
            if number < past_their_time:
                days = self.dice.uniform(90.2, KEEPS_SINCE_DAYS - 0.2)
            yield self.call(number, days, past=number < past_their_time)

    def call(self, number: int, days: float, agent: DemoAgent | None = None, *, past: bool = False) -> Told:
        """One call that ended about `days` ago; `past`: exactly then, answered, recorded where the agent records."""
        dice, place = self.dice, self.place
        if agent is None:
            agent = place.agents[0] if past or dice.random() < place.agents[0].share else place.agents[1]
        ends = self._moment(days, agent, exact=past)
        who = dice.choice(self.people)
        keeps = ends > self.now - timedelta(days=KEEPS_SINCE_DAYS - 0.05)
        missed = "" if past else self._missed()
        dialogue = "" if missed else self._dialogue_for(agent, ends, past=past)
        spoken, script = self._spoken(agent, who, missed, dialogue)
        starts = ends - timedelta(milliseconds=spoken.duration_ms)
        item: dict[str, Any] = {
            "call_id": f"demo-{number:05}",
            "agent": str(self.agents[agent.key]),
            "direction": agent.direction,
            "outcome": missed or (script.outcome if script else "completed"),
            "end_reason": {"": "hangup", "voicemail": "voicemail-reached"}.get(missed, missed.replace("_", "-")),
            "started_at": starts.isoformat(),
            "ended_at": ends.isoformat(),
            "language": place.language.code,
            "from": place.line if agent.direction == "outbound" else who.number,
            "to": who.number if agent.direction == "outbound" else place.line,
            "cost": {"amount": f"{0.02 + spoken.duration_ms / 60_000 * 0.09:.4f}", "currency": "EUR"},
        }
        if dice.random() < 0.6:
            item["customer"] = {"name": who.name, "email": who.email, "external_id": who.reference}
        if not missed:
            item["answered_at"] = (starts + timedelta(milliseconds=300)).isoformat()
            item |= self._content(agent, spoken, starts, keeps=keeps, dialogue=dialogue)
        return Told(item, dialogue)

    def _content(
        self, agent: DemoAgent, spoken: Spoken, starts: datetime, *, keeps: bool, dialogue: str
    ) -> dict[str, Any]:
        turns = spoken.turns
        said_no = False
        if agent.recording and not dialogue and self.dice.random() < 0.22:
            spoken = declined(self.place.language, spoken, self.dice)
            turns, said_no = spoken.turns, True
        found: dict[str, Any] = {
            "turns": [
                {"speaker": speaker, "text": text, "start_ms": start, "end_ms": end}
                for speaker, text, start, end in turns
            ],
            "summary": spoken.summary,
            "analysis": spoken.analysis,
        }
        if agent.recording and keeps:
            at = starts + timedelta(milliseconds=turns[1][3])
            result = "declined" if said_no else "granted"
            found["consent"] = {"result": result, "method": "spoken", "at": at.isoformat(), "turn": 1}
        return found

    def _spoken(self, agent: DemoAgent, who: Caller, missed: str, dialogue: str) -> tuple[Spoken, Script | None]:
        if missed:
            return Spoken([], "", {}, self.dice.randint(4_000, 31_000)), None
        if dialogue:
            made = dialogues()[dialogue]
            turns = [(speaker, text, start, end) for speaker, text, start, end in made["turns"]]
            return Spoken(turns, made["summary"], {"resolved": True}, made["duration_ms"]), None
        fitting = [each for each in self.place.language.scripts if each.direction == agent.direction]
        script = self.dice.choice(fitting)
        names = {"full": who.name, "last": who.last, "agent": agent.first_name}
        return fill(script, self.place.language, self.dice, names=names, ask=agent.direction == "inbound"), script

    def _dialogue_for(self, agent: DemoAgent, ends: datetime, *, past: bool) -> str:
        if not agent.recording:
            return ""
        age = (self.now - ends) / timedelta(days=1)
        shorter = agent.retention_days.get("recording", 0)
        if age > (shorter + SHORTER_SPARE_DAYS if shorter else KEEPS_SINCE_DAYS - 0.1):
            return ""
        if not past and self.dice.random() > agent.recorded:
            return ""
        self._dialogue += 1
        return self.place.dialogues[self._dialogue % len(self.place.dialogues)]

    def _missed(self) -> str:
        chance = self.dice.random()
        for outcome, share in _MISSED:
            if chance < share:
                return outcome
            chance -= share
        return ""

    def _moment(self, days: float, agent: DemoAgent, *, exact: bool) -> datetime:
        """When the call ended: in working hours of the place, mostly on working days."""
        if exact:
            return self._past(days)
        local = (self.now - timedelta(days=days)).astimezone(ZoneInfo(self.place.time_zone))
        if local.weekday() == 6 and self.dice.random() < 0.85:
            local -= timedelta(days=self.dice.choice((1, 2, 3)))
        hour = self.dice.choice(_NIGHT if agent.key == "night" else _HOURS)
        local = local.replace(
            hour=hour, minute=self.dice.randint(0, 59), second=self.dice.randint(0, 59), microsecond=0
        )
        ends = local.astimezone(UTC)
        if ends > self.now - timedelta(minutes=20):
            ends -= timedelta(days=1)
        return ends

    def _past(self, days: float) -> datetime:
        """Past its 90 days but not older than the agents' settings, in working hours where that is possible."""
        rough = self.now - timedelta(days=days)
        for _ in range(20):
            local = rough.astimezone(ZoneInfo(self.place.time_zone))
            local = local.replace(hour=self.dice.choice(_HOURS), minute=self.dice.randint(0, 59), microsecond=0)
            age = (self.now - local) / timedelta(days=1)
            if 90.1 < age < KEEPS_SINCE_DAYS - 0.1:
                return local.astimezone(UTC)
        return rough.replace(microsecond=0)
