"""The two servers of the fan-out's measurement. Importing this installs a reactor."""

import asyncio
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from twisted.internet import asyncioreactor

try:
    import uvloop
except ImportError:
    uvloop = None  # type: ignore[assignment]

LOOP: asyncio.AbstractEventLoop = (uvloop or asyncio).new_event_loop()
asyncioreactor.install(LOOP)  # type: ignore[no-untyped-call]

# Not before there is a reactor on the right loop.
from autobahn.twisted.resource import WebSocketResource  # noqa: E402
from autobahn.twisted.websocket import (  # noqa: E402
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from twisted.internet import reactor as twisted_reactor  # noqa: E402
from twisted.web.server import Site  # noqa: E402

from bench.events import SUPERVISOR  # noqa: E402
from bench.recorded import GENERATION, SECRET, Counting, messages, play  # noqa: E402
from xucd.center.directory import User  # noqa: E402
from xucd.center.rights import Rights, rights_of  # noqa: E402
from xucd.cti.commands import Command  # noqa: E402
from xucd.cti.links import Links  # noqa: E402
from xucd.cti.session import Session  # noqa: E402
from xucd.signin.revocations import Revocations  # noqa: E402
from xucd.views import topics  # noqa: E402
from xucd.web.api import Health  # noqa: E402
from xucd.web.connections import ConnectionLimits  # noqa: E402
from xucd.web.site import SiteOptions, SiteParts, make_site  # noqa: E402

# All clients are links of one user.
MAX_LINKS = 10_000
# Typed as a module, which it is not.
reactor: Any = twisted_reactor


def serve(side: str, commands: Connection) -> None:
    """Tell a port, then send all messages, as many a turn as told, whenever told to."""
    reactor.startRunning(installSignalHandlers=False)
    make = {"xucd": _xucd, "autobahn": _autobahn}[side]
    site, ready, start = make()
    port = reactor.listenTCP(0, site, interface="127.0.0.1", backlog=1024)
    commands.send(port.getHost().port)
    LOOP.run_until_complete(_serve(commands, ready, start))


async def _serve(
    commands: Connection,
    ready: Callable[[], int],
    start: Callable[[], Callable[[int], bool]],
) -> None:
    told = asyncio.Event()
    LOOP.add_reader(commands.fileno(), told.set)
    while True:
        await told.wait()
        told.clear()
        command = commands.recv()
        if command == "stop":
            return
        if command == "ready":
            commands.send(ready())
            continue
        send = start()
        going = True
        while going:
            going = send(int(command))
            # The turn ends here: what was sent is written before the next is.
            await asyncio.sleep(0)  # a turn of the loop is what is measured


class _Users:
    def user(self, login: str) -> User:
        return User(id=1, login=login, first_name="", last_name="")

    async def password_hash(self, login: str) -> None:
        return None

    async def renew_hash(self, login: str, before: str, after: str) -> None:
        """No hash here is outdated."""


class _SignIns:
    async def generations(self) -> dict[str, str]:
        return {"bench": GENERATION}

    async def ended_sign_ins(self) -> dict[str, float]:
        return {}

    async def end_sign_in(self, sid: str, until: float) -> None:
        """Nobody signs out."""

    async def end_all_sign_ins(self, login: str) -> None:
        """Nobody signs out."""

    async def change_password(self, login: str, password_hash: str, generation: str) -> str | None:
        """Nobody changes a password."""


class _Application:
    """Some clients hear everything, some by group and queue, as supervisors do."""

    def __init__(self, hub: Counting) -> None:
        self.hub = hub
        self.sessions: list[Session] = []

    def present(self, user: User) -> User:
        return user

    def rights_of(self, user: User) -> Rights:
        if len(self.sessions) % 2:
            return rights_of(SUPERVISOR, strict=False)
        return Rights(None, None, None)

    def opened(self, session: Session) -> None:
        for topic in topics.state_subscriptions(session.rights):
            self.hub.subscribe(session, topic)
        for topic in topics.member_subscriptions(session.rights):
            self.hub.subscribe(session, topic)
        self.sessions.append(session)

    async def carry_out(self, session: Session, command: Command) -> None:
        return None

    def start(self) -> Callable[[int], bool]:
        """Begin a round; each call plays the trace on until so many messages are told."""
        player, hub = play(self.hub), self.hub

        def send(count: int) -> bool:
            end = hub.published + count
            while hub.published < end:
                if next(player, self) is self:
                    return False
            return True

        return send


def _xucd() -> tuple[Any, Callable[[], int], Callable[[], Callable[[int], bool]]]:
    hub = Counting(LOOP)
    application = _Application(hub)
    site = make_site(
        SiteParts(
            links=Links(hub, application, LOOP),
            users=_Users(),
            revocations=Revocations(_SignIns(), time.time, lambda: None),
            secret=SECRET,
            health=lambda: Health(current=True, asterisk="", store="", last_event_age=None),
            clock=time.time,
        ),
        SiteOptions(connections=ConnectionLimits(links_by_user=MAX_LINKS)),
    )
    return site, lambda: len(application.sessions), application.start


def _autobahn() -> tuple[Any, Callable[[], int], Callable[[], Callable[[int], bool]]]:

    links: list[Any] = []

    class Bare(WebSocketServerProtocol):
        def onOpen(self) -> None:
            links.append(self)

    factory = WebSocketServerFactory()  # type: ignore[no-untyped-call]
    factory.protocol = Bare
    factory.setProtocolOptions(tcpNoDelay=True)  # type: ignore[no-untyped-call]
    ready = [factory.prepareMessage(message) for message in messages()]

    def start() -> Callable[[int], bool]:
        at = 0

        def send(count: int) -> bool:
            nonlocal at
            for message in ready[at : at + count]:
                for link in links:
                    link.sendPreparedMessage(message)
            at += count
            return at < len(ready)

        return send

    site = Site(WebSocketResource(factory))  # type: ignore[no-untyped-call]
    return site, lambda: len(links), start
