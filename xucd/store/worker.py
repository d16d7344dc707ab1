"""The store on a thread of its own, so that the event loop never waits for a disk.

There is one thread and one queue: calls are run in order, and a read sees every earlier write.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

from xucd.store.errors import StoreUnavailable
from xucd.store.repository import Store

P = ParamSpec("P")
T = TypeVar("T")


class AsyncStore:
    """Runs the methods of a `Store` in the order in which they are called.

    `alive` is False after a call failed because the database was unavailable, until a call
    succeeds; `ping` is such a call.
    """

    def __init__(self, store: Store) -> None:
        self.alive = True
        self._store = store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def run(
        self, method: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a method, such as ``Store.put_station``, after all earlier calls.

        Cancelling the caller does not cancel the method. Raises what the method raises.
        """
        loop = asyncio.get_running_loop()
        # Shielded: cancelling the future of `run_in_executor` would drop a call that is queued.
        return await asyncio.shield(
            loop.run_in_executor(self._thread, lambda: self._call(method, *args, **kwargs))
        )

    async def ping(self) -> bool:
        """Ask whether the database answers; sets `alive`."""
        try:
            await self.run(Store.ping)
        except StoreUnavailable:
            return False
        return True

    async def close(self) -> None:
        """Run all queued calls, then close the store. It cannot be used afterwards."""
        await self.run(Store.close)
        self._thread.shutdown()

    def _call(self, method: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        try:
            result = method(self._store, *args, **kwargs)
        except StoreUnavailable:
            self.alive = False
            raise
        self.alive = True
        return result
