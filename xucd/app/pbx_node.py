"""A node of a cluster that is beside a PBX: its owner while it holds the lease, else an edge.

Of the nodes beside one PBX, one takes the lease and is the owner; the others serve clients as edges
and take it as soon as it has ended. A node changes from one to the other by ending what it is, and
starting what it is to be: its clients connect again.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from xucd.ami.protocol import always
from xucd.app.assembly import Assembly
from xucd.app.edge_assembly import EdgeAssembly
from xucd.app.front import CannotListen
from xucd.app.ownership import Ownership, Tenure
from xucd.app.streams import remove_left_by
from xucd.config.settings import Settings
from xucd.store import AsyncStore, Store, StoreError
from xucd.store.lease import Leases

RENEW_S = 0.5
"""How often an owner renews its lease, and others look whether it has ended, in seconds."""

RETRY_S = 10.0
"""After so many seconds a node that could not be the owner tries again; another may meanwhile."""

log = structlog.get_logger()


class PbxNode:
    """`start` builds and starts it as what it is to be, `stop` ends it."""

    def __init__(self, settings: Settings) -> None:
        assert settings.cluster is not None
        self.settings = settings
        self._node = settings.cluster.node
        self._ownership = Ownership(Leases(settings.store.url), settings.cluster.pbx, self._node)
        self._acting: Assembly | EdgeAssembly | None = None
        self._number: int | None = None  # under which it acts as owner
        self._reaches_asterisk: Callable[[], bool] = always  # it is taken to, until it has started
        self._changing = asyncio.Lock()
        self._moved = asyncio.Event()
        self._contends_from = 0.0
        self._keeping: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to serve. Raises `StoreError`, or `CannotListen`.

        The database is migrated here alone: one that a newer version has migrated since keeps this
        node from starting, and not from taking its PBX over, or giving it up.
        """
        store = AsyncStore(Store(self.settings.store.url))
        try:
            await store.run(Store.migrate)
        finally:
            await store.close()
        await self._contend()
        # The lease is kept while all is built, which may take long.
        self._keeping = asyncio.create_task(self._keep())
        await self._begin()
        self._following = asyncio.create_task(self._follow())

    async def _contend(self) -> None:
        """Take the lease, unless its owner is alive: one that was killed renews it no more."""
        first = await self._ownership.take()
        while self._ownership.number is None:
            await asyncio.sleep(RENEW_S)  # a lease that ends is no event
            if await self._ownership.take() > first:
                return

    async def reload(self) -> None:
        """Apply the configuration that `xucd center apply` has left in the store.

        Raises `StoreError`.
        """
        async with self._changing:
            if self._acting is not None:
                await self._acting.reload()

    def reload_certificate(self) -> None:
        """Use what is in the files of certificate and key now; logged if they cannot be used."""
        if self._acting is not None:
            self._acting.reload_certificate()

    async def stop(self) -> None:
        """End it, and let another node own the PBX at once."""
        await _cancelled(self._following)
        if self._acting is not None:
            await self._acting.stop()
        await _cancelled(self._keeping)
        try:
            await self._ownership.give_up()
        except StoreError as error:
            log.warning("the lease of the PBX ends by itself", reason=str(error))
        self._ownership.close()

    async def _keep(self) -> None:
        """Renew the lease, or take it when it has ended."""
        failing = False
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                await self._renew_or_take()
                failing = False
            except StoreError as error:
                if not failing:
                    log.error("cannot look after the lease of the PBX", reason=str(error))
                failing = True
            except Exception:  # whatever it is: the lease ends, and is looked after again
                log.exception("cannot look after the lease of the PBX")
            if self._ownership.number != self._number:
                self._moved.set()

    async def _renew_or_take(self) -> None:
        if self._ownership.number is not None:
            await self._ownership.renew(reached=self._reaches_asterisk())
        elif asyncio.get_running_loop().time() >= self._contends_from:
            await self._ownership.take()

    async def _follow(self) -> None:
        """Become what the lease says."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            async with self._changing:
                if self._acting is None or self._ownership.number != self._number:
                    await self._change()

    async def _change(self) -> None:
        try:
            if self._acting is not None:
                acting, self._acting = self._acting, None
                await acting.stop()
            with suppress(OSError):
                # What was told as the one is not resumed by the other.
                await asyncio.to_thread(remove_left_by, self.settings.store.url, self._node)
            await self._begin()
        except Exception as error:
            expected = isinstance(error, (StoreError, CannotListen))
            log.error("cannot change what this node is", reason=str(error), exc_info=not expected)
            await self._fail()

    async def _fail(self) -> None:
        """Be nothing for a moment, and try again as an edge."""
        if self._number is not None:
            self._contends_from = asyncio.get_running_loop().time() + RETRY_S
        acting, self._acting = self._acting, None
        try:
            if acting is not None:
                await acting.stop()
            if self._number is not None:
                await self._ownership.give_up()
        except Exception as error:  # it is tried again in any case
            log.warning("cannot end what this node was", reason=str(error))
        await asyncio.sleep(RENEW_S)  # a port or a database that is free again is no event
        self._moved.set()

    async def _begin(self) -> None:
        number = self._number = self._ownership.number
        self._reaches_asterisk = always
        if number is not None:
            log.info("this node owns the PBX", pbx=self._ownership.pbx, number=number)
            self._acting = owner = Assembly(self.settings, Tenure(self._ownership, number))
            await owner.start()
            self._reaches_asterisk = owner.reaches_asterisk
        else:
            log.info("another node owns the PBX", pbx=self._ownership.pbx)
            self._acting = EdgeAssembly(self.settings, migrates=False)
            await self._acting.start()


async def _cancelled(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
