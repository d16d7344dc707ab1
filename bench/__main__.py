"""All benchmarks: printed, and kept in `bench.json`, of which docs/speed.md is written.

What is measured again takes the place of what was there; all else stays, each item with the day,
the commit and the machine of its run. Without names of items, those of `make bench` are measured.

Each item is measured by a process of its own (`bench/item.py`), which is ended when its time is
over, with whatever it began. So an item that fails loses nothing of the others; it is named at the
end, and the exit code is 1.
"""

import argparse
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.explained import ITEMS, Item
from bench.figures import Row, show
from bench.machine import ROOT, provenance

OUTPUT = ROOT / "bench.json"
WRITER = ROOT / "docs/write_speed.py"
MOST_S = 15 * 60
"""What `make bench` may take."""
SPARE = 4
"""How many times as long as on an idle machine named items may take."""
CLEARING_S = 30.0
"""What an item that is ended may take to end what it began."""


def main() -> int:
    """Measure, print and keep; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items", nargs="*", choices=[*ITEMS, []], metavar="ITEM")
    named = parser.parse_args().items
    items = {name: item for name, item in ITEMS.items() if name in named}
    items = items or {name: item for name, item in ITEMS.items() if item.in_bench}
    began = time.monotonic()
    end = began + (SPARE * sum(item.takes for item in items.values()) if named else MOST_S)
    failed = []
    for name, within in _times(items, end):
        run = provenance()
        rows = measured(name, within)
        if rows is None:
            failed.append(name)
        else:
            keep(OUTPUT, name, rows, run)
    if len(failed) < len(items):
        write_page()
    minutes = (time.monotonic() - began) / 60
    print(f"{minutes:.1f} minutes; kept in {OUTPUT.name}, written into docs/speed.md")
    if failed:
        print(f"not measured, so left as it was: {', '.join(failed)}")
    return 1 if failed else 0


def _times(items: Mapping[str, Item], end: float) -> Any:
    """Each item with the seconds that it may take: all that those after it do not need."""
    left = sum(item.takes for item in items.values())
    for name, item in items.items():
        left -= item.takes
        yield name, max(item.takes, end - time.monotonic() - left)


def measured(name: str, within: float) -> Sequence[Row] | None:
    """Measure one item, and print it; None if it failed, or took longer than `within` (s)."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "figures.json")
        command = [sys.executable, "-m", "bench.item", name, str(file)]
        # What it leaves in its temporary folder goes with the folder.
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": folder}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            print(f"{name}: not done after {within:.0f} s", flush=True)
        finally:
            _end(process)
        if not file.exists():
            print(f"{ITEMS[name].title}: NOT MEASURED", flush=True)
            return None
        rows: list[Row] = json.loads(file.read_text(encoding="utf-8"))
    show(f"{ITEMS[name].title} ({time.monotonic() - began:.0f} s)", rows)
    return rows


def _end(process: subprocess.Popen[bytes]) -> None:
    """End an item's process and all that it has started: first as Ctrl-C does, which clears up."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(CLEARING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    _kill_all_of(process.pid)


def _kill_all_of(group: int) -> None:
    """Kill what is left of a process group, and wait until it has gone."""
    members = [
        pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _is_in(group, pid)
    ]
    for pid in members:
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], CLEARING_S)  # readable once it has ended
            os.close(handle)


def _is_in(group: int, pid: int) -> bool:
    try:
        return os.getpgid(pid) == group
    except ProcessLookupError:
        return False


def write_page() -> None:
    """Write docs/speed.md anew."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, str(WRITER)], check=True, env=environment)


def keep(file: Path, name: str, rows: Sequence[Row], run: Mapping[str, Any]) -> None:
    """Put an item's figures into the record, with where they are of."""
    record: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    record[name] = {"run": run, "figures": rows}
    ordered = {each: record[each] for each in ITEMS if each in record}
    file.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
