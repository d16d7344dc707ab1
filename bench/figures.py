"""What a measurement leaves: figures, each with its limit, its spread, and whether it is met.

A figure of one machine says little on another; a ratio of two sides that were measured in turns on
the same machine says the same on both. So every limit that can be is a ratio, and a ratio is taken
round by round: what slows the machine down for a second slows both sides of a round.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Bound = Literal["at least", "at most", ""]
Row = dict[str, Any]
"""A figure as the record has it."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the record.

    `value` is a median, `low` and `high` are the quartiles around it. `kind` is ``ratio`` for what
    holds on any machine, ``figure`` for what is of this one. `bound` and `limit` are what is
    wanted, "" and None where nothing is.
    """

    what: str
    value: float
    unit: str = ""
    kind: Literal["ratio", "figure"] = "figure"
    low: float | None = None
    high: float | None = None
    bound: Bound = ""
    limit: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the figure is within its limit; None if it has none."""
        if self.limit is None or not self.bound:
            return None
        return self.value >= self.limit if self.bound == "at least" else self.value <= self.limit

    def row(self) -> Row:
        """The figure as `bench.json` has it."""
        return {**asdict(self), "met": self.met}


def ratio(
    what: str, values: Sequence[float], bound: Bound = "", limit: float | None = None
) -> Figure:
    """The median of a ratio's rounds, with its quartiles."""
    low, middle, high = quartiles(values)
    return Figure(
        what=what, value=round(middle, 3), kind="ratio", low=round(low, 3), high=round(high, 3),
        bound=bound, limit=limit,
    )  # fmt: skip


def measured(
    what: str, values: Sequence[float], unit: str, bound: Bound = "", limit: float | None = None
) -> Figure:
    """The median of what was measured in each round, with its quartiles."""
    low, middle, high = (_rounded(value) for value in quartiles(values))
    return Figure(what=what, value=middle, unit=unit, low=low, high=high, bound=bound, limit=limit)


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The quartiles of some values; of fewer than three the smallest, the middle, the largest."""
    if len(values) < 3:
        return min(values), statistics.median(values), max(values)
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies, the largest of them for 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def in_turns(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Measure all sides in each round, in the other order every second time.

    The first round warms everything up and does not count.
    """
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        order = list(sides) if number % 2 else list(sides)[::-1]
        for name in order:
            value = sides[name]()
            if number:
                found[name].append(value)
    return found


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """The ratio of two sides, round by round."""
    return [one / other for one, other in zip(above, below, strict=True)]


def show(title: str, rows: Sequence[Row]) -> None:
    """Print the figures of one item."""
    print(title)
    for row in rows:
        spread = "" if row["low"] is None else f" ({row['low']:,} to {row['high']:,})"
        bound, limit = row["bound"], row["limit"]
        wanted = f"  [{bound} {limit:g}: {_MET[row['met']]}]" if bound else ""
        unit = f" {row['unit']}" if row["unit"] else ""
        print(f"  {row['what']}: {row['value']:,}{unit}{spread}{wanted}", flush=True)


_MET = {True: "met", False: "NOT MET", None: "–"}


def _rounded(value: float) -> float:
    return round(value) if abs(value) >= 100 else round(value, 2)
