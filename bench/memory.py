"""What links and agents take in memory, and a storm of links.

The memory is the daemon's own (proportional set size), read before and after: 5,000 idle links of a
page that follows nothing, the same with `resume` and over TLS; agents by the difference of two
centres; and an hour's calls, played as fast as they go, after which it should be what it was.
"""

import asyncio
import selectors
import socket
import tempfile
import time
from pathlib import Path

from bench.daemon import MeasuredXucd
from bench.figures import Figure, percentile
from bench.links import PING, Address, masked
from bench.load import Load, load
from bench.machine import LOAD_CORE, memory, pin
from bench.played import CalmSize
from integration.pages.busy import Size
from tests.certificates import certificate

LINKS = 5000
OTHERS = 100
AGENTS = (500, 2500)
HOUR = 18_000  # calls: five a second
KIB = 1024


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
    small = CalmSize(agents=50, queues=5, groups=5)
    kinds = {"plain": 15.0, "that resumes": None, "over TLS": None}
    for kind, limit in kinds.items():
        xucd = MeasuredXucd(loaded.listen(kind, small), small, folder / kind)
        tls = kind == "over TLS"
        if tls:
            xucd.use_tls(*certificate(folder))
        async with xucd:
            address = xucd.address(PING, resume=kind == "that resumes")
            loaded.open(kind, address, 10)  # what the first ones bring along is no link's
            before = memory(xucd.pid)
            loaded.open(kind, address, links)
            taken = (memory(xucd.pid) - before) / links / KIB
        loaded.close(kind)
        found.append(_kib(f"an idle link {kind}, of {links:,}", taken, limit))
    found += await _after_traffic(loaded, folder / "traffic", small)
    found += await _storm(loaded, folder / "storm", small, links)
    sizes = [CalmSize(agents=count, queues=50, groups=8) for count in AGENTS]
    taken_by = [await _resynchronised(loaded, folder, size) for size in sizes]
    an_agent = (taken_by[1] - taken_by[0]) / (AGENTS[1] - AGENTS[0]) / KIB
    found.append(_kib("an agent", an_agent, 4.0))
    return found + await _hour(loaded, folder / "hour", sizes[0], hour)


async def _after_traffic(loaded: Load, folder: Path, size: Size) -> list[Figure]:
    """What each of 500 links takes that resume and have been told of hundreds of calls."""
    async with MeasuredXucd(loaded.listen("traffic", size), size, folder) as xucd:
        loaded.open("traffic", xucd.address(resume=True), 10)
        loaded.flood("traffic", 100)
        before = memory(xucd.pid)
        loaded.open("traffic", xucd.address(resume=True), 500)
        loaded.flood("traffic", 300)
        taken = (memory(xucd.pid) - before) / 500 / KIB
    loaded.close("traffic")
    return [_kib("a link that resumes, after 300 calls", taken, 20.0)]


async def _storm(loaded: Load, folder: Path, size: Size, links: int) -> list[Figure]:
    xucd = MeasuredXucd(loaded.listen("storm", size), size, folder)
    async with xucd:
        loaded.open("storm", xucd.address(), OTHERS)
        plan = {"seconds": 5.0, "probes": 100.0, "events": 0.0}
        idle = loaded.latencies("storm", plan, lambda: None)
        storm = Storm(xucd.address(PING), links)
        busy = loaded.latencies("storm", {**plan, "seconds": 10.0}, storm)
        while not storm.took:
            storm()
        storm.close()
    loaded.close("storm")
    return [
        Figure(
            what=f"{links:,} links opened at once", value=round(storm.took, 2), unit="s",
            bound="at most", limit=10.0,
        ),
        Figure(what="p99 of 100 others meanwhile", value=_p99(busy["seconds"]), unit="ms"),
        Figure(what="p99 of these otherwise", value=_p99(idle["seconds"]), unit="ms"),
    ]  # fmt: skip


async def _resynchronised(loaded: Load, folder: Path, size: Size) -> int:
    name = f"{len(size.places)} agents"
    async with MeasuredXucd(loaded.listen(name, size), size, folder / name) as xucd:
        await asyncio.sleep(2)  # what was needed for the start alone is given back by now
        taken = memory(xucd.pid)
    loaded.close(name)
    return taken


async def _hour(loaded: Load, folder: Path, size: Size, hour: int) -> list[Figure]:
    async with MeasuredXucd(loaded.listen("hour", size), size, folder) as xucd:
        loaded.open("hour", xucd.address(), 50)
        taken = []
        for _ in range(6):  # the first one warms up
            loaded.flood("hour", hour // 6)
            taken.append(memory(xucd.pid))
    loaded.close("hour")
    grown = 100 * (taken[-1] - taken[0]) / taken[0]
    return [
        Figure(
            what=f"growth over an hour's {hour:,} calls", value=round(grown, 1), unit="%",
            bound="at most", limit=2.0,
        )
    ]  # fmt: skip


def _p99(seconds: list[float]) -> float:
    return round(1000 * percentile(seconds, 0.99), 1)


def _kib(what: str, value: float, limit: float | None) -> Figure:
    return Figure(
        what=what, value=round(value, 1), unit="KiB", bound="at most" if limit else "", limit=limit
    )
