"""The store on a thread of its own, so that the event loop never waits for a disk.

One thread and one queue: what is asked for first is written first, and a read sees every write
that was asked for before it.
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
    """Runs the methods of a `Store` in the order in which they are asked for.

    `alive` is False from the moment the database could not be reached or written until it can be
    again; `ping` finds out.
    """

    def __init__(self, store: Store) -> None:
        self.alive = True
        self._store = store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def run(
        self, method: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``Store.put_station`` and its like with these arguments, in its turn.

        Being cancelled while waiting does not take back what was asked for. Raises what the
        method raises.
        """
        loop = asyncio.get_running_loop()
        # Not run_in_executor's future alone: cancelling that would drop work still in the queue.
        return await asyncio.shield(
            loop.run_in_executor(self._thread, lambda: self._call(method, *args, **kwargs))
        )

    async def ping(self) -> bool:
        """Whether the database answers, asked anew; sets `alive`."""
        try:
            await self.run(Store.ping)
        except StoreUnavailable:
            return False
        return True

    async def close(self) -> None:
        """Finish all that was asked for, then close the store. It cannot be used afterwards."""
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
