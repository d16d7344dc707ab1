"""Where people who work stand still, and from where they go on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Standstill:
    """Closed or open; people pass it between two things that they do, and stand while it is closed.

    Who stands is counted anew for each closing: people whom an opening woke, and who have not moved
    yet when it is closed again, do nothing, and are not taken for standing before they stand.
    """

    def __init__(self) -> None:
        self._open = asyncio.Event()  # another one for each closing
        self._standing: set[object] = set()

    @property
    def standing(self) -> int:
        """How many people stand."""
        return len(self._standing)

    def open(self) -> None:
        self._open.set()

    def close(self) -> None:
        if self._open.is_set():
            self._open, self._standing = asyncio.Event(), set()

    async def passed(self, stands: Callable[[], Awaitable[None]]) -> None:
        """Return when it is open; `stands` tells that one more stands here."""
        while not (opened := self._open).is_set():
            self._standing.add(asyncio.current_task())
            await stands()
            await opened.wait()
