"""Processes that may use a share of a core and no more, by a control group of their own."""

import os
from pathlib import Path
from typing import Self

ROOT = Path("/sys/fs/cgroup")
PERIOD_US = 20_000
"""In each period a process uses its share, and then stands still for the rest of it."""


class ControlGroup:
    """A new control group, of version 1 or 2, whichever is there; empty it before its end.

    Raises `PermissionError` for a user who may not make one.
    """

    def __init__(self, name: str) -> None:
        first = ROOT / "cpu"
        root = first if first.is_dir() else ROOT
        if not os.access(root, os.W_OK):
            raise PermissionError(f"root alone can hold a process to a share of a core: by {root}")
        if root is ROOT:
            (root / "cgroup.subtree_control").write_text("+cpu")
        self._folder = root / name
        self._folder.mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.rmdir()

    def hold(self, pid: int, share: float) -> None:
        """Hold a process, all of its threads, to a share of a core from now on."""
        quota = round(share * PERIOD_US)
        if (self._folder / "cpu.max").exists():
            self._write("cpu.max", f"{quota} {PERIOD_US}")
        else:
            self._write("cpu.cfs_period_us", str(PERIOD_US))
            self._write("cpu.cfs_quota_us", str(quota))
        self._write("cgroup.procs", str(pid))

    def _write(self, file: str, text: str) -> None:
        (self._folder / file).write_text(text)
