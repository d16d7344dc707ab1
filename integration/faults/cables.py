"""The way between a node and a server, which can be pulled out as a cable can."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Ends]]


class Cable:
    """Passes bytes on. While it is pulled nothing passes, and nobody is told.

    What was sent meanwhile arrives afterwards, as TCP sends it again.
    """

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()

    @classmethod
    async def to_port(cls, port: int) -> tuple[Self, int]:
        """One to a port of this machine; and the port at the node's end."""
        cable = cls(lambda: asyncio.open_connection("127.0.0.1", port))
        cable._server = await asyncio.start_server(cable._serve, "127.0.0.1", 0)
        return cable, cable._server.sockets[0].getsockname()[1]

    @classmethod
    async def to_socket(cls, there: Path, here: Path) -> Self:
        """One to a socket in the file system; it is another one at the node's end."""
        cable = cls(lambda: asyncio.open_unix_connection(there))
        cable._server = await asyncio.start_unix_server(cable._serve, here)
        return cable

    def pull(self) -> None:
        """Let nothing pass."""
        self._plugged.clear()

    def plug(self) -> None:
        """Let all pass again."""
        self._plugged.set()

    async def close(self) -> None:
        """Close it, and all that goes through it."""
        assert self._server is not None
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._plugged.wait()
        try:
            theirs, ours = await self._dial()
        except OSError:
            writer.transport.abort()  # nobody listens there
            return
        for pump in (self._pass(reader, ours), self._pass(theirs, writer)):
            task = asyncio.create_task(pump)
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                while data := await source.read(1 << 16):
                    await self._plugged.wait()
                    target.write(data)
                    await target.drain()
                await self._plugged.wait()
        finally:
            target.close()
