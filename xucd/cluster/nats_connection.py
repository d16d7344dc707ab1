"""One connection to one NATS server, from its first byte to its last.

What is published goes to the server in the order of the calls, all of a turn of the event loop in
one piece. What has come is given to the callbacks in its order, over all subscriptions, with no
task between. A connection that is lost or silent is dropped with whatever it had not sent.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar, cast

import structlog

from xucd.cluster import nats_protocol as protocol
from xucd.cluster.nats_protocol import NatsError, NatsMessage, Parser, ServerInfo, ServerLine
from xucd.cluster.nkey import Nkey

Callback = Callable[[str, bytes], None]
"""Is given the subject of a message, and its data."""

BACKLOG = 8 << 20
"""The bytes that may wait here for the server; beyond, nothing is published."""
BEAT = 0.7
"""The seconds between two questions whether the server is alive."""
MISSED_BEATS = 2
"""It is not, when so many are unanswered and the next is due: 1.4 to 2.1 s after it stopped."""
LAST_WORDS = 1.0
"""The seconds in which a connection that is closed sends what it has."""

T = TypeVar("T")
log = structlog.get_logger()


class Subscription(NamedTuple):
    """Who hears a subject, in which `*` stands for one word and a last `>` for all that follow."""

    subject: str
    callback: Callback


class NatsConnection(asyncio.Protocol):
    """In use from `on_accepted`, before which nothing is delivered, until `lost`, which says why.

    `on_turned_down` is told once of each subject that the server does not let this user have.
    `subscriptions` are sent to the server by `open`, and by `subscribe` when they are added later.
    """

    def __init__(
        self,
        subscriptions: Mapping[int, Subscription],
        on_accepted: Callable[["NatsConnection", ServerInfo], None],
        on_turned_down: Callable[[str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self._info: asyncio.Future[ServerInfo] = self._loop.create_future()
        self._accepted: asyncio.Future[None] = self._loop.create_future()
        self._on_accepted = on_accepted
        self._on_turned_down = on_turned_down
        self._parser = Parser()
        self._subscriptions = subscriptions
        self._transport: asyncio.Transport | None = None
        self._outgoing: list[bytes] = []
        self._waiting = 0  # bytes of these
        self._unanswered = 0
        self._pongs = deque([self._accepted])  # those that are due
        self._turned_down: set[str] = set()
        self._beating: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether what is published now has a way to the server."""
        return not self.lost.done()

    # -- what the event loop says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There is a connection, over which the server speaks first."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """The server has said something."""
        self._unanswered = 0
        try:
            for said in self._parser.feed(data):
                if self.lost.done():
                    return
                if isinstance(said, NatsMessage):
                    self._deliver(said)
                else:
                    self._answer(said)
        except NatsError as error:
            self.drop(str(error))

    def connection_lost(self, error: Exception | None) -> None:
        """It has ended, by whomever."""
        self._end(str(error) if error else "closed by the server")

    # -- what is done with it

    async def open(
        self, name: str, nkey: Nkey | None, tls: ssl.SSLContext | None, host: str
    ) -> None:
        """Say who this is and what it wants to hear; returns when the server has done its part.

        Raises `NatsError`, or `OSError`, of which TLS has its own.
        """
        info = await self._unless_lost(self._info)
        if tls is not None:
            await self._begin_tls(info, tls, host)
        elif info.tls_required:
            raise NatsError("the server asks for TLS: name it as tls://")
        credentials = nkey.credentials(info.nonce) if nkey is not None else {}
        self._send(protocol.connect(name, credentials))
        for number, subscription in self._subscriptions.items():
            self.subscribe(number, subscription.subject)
        self._send(protocol.PING)
        await self._unless_lost(self._accepted)
        self._beat()

    def publish(self, subject: str, data: bytes) -> bool:
        """Send at the end of this turn; False, and nothing is sent, where too much waits."""
        assert self._transport is not None
        if self._waiting + self._transport.get_write_buffer_size() > BACKLOG:
            return False
        self._send(protocol.publish(subject, data))
        return True

    def subscribe(self, number: int, subject: str) -> None:
        """Hear a subject as the subscription of this number."""
        self._send(protocol.subscribe(subject, number))

    async def settled(self) -> None:
        """Wait until the server has done all that it was told. Raises `NatsError`."""
        await self._unless_lost(self._ping())

    def drop(self, why: str) -> None:
        """End it at once, with all that it was to send: nothing of it arrives later."""
        if self._transport is not None:
            _forget_unsent(self._transport)
            self._transport.abort()
        self._end(why)

    async def close(self) -> None:
        """End it behind what was published."""
        self._flush()
        if self._transport is not None:
            self._transport.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.lost), LAST_WORDS)
        self.drop("closed")

    # -- within

    async def _begin_tls(self, info: ServerInfo, tls: ssl.SSLContext, host: str) -> None:
        if not (info.tls_required or info.tls_available):
            raise NatsError("the server offers no TLS")
        assert self._transport is not None
        secured = await self._loop.start_tls(self._transport, self, tls, server_hostname=host)
        assert secured is not None
        self._transport = secured

    async def _unless_lost(self, future: "asyncio.Future[T]") -> T:
        either: set[asyncio.Future[Any]] = {future, self.lost}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            raise NatsError(self.lost.result())
        return future.result()

    def _answer(self, said: ServerLine) -> None:
        match said.verb:
            case b"PING":
                self._send(protocol.PONG)
            case b"PONG" if self._pongs:
                self._answered(self._pongs.popleft())
            case b"INFO" if not self._info.done():
                self._info.set_result(protocol.read_info(said.text))
            case b"-ERR":
                self._refused(said.text.decode(errors="replace").strip("'"))

    def _answered(self, pong: "asyncio.Future[None]") -> None:
        pong.set_result(None)
        if pong is self._accepted:
            self._on_accepted(self, self._info.result())

    def _refused(self, why: str) -> None:
        """Of a subject it is said once; what else the server refuses ends the connection."""
        if not why.startswith("Permissions Violation"):
            self.drop(why)
        elif why not in self._turned_down:
            self._turned_down.add(why)
            self._on_turned_down(why)

    def _deliver(self, message: NatsMessage) -> None:
        if not self._accepted.done():
            return
        subscription = self._subscriptions[message.subscription]
        try:
            subscription.callback(message.subject, message.data)
        except Exception:
            log.exception("cannot take a message of NATS", subject=message.subject)

    def _send(self, data: bytes) -> None:
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(data)
        self._waiting += len(data)

    def _flush(self) -> None:
        outgoing, self._outgoing, self._waiting = self._outgoing, [], 0
        if outgoing and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(outgoing))

    def _beat(self) -> None:
        """Ask whether the server is alive.

        Each beat waits anew, so that a process that stood still itself counts that as one.
        """
        if self._unanswered >= MISSED_BEATS:
            self.drop("the server is silent")
            return
        self._unanswered += 1
        self._ping()
        self._beating = self._loop.call_later(BEAT, self._beat)

    def _ping(self) -> "asyncio.Future[None]":
        """Ask for a sign of life, which the server gives behind all that it does before."""
        self._send(protocol.PING)
        self._pongs.append(self._loop.create_future())
        return self._pongs[-1]

    def _end(self, why: str) -> None:
        if self._beating is not None:
            self._beating.cancel()
        self._outgoing.clear()
        if not self.lost.done():
            self.lost.set_result(why)


def _forget_unsent(transport: asyncio.Transport) -> None:
    """Let the kernel, too, drop what it has not sent when this is closed."""
    connected: socket.socket | None = transport.get_extra_info("socket")
    if connected is not None:
        with contextlib.suppress(OSError):  # it is closed already
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
