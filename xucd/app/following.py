"""Taking over a configuration that another process has changed, in a cluster without being told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from xucd.store import AsyncStore, StoreUnavailable
from xucd.store.versions import Versions, versions

LOOK_S = 1.0

log = structlog.get_logger()


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
            self._in_force = found

    async def watch(
        self, reload: Callable[[], Awaitable[None]], change_users: Callable[[], Awaitable[None]]
    ) -> None:
        """Call `reload` for another configuration, `change_users` where only directories changed.

        What fails is tried again.
        """
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look(reload, change_users)
            except StoreUnavailable:
                pass  # logged where it was found
            except Exception:  # whatever it is: the next configuration may be another one
                log.exception("cannot take over the configuration")

    async def _look(
        self, reload: Callable[[], Awaitable[None]], change_users: Callable[[], Awaitable[None]]
    ) -> None:
        async with self._taking_over:  # not while this process reloads what it has changed itself
            found = await self._store.ask(versions)
        if found.configuration != self._in_force.configuration:
            log.info("another process has changed the configuration")
            await reload()
        elif found.users != self._in_force.users:
            async with self.taking_over():
                await change_users()
