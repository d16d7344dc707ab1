"""Noticing a client that takes nothing of what is sent to it.

The kernel counts the bytes that the other side has acknowledged. As long as that count grows, the
client reads, however slowly and however much is still unsent: a socket reports that it can be
written to again only when a good part of the kernel's buffer has drained.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

STALLED_S = 10.0
"""After how many seconds without any progress a client with unsent bytes is given up."""

# Where `tcpi_bytes_acked` is in Linux' `struct tcp_info`.
_ACKED = struct.Struct("@Q")
_ACKED_AT = 120


def acknowledged(connection: socket.socket) -> int:
    """How many bytes the other side has acknowledged so far. Raises `OSError` once closed."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKED_AT + _ACKED.size)
    (count,) = _ACKED.unpack_from(info, _ACKED_AT)
    return int(count)


class StallWatch:
    """Calls `stalled` once when bytes are unsent for `seconds`, and none is acknowledged.

    `progress` returns a value that changes with each byte taken; `of_transport` makes one of a
    Twisted transport.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        progress: Callable[[], object],
        stalled: Callable[[], None],
        seconds: float = STALLED_S,
    ) -> None:
        self._loop = loop
        self._progress = progress
        self._stalled = stalled
        self._seconds = seconds
        self._seen: object = None
        self._changed_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Bytes are unsent from now on. Idempotent."""
        if self._timer is None:
            self._seen = self._progress()
            self._changed_at = self._loop.time()
            self._set_timer()

    def end(self) -> None:
        """Nothing is unsent any more, or the connection has ended. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        self._timer = self._loop.call_later(self._seconds / 4, self._look)

    def _look(self) -> None:
        now, seen = self._loop.time(), self._progress()
        if seen != self._seen:
            self._seen, self._changed_at = seen, now
        elif now - self._changed_at >= self._seconds:
            self._timer = None
            self._stalled()
            return
        self._set_timer()


def of_transport(transport: Any) -> Callable[[], object]:
    """The progress of a Twisted transport, of TCP or TLS; none for one without a socket."""
    connection: socket.socket | None = getattr(transport, "socket", None)

    def progress() -> object:
        if connection is None or connection.fileno() < 0:
            return None
        return acknowledged(connection)

    return progress
