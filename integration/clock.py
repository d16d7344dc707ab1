"""A clock of a program's own, which a test sets while the machine's goes on: by libfaketime."""

from __future__ import annotations

import time
from pathlib import Path

LIBRARY = "usr/lib/*/faketime/libfaketimeMT.so.1"
SHARED = Path("/dev/shm")


class SystemClock:
    """The clock that programs with this `environment` read. Their steady one is real.

    `ahead` is by how many seconds it is before the machine's.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.ahead = 0
        self.environment = {
            "LD_PRELOAD": str(next(Path("/").glob(LIBRARY))),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        self.set(0)

    def set(self, ahead: int) -> None:
        """Let it be so many seconds ahead of the machine's, from now on."""
        self.ahead = ahead
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead:+d}\n")
        new.rename(self._file)

    def __call__(self) -> float:
        """Its time, in epoch seconds."""
        return time.time() + self.ahead


def remove_shared() -> None:
    """Remove what libfaketime shares with the children of programs that were killed."""
    for file in SHARED.glob("*faketime_*"):
        if not Path("/proc", file.name.rpartition("_")[2]).exists():
            file.unlink(missing_ok=True)
