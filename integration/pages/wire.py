"""A connection that can be cut and mended, to see what a page does without it."""

from __future__ import annotations

import asyncio
import contextlib


class Wire:
    """A port of its own before another of this machine, that can be cut, silent, and mended."""

    def __init__(self, beyond: int) -> None:
        self._beyond = beyond
        self._whole = True
        self._silent = False
        self._ends: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Wire:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()

    def cut(self) -> None:
        """Break all connections, and let none come about."""
        self._whole = False
        for end in self._ends:
            end.transport.abort()

    def silence(self) -> None:
        """Pass nothing on any more, of which neither side is told."""
        self._silent = True

    def mend(self) -> None:
        """Let new connections come about."""
        self._whole = True

    async def _join(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if not self._whole:
            near.transport.abort()
            return
        far_reader, far = await asyncio.open_connection("127.0.0.1", self._beyond)
        self._ends |= {near, far}
        await asyncio.gather(self._pass(reader, far), self._pass(far_reader, near))
        self._ends -= {near, far}

    async def _pass(self, reader: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):  # the wire was cut, or a party left
            while data := await reader.read(65536):
                if not self._silent:
                    to.write(data)
                    await to.drain()
        to.close()
