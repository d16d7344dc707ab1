"""The link to NATS: what a node says to the others, and hears of them.

It is up or down. While it is down nothing can be published, and nothing is kept for later: whoever
publishes is told so, and begins anew when the link is up. What was published while it was up can be
lost without a word, but nothing overtakes, and nothing is repeated.

One thing NATS cannot promise: a server that stood still may deliver, when it goes on, what it had
taken before. A receiver that must not act late has to see that by the message itself.
"""

import asyncio
import itertools
import ssl
from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, urlsplit

import structlog

from xucd.ami.backoff import Backoff
from xucd.cluster.nats_connection import Callback, NatsConnection, Subscription
from xucd.cluster.nats_protocol import NatsError, ServerInfo
from xucd.cluster.nkey import Nkey

PORT = 4222
CONNECT_TIMEOUT = 2.0
"""The seconds after which a server that does not answer is given up, and the next one tried."""
FIRST_WAIT, LONGEST_WAIT = 0.1, 1.0
"""The seconds between two attempts."""

OnAccepted = Callable[[NatsConnection, ServerInfo], None]

log = structlog.get_logger()


class NatsLink:
    """Keeps up one connection to one of several servers, until it is closed.

    `servers` are URLs, nats:// or tls://; `tls` says whom to trust in place of the system's
    certificates; `nkey` is the seed of the user's key; `name` is shown by the server's own tools.
    `on_up` and `on_down` are called as the link comes up, with its subscriptions in force, and as
    it goes down.
    """

    def __init__(
        self,
        servers: Sequence[str],
        *,
        tls: ssl.SSLContext | None = None,
        nkey: str | None = None,
        name: str = "xucd",
    ) -> None:
        self.servers = [urlsplit(server) for server in servers]
        secured = any(server.scheme == "tls" for server in self.servers)
        self._tls = tls or (ssl.create_default_context() if secured else None)
        self._nkey = Nkey(nkey) if nkey else None
        self._name = name
        self.on_up: Callable[[], None] = _nothing
        self.on_down: Callable[[], None] = _nothing
        self._subscriptions: dict[int, Subscription] = {}
        self._connection: NatsConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._said: dict[str, str] = {}
        self._max_payload = 0

    @property
    def connected(self) -> bool:
        """Whether the link is up."""
        return self._connection is not None and self._connection.is_open

    @property
    def max_payload(self) -> int:
        """The bytes of the longest message that the server takes; 0 until the link was up."""
        return self._max_payload

    async def start(self) -> None:
        """Connect from now on; returns after the first attempt, whatever came of it."""
        self._connecting = asyncio.create_task(self._keep_connected())
        await self._tried.wait()

    async def close(self) -> None:
        """End the link behind what was published. `on_down` is not called."""
        connection, self._connection = self._connection, None
        self._tried.set()
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait({self._connecting})
        if connection is not None:
            await connection.close()

    def publish(self, subject: str, data: bytes) -> bool:
        """Send a message; False if it is not sent, as the link is down or its backlog is full.

        Raises `ValueError` for more than `max_payload` bytes, and for what is no subject.
        """
        connection = self._connection
        if connection is None or not connection.is_open:
            return False
        if len(data) > self._max_payload:
            raise ValueError(
                f"{len(data)} bytes are too many for NATS: {self._max_payload} at most"
            )
        return connection.publish(subject, data)

    def subscribe(self, subject: str, callback: Callback) -> None:
        """Hear a subject from now on, over all connections to come.

        All callbacks of a link are called in the order in which the server sent the messages.
        """
        number = len(self._subscriptions) + 1
        self._subscriptions[number] = Subscription(subject, callback)
        if self._connection is not None and self._connection.is_open:
            self._connection.subscribe(number, subject)

    async def _keep_connected(self) -> None:
        backoff = Backoff(FIRST_WAIT, LONGEST_WAIT)
        for server in itertools.cycle(self.servers):
            try:
                connection = await self.connect(server, self._up, _log_turned_down)
            except (OSError, NatsError, UnicodeError) as error:  # the last of a host's name
                why = str(error) or "no answer"
            else:
                backoff.reset()
                self._tried.set()
                await asyncio.wait({connection.lost})
                why = connection.lost.result()
            if self._connection is not None:
                self._down(why)
            else:
                self._log_failure(server, why)
            self._tried.set()
            await asyncio.sleep(backoff())

    async def connect(
        self, server: SplitResult, on_accepted: OnAccepted, on_turned_down: Callable[[str], None]
    ) -> NatsConnection:
        """A connection to this server that is ready for use, with the link's subscriptions.

        Raises `NatsError`, `OSError`, or `UnicodeError` for what is no host's name.
        """
        host, port = server.hostname or "", server.port or PORT
        tls = self._tls if server.scheme == "tls" else None
        connection = NatsConnection(self._subscriptions, on_accepted, on_turned_down)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await asyncio.get_running_loop().create_connection(lambda: connection, host, port)
                await connection.open(self._name, self._nkey, tls, host)
        except BaseException:
            connection.drop("given up")
            raise
        return connection

    def _up(self, connection: NatsConnection, info: ServerInfo) -> None:
        self._connection = connection
        self._max_payload = info.max_payload
        self._said.clear()
        log.info("connected to NATS", server=info.server_name)
        _call(self.on_up)

    def _down(self, why: str) -> None:
        self._connection = None
        log.warning("the connection to NATS is lost", reason=why)
        _call(self.on_down)

    def _log_failure(self, server: SplitResult, why: str) -> None:
        """Once for each server and reason, until the link is up."""
        if self._said.get(server.netloc) != why:
            self._said[server.netloc] = why
            log.warning("cannot connect to NATS", server=server.netloc, reason=why)


def _log_turned_down(why: str) -> None:
    log.error("NATS turns something down: xucd check says more", reason=why)


def _nothing() -> None:
    pass


def _call(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:
        log.exception("a callback of the link to NATS failed")
