"""The journal: what the daemon writes to the store, in order, with retries.

It writes every change of a station or membership, and the day's figures. Changes are written in the
order in which they were made, and retried until the database has accepted them; `written` waits for
all of them. Figures change with every call: the agents' are written once a minute and at the end,
the queues' once a second while they change.
"""

import asyncio
import datetime
import functools
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog

from xucd.center import changes as ch
from xucd.center.center import Center
from xucd.center.queue_day import QueueDay
from xucd.center.refused import Refused
from xucd.center.station import Station
from xucd.store import AsyncStore, Store, StoreError, StoreUnavailable

SAVE_DAYS_S = 60.0
RETRY_S = 1.0
SAVE_QUEUES_S = 1.0

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
        self._counted: dict[tuple[datetime.date, int], QueueDay] = {}

    def write_changes(self, changes: Iterable[ch.Change]) -> None:
        """Write the changes that must outlive the daemon."""
        for change in changes:
            if isinstance(change, ch.StationChanged):
                if change.kept:
                    self._later(Store.put_station, change.station)
            elif isinstance(change, ch.DayEnded):
                day = day_of(change.at - 1)
                self._later(Store.put_agent_days, day, dict(change.figures))
                self._later(Store.put_queue_days, day, dict(change.queues))
                self._counted.clear()
            elif isinstance(change, ch.QueueCounted):
                if not self._counted:
                    asyncio.get_running_loop().call_later(SAVE_QUEUES_S, self._save_counted)
                self._counted[day_of(change.at), change.queue_id] = change.figures

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

    async def save_days(self, center: Center, now: float) -> None:
        """Write the day's figures, up to `now`. Raises `StoreError`."""
        days = {agent_id: live.day(now) for agent_id, live in center.agents.items()}
        await self._store.run(Store.put_agent_days, day_of(now), days)
        queues = {
            queue_id: center.queue_stats.day(queue_id) for queue_id in center.queue_stats.days
        }
        self._counted.clear()
        await self._store.run(Store.put_queue_days, day_of(now), queues)

    def _save_counted(self) -> None:
        counted, self._counted = self._counted, {}
        for day in {day for day, _queue_id in counted}:
            figures = {
                queue_id: figures for (of, queue_id), figures in counted.items() if of == day
            }
            self._later(Store.put_queue_days, day, figures)

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
                    await self._store.run(method, *arguments)
                except StoreUnavailable as error:
                    if not self._failing:
                        log.error("cannot write changes for now", reason=str(error))
                    self._progress(failing=True)
                    await asyncio.sleep(RETRY_S)
                    continue
                except StoreError as error:
                    log.error("the database rejected a change", reason=str(error))
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
