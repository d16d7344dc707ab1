"""A real board before a large contact centre that never rests.

A real xucd, driven by a recorded call that many go through at once, sends to a real browser.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import expect

from integration.client import Frame
from integration.pages.boards import Board, boards
from integration.pages.browsers import chromium
from integration.pages.busy import LOGIN, BusyAsterisk, BusyXucd, Size

AGENTS, QUEUES = 500, 50
CALLS_PER_S = 25
"""Calls that begin each second; they lead to more than 200 changes a second."""
_CHANGES = ("AgentStateEvent", "QueueStatistics")


@dataclass(frozen=True)
class BusyBoard:
    """The board, and the xucd whose board it is."""

    board: Board
    xucd: BusyXucd

    async def changes(self, count: int) -> float:
        """Wait for so many changes of agents and queues; returns the seconds that they took."""
        heard = 0

        def enough(frame: Frame) -> bool:
            nonlocal heard
            heard += frame.type in _CHANGES
            return heard >= count

        # A link of its own; listening to the page's would slow the page.
        async with await self.xucd.client(LOGIN) as other:
            for command in ("subscribeToAgentEvents", "subscribeToQueueStats"):
                await other.ask(command)
            clock = asyncio.get_running_loop().time
            begun = clock()
            await other.frame(enough, within=60.0, after=len(other.frames))
            return clock() - begun


@asynccontextmanager
async def busy_board(
    folder: Path, script: str = "", calls_per_s: float = CALLS_PER_S
) -> AsyncIterator[BusyBoard]:
    """Open the board while calls come and go; `script` runs in the page before any of its own."""
    size = Size(agents=AGENTS, queues=QUEUES, groups=8)
    async with (
        BusyAsterisk(size) as asterisk,
        BusyXucd(asterisk, size, folder) as xucd,
        chromium() as browser,
        boards(browser, xucd.port) as opens,
    ):
        board = await opens(LOGIN, script=script)
        await expect(board.page.locator(".tile")).to_have_count(AGENTS)
        await expect(board.page.locator("#queue-rows tr")).to_have_count(QUEUES)
        async with asterisk.calls(calls_per_s):
            # Once calls end as well as begin, the load is what it will be.
            await board.page.locator("[data-state=AgentOnWrapup]").wait_for()
            yield BusyBoard(board, xucd)
