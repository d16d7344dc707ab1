"""The servers of the fan-out's measurement. Importing this installs a reactor."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
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
from bench.recorded import GENERATION, SECRET, messages, told  # noqa: E402
from tests.certificates import certificate  # noqa: E402
from xucd.center.directory import User  # noqa: E402
from xucd.center.rights import Rights, rights_of  # noqa: E402
from xucd.cti.commands import Command  # noqa: E402
from xucd.cti.hub import Hub  # noqa: E402
from xucd.cti.links import Links  # noqa: E402
from xucd.cti.session import Session  # noqa: E402
from xucd.cti.streams.file import StreamFile  # noqa: E402
from xucd.cti.streams.log import KEEP_S, LIMIT, StreamLog  # noqa: E402
from xucd.signin.revocations import Revocations  # noqa: E402
from xucd.views import topics  # noqa: E402
from xucd.web.certificate import Certificate  # noqa: E402
from xucd.web.connections import ConnectionLimits  # noqa: E402
from xucd.web.monitoring import Health  # noqa: E402
from xucd.web.site import SiteOptions, SiteParts, make_site  # noqa: E402

# All clients are links of one user.
MAX_LINKS = 20_000
# Typed as a module, which it is not.
reactor: Any = twisted_reactor

Send = Callable[[int, int], None]
"""Sends the messages from one number up to another, all within this turn."""


def serve(side: str, commands: Connection) -> None:
    """Tell a port; when told to, send a round's messages, and tell the seconds that it took.

    `side` is ``xucd`` or ``autobahn``, and ``tls`` for xucd's over TLS.
    """
    reactor.startRunning(installSignalHandlers=False)
    with tempfile.TemporaryDirectory() as folder:
        site, ready, send = _autobahn() if side == "autobahn" else _xucd(Path(folder))
        if side == "tls":
            made = Certificate(*certificate(Path(folder)))
            port = reactor.listenSSL(0, site, made, 1024, "127.0.0.1")
        else:
            port = reactor.listenTCP(0, site, 1024, "127.0.0.1")
        commands.send(port.getHost().port)
        LOOP.run_until_complete(_serve(commands, ready, send))


async def _serve(commands: Connection, ready: Callable[[], int], send: Send) -> None:
    asked = asyncio.Event()
    LOOP.add_reader(commands.fileno(), asked.set)
    while True:
        await asked.wait()
        asked.clear()
        command = commands.recv()
        if command == "stop":
            return
        commands.send(ready() if command == "ready" else await _round(send, *command))


async def _round(send: Send, per_turn: int, count: int) -> float:
    """Send the first `count` messages; the seconds from the first publish to the last send."""
    began = time.perf_counter()
    for first in range(0, count, per_turn):
        send(first, min(first + per_turn, count))
        # The turn ends here: what was sent is written before this goes on.
        await asyncio.sleep(0)  # a turn of the loop is what is measured
    return time.perf_counter() - began


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

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.opened_links = 0

    def present(self, user: User) -> User:
        return user

    def rights_of(self, user: User) -> Rights:
        if self.opened_links % 2:
            return rights_of(SUPERVISOR, strict=False)
        return Rights(None, None, None)

    def opened(self, session: Session) -> None:
        for topic in topics.state_subscriptions(session.rights):
            self.hub.subscribe(session, topic)
        for topic in topics.member_subscriptions(session.rights):
            self.hub.subscribe(session, topic)
        self.opened_links += 1

    async def carry_out(self, session: Session, command: Command) -> None:
        return None


def _xucd(folder: Path) -> tuple[Site, Callable[[], int], Send]:
    """xucd's way out, from a published message on; what resumes is kept in files, as in use."""
    file = StreamFile(folder / "streams", "boot", keep=KEEP_S, limit=2 * LIMIT)
    log = StreamLog(time.monotonic, file)
    log.load()
    hub = Hub(LOOP, streams=log)
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
        SiteOptions(
            connections=ConnectionLimits(
                total=MAX_LINKS, by_address=MAX_LINKS, links_by_user=MAX_LINKS
            )
        ),
    )
    published = told()

    def send(first: int, end: int) -> None:
        for heard_by, body in published[first:end]:
            hub.publish(heard_by, body)

    return site, lambda: application.opened_links, send


def _autobahn() -> tuple[Site, Callable[[], int], Send]:
    """A bare Autobahn server, whose messages are prepared beforehand."""
    links: list[Any] = []

    class Bare(WebSocketServerProtocol):
        def onOpen(self) -> None:
            links.append(self)

    factory = WebSocketServerFactory()  # type: ignore[no-untyped-call]
    factory.protocol = Bare
    factory.setProtocolOptions(tcpNoDelay=True)  # type: ignore[no-untyped-call]
    ready = [factory.prepareMessage(message) for message in messages()]

    def send(first: int, end: int) -> None:
        for message in ready[first:end]:
            for link in links:
                link.sendPreparedMessage(message)

    site = Site(WebSocketResource(factory))  # type: ignore[no-untyped-call]
    return site, lambda: len(links), send
