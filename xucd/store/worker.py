"""The store on a thread of its own, so that the event loop never waits for a disk.

There is one thread and one queue: calls are run in order, and a read sees every earlier write. What
needs no order is read on a second thread, which waits for no writer; and what is asked for each
request on a third, which waits for nothing else.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from concurrent import futures
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog

from xucd.store.errors import StoreUnavailable
from xucd.store.repository import Store

P = ParamSpec("P")
T = TypeVar("T")

SLOW_S = 5.0
"""A write that takes longer than this is a database in trouble. In seconds."""

log = structlog.get_logger()


class AsyncStore:
    """Runs the methods of a `Store` in the order in which they are called.

    `alive` is False after a call failed because the database was unavailable, until one of `prove`
    succeeds, which writes: a database may be read while a full disk or another program's lock lets
    nobody write. Both changes are logged. Nor is it alive while such a write takes `SLOW_S`.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._in_order = True
        self._proving: deque[float] = deque()  # since when
        self._thread = futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._reading = futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-read")
        self._asking = futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-ask")

    @property
    def alive(self) -> bool:
        """Whether the database takes what is written."""
        return self._in_order and not (
            self._proving and time.monotonic() - self._proving[0] > SLOW_S
        )

    async def run(
        self, method: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a method, such as ``Store.put_station``, after all earlier calls.

        Cancelling the caller does not cancel the method. Raises what the method raises.
        """
        return await self._on(self._thread, lambda: self._call(method, *args, **kwargs))

    async def read(
        self, method: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a method that only reads, beside those of `run`, however long these take.

        It sees all writes that have been awaited. Raises what the method raises.
        """
        return await self._on(self._reading, lambda: self._call(method, *args, **kwargs))

    async def ask(
        self, method: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `read` does, and not behind what others read: for what each request depends on."""
        return await self._on(self._asking, lambda: self._call(method, *args, **kwargs))

    async def prove(
        self, method: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a method that writes, as `run` does; when it succeeds, the database is alive."""

        def write() -> T:
            result = self._call(method, *args, **kwargs)
            if not self._in_order:
                self._in_order = True
                log.info("the database can be written to again")
            return result

        self._proving.append(time.monotonic())
        try:
            return await self._on(self._thread, write)
        finally:
            self._proving.popleft()

    async def close(self) -> None:
        """Run all queued calls, then close the store. It cannot be used afterwards."""
        self._reading.shutdown()
        self._asking.shutdown()
        await self.run(Store.close)
        self._thread.shutdown()

    @staticmethod
    async def _on(thread: futures.ThreadPoolExecutor, work: Callable[[], T]) -> T:
        # Without a name here: an error would keep this frame, and the frame its future, which has
        # the error.
        return await _answer(thread.submit(work))

    def _call(self, method: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        try:
            return method(self._store, *args, **kwargs)
        except StoreUnavailable as error:
            if self._in_order:
                self._in_order = False
                log.error("the database is unavailable: nothing is kept", reason=str(error))
            raise


def _answer(call: futures.Future[T]) -> asyncio.Future[T]:
    """The outcome of a call on a thread, in the loop. Cancelled, it leaves the call as it is.

    Not by `run_in_executor`: cancelling its future would drop a call that is queued, and what
    shields it from that takes one turn of the loop more.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(done: futures.Future[T]) -> None:
        if answer.done():  # cancelled
            return
        error = done.exception()
        if error is None:
            answer.set_result(done.result())
        else:
            answer.set_exception(error)

    def tell(done: futures.Future[T]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, done)

    call.add_done_callback(tell)
    return answer
