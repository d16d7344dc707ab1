"""The journal: what the daemon writes to the store, in order, with retries.

It writes every change of a station or membership, the audit trail, and the day's figures, all in
one queue. Whatever waits in it goes into one transaction (`xucd.store.group_commit`); what comes
meanwhile goes into the next. So nobody waits for more than the transaction under way and its own.

A *change* is retried until the database has accepted it, and has a *place* in the queue, up to
which `written` waits. What a command *asks* for is tried once, and refused while the database is
unavailable. Changes for which nobody waits are written `LATER_S` later, or with what is asked for
before that.

Figures change with every call: those that moved are written together twice a second, with the pulse
(`xucd.store.pulse`), so that a kill loses no more than that. The pulse is written when nothing
moved, too, and thereby shows whether the database takes anything.
"""

import asyncio
import datetime
import itertools
import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import msgspec
import structlog

from xucd.center import changes as ch
from xucd.center.center import Center
from xucd.center.refused import Refused
from xucd.center.station import Station
from xucd.store import AsyncStore, Store, StoreError, StoreUnavailable, homes, tables
from xucd.store.figures import ClosedGap, EndedDay, Figures, put_figures
from xucd.store.group_commit import RowWrite, Write, write_together
from xucd.store.pulse import ClockReading, Heard, Pulse

RETRY_S = 1.0
SAVE_S = 0.5
"""How often figures are written, in seconds. What is lost at a kill is this and a transaction."""

LATER_S = 0.1
"""How long a change may wait for others, in seconds, unless somebody waits for it."""

MAX_TOGETHER = 2000
"""How many writes are one transaction: while it lasts, no other process can write."""

LATELY_S = 10.0
"""For how long it is remembered who was counted to the end, in seconds before the last moment
that was heard: see `Lately`. Silence is known as such much later."""

BEHIND = "changes of before are not written yet"

_P = ParamSpec("_P")
_T = TypeVar("_T")

log = structlog.get_logger()


class _Entry(NamedTuple):
    """A write that waits. `asked` is for who waits for it, None for a change."""

    place: int
    write: Write
    asked: asyncio.Future[Any] | None


class _Kept(NamedTuple):
    """The last change of a station, and its place."""

    place: int
    station: Station


class Journal:
    """The store, as commands and the daemon use it."""

    pbx: str | None = None
    """The PBX of whose agents alone anything is written, in a centre of several: the others' are
    written where their homes are, and a row decides where that is."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._unwritten: deque[_Entry] = deque()
        self._last_place = 0
        self._wanted = 0  # the last place that somebody waits for
        self._timer: asyncio.TimerHandle | None = None
        self._stations: dict[int, _Kept] = {}  # each agent's last change
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
                    place = self._add(self._station(change.station))
                    self._stations[change.station.agent_id] = _Kept(place, change.station)
            elif isinstance(change, ch.DayEnded):
                day = day_of(change.at - 1)
                self._ended.append(EndedDay(day, dict(change.figures), dict(change.queues)))
            elif isinstance(change, ch.QueueCounted):
                self._counted.add(change.queue_id)

    async def put_station(self, station: Station) -> None:
        """Write a station now. Raises `Refused` with `StoreUnavailable`."""
        await self._now(self._station(station))

    async def set_agent_group(
        self, agent_id: int, group_id: int, check: Callable[[], None]
    ) -> None:
        """Move an agent to a group now, unless `check` raises once it is its turn.

        Raises `Refused` with `StoreUnavailable`.
        """

        def move(store: Store) -> None:
            check()
            store.set_agent_group(agent_id, group_id)

        await self._now(move)

    async def set_membership(
        self, agent_id: int, queue_id: int, penalty: int, station: Station | None = None
    ) -> None:
        """Write a membership, -1 to remove it, now, and with it the agent's station, if given.

        Raises `Refused` with `StoreUnavailable`.
        """
        row = {"agent_id": agent_id, "queue_id": queue_id, "penalty": penalty}
        values = row if penalty >= 0 else None
        membership = RowWrite(tables.memberships, (agent_id, queue_id), values)
        # All or none: of an agent that is settled, Asterisk would be right about its queues.
        if station is None:
            await self._now(membership)
        elif self.pbx is None:
            await self._now([membership, _station(station)])
        else:
            await self._now(partial(_set_membership, self.pbx, row, station))

    async def default_memberships(self) -> dict[int, dict[int, int]]:
        """The default memberships. Raises `Refused` with `StoreUnavailable`."""
        return await self.read(Store.default_memberships)

    async def set_default_memberships(
        self,
        memberships: Mapping[int, Mapping[int, int]],
        among: Collection[int] | None,
        check: Callable[[], None],
    ) -> None:
        """Replace the default memberships of these users in the queues `among`, None for all.

        It is all or nothing, and nothing if `check` raises once it is its turn. Raises `Refused`
        with `StoreUnavailable`.
        """

        def replace(store: Store) -> None:
            check()
            store.set_default_memberships(memberships, among)

        await self._now(replace)

    async def written(self, place: int | None = None) -> None:
        """Wait until all changes up to this place are durable; without one, all so far.

        Raises `Refused` with `StoreUnavailable` while the database is unavailable; the changes are
        kept and retried.
        """
        until = self._last_place if place is None else place
        while self._unwritten and self._unwritten[0].place <= until:
            if self._failing:
                raise _unavailable()
            self._want(until)
            await self._progressed.wait()

    async def station_written(self, agent_id: int) -> None:
        """Wait until the last change of this agent's station is durable. Raises as `written`."""
        kept = self._stations.get(agent_id)
        if kept is not None:
            await self.written(kept.place)

    async def stations(self) -> dict[int, Station]:
        """All stations as they are when this returns: what changed meanwhile may not be written.

        Raises `StoreError`.
        """
        place = self._last_place + 1
        found = await self.write(Store.stations)
        changed = (kept.station for kept in self._stations.values() if kept.place > place)
        return found | {station.agent_id: station for station in changed}

    async def now(
        self, work: Callable[Concatenate[Store, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Run a function that writes, after all changes so far and with what else waits.

        It may be run more than once: of a transaction that was rolled back, nothing stays.
        Cancelling the caller does not cancel it. Raises `Refused` with `StoreUnavailable`.
        """
        try:
            return await self.write(work, *args, **kwargs)
        except StoreError as error:
            raise _unavailable() from error

    async def write(
        self, work: Callable[Concatenate[Store, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """What `now` does, for whoever is no command. Raises `StoreError`."""
        result: _T = await self._ask(lambda store: work(store, *args, **kwargs))
        return result

    async def read(
        self, work: Callable[Concatenate[Store, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Run a function that only reads, beside what is written: it sees all that was awaited.

        Raises `Refused` with `StoreUnavailable`.
        """
        try:
            return await self._store.read(work, *args, **kwargs)
        except StoreError as error:
            raise _unavailable() from error

    async def run(
        self, work: Callable[Concatenate[Store, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Run a function on the store, in a transaction of its own, after those before it.

        Cancelling the caller does not cancel it. Raises `Refused` with `StoreUnavailable`.
        """
        try:
            return await self._store.run(work, *args, **kwargs)
        except StoreError as error:
            raise _unavailable() from error

    def later(
        self, work: Callable[Concatenate[Store, _P], None], *args: _P.args, **kwargs: _P.kwargs
    ) -> int:
        """Run a function that writes after all changes so far, with retries; do not wait.

        Returns its place, for `written`.
        """
        return self._add(lambda store: work(store, *args, **kwargs))

    def close_gap(self, closed: ClosedGap) -> None:
        """Write a gap whose calls are counted, in one transaction with the figures that they moved.

        To be called in the same turn of the loop as these are counted.
        """
        self._closed.append(closed)

    async def save_figures(
        self,
        current: Callable[[], Center],
        clock: Callable[[], ClockReading],
        heard: Callable[[], Heard],
    ) -> None:
        """Write the figures that have moved, and the pulse. Raises `StoreError`.

        `current` tells which centre has them: a reload may replace it while this waits.
        `heard` tells until when they hold all that Asterisk told. What could not be written is
        written with the next. All changes so far are written first: what a clock that was set has
        moved is moved by then.
        """
        self._check_progress()
        center, reading, told = current(), clock(), heard()
        known_since = min(reading.wall, told.until, self.unheard_since) - LATELY_S
        agents = center.take_unwritten(reading.wall)
        counted, self._counted = self._counted, set()
        closed, self._closed = self._closed, []
        ended, self._ended = self._ended, []
        gone, center.under_way.gone = center.under_way.gone, {}
        today = day_of(center.today_until - 1)
        figures = Figures(
            day=today,
            pulse=Pulse(reading, center.lately(known_since), told.until, told.since),
            agents=agents,
            queues={
                (today, queue_id): center.queue_stats.day(queue_id)
                for queue_id in counted & center.queue_stats.days.keys()
            },
            closed=tuple(closed),
            ended=tuple(ended),
            gone={(day_of(end - 1), agent_id): day for agent_id, (end, day) in gone.items()},
            pbx=told.pbx,
        )
        try:
            several = self.pbx is not None
            await self._ask(lambda store: put_figures(store, figures, several_pbxs=several))
        except BaseException:  # cancelled, too: what was written is written once more
            center = current()
            center.under_way.unwritten.update(agents)
            self._counted |= counted
            self._closed = closed + self._closed
            self._ended = ended + self._ended
            center.under_way.gone = gone | center.under_way.gone
            raise

    def close(self) -> None:
        """Write no more, and retry nothing; before the store is closed."""
        for each in (self._writer, self._timer):
            if each is not None:
                each.cancel()
        self._failing = True
        self._refuse_asked()

    async def _now(self, write: Write) -> Any:
        try:
            return await self._ask(write)
        except StoreError as error:
            raise _unavailable() from error

    async def _ask(self, write: Write) -> Any:
        """Write with what else waits; returns what it returns. Raises what it raises."""
        self._check_progress()
        asked = asyncio.get_running_loop().create_future()
        self._add(write, asked)
        return await asked

    def _station(self, station: Station) -> Write:
        if self.pbx is None:
            return _station(station)
        return partial(_put_station, self.pbx, station)

    def _check_progress(self) -> None:
        """Raise `StoreUnavailable` while changes from before cannot be written."""
        if self._failing:
            raise StoreUnavailable(BEHIND)

    def _add(self, write: Write, asked: asyncio.Future[Any] | None = None) -> int:
        self._last_place += 1
        self._unwritten.append(_Entry(self._last_place, write, asked))
        if asked is not None:
            self._want(self._last_place)
        else:
            self._set_timer()
        return self._last_place

    def _set_timer(self) -> None:
        if self._timer is None and self._writer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(LATER_S, self._want, self._last_place)

    def _want(self, place: int) -> None:
        """Write what waits up to this place now."""
        self._wanted = max(self._wanted, place)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Write in order, all that waits together. While the database is unavailable, retry."""
        try:
            while self._failing or self._is_wanted():
                some = list(itertools.islice(self._unwritten, MAX_TOGETHER))
                writes = [entry.write for entry in some]
                try:
                    outcomes = await self._store.prove(write_together, writes)
                except Exception as error:  # that it is unavailable, the store has logged
                    outcomes = [error] * len(some)
                self._take_outcomes(some, outcomes)
                if self._failing:
                    await asyncio.sleep(RETRY_S)
        finally:
            self._writer = None
        if self._unwritten:
            self._set_timer()

    def _is_wanted(self) -> bool:
        return bool(self._unwritten) and self._unwritten[0].place <= self._wanted

    def _refuse_asked(self) -> None:
        """Keep the changes that wait, and tell who waits for anything else that it is not done."""
        for entry in self._unwritten:
            if entry.asked is not None:
                _tell(entry.asked, StoreUnavailable(BEHIND))
        self._unwritten = deque(entry for entry in self._unwritten if entry.asked is None)

    def _take_outcomes(self, some: Sequence[_Entry], outcomes: Sequence[Any]) -> None:
        """Tell who has asked, keep the changes that are to be retried, and wake the waiters."""
        kept: list[_Entry] = []
        for entry, outcome in zip(some, outcomes, strict=True):
            self._unwritten.popleft()
            if entry.asked is not None:
                _tell(entry.asked, outcome)
            elif isinstance(outcome, StoreUnavailable):
                kept.append(entry)
            elif isinstance(outcome, StoreError):
                log.error("the database rejected a change", reason=str(outcome))
            elif isinstance(outcome, Exception):  # it must not hold up all others
                log.error("could not write a change", exc_info=outcome)
        self._unwritten.extendleft(reversed(kept))
        self._failing = bool(kept)
        if self._failing:
            self._refuse_asked()
        progressed, self._progressed = self._progressed, asyncio.Event()
        progressed.set()


def _tell(asked: asyncio.Future[Any], outcome: Any) -> None:
    """Give an outcome to who waits for it, unless it was cancelled."""
    if asked.done():
        return
    if isinstance(outcome, Exception):
        asked.set_exception(outcome)
    else:
        asked.set_result(outcome)


def _station(station: Station) -> RowWrite:
    row = msgspec.structs.asdict(station)
    return RowWrite(tables.stations, (station.agent_id,), row)


def _put_station(pbx: str, station: Station, store: Store) -> bool:
    return homes.put_station(store, pbx, station)


def _set_membership(pbx: str, row: dict[str, int], station: Station, store: Store) -> None:
    if row["penalty"] < 0:
        store.remove_membership(row["agent_id"], row["queue_id"])
    else:
        store.set_membership(**row)
    homes.put_station(store, pbx, station)


def day_of(now: float) -> datetime.date:
    """The local date of a moment."""
    return datetime.datetime.fromtimestamp(now).astimezone().date()


def midnight_after(now: float) -> float:
    """The epoch second of the next local midnight."""
    tomorrow = day_of(now) + datetime.timedelta(days=1)
    return datetime.datetime.combine(tomorrow, datetime.time()).astimezone().timestamp()


def _unavailable() -> Refused:
    return Refused("StoreUnavailable", "xucd cannot write to its database.")
