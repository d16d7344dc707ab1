"""One sequence of messages to 500 WebSocket clients: xucd's fan-out beside a bare Autobahn server.

The bare server does nothing but `sendPreparedMessage` of bytes that were made beforehand. xucd's
side starts from message bodies and does all of its work: encoding, choosing the audience out of
topics, framing, and the write. Server and clients are processes on cores of their own, the clients
being one process that reads and counts bytes; both sides run in turns, several rounds, and the
figure of each is its best. A message counts once for each client that it has reached.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import resource
import selectors
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from typing import Any

from autobahn.twisted.resource import WebSocketResource
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.main import installReactor
from twisted.web.server import Site

from xucd.center.directory import User
from xucd.cti.hub import Hub
from xucd.cti.links import Links
from xucd.cti.messages import AgentStateEvent, LoggedOn, QueueMember, encode
from xucd.cti.outlet import framed
from xucd.web.api import Health
from xucd.web.site import make_site
from xucd.web.tokens import Tokens

try:
    import uvloop
except ImportError:
    uvloop = None

CLIENTS = 500
ROUNDS = 5
MESSAGES = 300
"""Messages per round."""


def recorded(count: int) -> list[Any]:
    """A day's mix of messages, always the same: mostly agents' states, some queue members."""

    names = ["AgentReady", "AgentRinging", "AgentOnCall", "AgentOnWrapup", "AgentReady"]
    bodies: list[Any] = []
    for number in range(count):
        agent_id = 8 + number % 6
        if number % 10 == 9:
            bodies.append(QueueMember(agent_id=agent_id, queue_id=1 + number % 3, penalty=0))
            continue
        body = AgentStateEvent(
            name=names[number % 5],
            agent_id=agent_id,
            phone_number=f"10{agent_id:02}",
            since=0,
            queues=[1, 2, 3],
        )
        if body.name == "AgentOnCall":
            body.acd, body.direction = True, "Incoming"
            body.call_type, body.monitor_state = "External", "ACTIVE"
        bodies.append(body)
    return bodies


# --- The servers


def serve(side: str, core: int | None, commands: Connection) -> None:
    """A server process: tells its port, then sends `per_turn` messages a turn when told to."""
    _pin(core)
    loop = _loop()

    reactor = AsyncioSelectorReactor(loop)
    installReactor(reactor)
    reactor.startRunning(installSignalHandlers=False)
    make = {"xucd": _xucd, "autobahn": _autobahn}[side]
    site, ready, send = make(loop)
    port = reactor.listenTCP(0, site, interface="127.0.0.1", backlog=1024)
    commands.send(port.getHost().port)
    loop.run_until_complete(_serve(loop, commands, ready, send))


async def _serve(
    loop: asyncio.AbstractEventLoop,
    commands: Connection,
    ready: Callable[[], int],
    send: Callable[[list[Any]], None],
) -> None:
    told = asyncio.Event()
    loop.add_reader(commands.fileno(), told.set)
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


def _xucd(loop: asyncio.AbstractEventLoop) -> tuple[Any, Callable[[], int], Callable[..., None]]:

    hub = Hub(loop)
    sessions: list[Any] = []

    class Application:
        """Some clients hear everything, some by group and queue, as supervisors do."""

        def opened(self, session: Any) -> None:
            if len(sessions) % 2:
                topics: Iterable[Any] = [("states", None), ("members", None)]
            else:
                topics = [("states", 1), ("states", 2), *(("members", n) for n in (1, 2, 3))]
            for topic in topics:
                hub.subscribe(session, topic)
            sessions.append(session)

        async def asked(self, session: Any, ask: Any) -> None:
            return None

        def closed(self, session: Any) -> None:
            return None

    class Users:
        def user(self, login: str) -> User:
            return User(id=1, login=login, first_name="", last_name="")

        async def password_hash(self, login: str) -> None:
            return None

    def send(bodies: list[Any]) -> None:
        for body in bodies:
            if isinstance(body, AgentStateEvent):
                group = 1 + body.agent_id % 2
                topics = [("states", None), ("states", group), ("states", f"agent {body.agent_id}")]
            else:
                topics = [("members", None), ("members", body.queue_id)]
            hub.publish(topics, body)

    site = make_site(
        links=Links(hub, Application(), loop),
        users=Users(),
        secret=SECRET,
        health=lambda: Health(current=True, asterisk="", store="", last_event_age=None),
        clock=time.time,
    )
    return site, lambda: len(sessions), send


def _autobahn(
    loop: asyncio.AbstractEventLoop,
) -> tuple[Any, Callable[[], int], Callable[..., None]]:

    links: list[Any] = []

    class Bare(WebSocketServerProtocol):
        def onOpen(self) -> None:
            links.append(self)

    factory = WebSocketServerFactory()
    factory.protocol = Bare
    factory.setProtocolOptions(tcpNoDelay=True)
    prepared = {
        id(body): message
        for body, message in ((b, factory.prepareMessage(encode(b))) for b in recorded(MESSAGES))
    }
    # The same objects each round, in the same order: look-ups cost nothing here.
    ready = list(prepared.values())
    at = 0

    def send(bodies: list[Any]) -> None:
        nonlocal at
        for _ in bodies:
            message = ready[at % len(ready)]
            at += 1
            for link in links:
                link.sendPreparedMessage(message)

    return Site(WebSocketResource(factory)), lambda: len(links), send


# --- The clients


def listen(core: int | None, commands: Connection) -> None:
    """The clients' process: opens links where told, and tells when a round's bytes are in."""
    _pin(core)
    sockets: list[socket.socket] = []
    while (command := commands.recv()) != "stop":
        if command[0] == "open":
            _, port, path, count = command
            for _ in range(count):
                sockets.append(_opened(port, path))
            commands.send("open")
        else:
            _, size = command
            commands.send("reading")
            _read(sockets, size)
            commands.send(time.monotonic())
    for sock in sockets:
        sock.close()


def _opened(port: int, path: str) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(1)
    if not head.startswith(b"HTTP/1.1 101"):
        raise ConnectionError(head.decode())
    return sock


def _read(sockets: list[socket.socket], size: int) -> None:
    """Read until every client has had `size` bytes."""
    left = dict.fromkeys((sock.fileno() for sock in sockets), size)
    buffer = bytearray(256 * 1024)
    with selectors.EpollSelector() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ)
        while left:
            for key, _ in selector.select(20):
                sock = key.fileobj
                got = sock.recv_into(buffer)
                left[key.fd] -= got
                if not got or left[key.fd] < 0:
                    raise ConnectionError("a client got less or more than it should have")
                if not left[key.fd]:
                    del left[key.fd]
                    selector.unregister(sock)


# --- The run


SECRET = b"only for measuring, never for use."


class _Side:
    """A server and its clients, each a process on its own core."""

    def __init__(self, name: str, clients: int, cores: tuple[int | None, int | None]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.name = name
        self.server, server_end = spawn.Pipe()
        self.clients, clients_end = spawn.Pipe()
        self._processes = [
            spawn.Process(target=serve, args=(name, cores[0], server_end), daemon=True),
            spawn.Process(target=listen, args=(cores[1], clients_end), daemon=True),
        ]
        for process in self._processes:
            process.start()
        path = "/"
        if name == "xucd":
            path = "/xuc/api/2.0/cti?token=" + Tokens(SECRET, 3600, time.time).make("bench")
        self.clients.send(("open", self.server.recv(), path, clients))
        self.clients.recv()
        while True:
            self.server.send("ready")
            if self.server.recv() == clients:
                break
        if name == "xucd":
            # The opening is read first, so that a round is nothing but its messages.
            self._round_of(len(framed(encode(LoggedOn()))), None)

    def _round_of(self, size: int, command: object) -> float:
        self.clients.send(("read", size))
        self.clients.recv()
        began = time.monotonic()
        if command is not None:
            self.server.send(command)
        ended: float = self.clients.recv()
        return ended - began

    def round(self, size: int, per_turn: int) -> float:
        """Seconds for all messages to reach all clients."""
        return self._round_of(size, per_turn)

    def stop(self) -> None:
        """End both processes."""
        for end in (self.clients, self.server):
            with contextlib.suppress(OSError):
                end.send("stop")
        for process in self._processes:
            process.join(5)
            process.kill()


def measure(clients: int = CLIENTS, rounds: int = ROUNDS) -> dict[str, Any]:
    """Run both sides; returns messages per second of each and their ratio, by messages a turn."""

    _room_for(clients)
    size = sum(len(framed(encode(body))) for body in recorded(MESSAGES))
    cores = sorted(os.sched_getaffinity(0))
    pinned = (cores[0], cores[1]) if len(cores) > 1 else (None, None)
    result: dict[str, Any] = {"clients": clients, "messages": MESSAGES, "loop": _loop_name()}
    sides: list[_Side] = []
    try:
        for name in ("autobahn", "xucd"):
            sides.append(_Side(name, clients, pinned))
        for per_turn in (1, 10):
            seconds: dict[str, list[float]] = {side.name: [] for side in sides}
            for _ in range(rounds):
                for side in sides:
                    seconds[side.name].append(side.round(size, per_turn))
            rates = {name: MESSAGES * clients / min(taken) for name, taken in seconds.items()}
            result[f"{per_turn} a turn"] = {
                **{name: round(rate) for name, rate in rates.items()},
                "ratio": round(rates["xucd"] / rates["autobahn"], 2),
                "median ratio": round(
                    statistics.median(seconds["autobahn"]) / statistics.median(seconds["xucd"]), 2
                ),
            }
    finally:
        for side in sides:
            side.stop()
    return result


def _pin(core: int | None) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    _room_for(CLIENTS)


def _room_for(clients: int) -> None:
    """Enough file descriptors for both sides' sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, min(hard, 2 * clients + 256))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _loop() -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = (uvloop or asyncio).new_event_loop()
    return loop


def _loop_name() -> str:
    loop = _loop()
    loop.close()
    return type(loop).__module__.split(".")[0]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    result = measure(options.clients, options.rounds)
    print(f"{result['clients']} clients, {result['messages']} messages, {result['loop']}")
    for per_turn in ("1 a turn", "10 a turn"):
        row = result[per_turn]
        print(
            f"{per_turn:>9}: xucd {row['xucd']:>9,}/s, bare Autobahn {row['autobahn']:>9,}/s, "
            f"ratio {row['ratio']} (median {row['median ratio']})"
        )


if __name__ == "__main__":
    sys.exit(main())
