"""What links and agents take in memory, and a storm of links.

The memory is the server's own (proportional set size), read before and after: 5,000 idle links of a
page that follows nothing, with and without `resume`, which all connect at once; fewer over TLS;
beside them a bare Autobahn server with as many. Agents by the difference of two centres. And an
hour's calls, played as fast as they go, after which it should be what it was.
"""

import asyncio
import selectors
import socket
import statistics
import tempfile
import time
from pathlib import Path

from bench.daemon import MeasuredXucd
from bench.fanout import Published
from bench.figures import Figure, measured, percentile
from bench.links import PING, Address, masked
from bench.load import DEADLINE, Load, load
from bench.machine import LOAD_CORE, memory, pin
from bench.played import CalmSize, WideSize
from integration.pages.busy import Size
from tests.certificates import certificate

LINKS, TLS_LINKS = 5000, 1000
OTHERS = 100
AGENTS = (500, 2500)
EACH = (5, 10)
"""In how many queues each agent is."""
A_LINK, A_TLS_LINK, AN_AGENT = 15.0, 20.0, 4.0  # KiB
STORM_S = 10.0
HOUR, PARTS = 18_000, 60  # calls: five a second
FLAT = 5.0  # %
KIB = 1024
QUEUES = 50
SMALL = CalmSize(agents=50, queues=5, groups=5)


class Storm:
    """Many clients that all connect at once, as they do after a restart; `took` is in seconds."""

    def __init__(self, address: Address, count: int, at_once: int = 512) -> None:
        self._address, self._left, self._at_once = address, count, at_once
        self._selector = selectors.EpollSelector()
        self._began = time.monotonic()
        self.open: list[socket.socket] = []
        self.took = 0.0

    def __call__(self) -> None:
        """Go on with all that are connecting."""
        while self._left and len(self._selector.get_map()) < self._at_once:
            self._left -= 1
            link = socket.socket()
            link.setblocking(False)
            link.connect_ex(("127.0.0.1", self._address.port))
            self._selector.register(link, selectors.EVENT_WRITE, data=link)
        for key, events in self._selector.select(0):
            link = key.data
            if events & selectors.EVENT_WRITE:
                link.sendall(request(self._address))
                self._selector.modify(link, selectors.EVENT_READ, data=link)
            else:
                answer = link.recv(65536)
                if not answer.startswith(b"HTTP/1.1 101"):
                    raise ConnectionError(answer.decode(errors="replace"))
                self._selector.unregister(link)
                self.open.append(link)
        if not self._left and not self._selector.get_map() and not self.took:
            self.took = time.monotonic() - self._began

    def rest(self) -> float:
        """Go on until all are open; returns in how many seconds they were."""
        while not self.took:
            self()
            if time.monotonic() - self._began > DEADLINE:
                raise TimeoutError(f"{len(self.open)} links are open after {DEADLINE:g} s")
        return self.took

    def close(self) -> None:
        """Close all."""
        for link in self.open:
            link.close()


def request(address: Address) -> bytes:
    """The request of an upgrade, and the first commands behind it."""
    head = (
        f"GET {address.path} HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    return head.encode() + b"".join(masked(each.encode()) for each in address.commands)


def measure(links: int = LINKS, hour: int = HOUR) -> list[Figure]:
    """All figures of memory."""
    pin(LOAD_CORE)
    with tempfile.TemporaryDirectory() as folder, load() as loaded:
        return asyncio.run(_measure(loaded, Path(folder), links, hour))


async def _measure(loaded: Load, folder: Path, links: int, hour: int) -> list[Figure]:
    found: list[Figure] = []
    for kind in ("plain", "that resumes"):
        found += await stormed(loaded, folder / kind, kind, links)
    found.append(_bare(links))
    found.append(await _over_tls(loaded, folder, min(links, TLS_LINKS)))
    for each in EACH:
        few, many = [
            await _resynchronised(loaded, folder, WideSize(agents, QUEUES, each))
            for agents in AGENTS
        ]
        an_agent = (many - few) / (AGENTS[1] - AGENTS[0]) / KIB
        found.append(_kib(f"an agent in {each} queues", an_agent, AN_AGENT if each == 5 else None))
    size = CalmSize(agents=500, queues=QUEUES, groups=8)
    return [*found, *await hours(loaded, folder / "hour", size, hour)]


async def stormed(loaded: Load, folder: Path, kind: str, links: int) -> list[Figure]:
    """What a storm of idle links takes, in seconds and in memory."""
    async with MeasuredXucd(loaded.listen(kind, SMALL), SMALL, folder) as xucd:
        loaded.open(kind, xucd.address(), OTHERS)
        plan = {"seconds": 3.0, "probes": 100.0, "events": 0.0}
        idle = loaded.latencies(kind, plan, lambda: None)
        before = memory(xucd.pid)
        storm = Storm(xucd.address(PING, resume=kind == "that resumes"), links)
        busy = loaded.latencies(kind, {**plan, "seconds": STORM_S}, storm)
        took = storm.rest()
        taken = (memory(xucd.pid) - before) / links / KIB
        storm.close()
    loaded.close(kind)
    return [
        _kib(f"an idle link {kind}, of {links:,}", taken, A_LINK),
        Figure(
            what=f"{links:,} links {kind}, opened at once", value=round(took, 2), unit="s",
            bound="at most", limit=STORM_S,
        ),
        Figure(what=f"p99 of {OTHERS} others meanwhile", value=_p99(busy["seconds"]), unit="ms"),
        Figure(what="p99 of these otherwise", value=_p99(idle["seconds"]), unit="ms"),
    ]  # fmt: skip


def _bare(links: int) -> Figure:
    """A bare Autobahn server's, of as many links."""
    server = Published("autobahn")
    try:
        first = Storm(Address(server.port), 10)
        first.rest()
        before = memory(server.pid)
        storm = Storm(Address(server.port), links)
        storm.rest()
        taken = (memory(server.pid) - before) / links / KIB
        for each in (first, storm):
            each.close()
    finally:
        server.stop()
    return _kib(f"a link of a bare Autobahn server, of {links:,}", taken, None)


async def _over_tls(loaded: Load, folder: Path, links: int) -> Figure:
    xucd = MeasuredXucd(loaded.listen("tls", SMALL), SMALL, folder / "tls")
    xucd.use_tls(*certificate(folder))
    async with xucd:
        loaded.open("tls", xucd.address(PING), 10)  # what the first ones bring along is no link's
        before = memory(xucd.pid)
        loaded.open("tls", xucd.address(PING), links)
        taken = (memory(xucd.pid) - before) / links / KIB
    loaded.close("tls")
    return _kib(f"an idle link over TLS, of {links:,}", taken, A_TLS_LINK)


async def _resynchronised(loaded: Load, folder: Path, size: Size) -> int:
    name = f"{len(size.places)} agents in {len(size.places[0].queues)} queues"
    async with MeasuredXucd(loaded.listen(name, size), size, folder / name) as xucd:
        loaded.open(name, xucd.address(), 1)
        loaded.flood(name, 100)  # what was needed for the start alone is given back by then
        taken = memory(xucd.pid)
    loaded.close(name)
    return taken


async def hours(loaded: Load, folder: Path, size: Size, calls: int) -> list[Figure]:
    """How much more memory an hour's calls leave behind, after a fifth of them to warm up."""
    async with MeasuredXucd(loaded.listen("hour", size), size, folder) as xucd:
        loaded.open("hour", xucd.address(), 50)
        taken = []
        for _ in range(6 * PARTS // 5):
            loaded.flood("hour", calls // PARTS)
            taken.append(memory(xucd.pid))
    loaded.close("hour")
    few = max(1, PARTS // 10)
    last, first = statistics.median(taken[-few:]), statistics.median(taken[PARTS // 5 :][:few])
    return [
        Figure(
            what=f"growth over an hour's {calls:,} calls", value=round(100 * (last / first - 1), 1),
            unit="%", bound="at most", limit=FLAT,
        ),
        measured("all of it", [each / KIB**2 for each in taken], "MiB"),
    ]  # fmt: skip


def _p99(seconds: list[float]) -> float:
    return round(1000 * percentile(seconds, 0.99), 1)


def _kib(what: str, value: float, limit: float | None) -> Figure:
    return Figure(
        what=what, value=round(value, 1), unit="KiB", bound="at most" if limit else "", limit=limit
    )
