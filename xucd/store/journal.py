"""The journal: what the daemon writes to the store, in order, with retries.

It writes every change of a station or membership, and the day's figures. Changes are written in the
order in which they were made, and retried until the database has accepted them; `written` waits for
all of them. Figures change with every call: those that moved are written together twice a second,
with the pulse (`xucd.store.figures`), so that a kill loses no more than that. The pulse is written
when nothing moved, too, and thereby shows whether the database takes anything.
"""

import asyncio
import datetime
import functools
import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog

from xucd.center import changes as ch
from xucd.center.center import Center
from xucd.center.refused import Refused
from xucd.center.station import Station
from xucd.store import AsyncStore, Store, StoreError, StoreUnavailable
from xucd.store.figures import (
    ClockReading,
    ClosedGap,
    EndedDay,
    Figures,
    Pulse,
    put_figures,
)

RETRY_S = 1.0
SAVE_S = 0.5
"""How often figures are written, in seconds. What is lost at a kill is this and a transaction."""

LATELY_S = 10.0
"""For how long it is remembered who was counted to the end, in seconds before the last moment
that was heard: see `Lately`. Silence is known as such much later."""

_P = ParamSpec("_P")
_T = TypeVar("_T")

log = structlog.get_logger()


class Journal:
    """The store, as commands and the daemon use it."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._unwritten: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._failing = False
        self._progressed = asyncio.Event()
        self._counted: set[int] = set()  # queues whose figures have moved
        self._closed: list[ClosedGap] = []
        self._ended: list[EndedDay] = []
        self.unheard_since = math.inf  # the beginning of a gap that is not closed yet

    def write_changes(self, changes: Iterable[ch.Change]) -> None:
        """Write the changes that must outlive the daemon."""
        for change in changes:
            if isinstance(change, ch.StationChanged):
                if change.kept:
                    self._later(Store.put_station, change.station)
            elif isinstance(change, ch.DayEnded):
                day = day_of(change.at - 1)
                self._ended.append(EndedDay(day, dict(change.figures), dict(change.queues)))
            elif isinstance(change, ch.QueueCounted):
                self._counted.add(change.queue_id)

    async def put_station(self, station: Station) -> None:
        """Write a station now. Raises `Refused` with `StoreUnavailable`."""
        await self._now(Store.put_station, station)

    async def set_agent_group(self, agent_id: int, group_id: int) -> None:
        """Move an agent to a group now. Raises `Refused` with `StoreUnavailable`."""
        await self._now(Store.set_agent_group, agent_id, group_id)

    async def set_membership(self, agent_id: int, queue_id: int, penalty: int) -> None:
        """Write a membership, -1 to remove it, now. Raises `Refused`, `StoreUnavailable`."""
        if penalty < 0:
            await self._now(Store.remove_membership, agent_id, queue_id)
        else:
            await self._now(Store.set_membership, agent_id, queue_id, penalty)

    async def default_memberships(self) -> dict[int, dict[int, int]]:
        """The default memberships. Raises `Refused` with `StoreUnavailable`."""
        try:
            return await self._store.run(Store.default_memberships)
        except StoreError as error:
            raise _unavailable() from error

    async def set_default_memberships(
        self, memberships: Mapping[int, Mapping[int, int]], among: Collection[int] | None
    ) -> None:
        """Replace the default memberships of these users in the queues `among`, None for all.

        It is all or nothing. Raises `Refused` with `StoreUnavailable`.
        """
        await self._now(Store.set_default_memberships, memberships, among)

    async def written(self) -> None:
        """Wait until all changes so far are durable.

        Raises `Refused` with `StoreUnavailable` while the database is unavailable; the changes are
        kept and retried.
        """
        while self._unwritten:
            if self._failing:
                raise _unavailable()
            await self._progressed.wait()

    async def run(
        self, work: Callable[Concatenate[Store, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Run a function on the store, after those before it.

        Cancelling the caller does not cancel it. Raises `Refused` with `StoreUnavailable`.
        """
        try:
            return await self._store.run(work, *args, **kwargs)
        except StoreError as error:
            raise _unavailable() from error

    def later(
        self, work: Callable[Concatenate[Store, _P], None], *args: _P.args, **kwargs: _P.kwargs
    ) -> None:
        """Run a function on the store after all changes so far, with retries; do not wait."""
        self._later(functools.partial(work, **kwargs), *args)

    def close_gap(self, closed: ClosedGap) -> None:
        """Write a gap whose calls are counted, in one transaction with the figures that they moved.

        To be called in the same turn of the loop as these are counted.
        """
        self._closed.append(closed)

    async def save_figures(
        self,
        current: Callable[[], Center],
        clock: Callable[[], ClockReading],
        heard_until: Callable[[], float],
    ) -> None:
        """Write the figures that have moved, and the pulse. Raises `StoreError`.

        `current` tells which centre has them: a reload may replace it while this waits.
        `heard_until` tells until when they hold all that Asterisk told. What could not be written
        is written with the next.
        """
        while self._unwritten:  # what a clock that was set has moved must be moved first
            if self._failing:
                raise StoreUnavailable("changes before the figures are not written yet")
            await self._progressed.wait()
        center, reading, heard = current(), clock(), heard_until()
        known_since = min(reading.wall, heard, self.unheard_since) - LATELY_S
        agents = center.take_unwritten(reading.wall)
        counted, self._counted = self._counted, set()
        closed, self._closed = self._closed, []
        ended, self._ended = self._ended, []
        gone, center.under_way.gone = center.under_way.gone, {}
        today = day_of(center.today_until - 1)
        figures = Figures(
            day=today,
            pulse=Pulse(reading, center.lately(known_since), heard),
            agents=agents,
            queues={
                (today, queue_id): center.queue_stats.day(queue_id)
                for queue_id in counted & center.queue_stats.days.keys()
            },
            closed=tuple(closed),
            ended=tuple(ended),
            gone={(day_of(end - 1), agent_id): day for agent_id, (end, day) in gone.items()},
        )
        try:
            await self._store.prove(put_figures, figures)
        except BaseException:  # cancelled, too: what was written is written once more
            center = current()
            center.under_way.unwritten.update(agents)
            self._counted |= counted
            self._closed = closed + self._closed
            self._ended = ended + self._ended
            center.under_way.gone = gone | center.under_way.gone
            raise

    def close(self) -> None:
        """Retry no longer what could not be written; before the store is closed."""
        if self._writer is not None:
            self._writer.cancel()

    async def _now(self, method: Callable[..., None], *arguments: Any) -> None:
        await self.written()  # an earlier change must not overwrite this one
        try:
            await self._store.run(method, *arguments)
        except StoreError as error:
            raise _unavailable() from error

    def _later(self, method: Callable[..., None], *arguments: Any) -> None:
        self._unwritten.append((method, arguments))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Write in order. While the database is unavailable, retry."""
        try:
            while self._unwritten:
                method, arguments = self._unwritten[0]
                try:
                    await self._store.prove(method, *arguments)
                except StoreUnavailable:  # the store has logged it
                    self._progress(failing=True)
                    await asyncio.sleep(RETRY_S)
                    continue
                except StoreError as error:
                    log.error("the database rejected a change", reason=str(error))
                except Exception:  # one change that cannot be written must not hold up all others
                    log.exception("could not write a change")
                self._unwritten.popleft()
                self._progress(failing=False)
        finally:
            self._writer = None

    def _progress(self, *, failing: bool) -> None:
        """Wake the waiters."""
        self._failing = failing
        progressed, self._progressed = self._progressed, asyncio.Event()
        progressed.set()


def day_of(now: float) -> datetime.date:
    """The local date of a moment."""
    return datetime.datetime.fromtimestamp(now).astimezone().date()


def midnight_after(now: float) -> float:
    """The epoch second of the next local midnight."""
    tomorrow = day_of(now) + datetime.timedelta(days=1)
    return datetime.datetime.combine(tomorrow, datetime.time()).astimezone().timestamp()


def _unavailable() -> Refused:
    return Refused("StoreUnavailable", "xucd cannot write to its database.")
