"""One Asterisk with its phones, on which several runs are made, each beside a fresh xucd."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from integration.fixtures import LINES
from integration.model.panel import Panel
from integration.model.recording import recorded
from integration.model.run import Differs, Done, Report, generate, keep, replay, stop
from integration.model.scene import Scene
from integration.model.shrink import shrink
from integration.phones import Phones
from integration.running import Xucd

KEPT = Path(__file__).parent.parent.parent / ".model"
"""Where a failing trace is kept: its steps as JSON, and what Asterisk said meanwhile."""


class Ground:
    """`make` starts a fresh xucd, which is stopped after each run."""

    def __init__(self, phones: Phones, make: Callable[[], Awaitable[Xucd]]) -> None:
        self._phones, self._make = phones, make
        self._recording = Path()

    async def generate(self, seed: int, count: int, report: Report = stop) -> None:
        """Do `count` steps chosen by a seed. Raises `Differs`."""
        await self._run(lambda scene: generate(scene, seed, count, report))

    async def replay(self, trace: list[Done], report: Report = stop) -> None:
        """Do a trace again. Raises `Differs`."""
        await self._run(lambda scene: replay(scene, trace, report))

    async def shorter(self, differs: Differs) -> Differs:
        """The shortest trace that fails alike, found by few replays."""
        best, recording = differs, self._recording

        async def fails(trace: list[Done]) -> bool:
            nonlocal best, recording
            try:
                await self.replay(trace)
            except Differs as again:
                if differs.kinds & again.kinds:
                    best, recording = again, self._recording
                    return True
            return False

        await shrink(differs.trace, fails)
        self._recording = recording
        return best

    def keep(self, name: str, differs: Differs) -> Path:
        """Keep a failing trace; returns the file with its steps."""
        path = KEPT / f"{name}.json"
        keep(path, differs.trace, differs.found)
        shutil.copy(self._recording, path.with_suffix(".ami"))
        return path

    async def _run(self, act: Callable[[Scene], Awaitable[object]]) -> None:
        xucd = await self._make()
        self._recording = xucd.folder / "run.ami"
        try:
            async with (
                Panel(xucd.pbx) as panel,
                recorded(xucd.pbx, self._recording),
                Scene(xucd, self._phones, panel) as scene,
            ):
                try:
                    await act(scene)
                finally:
                    await scene.end()
                    await scene.empty_queues()
        finally:
            await xucd.stop()
        for line in LINES:
            self._phones.phone(line).forget()
