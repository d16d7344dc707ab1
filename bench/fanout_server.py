"""The two servers of the fan-out's measurement. Importing this installs a reactor."""

import asyncio
import time
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from typing import Any

from twisted.internet import asyncioreactor

try:
    import uvloop
except ImportError:
    uvloop = None

LOOP: asyncio.AbstractEventLoop = (uvloop or asyncio).new_event_loop()
asyncioreactor.install(LOOP)

# Not before there is a reactor on the right loop.
from autobahn.twisted.resource import WebSocketResource  # noqa: E402
from autobahn.twisted.websocket import (  # noqa: E402
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from twisted.internet import reactor  # noqa: E402
from twisted.web.server import Site  # noqa: E402

from bench.recorded import MESSAGES, SECRET, recorded  # noqa: E402
from xucd.center.directory import User  # noqa: E402
from xucd.cti.hub import Hub  # noqa: E402
from xucd.cti.links import Links  # noqa: E402
from xucd.cti.messages import AgentStateEvent, encode  # noqa: E402
from xucd.web.api import Health  # noqa: E402
from xucd.web.site import make_site  # noqa: E402


def serve(side: str, commands: Connection) -> None:
    """Tell a port, then send all messages, as many a turn as told, whenever told to."""
    reactor.startRunning(installSignalHandlers=False)
    make = {"xucd": _xucd, "autobahn": _autobahn}[side]
    site, ready, send = make()
    port = reactor.listenTCP(0, site, interface="127.0.0.1", backlog=1024)
    commands.send(port.getHost().port)
    LOOP.run_until_complete(_serve(commands, ready, send))


async def _serve(
    commands: Connection,
    ready: Callable[[], int],
    send: Callable[[list[Any]], None],
) -> None:
    told = asyncio.Event()
    LOOP.add_reader(commands.fileno(), told.set)
    bodies = recorded(MESSAGES)
    while True:
        await told.wait()
        told.clear()
        command = commands.recv()
        if command == "stop":
            return
        if command == "ready":
            commands.send(ready())
            continue
        per_turn = int(command)
        for start in range(0, len(bodies), per_turn):
            send(bodies[start : start + per_turn])
            # The turn ends here: what was sent is written before the next is.
            await asyncio.sleep(0)


class _Users:
    def user(self, login: str) -> User:
        return User(id=1, login=login, first_name="", last_name="")

    async def password_hash(self, login: str) -> None:
        return None


class _Application:
    """Some clients hear everything, some by group and queue, as supervisors do."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.sessions: list[Any] = []

    def opened(self, session: Any) -> None:
        topics: Iterable[Any] = [("states", None), ("members", None)]
        if len(self.sessions) % 2:
            topics = [("states", 1), ("states", 2), *(("members", n) for n in (1, 2, 3))]
        for topic in topics:
            self.hub.subscribe(session, topic)
        self.sessions.append(session)

    async def asked(self, session: Any, ask: Any) -> None:
        return None

    def closed(self, session: Any) -> None:
        return None

    def send(self, bodies: list[Any]) -> None:
        """Publish under every topic that somebody might hear."""
        for body in bodies:
            if isinstance(body, AgentStateEvent):
                group, agent = 1 + body.agent_id % 2, f"agent {body.agent_id}"
                topics = [("states", None), ("states", group), ("states", agent)]
            else:
                topics = [("members", None), ("members", body.queue_id)]
            self.hub.publish(topics, body)


def _xucd() -> tuple[Any, Callable[[], int], Callable[..., None]]:
    hub = Hub(LOOP)
    application = _Application(hub)
    site = make_site(
        links=Links(hub, application, LOOP),
        users=_Users(),
        secret=SECRET,
        health=lambda: Health(current=True, asterisk="", store="", last_event_age=None),
        clock=time.time,
    )
    return site, lambda: len(application.sessions), application.send


def _autobahn() -> tuple[Any, Callable[[], int], Callable[..., None]]:

    links: list[Any] = []

    class Bare(WebSocketServerProtocol):
        def onOpen(self) -> None:
            links.append(self)

    factory = WebSocketServerFactory()
    factory.protocol = Bare
    factory.setProtocolOptions(tcpNoDelay=True)
    ready = [factory.prepareMessage(encode(body)) for body in recorded(MESSAGES)]
    at = 0

    def send(bodies: list[Any]) -> None:
        nonlocal at
        for _ in bodies:
            message = ready[at % len(ready)]
            at += 1
            for link in links:
                link.sendPreparedMessage(message)

    return Site(WebSocketResource(factory)), lambda: len(links), send
