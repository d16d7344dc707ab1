"""A store that is busy until it is let go: what waits for it meanwhile is written together."""

from __future__ import annotations

import asyncio
import threading

from xucd.store import AsyncStore, Store
from xucd.store.journal import Journal


class Held:
    """A journal whose store is busy until `release`."""

    def __init__(self, store: Store) -> None:
        self.worker = AsyncStore(store)
        self.journal = Journal(self.worker)
        self._free = threading.Event()
        self._busy = asyncio.ensure_future(self.worker.run(lambda _: self._free.wait()))

    async def release(self) -> None:
        self._free.set()
        await self._busy

    async def close(self) -> None:
        await self.release()
        self.journal.close()
        await self.worker.close()
