"""Taking over a configuration that another process has changed, in a cluster without being told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import structlog
from msgspec.structs import replace

from xucd.store import AsyncStore, StoreUnavailable
from xucd.store.versions import Versions, versions

LOOK_S = 1.0

log = structlog.get_logger()


class Changes(NamedTuple):
    """What to do with what another process has changed.

    `reload` is for another configuration, `change_users` where only directories say something else,
    `person_erased` after the data of a person were erased. `besides` is called once a second.
    """

    reload: Callable[[], Awaitable[None]]
    change_users: Callable[[], Awaitable[None]]
    person_erased: Callable[[], Awaitable[None]]
    besides: Callable[[], Awaitable[object]] | None = None


class Following:
    """Knows which configuration is in force here, and looks whether the database has another."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._in_force = Versions()
        self._taking_over = asyncio.Lock()

    async def begin(self) -> None:
        """What is read from now on, as this process starts, is in force. Raises `StoreError`."""
        self._in_force = await self._store.run(versions)

    @asynccontextmanager
    async def taking_over(self) -> AsyncIterator[None]:
        """What the database has as this begins is in force as it ends. Raises `StoreError`."""
        async with self._taking_over:
            found = await self._store.run(versions)
            yield
            self._in_force = replace(found, erased=self._in_force.erased)

    async def watch(self, changes: Changes) -> None:
        """Take over what other processes change. What fails is tried again."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.catch_up(changes)

    async def catch_up(self, changes: Changes) -> None:
        """Take over now what other processes have changed. What fails is logged."""
        try:
            await self._look(changes)
            if changes.besides is not None:
                await changes.besides()
        except StoreUnavailable:
            pass  # logged where it was found
        except Exception:  # whatever it is: the next configuration may be another one
            log.exception("cannot take over the configuration")

    async def _look(self, changes: Changes) -> None:
        async with self._taking_over:  # not while this process reloads what it has changed itself
            found = await self._store.ask(versions)
        if found.erased != self._in_force.erased:
            await changes.person_erased()
            self._in_force = replace(self._in_force, erased=found.erased)
        if found.configuration != self._in_force.configuration:
            log.info("another process has changed the configuration")
            await changes.reload()
        elif found.users != self._in_force.users:
            async with self.taking_over():
                await changes.change_users()
