"""The picture of a recording: bars of loudness, the agent's above the line, the caller's below. Pure geometry."""

from collections.abc import Sequence
from dataclasses import dataclass

from calls.record import Speaker, Turn

WIDTH, MIDDLE, TALLEST, BARS = 400, 42, 38, 96
_LEAST = 1.6


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    height: float


def draw(peaks: Sequence[int], turns: Sequence[Turn], duration_ms: int | None) -> list[Bar]:
    """At most 96 bars; without peaks none. Without turns all stand above the line."""
    if not peaks:
        return []
    count = min(BARS, len(peaks))
    step = WIDTH / count
    bars = []
    for number in range(count):
        part = peaks[number * len(peaks) // count : (number + 1) * len(peaks) // count]
        height = max(_LEAST, (max(part) / 255) ** 0.7 * TALLEST)
        middle_ms = (number + 0.5) * (duration_ms or 0) / count
        below = _speaker(turns, middle_ms) == Speaker.USER
        bars.append(Bar(step * number + step * 0.2, MIDDLE + 1 if below else MIDDLE - 1 - height, height))
    return bars


def _speaker(turns: Sequence[Turn], moment_ms: float) -> str:
    """Who speaks at that moment: the last turn that has begun."""
    speaker = ""
    for turn in turns:
        if turn.start_ms is None or turn.start_ms > moment_ms:
            break
        speaker = turn.speaker
    return speaker
