"""Whether what clients see is Asterisk's current state, and that they are told.

The state counts as current once a snapshot has been applied and Asterisk has answered all
corrections that the snapshot called for.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from xucd.commands.context import Context
from xucd.cti.session import Session
from xucd.publishing import differences
from xucd.publishing.link_status import link_status
from xucd.views import topics


class Currentness:
    """Knows it. `start` begins a task that is kept until it ends.

    `connected` tells whether Asterisk is. `is_current` is called once the state is, before clients
    are told.
    """

    def __init__(
        self,
        context: Context,
        start: Callable[[Coroutine[Any, Any, None]], object],
        connected: Callable[[], bool],
        is_current: Callable[[], None],
    ) -> None:
        self._context = context
        self._start = start
        self._connected = connected
        self._is_current = is_current
        self._snapshots = 0
        # Clients resume over a restart, and Asterisk was not read yet.
        self._has_differences = False

    def restored(self, sessions: Sequence[Session]) -> None:
        """Sessions that began before xucd's restart can be resumed: tell them what has changed.

        What is in Asterisk is told once it is read.
        """
        if sessions:
            differences.restore(self._context, sessions)
            self._has_differences = True
            self._publish()

    def lost(self) -> None:
        """What clients see is no longer current."""
        asterisk = self._context.asterisk
        if asterisk.current:
            asterisk.lost_since = self._context.now()
            self._publish()

    def await_corrections(self, corrections: Sequence[asyncio.Future[None]]) -> None:
        """A snapshot was applied: the state is current once its corrections are answered.

        Not if another snapshot was applied by then, or the connection is gone.
        """
        self._snapshots += 1
        self._start(self._become_current(self._snapshots, corrections))

    def shift(self, seconds: float) -> None:
        """The clock was set: the state was lost so much later by it."""
        asterisk = self._context.asterisk
        if asterisk.lost_since is not None:
            asterisk.lost_since += seconds
            self._publish()

    async def _become_current(
        self, snapshot: int, corrections: Sequence[asyncio.Future[None]]
    ) -> None:
        await asyncio.gather(*corrections, return_exceptions=True)
        if self._connected() and snapshot == self._snapshots:
            self._context.asterisk.lost_since = None
            self._is_current()
            if self._has_differences:
                self._has_differences = False
                differences.publish_differences(self._context)
            self._publish()

    def _publish(self) -> None:
        context = self._context
        status = link_status(context.asterisk.lost_since, context.options.pbx)
        context.hub.publish([topics.EVERYBODY], status)
