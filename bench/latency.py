"""From Asterisk's byte to the last of 1,000 clients, at half the load that they can be told of.

Clients come and go meanwhile, and one in a hundred never reads. What is timed are probes among the
traffic: pauses of an agent with a number in their reason, which is found again in what each client
gets. The load writes Asterisk's bytes and reads all clients in one process, so one clock sees both
ends. An idle server stands beside it: the same probes and clients, no traffic, nobody who comes,
goes or does not read.
"""

import asyncio
import contextlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.daemon import MeasuredXucd
from bench.figures import Figure, measured, percentile
from bench.links import PING, Address, Links
from bench.load import Load, load
from bench.machine import LOAD_CORE, pin
from bench.played import CalmSize

CLIENTS = 1000
NEVER_READ = CLIENTS // 100
RECONNECTS = 3.0  # a second
PROBES = 60.0  # a second
SECONDS = 25.0
RATES = (350, 6400)
"""Events a second at which half of the clients are measured too."""
BURST = 640
"""Calls of a burst: 7 MB."""
SIZE = CalmSize(agents=500, queues=50, groups=8)
LIMIT = 3.0
"""How many times an idle server's p99 the busy one's may be."""


class Churn:
    """Clients that come and go, and those that never read; both are replaced all the time."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._links = Links()
        self._began = time.monotonic()
        self._opened = 0
        self._links.open_unread(address, NEVER_READ)

    def __call__(self) -> None:
        """Do what is due."""
        with contextlib.suppress(ConnectionError):
            while self._links.turn(0):
                pass
        if self._opened < (time.monotonic() - self._began) * RECONNECTS:
            self._opened += 1
            self._links.open([self._address])
            if len(self._links.sockets) > 10:
                self._links.close_one()
            if self._opened % 3 == 0:  # xucd closes who does not read after some seconds
                self._links.unread.pop(0).close()
                self._links.open_unread(self._address, 1)

    def close(self) -> None:
        """Close all."""
        self._links.close()


def measure(clients: int = CLIENTS, seconds: float = SECONDS) -> list[Figure]:
    """The percentiles, at half of the highest load and idle."""
    return asyncio.run(_measure(clients, seconds))


async def _measure(clients: int, seconds: float) -> list[Figure]:
    pin(LOAD_CORE)
    with tempfile.TemporaryDirectory() as folder, load() as loaded:
        async with MeasuredXucd(loaded.listen("xucd", SIZE), SIZE, Path(folder)) as xucd:
            address = xucd.address()
            loaded.open("xucd", address, clients // 2)
            at_rates = _at_rates(loaded, clients // 2, seconds / 5)
            loaded.open("xucd", address, clients - clients // 2)
            found = of_server(loaded, address, seconds)
            loaded.open_each("xucd", [xucd.address(PING)])
            return [*found, *at_rates, *_burst(loaded, clients)]


def _at_rates(loaded: Load, clients: int, seconds: float) -> list[Figure]:
    found = []
    for rate in RATES:
        plan = {"seconds": seconds, "probes": PROBES, "events": float(rate)}
        taken = loaded.latencies("xucd", plan, lambda: None)
        value = 1000 * percentile(taken["seconds"], 0.99)
        found.append(measured(f"p99 to {clients:,} at {rate:,} events/s", [value], "ms"))
    return found


def _burst(loaded: Load, clients: int) -> list[Figure]:
    bursts = [loaded.burst("xucd", BURST) for _ in range(3)]
    size = bursts[0]["bytes"] / 1e6
    waits = [1000 * each["longest"] for each in bursts]
    took = [each["seconds"] for each in bursts]
    return [
        measured(f"a burst of {size:.0f} MB of events: the longest wait of a ping", waits, "ms"),
        measured(f"the same burst, to the last of {clients:,} clients", took, "s"),
    ]


def of_server(loaded: Load, address: Address, seconds: float) -> list[Figure]:
    """The figures of a server whose clients are open."""
    highest = highest_load(loaded, "xucd")
    plan = {"seconds": seconds, "probes": PROBES, "events": 0.0}
    idle = loaded.latencies("xucd", plan, lambda: None)
    churn = Churn(address)
    busy = loaded.latencies("xucd", {**plan, "events": highest / 2}, churn)
    churn.close()
    found = [
        Figure(what="highest load", value=round(highest), unit="events/s"),
        Figure(what="load while measured", value=round(busy["events"]), unit="events/s"),
        Figure(
            what="probes that some client never got", value=busy["lost"], bound="at most", limit=0
        ),
    ]  # fmt: skip
    found += percentiles("idle", idle) + percentiles("at half of the highest load", busy)
    times = percentile(busy["seconds"], 0.99) / percentile(idle["seconds"], 0.99)
    return [
        Figure(
            what="p99: times an idle server's", value=round(times, 2), kind="ratio",
            bound="at most", limit=LIMIT,
        ),
        *found,
    ]  # fmt: skip


def highest_load(loaded: Load, of: str, rounds: int = 3) -> float:
    """How many events a second a server takes when they come as fast as it reads them."""
    first = loaded.flood(of, 20)
    calls = max(20, round(20 * 2.0 / first["seconds"]))  # two seconds' worth
    rates = []
    for _ in range(rounds):
        played = loaded.flood(of, min(calls, 5000))
        rates.append(played["events"] / played["seconds"])
    return statistics.median(rates)


def percentiles(when: str, found: dict[str, Any]) -> list[Figure]:
    """p50, p99 and p99.9 of the probes, in milliseconds."""
    return [
        measured(f"{name} {when}", [1000 * percentile(found["seconds"], share)], "ms")
        for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))
    ]
