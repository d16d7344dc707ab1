"""The way out to one client: frames gathered for a turn of the loop, then one write.

What is due to a client in one turn leaves as one write. While nothing is buffered, that write goes
straight to the socket: a quarter of the cost of a write through the transport. What the socket does
not take goes to the transport, which says when it has got rid of it. Until then frames wait here,
and what waits is bounded: a client that does not read is given up.
"""

import asyncio
import struct
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.tcp import Connection

DEFAULT_LIMIT = 1024 * 1024
"""How many bytes a client may leave unread."""


def framed(text: bytes) -> bytes:
    """A whole, unmasked RFC 6455 text frame around UTF-8 `text`."""
    size = len(text)
    if size < 126:
        return b"\x81%c%b" % (size, text)
    if size < 65536:
        return b"\x81\x7e" + struct.pack("!H", size) + text
    return b"\x81\x7f" + struct.pack("!Q", size) + text


class Transport(Protocol):
    """What an writer needs of a Twisted transport."""

    def write(self, data: bytes) -> None: ...
    def registerProducer(self, producer: object, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...


class Turn:
    """The writers that have something due, and the flush that ends this turn of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.dirty: list[SocketWriter] = []
        self._loop = loop
        self._called = False

    def end(self) -> None:
        """Flush once, after all that this turn of the loop still has to say."""
        if not self._called:
            self._called = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write out what is due, now."""
        self._called = False
        dirty, self.dirty = self.dirty, []
        last: list[bytes] = []
        joined = b""
        for writer in dirty:
            due = writer.due
            writer.due = []
            # Of a broadcast, all clients are due the very same frames: comparing is cheaper than
            # joining again, since lists compare their items by identity first.
            if due != last:
                last = due
                joined = b"".join(due)
            writer.push(joined)


class SocketWriter:
    """One client's way out; a producer, as Twisted calls what a transport tells of its buffer.

    `direct` is the socket's own `send`, or None where only the transport may write (TLS). Nobody
    else may write to the transport, but for the goodbye. `too_slow` is called once, when more than
    `limit` bytes wait behind what is under way.
    """

    __slots__ = (
        "_direct",
        "_drained",
        "_handed",
        "_held",
        "_held_size",
        "_largest",
        "_limit",
        "_paused",
        "_straight",
        "_too_slow",
        "_transport",
        "due",
        "open",
        "turn",
    )

    def __init__(
        self,
        turn: Turn,
        transport: Transport,
        direct: Callable[[bytes], int] | None,
        too_slow: Callable[[], None],
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        self.turn = turn
        self.due: list[bytes] = []
        self.open = True
        self._transport = transport
        self._direct = direct
        self._paused = False
        self._handed = 0
        self._held: list[bytes] = []
        self._held_size = 0
        self._largest = 0
        self._limit = limit
        self._too_slow = too_slow
        self._drained: asyncio.Event | None = None
        # To a pull producer a plain transport says each time that its buffer is empty; a push
        # producer is told only of a full one. Over TLS, pulling would be a busy loop.
        transport.registerProducer(self, direct is None)
        # The end of the handshake may still be in the buffer: the first write goes after it, and
        # once that is out, the way is known to be clear.
        self._straight = False

    def send(self, frame: bytes) -> None:
        """Let a frame leave at the end of this turn."""
        if not self.due:
            self.turn.dirty.append(self)
            self.turn.end()
        self.due.append(frame)

    @property
    def unread(self) -> int:
        """How many bytes wait for the client to read, as far as we know."""
        return self._handed + self._held_size

    async def room(self) -> None:
        """Wait until little enough is unread that an answer of any size may be sent."""
        while self.open and self.unread > self._limit // 4:
            if self._drained is None:
                self._drained = asyncio.Event()
            await self._drained.wait()

    def push(self, data: bytes) -> None:
        """Write `data`, or hold it while the client does not read."""
        if self._straight:
            if not self.open:
                return
            try:
                sent = self._direct(data)  # type: ignore[misc]  # only set with _straight
            except BlockingIOError:
                sent = 0
            except OSError:
                # The link is lost; the transport, which reads too, is the one to find out.
                sent = 0
            if sent < len(data):
                self._hand(data[sent:])
        elif self._paused:
            self._hold(data)
        elif self.open:
            self._hand(data)

    def _hand(self, data: bytes) -> None:
        if self._direct is not None:
            self._straight = False
            self._paused = True
        self._transport.write(data)
        if self._paused:
            self._handed = len(data)

    def _hold(self, data: bytes) -> None:
        if not self.open:
            return
        self._held.append(data)
        self._held_size += len(data)
        self._largest = max(self._largest, len(data))
        # One large answer is nobody's fault, so it does not count; nor does what is under way.
        if self._held_size - self._largest > self._limit:
            self.shut()
            self._too_slow()

    def shut(self) -> None:
        """Send nothing more, not even what waits here. The transport still ends what it holds."""
        self.open = False
        self._straight = False
        self._take_held()
        self._wake()

    def finish(self) -> None:
        """Write all that is due or waits, and send nothing after it."""
        if self.open:
            self._transport.write(b"".join([self._take_held(), *self.due]))
            self.due = []
        self.shut()

    def _take_held(self) -> bytes:
        held, self._held = self._held, []
        self._held_size = self._largest = 0
        return b"".join(held)

    def _wake(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None

    def pauseProducing(self) -> None:
        """Twisted's word that a TLS transport has more than enough to write."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Twisted's word that the transport wants more: all it had is written."""
        self._paused = False
        self._handed = 0
        if not self.open:
            return
        self._straight = self._direct is not None
        if self._held:
            self.push(self._take_held())
        if self.unread <= self._limit // 4:
            self._wake()

    def stopProducing(self) -> None:
        """Twisted's word that the link is lost."""
        self.shut()


def writer_for(
    turn: Turn, transport: Any, too_slow: Callable[[], None], limit: int = DEFAULT_LIMIT
) -> SocketWriter:
    """An writer on a Twisted transport, which loses whatever producer it had."""
    transport.unregisterProducer()
    direct = None
    # A TLS transport hands out the socket below it, on which nothing may be written in the clear.
    if isinstance(transport, Connection) and not transport.TLS:
        direct = transport.socket.send
    return SocketWriter(turn, transport, direct, too_slow, limit)
