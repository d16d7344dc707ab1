"""Writing to one client's socket: one write for all frames of a turn of the event loop.

While nothing is buffered, the write goes directly to the socket: a quarter of the cost of a write
through the transport. What the socket does not accept goes to the transport, which reports when its
buffer is empty. Until then further frames wait in a backlog here (backpressure), and the backlog is
bounded: a slow client is disconnected. So is one that takes nothing at all for a while.
"""

import asyncio
import struct
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.tcp import Connection

from xucd.cti.flush import Flush
from xucd.cti.stall import StallWatch

DEFAULT_LIMIT = 1024 * 1024
"""The largest unread backlog of a client, in bytes."""


def framed(text: bytes) -> bytes:
    """A whole, unmasked RFC 6455 text frame around UTF-8 `text`."""
    size = len(text)
    if size < 126:
        return b"\x81%c%b" % (size, text)
    if size < 65536:
        return b"\x81\x7e" + struct.pack("!H", size) + text
    return b"\x81\x7f" + struct.pack("!Q", size) + text


class Transport(Protocol):
    """The methods of a Twisted transport that a writer uses."""

    def write(self, data: bytes) -> None: ...
    def registerProducer(self, producer: object, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...


class SocketWriter:
    """The writer of one client's frames; towards its Twisted transport it is a producer.

    `direct` is the socket's own `send`, or None where only the transport may write (TLS). Nobody
    else writes to the transport, except for the close frame. `too_slow` is called once, when the
    backlog exceeds `limit` bytes. `stall`, if set, watches while the transport has unsent bytes.

    `take` is what a flush calls for each write: the socket's `send` while nothing is buffered, else
    a method of this writer that takes all.
    """

    __slots__ = (
        "_backlog",
        "_backlog_size",
        "_direct",
        "_drained",
        "_flush",
        "_in_transport",
        "_largest",
        "_limit",
        "_paused",
        "_too_slow",
        "_transport",
        "open",
        "queued",
        "stall",
        "take",
    )

    def __init__(
        self,
        flush: Flush,
        transport: Transport,
        direct: Callable[[bytes], int] | None,
        too_slow: Callable[[], None],
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        self._flush = flush
        self.queued: list[bytes] = []
        self.open = True
        self.stall: StallWatch | None = None
        self._transport = transport
        self._direct = direct
        self._paused = False
        self._in_transport = 0
        self._backlog: list[bytes] = []
        self._backlog_size = 0
        self._largest = 0
        self._limit = limit
        self._too_slow = too_slow
        self._drained: asyncio.Event | None = None
        # A plain transport tells a pull producer each time that its buffer is empty, and a push
        # producer only that it is full. Over TLS, pulling would be a busy loop.
        transport.registerProducer(self, direct is None)
        # The end of the handshake may still be in the buffer: the first write goes after it, and
        # once that is written, the buffer is known to be empty.
        self.take: Callable[[bytes], int] = self._take_all

    def send(self, frame: bytes) -> None:
        """Queue a frame for the flush at the end of this turn."""
        if self.open:
            self._flush.send(self, frame)

    @property
    def unread(self) -> int:
        """How many bytes the client has yet to read, as far as is known."""
        return self._in_transport + self._backlog_size

    async def drained(self) -> None:
        """Wait until so little is unread that an answer of any size may be sent."""
        while self.open and self.unread > self._limit // 4:
            if self._drained is None:
                self._drained = asyncio.Event()
            await self._drained.wait()

    def push(self, data: bytes) -> None:
        """Write `data`, or add it to the backlog while the transport's buffer is not empty."""
        try:
            sent = self.take(data)
        except OSError:
            # The buffer is full, or the link is lost; the transport, which also reads, reports it.
            sent = 0
        if sent != len(data):
            self.keep(data[sent:])

    def keep(self, rest: bytes) -> None:
        """Have the transport write what the socket did not take; all that follows waits for it."""
        self.take = self._take_all
        self._paused = True
        self._write_buffered(rest)

    def _take_all(self, data: bytes) -> int:
        """Take what the socket must not be given now."""
        if self._paused:
            self._add_to_backlog(data)
        else:
            self._paused = self._direct is not None
            self._write_buffered(data)
        return len(data)

    def _write_buffered(self, data: bytes) -> None:
        self._transport.write(data)
        if self._paused:
            self._in_transport = len(data)
            self._watch()

    def _add_to_backlog(self, data: bytes) -> None:
        self._backlog.append(data)
        self._backlog_size += len(data)
        self._largest = max(self._largest, len(data))
        # One large answer does not make a slow client, so it does not count; nor does what the
        # transport has already.
        if self._backlog_size - self._largest > self._limit:
            self.shut()
            self._too_slow()

    def shut(self) -> None:
        """Send nothing more, not even the backlog. The transport still writes what it has."""
        self.open = False
        self.take = len  # of what is written from now on, nothing is kept
        self._take_backlog()
        self._wake()

    def finish(self) -> None:
        """Write the backlog and all queued frames, and send nothing after them."""
        if self.open:
            queued = self._flush.withdraw(self)
            self._flush.before()
            self._transport.write(b"".join([self._take_backlog(), *queued]))
        self.shut()

    def _watch(self) -> None:
        if self.stall is not None:
            self.stall.begin()

    def _take_backlog(self) -> bytes:
        backlog, self._backlog = self._backlog, []
        self._backlog_size = self._largest = 0
        return b"".join(backlog)

    def _wake(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None

    def pauseProducing(self) -> None:
        """Called by a TLS transport whose buffer is full."""
        self._paused = True
        self._watch()

    def resumeProducing(self) -> None:
        """Called by a transport whose buffer is empty: all it had is written."""
        self._paused = False
        self._in_transport = 0
        if self.stall is not None:
            self.stall.end()
        if not self.open:
            return
        if self._direct is not None:
            self.take = self._direct
        if self._backlog:
            self.push(self._take_backlog())
        if self.unread <= self._limit // 4:
            self._wake()

    def stopProducing(self) -> None:
        """Called by a transport that is lost."""
        if self.stall is not None:
            self.stall.end()
        self.shut()


def writer_for(
    flush: Flush, transport: Any, too_slow: Callable[[], None], limit: int = DEFAULT_LIMIT
) -> SocketWriter:
    """A writer on a Twisted transport, in place of the transport's former producer."""
    transport.unregisterProducer()
    direct = None
    # A TLS transport hands out the socket below it, on which nothing may be written in the clear.
    if isinstance(transport, Connection) and not transport.TLS:
        direct = transport.socket.send
    return SocketWriter(flush, transport, direct, too_slow, limit)
