"""The chart "what leaves when": pure geometry over a forecast. The template draws it as SVG; no script, no styles."""

from dataclasses import dataclass
from datetime import date

from retention.forecast import Forecast

WIDTH, LEFT, TOP, BASE, HEIGHT = 350, 38, 26, 222, 250
_GAP = 1.2  # white line between the parts of a bar
_COLOURS = ("recording", "transcript", "call_report", "call_metadata", "contact")
OTHER = 6


@dataclass(frozen=True, slots=True)
class Part:
    colour: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    y: float
    value: int | date


@dataclass(frozen=True, slots=True)
class Row:
    """A week of the table beside the chart."""

    start: date
    counts: list[int]
    total: int
    today: int | None


@dataclass(frozen=True, slots=True)
class Chart:
    """Ready for the template. `ghosts`: today's periods as dashed outlines, when another plan is drawn over them."""

    parts: list[Part]
    ghosts: list[Part]
    grid: list[Label]
    days: list[Label]
    legend: list[tuple[int, str]]  # colour, category
    rows: list[Row]
    first: date
    last: date
    at_once: int  # records of the first bar beyond today's
    holds_anything: bool
    note_y: float

    @property
    def empty(self) -> bool:
        return not self.parts and not self.ghosts


def draw(plan: Forecast, today: Forecast | None = None) -> Chart:
    """Bars of `plan`; with `today`, its bars as outlines behind them."""
    categories = _leaving(plan, today)
    highest = max([week.total for week in plan.weeks] + [week.total for week in (today.weeks if today else [])])
    ceiling, ticks = _ticks(highest)
    scale = (BASE - TOP) / ceiling
    step = (WIDTH - LEFT) / len(plan.weeks)
    parts, ghosts = [], []
    for number, week in enumerate(plan.weeks):
        x = LEFT + step * number + step * 0.19
        y = float(BASE)
        for category in categories:
            height = week.by_category.get(category, 0) * scale
            if height > 0:
                parts.append(Part(colour(category), x, y - height, step * 0.62, max(height - _GAP, 0.8)))
                y -= height
        if today is not None and (total := today.weeks[number].total):
            ghosts.append(Part(0, x - 3, BASE - total * scale, step * 0.62 + 6, total * scale))
    days = [
        Label(LEFT + step * number + step / 2, BASE + 20, week.start)
        for number, week in enumerate(plan.weeks)
        if number % 3 == 0
    ]
    first = plan.weeks[0]
    return Chart(
        parts,
        ghosts,
        [Label(LEFT - 8, BASE - value * scale, value) for value in ticks],
        days,
        [(colour(category), category) for category in categories],
        [
            Row(
                week.start,
                [week.by_category.get(category, 0) for category in categories],
                week.total,
                today.weeks[number].total if today else None,
            )
            for number, week in enumerate(plan.weeks)
        ],
        first.start,
        plan.weeks[-1].start,
        max(0, first.total - today.weeks[0].total) if today else 0,
        bool(plan.categories),
        max(TOP - 8.0, BASE - first.total * scale - 8),
    )


def _leaving(plan: Forecast, today: Forecast | None) -> list[str]:
    """Categories of which anything leaves in these weeks, under either plan."""
    weeks = [*plan.weeks, *(today.weeks if today else [])]
    return [category for category in plan.categories if any(week.by_category.get(category) for week in weeks)]


def colour(category: str) -> int:
    """1 to 5 for the contents of calls and contacts, 6 for everything else."""
    return _COLOURS.index(category) + 1 if category in _COLOURS else OTHER


def _ticks(highest: int) -> tuple[int, list[int]]:
    """The top of the scale and up to four round marks on it."""
    if highest <= 0:
        return 1, [0]
    step = 1
    while highest / step > 4:
        digit = int(str(step)[0])
        step = step * 2 if digit in (1, 5) else step // 2 * 5
    count = -(-highest // step)
    return step * count, [step * number for number in range(count + 1)]
