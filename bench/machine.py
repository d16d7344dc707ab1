"""This machine: which core the measured server has to itself, and which the load.

Two cores are enough: what is measured runs alone on the first, and all that drives it on the
second. With one core alone both share it: ratios still hold roughly, and the record says so.
"""

import functools
import os
import platform
import resource
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FILES = 20_000
"""Enough open files for all links that are ever measured, at both of their ends."""

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = _CORES[0]
LOAD_CORE = _CORES[1] if len(_CORES) > 1 else _CORES[0]


def pin(core: int) -> None:
    """Let this process run on one core alone, with room for thousands of sockets."""
    os.sched_setaffinity(0, {core})
    room_for_links()


def room_for_links() -> None:
    """Raise the limit of open files of this process, and of those that it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, FILES), hard))


def on_core(core: int) -> tuple[str, ...]:
    """What begins the command of a program that runs on one core alone."""
    return ("taskset", "--cpu-list", str(core))


def cpu_seconds(pid: int) -> float:
    """The processor's time that a process has used, all of its threads, at 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """What a process alone has in memory, in bytes; pages that it shares count by its share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return 1024 * int(line.split()[1])
    raise RuntimeError(f"no Pss of process {pid}")


def provenance() -> dict[str, Any]:
    """Where and of what a measurement is: the day, the commit, the machine, and its load now."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "processor": models[0] if models else platform.machine(),
        "cores": len(_CORES),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


@functools.cache
def _commit() -> str:
    """The commit as it is at first: what is recorded changes the tree."""
    return subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
