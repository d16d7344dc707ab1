"""The gaps: times in which xucd heard nothing of Asterisk, from their beginning to what is found.

A gap is in the database as soon as it is known to have begun, and is closed there in one
transaction with the figures of its calls. Killed in between, xucd reads the log once more.
"""

import asyncio
from collections.abc import Callable, Container
from pathlib import Path
from uuid import uuid4

import msgspec
import structlog

from xucd.app.clock import Clock
from xucd.center.gaps import Gap, Source
from xucd.center.logged import Logged
from xucd.center.rules.unheard import SLACK_S, count_logged
from xucd.commands.context import Context
from xucd.logs import queue_log
from xucd.store import figures
from xucd.store.figures import ClosedGap, Memory
from xucd.store.journal import day_of

log = structlog.get_logger()


class Gaps:
    """The gap that is open, if any; `queue_log` is Asterisk's, None when it cannot be read."""

    def __init__(
        self, context: Context, clock: Clock, file: Path | None, memory: Memory | None
    ) -> None:
        self._context = context
        self._clock = clock
        self._file = file
        self._open: Gap | None = None
        self._heard_until: float | None = None
        self._closing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        if memory is not None:
            self._began(memory.gap, memory.heard_until)

    def lost(self, heard_until: float) -> None:
        """Nothing is heard any more, since this moment; no error if that is known."""
        if self._open is not None:
            return
        gap = Gap(uuid4(), heard_until, "LinkLost")
        self._context.journal.later(figures.open_gap, gap)
        self._began(gap, heard_until)

    def _began(self, gap: Gap, heard_until: float) -> None:
        self._open, self._heard_until = gap, heard_until
        self._context.journal.unheard_since = min(gap.began, self._context.journal.unheard_since)
        self._context.center.queue_stats.awaits_log = self._file is not None

    @property
    def heard_until(self) -> float | None:
        """Until when Asterisk was heard, if there is a gap before now."""
        return self._heard_until

    def shift(self, seconds: float) -> None:
        """The clock was set: every moment is so much later by it."""
        if self._open is not None:
            self._open = msgspec.structs.replace(self._open, began=self._open.began + seconds)
        if self._heard_until is not None:
            self._heard_until += seconds
        self._context.journal.unheard_since += seconds

    def heard(self, heard_from: float, publish: Callable[[], None]) -> None:
        """Asterisk is heard again, since this moment, and the centre holds what there is now."""
        gap, self._open, self._heard_until = self._open, None, None
        if gap is not None:
            task = asyncio.ensure_future(self._close(gap, heard_from, publish))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Read no further: the next start does."""
        for task in self._tasks:
            task.cancel()

    async def _close(self, gap: Gap, heard_from: float, publish: Callable[[], None]) -> None:
        async with self._closing:
            source: Source = "none"
            read: list[Logged] = []
            lines: list[Logged] = []
            began = self._clock.reading()
            if self._file is not None:
                try:
                    queues = self._context.center.directory.queue_by_name
                    read = await asyncio.to_thread(self._read, self._file, gap.began, queues)
                    lines = await asyncio.to_thread(self._dated, read)
                    source = "queue_log"
                except queue_log.QueueLogError as error:
                    log.error("cannot find the calls of a gap", reason=str(error))
            off = self._clock.reading()
            moved = (off.wall - began.wall) - (off.steady - began.steady)  # the clock was set
            gap = msgspec.structs.replace(gap, began=gap.began + moved)
            if moved:
                lines = self._dated(read)
            center = self._context.center
            found = count_logged(center, lines, gap.began, heard_from + moved, day_of)
            gap = msgspec.structs.replace(
                gap, ended=heard_from + moved, source=source, calls=found.calls
            )
            self._context.journal.close_gap(ClosedGap(gap, found.queues, found.agents))
            if self._open is None:
                center.queue_stats.awaits_log = False
                self._context.journal.unheard_since = float("inf")
            else:
                self._context.journal.unheard_since = self._open.began
            log.info("counted the calls of a gap", source=source, calls=sum(found.calls.values()))
            publish()

    # Both run in a thread: a log of days must not stop the loop.

    def _read(self, file: Path, began: float, queues: Container[str]) -> list[Logged]:
        lines = queue_log.read(file, self._clock.earliest_of_pbx(began - SLACK_S))
        return [line for line in lines if line.queue in queues]

    def _dated(self, lines: list[Logged]) -> list[Logged]:
        """Lines by xucd's clock, as it goes now."""
        return [msgspec.structs.replace(line, at=self._clock.own(line.at)) for line in lines]
