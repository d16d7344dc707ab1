"""The passing of time in the centre: it is ticked when it is due."""

import asyncio
from collections.abc import Callable

from xucd.commands.context import Context


class Ticks:
    """Ticks the centre, and has what it has changed published."""

    def __init__(self, context: Context, publish_changes: Callable[[], None]) -> None:
        self._context = context
        self._publish_changes = publish_changes
        self._timer: asyncio.Handle | None = None
        self._at = 0.0  # of the timer, by the loop: uvloop's do not all tell
        self._setting: asyncio.Handle | None = None
        self._closed = False

    def schedule(self) -> None:
        """Have the centre ticked when it is due, by what this turn of the loop makes of it."""
        if self._setting is None and not self._closed:
            self._setting = asyncio.get_running_loop().call_soon(self._set)

    def _set(self) -> None:
        """Set the timer, unless a tick comes sooner: that sets the next one itself."""
        self._setting = None
        loop = asyncio.get_running_loop()
        at = loop.time() + max(0.0, self._context.center.due() - self._context.now())
        if self._timer is not None:
            if self._at <= at:
                return
            self._timer.cancel()
        self._at = at
        self._timer = loop.call_at(at, self._tick)

    def close(self) -> None:
        """Let no more time pass."""
        self._closed = True
        for each in (self._timer, self._setting):
            if each is not None:
                each.cancel()

    def _tick(self) -> None:
        self._timer = None
        self._context.center.tick(self._context.now())
        self._publish_changes()
        self.schedule()
