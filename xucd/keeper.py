"""What the daemon keeps in the store: every change of a seat or membership, and the day's figures.

Changes are written in the order in which they came about; `written` waits for all of them. The
figures change with every call and are written once a minute, and at the end.
"""

import asyncio
import copy
import datetime
from collections.abc import Coroutine, Iterable
from typing import Any

import structlog

from xucd.center import changes as ch
from xucd.center.center import Center
from xucd.center.refused import Refused
from xucd.center.seat import Seat
from xucd.store import AsyncStore, Store, StoreError

SAVE_DAYS_S = 60.0

log = structlog.get_logger()


class Keeper:
    """The store as commands and the daemon use it."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._writing: set[asyncio.Task[None]] = set()

    def follow(self, changes: Iterable[ch.Change]) -> None:
        """Write down what of these must outlive the daemon."""
        for change in changes:
            if isinstance(change, ch.SeatChanged):
                self._later(self._store.run(Store.put_seat, change.seat))
            elif isinstance(change, ch.MembershipChanged):
                agent, queue = change.agent_id, change.queue_id
                if change.penalty < 0:
                    self._later(self._store.run(Store.remove_membership, agent, queue))
                else:
                    penalty = change.penalty
                    self._later(self._store.run(Store.set_membership, agent, queue, penalty))
            elif isinstance(change, ch.DayEnded):
                day = day_of(change.at - 1)
                self._later(self._store.run(Store.put_agent_days, day, dict(change.figures)))

    async def put_seat(self, seat: Seat) -> None:
        """Remember a seat now. Raises `Refused` with `StoreUnavailable`."""
        try:
            await self._store.run(Store.put_seat, seat)
        except StoreError as error:
            raise _unavailable() from error

    async def set_agent_group(self, agent_id: int, group_id: int) -> None:
        """Move an agent to a group. Raises `Refused` with `StoreUnavailable`."""
        try:
            await self._store.run(Store.set_agent_group, agent_id, group_id)
        except StoreError as error:
            raise _unavailable() from error

    async def default_memberships(self) -> dict[int, dict[int, int]]:
        """The default memberships. Raises `Refused` with `StoreUnavailable`."""
        try:
            return await self._store.run(Store.default_memberships)
        except StoreError as error:
            raise _unavailable() from error

    async def written(self) -> None:
        """Wait until all that was followed is durable. Raises `Refused`, `StoreUnavailable`."""
        if self._writing:
            outcomes = await asyncio.gather(*self._writing, return_exceptions=True)
            if any(isinstance(outcome, StoreError) for outcome in outcomes):
                raise _unavailable()

    async def save_days(self, center: Center, now: float) -> None:
        """Write the figures of the day, the running stretches included. Raises `StoreError`."""
        for live in center.agents.values():
            live.spend(now)
        days = {live.agent.id: copy.copy(live.day) for live in center.agents.values()}
        await self._store.run(Store.put_agent_days, day_of(now), days)

    def _later(self, writing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(writing)
        self._writing.add(task)
        task.add_done_callback(self._wrote)

    def _wrote(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a change could not be written", error=str(task.exception()))


def day_of(now: float) -> datetime.date:
    """The local date of a moment."""
    return datetime.datetime.fromtimestamp(now).astimezone().date()


def midnight_after(now: float) -> float:
    """The epoch second of the next local midnight."""
    tomorrow = day_of(now) + datetime.timedelta(days=1)
    return datetime.datetime.combine(tomorrow, datetime.time()).astimezone().timestamp()


def _unavailable() -> Refused:
    return Refused("StoreUnavailable", "xucd cannot write to its database.")
