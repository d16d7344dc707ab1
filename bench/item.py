"""Measures one item of `bench/explained.py` in this process: `python -m bench.item NAME [FILE]`.

FILE gets its figures, when all are there; without one they are printed, and nothing is kept.
"""

import importlib
import json
import signal
import sys
from pathlib import Path

from bench.explained import ITEMS
from bench.figures import Figure, show


def main(name: str, file: str = "") -> None:
    """Measure, and write the file or print."""
    # Also where it is ignored, as in what a script runs in the background: by it, time is up.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    item = ITEMS[name]
    found: list[Figure] = importlib.import_module(f"bench.{item.module}").measure()
    rows = [figure.row() for figure in found]
    if file:
        Path(file).write_text(json.dumps(rows), encoding="utf-8")
    else:
        show(item.title, rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
