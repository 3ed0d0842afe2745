"""The life line: where a thing stands between recorded and gone, drawn the same way everywhere.

Pure geometry. Whoever shows a thing builds the moments it knows; the template draws them wide, tall (on a phone) and as
a list (for those who listen).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise

Text = str | Promise
Kind = Literal["done", "today", "due", "end", "sealed"]
State = Literal["kept", "due", "overdue", "held", "gone", "ok"]

WIDTH, MIDDLE, STEP = 920, 54, 62


@dataclass(frozen=True, slots=True)
class Moment:
    """`done`: happened; `today`: the mark; `due`: content leaves here; `end`: still ahead; `sealed`: proven gone."""

    kind: Kind
    name: Text
    date: Text
    note: Text = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment with its place in both drawings."""

    kind: Kind
    name: Text
    date: Text
    note: Text
    x: float
    cx: float
    r: float
    anchor: str
    y: int
    tall_r: float

    @property
    def name_y(self) -> int:
        return self.y + 4

    @property
    def note_y(self) -> int:
        return self.y + 23


@dataclass(frozen=True, slots=True)
class LifeLine:
    """Ready for the template: marks and the outlines of what is past, ahead and after."""

    marks: tuple[Mark, ...]
    past: str
    ahead: str
    rest: str
    after: float
    tall_height: int
    tall_past: str
    tall_ahead: str
    tall_after: tuple[int, int]


def _half(x: float) -> float:
    return 9 - 8.2 * x / WIDTH


def _taper(start: float, end: float) -> str:
    if end <= start:
        return ""
    a, b = _half(start), _half(end)
    return f"M{start:.1f} {MIDDLE - a:.2f}L{end:.1f} {MIDDLE - b:.2f}V{MIDDLE + b:.2f}L{start:.1f} {MIDDLE + a:.2f}z"


def _tall_taper(start: int, end: int, count: int) -> str:
    if end <= start:
        return ""
    a, b = 6 - 5 * start / count, 6 - 5 * end / count
    return f"M{14 - a:.1f} {_y(start)}H{14 + a:.1f}L{14 + b:.1f} {_y(end)}H{14 - b:.1f}z"


def _y(index: int) -> int:
    return 16 + index * STEP


def _places(moments: Sequence[Moment]) -> list[float]:
    """Where each moment stands: its words get the room they need, and the gaps between words are equal."""
    widths = [max(7.7 * len(str(m.name)), 6.9 * len(str(m.date)), 6.5 * len(str(m.note))) for m in moments]
    gap = (WIDTH - sum(widths)) / (len(moments) - 1)
    places, left = [], 0.0
    for width in widths:
        places.append(left + width / 2)
        left += width + gap
    return [0.0, *places[1:-1], float(WIDTH)]


def draw(moments: Sequence[Moment]) -> LifeLine:
    """Moments in order, at most one `today` and eight in all. Content fades at the first that is not done or today."""
    count = len(moments)
    if count < 2:
        raise ValueError("a life has a beginning and an end")
    marks = []
    for index, (moment, x) in enumerate(zip(moments, _places(moments), strict=True)):
        r = 12 - 7 * x / WIDTH
        edge = "start" if index == 0 else "end" if index == count - 1 else "middle"
        cx = x + (r if edge == "start" else -r if edge == "end" else 0)
        tall_r = max(4.5, 9.5 - index * 0.8)
        marks.append(Mark(moment.kind, moment.name, moment.date, moment.note, x, cx, r, edge, _y(index), tall_r))
    last = count - 1
    today = next((i for i, m in enumerate(moments) if m.kind == "today"), last)
    fade = next((i for i, m in enumerate(moments) if m.kind in {"due", "end", "sealed"}), last)
    solid = min(today, fade)
    return LifeLine(
        tuple(marks),
        _taper(11, marks[solid].x),
        _taper(marks[solid].x, marks[fade].x),
        _taper(marks[fade].x, WIDTH),
        marks[fade].x + 12,
        STEP * count,
        _tall_taper(0, solid, count),
        _tall_taper(solid, fade, count),
        (_y(fade) + 10, _y(last)),
    )
