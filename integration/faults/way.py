"""The way between xucd and Asterisk's manager interface, and what may happen to it at any byte."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Literal

from integration.test_ami_link import Proxy

DEADLINE = 60.0  # seconds within which so many bytes go that a mishap happens

Direction = Literal["to Asterisk", "to xucd"]
Kind = Literal["cut", "half-closed", "delayed", "black hole"]


@dataclass
class Mishap:
    """What happens once `after` more bytes have gone in this direction.

    A cut resets both sides. Half-closed, the bytes of this direction end, and those of the other go
    on. Delayed, they wait for `seconds`. In a black hole all bytes of both directions vanish, and
    nobody is told.
    """

    kind: Kind
    direction: Direction
    after: int
    seconds: float = 0.0


class Way(Proxy):
    """Passes bytes on, until a mishap.

    Mishaps happen one after the other, each counting from the one before.
    """

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._mishaps: list[Mishap] = []
        self._swallowing: set[asyncio.StreamWriter] = set()
        self._happened = asyncio.Event()
        self._opened = asyncio.Event()

    async def meet(self, *mishaps: Mishap) -> None:
        """Let these happen; returns when xucd has taken the way anew, if the last one parts it."""
        self._happened.clear()
        self._mishaps = list(mishaps)
        async with asyncio.timeout(DEADLINE):
            await self._happened.wait()
            if mishaps[-1].kind != "delayed":
                await self._opened.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await super()._serve(reader, writer)
        except ConnectionError:
            writer.transport.abort()  # no Asterisk listens
            return
        self._opened.set()

    async def _outward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pump("to Asterisk", reader, writer)

    async def _inward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pump("to xucd", reader, writer)

    async def _pump(
        self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                mishap = self._mishaps[0] if self._mishaps else None
                if mishap is not None and mishap.direction == direction:
                    if len(data) >= mishap.after:
                        self._write(writer, data[: mishap.after])
                        data = data[mishap.after :]
                        await writer.drain()
                        await self._happens(mishap, writer)
                    else:
                        mishap.after -= len(data)
                self._write(writer, data)
        if writer not in self._swallowing:
            writer.close()

    def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if writer not in self._swallowing and not writer.is_closing():
            writer.write(data)

    async def _happens(self, mishap: Mishap, writer: asyncio.StreamWriter) -> None:
        self._mishaps.remove(mishap)
        self._opened.clear()
        if mishap.kind == "cut":
            self.cut()
        elif mishap.kind == "half-closed":
            writer.write_eof()
            self._swallowing.add(writer)
        elif mishap.kind == "delayed":
            await asyncio.sleep(mishap.seconds)  # this is the mishap itself
        else:
            self._swallowing |= self._writers
        if not self._mishaps:
            self._happened.set()
