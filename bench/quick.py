"""A guard against regressions, in a minute: ratios now beside those recorded in the repository.

Only ratios are compared, each of two sides that took turns here, so that another machine or a busy
neighbour changes little. A ratio has fallen when its median is more than 15 % worse than the
recorded median and its better quartile is worse than the recorded worse one: noise moves one of the
two, a regression both. What seems to have fallen is measured once more before it is said.

`python -m bench quick` records; `make bench-quick` compares. It ends with 1 if something fell,
with 2 if nothing is recorded.
"""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from bench import events, fanout
from bench.figures import Figure
from bench.machine import ROOT

RECORD = ROOT / "bench.json"
ROUNDS = 4
FALLEN = 0.15
PARTS: dict[str, Callable[[], list[Figure]]] = {
    "fan-out": lambda: fanout.published(500, ROUNDS, quick=True),
    "whole loop": lambda: fanout.whole_loop(500, ROUNDS, ("resuming",)),
    "ingest": lambda: events.measure(ROUNDS, 4000),
}


def measure() -> list[Figure]:
    """The ratios that are compared."""
    return [figure for part in PARTS.values() for figure in part() if figure.kind == "ratio"]


def fallen(now: Figure, recorded: dict[str, Any]) -> bool:
    """Whether a ratio is worse than recorded, beyond 15 % and beyond what either run varied."""
    sign = -1.0 if recorded["bound"] == "at most" else 1.0  # so that more is better
    before, value = sign * float(recorded["value"]), sign * now.value
    best = max(sign * each for each in (now.low, now.high) if each is not None)
    worst = min(sign * recorded["low"], sign * recorded["high"])
    return value < before - FALLEN * abs(before) and best < worst


def main() -> int:
    """Measure, compare and print; returns the exit code."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    if "quick" not in record:
        print("nothing is recorded to compare with: run python -m bench quick")
        return 2
    recorded = {row["what"]: row for row in record["quick"]["figures"]}
    bad: list[str] = []
    for part in PARTS.values():
        found = _ratios(part)
        suspects = {
            name for name in found if name in recorded and fallen(found[name], recorded[name])
        }
        if suspects:
            again = _ratios(part)
            suspects = {name for name in suspects if fallen(again[name], recorded[name])}
            found.update((name, again[name]) for name in suspects)
        for name, figure in found.items():
            before = recorded.get(name)
            change = f"{100 * (figure.value / before['value'] - 1):+.0f} %" if before else "new"
            word = "  FELL" if name in suspects else ""
            was = f"{before['value']:g}" if before else "–"
            print(f"{name}: {figure.value:g}, recorded {was} ({change}){word}", flush=True)
        bad += sorted(suspects)
    if bad:
        print(f"{len(bad)} fell by more than {100 * FALLEN:.0f} %: {'; '.join(bad)}")
    return 1 if bad else 0


def _ratios(part: Callable[[], list[Figure]]) -> dict[str, Figure]:
    return {figure.what: figure for figure in part() if figure.kind == "ratio"}


if __name__ == "__main__":
    sys.exit(main())
