"""The gaps: times in which xucd heard nothing of its PBX, from their beginning to what is found.

A gap is in the database as soon as it is known to have begun, and is closed there in one
transaction with the figures of its calls. Killed in between, xucd reads the log once more.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, Self, TypeVar
from uuid import uuid4

import msgspec
import structlog

from xucd.app.clock import Clock
from xucd.center.channels import interface_of
from xucd.center.directory import MAIN
from xucd.center.gaps import Gap, Source
from xucd.center.logged import CallRecord, Logged, LogsTold
from xucd.center.rules.unheard import GapCount, count_logged, give_up
from xucd.center.rules.unheard_agents import SLACK_S
from xucd.center.rules.unheard_phones import seated
from xucd.commands.context import Context
from xucd.logs import cdr, queue_log
from xucd.logs.backwards import LogError
from xucd.store import gaps
from xucd.store.figures import ClosedGap
from xucd.store.journal import day_of
from xucd.store.resuming import Memory

AGAIN_S = 0.5
"""After how many seconds a log that could not be read is tried again."""
CUT_S = 1.0
"""By how many seconds Asterisk's logs cut moments: they tell whole ones."""

log = structlog.get_logger()


class _Dated(Protocol):
    def dated(self, own: Callable[[float], float]) -> Self: ...


Entry = TypeVar("Entry", bound=_Dated)


class Logs(msgspec.Struct, frozen=True):
    """Where Asterisk's logs are, None for one that cannot be read."""

    queue_log: Path | None = None
    cdr: Path | None = None


class _Unheard(msgspec.Struct, eq=False):
    """A gap that is not closed yet. `heard_from` is None until Asterisk is heard again.

    `seated` are the agents at their phones: first those before the gap, then those throughout it.
    """

    gap: Gap
    seated: dict[str, int]
    heard_from: float | None = None

    @property
    def until(self) -> float:
        """When Asterisk was heard again, as it was."""
        assert self.heard_from is not None
        return self.heard_from


class Gaps:
    """The gaps of a PBX that are not closed.

    The next may begin while the logs are still read for the one before: each is counted in its
    turn.
    """

    def __init__(
        self, context: Context, clock: Clock, logs: Logs, memory: Memory | None, pbx: str = MAIN
    ) -> None:
        self.pbx = pbx
        self._context = context
        self._clock = clock
        self._logs = logs
        self._unheard: list[_Unheard] = []
        self._heard_until: float | None = None
        self._is_new = memory is None
        self.heard_since: float | None = None if memory is None else memory.heard_since
        """When Asterisk was first heard; None before it was, and if that is not remembered.

        What was before is no part of any gap: nobody was there to count it.
        """
        self._shifts = 0
        self._closing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        if memory is not None:
            self._began(memory.gap, memory.heard_until)

    def lost(self, heard_until: float) -> None:
        """Nothing is heard any more, since this moment; no error if that is known."""
        if self._heard_until is not None:
            return
        gap = Gap(uuid4(), heard_until, "LinkLost", pbx=self.pbx)
        self._context.journal.later(gaps.open_gap, gap)
        self._began(gap, heard_until)

    def _began(self, gap: Gap, heard_until: float) -> None:
        self._heard_until = heard_until
        self._unheard.append(_Unheard(gap, seated(self._context.center, gap.began)))
        self._tell()

    def _tell(self) -> None:
        """Let centre and journal know of what the log has still to tell."""
        began = (unheard.gap.began for unheard in self._unheard)
        self._context.journal.unheard_since = min(began, default=math.inf)
        awaits_log = bool(self._unheard) and self._logs.queue_log is not None
        self._context.center.queue_stats.awaits_log = awaits_log

    @property
    def heard_until(self) -> float | None:
        """Until when Asterisk was heard, if there is a gap before now."""
        return self._heard_until

    def shift(self, seconds: float) -> None:
        """The clock was set: every moment is so much later by it."""
        self._shifts += 1
        for unheard in self._unheard:
            gap = unheard.gap
            unheard.gap = msgspec.structs.replace(gap, began=gap.began + seconds)
            if unheard.heard_from is not None:
                unheard.heard_from += seconds
        if self._heard_until is not None:
            self._heard_until += seconds
        if self.heard_since is not None:
            self.heard_since += seconds
        self._tell()

    def heard(self, heard_from: float, publish: Callable[[], None]) -> None:
        """Asterisk is heard again, since this moment, and the centre holds what there is now."""
        if self._heard_until is None:
            if self._is_new:
                self._is_new, self.heard_since = False, heard_from
            return
        self._heard_until = None
        unheard = self._unheard[-1]
        unheard.heard_from = heard_from
        still = seated(self._context.center, unheard.gap.began)
        unheard.seated = dict(unheard.seated.items() & still.items())
        task = asyncio.ensure_future(self._close(unheard, publish))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Read no further: the next start does."""
        for task in self._tasks:
            task.cancel()

    async def _close(self, unheard: _Unheard, publish: Callable[[], None]) -> None:
        async with self._closing:
            lines = await self._read(self._logs.queue_log, self._read_queue_log, unheard)
            records = await self._read(self._logs.cdr, self._read_cdr, unheard)
            source = _source(lines, records)
            center = self._context.center
            try:
                told = await self._dated_now(lines or (), records or (), unheard.seated)
                found = count_logged(center, told, unheard.gap.began, unheard.until, day_of)
            except Exception:  # whatever it is: the gap must end
                log.exception("could not count the calls of a gap")
                found, source = GapCount(), "none"
                give_up(center, unheard.until)
            gap = msgspec.structs.replace(
                unheard.gap, ended=unheard.until, source=source, calls=found.calls
            )
            self._context.journal.close_gap(ClosedGap(gap, found.queues, found.agents))
            self._unheard.remove(unheard)
            self._tell()
            log.info("counted the calls of a gap", source=source, calls=sum(found.calls.values()))
            publish()

    async def _read(
        self, file: Path | None, read: Callable[[Path, float], list[Entry]], unheard: _Unheard
    ) -> list[Entry] | None:
        """What a log tells of a gap; None if it cannot be read, which is logged."""
        if file is None:
            return None
        for again in (True, True, False):
            try:
                return await asyncio.to_thread(read, file, unheard.gap.began)
            except LogError as error:
                if again:  # perhaps it is just being rotated
                    await asyncio.sleep(AGAIN_S)
                else:
                    log.error("cannot find the calls of a gap", reason=str(error))
            except Exception:  # whatever it is: the gap must end
                log.exception("cannot find the calls of a gap")
                break
        return None

    async def _dated_now(
        self, lines: Sequence[Logged], records: Sequence[CallRecord], seated: dict[str, int]
    ) -> LogsTold:
        """What the logs tell by xucd's clock, as it goes when this returns."""
        while True:
            shifts = self._shifts
            dated_lines = await asyncio.to_thread(self._dated, lines)
            dated_records = await asyncio.to_thread(self._dated, records)
            if shifts != self._shifts:
                continue
            since = -math.inf if self.heard_since is None else self.heard_since - CUT_S
            return LogsTold(
                [line for line in dated_lines if line.at >= since],
                [record for record in dated_records if record.ended >= since],
                seated,
            )

    # These run in a thread: a log of days must not stop the loop.

    def _read_queue_log(self, file: Path, began: float) -> list[Logged]:
        queues = self._context.center.directory.queue_by_name
        lines = queue_log.read(file, self._clock.earliest_of_pbx(began - SLACK_S))
        return [line for line in lines if line.queue in queues]

    def _read_cdr(self, file: Path, began: float) -> list[CallRecord]:
        interfaces = self._context.center.directory.line_by_device
        records, broken = cdr.read(file, self._clock.earliest_of_pbx(began - SLACK_S))
        if broken:
            log.warning("passed over broken lines of CDR", lines=broken)
        return [
            record
            for record in records
            if interface_of(record.channel) in interfaces
            or interface_of(record.called) in interfaces
        ]

    def _dated(self, lines: Sequence[Entry]) -> list[Entry]:
        """Lines by xucd's clock."""
        return [line.dated(self._clock.own) for line in lines]


def _source(lines: list[Logged] | None, records: list[CallRecord] | None) -> Source:
    if records is None:
        return "none" if lines is None else "queue_log"
    return "cdr" if lines is None else "both"
