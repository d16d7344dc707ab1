"""What an edge adds to a message: the processor's time of each node, bytes on NATS, and a hop.

The same events come to an owner without edges, with one, with two, and with hundreds of clients at
one of them. Told is what the nodes used for each message that a client got, and what each edge or
client more adds. The hop is from when the owner's client has a probe until an edge's client has it:
one process reads both. The edges are not held to a share of their core. What all nodes use at rest
is told by itself, and taken off all else.
"""

import asyncio
import contextlib
import socket
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.centre import Centre, NodesUse
from bench.daemon import FOLLOWS
from bench.figures import Figure, measured, percentile
from bench.links import CHUNK, Address, frames_of, opened
from bench.load import Load, load
from bench.machine import LOAD_CORE, cpu_seconds, memory, pin
from bench.played import CalmSize, audible
from integration.nats import Nats
from tests.postgres_server import PostgresServer

NAME = "hop"
TOLD = "xucd_messages_total"
CLIENTS, BOARDS = 1000, 50
SECONDS = 5.0
EVENTS = 400.0
"""A second: of eleven calls."""
SLOWLY = 60.0
"""The pace of a board, which is told together of what a queue does quickly."""
QUIET_S = 0.5
"""After so long without anything there is nothing more to come."""
PROBES = 60.0  # a second
SIZE = CalmSize(agents=400, queues=20, groups=8)
STATES = '{"claz":"web","command":"getAgentStates"}'
BOARD = (
    *FOLLOWS,
    '{"claz":"web","command":"subscribeToQueueStats"}',
    *(
        f'{{"claz":"web","command":"subscribeToQueueCalls","queueId":{queue}}}'
        for queue in range(1, SIZE.queues + 1)
    ),
)
"""What a board says that shows all agents and queues."""
KIB = 1024


class Used(NamedTuple):
    """What was used for each second, or for each message: milliseconds, and what NATS sent."""

    owner: float
    nats: float
    edge: float
    packets: float
    bytes: float
    of_a_call: float = 0.0
    """Messages that a client got of a call."""


class Opened(NamedTuple):
    """Of a link that was opened at an edge: milliseconds of the processor, and KiB that it took."""

    owner: float
    edge: float
    owners_kib: float
    edges_kib: float


def measure(clients: int = CLIENTS, seconds: float = SECONDS) -> list[Figure]:
    """What an edge adds."""
    pin(LOAD_CORE)
    return asyncio.run(_measure(clients, seconds))


async def _measure(clients: int, seconds: float) -> list[Figure]:
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = stack.enter_context(PostgresServer()), stack.enter_context(Nats())
        loaded = stack.enter_context(load())
        centre = await stack.enter_async_context(Centre(NAME, loaded, SIZE, folder, servers))
        loaded.open(NAME, centre.owner.address(), 1)
        stream = frames_of(loaded.in_lockstep(NAME, 5, 1)["stream"])
        rest = await _at_rest(centre, seconds)
        none = _used(loaded, centre, rest, seconds)
        edge = await centre.start_edge()
        loaded.open(NAME, centre.address(edge), 1)
        plan = {"seconds": 2 * seconds, "probes": PROBES, "events": EVENTS}
        hops = [1000 * each for each in loaded.latencies(NAME, plan, lambda: None)["apart"]]
        rest = await _at_rest(centre, seconds)
        one = _used(loaded, centre, rest, seconds)
        with contextlib.closing(opened(centre.address(edge, *BOARD))) as board:
            _read(board)
            shown = _used(loaded, centre, rest, 3 * seconds, SLOWLY)
            heard = frames_of(_read(board))
        loaded.open(NAME, centre.address(await centre.start_edge()), 1)
        two = _used(loaded, centre, rest, seconds)
        links = _opened(loaded, centre, [centre.address(edge)] * clients)
        many = _used(loaded, centre, rest, seconds)
        asked = _opened(loaded, centre, [centre.address(edge, STATES)] * min(clients, BOARDS))
    calls = round(3 * seconds * SLOWLY / sum(map(len, audible())))
    a_state = 1000 / len(SIZE.places)
    return [
        measured("a hop: p50", [percentile(hops, 0.5)], "ms"),
        measured("a hop: p99", [percentile(hops, 0.99)], "ms"),
        _figure("a message: the owner, without an edge", none.owner, "ms"),
        _figure("a message: the owner, with one", one.owner, "ms"),
        _figure("a message: the owner, with two", two.owner, "ms"),
        _figure("a message: NATS, with one edge", one.nats, "ms"),
        _figure("a message: NATS, with two", two.nats, "ms"),
        _figure("a message: an edge with 1 client", one.edge, "ms"),
        _figure(f"a message: an edge with {clients + 1:,}", many.edge, "ms"),
        _figure("a message: packets to an edge", one.packets),
        _figure("a message: bytes on NATS to an edge", one.bytes, "B"),
        _figure("a message: bytes to a client", statistics.mean(map(len, stream)), "B"),
        _figure("a call: messages to who follows agents", many.of_a_call),
        _figure("a call: messages to a board", len(heard) / calls),
        _figure("a call: bytes to a board", sum(map(len, heard)) / calls, "B"),
        _figure("a call, shown by a board: the owner", shown.owner * shown.of_a_call, "ms"),
        _figure("a call, shown by a board: packets", shown.packets * shown.of_a_call),
        _figure("a call, shown by a board: bytes on NATS", shown.bytes * shown.of_a_call, "B"),
        _figure("a link at an edge, opened: the owner", links.owner, "ms"),
        _figure("a link at an edge, opened: the edge", links.edge, "ms"),
        _figure("a link at an edge, idle: memory of the owner", links.owners_kib, "KiB"),
        _figure("a link at an edge, idle: memory of the edge", links.edges_kib, "KiB"),
        _figure(
            "an agent's state, asked for: the owner", a_state * (asked.owner - links.owner), "µs"
        ),
        _figure("an agent's state, asked for: the edge", a_state * (asked.edge - links.edge), "µs"),
        _figure("at rest: the owner, with one edge", rest.owner / 10, "% of a core"),
        _figure("at rest: an edge", rest.edge / 10, "% of a core"),
        _figure("at rest: packets, of one edge and its owner", rest.packets, "/s"),
    ]


async def _at_rest(centre: Centre, seconds: float) -> Used:
    """What is used in each second in which nothing happens."""
    before = centre.used()
    await asyncio.sleep(seconds)  # the time itself is measured
    return _per(seconds, before, centre.used())


def _used(loaded: Load, centre: Centre, rest: Used, seconds: float, events: float = EVENTS) -> Used:
    """What a message uses now, beyond the rest; they are counted at a node with one client."""
    node = centre.edges[-1] if centre.edges else centre.owner
    told, before, began = node.metrics()[TOLD], centre.used(), time.monotonic()
    plan = {"seconds": seconds, "probes": 0.0, "events": events}
    loaded.latencies(NAME, plan, lambda: None)
    took, after = time.monotonic() - began, centre.used()
    messages = node.metrics()[TOLD] - told
    found = zip(_per(messages, before, after), rest, strict=True)
    beyond = [each - still * took / messages for each, still in found]
    calls = round(seconds * events / sum(map(len, audible())))
    return Used._make([*beyond[:-1], messages / calls])


def _per(count: float, before: NodesUse, after: NodesUse) -> Used:
    edges = [last - first for last, first in zip(after.edges, before.edges, strict=True)]
    return Used(
        1000 * (after.owner - before.owner) / count,
        1000 * (after.nats - before.nats) / count,
        1000 * edges[0] / count if edges else 0.0,
        (after.packets - before.packets) / count,
        (after.bytes - before.bytes) / count,
    )


def _opened(loaded: Load, centre: Centre, addresses: list[Address]) -> Opened:
    """What it takes to open links at the first edge, each."""
    nodes = centre.owner.pid, centre.edges[0].pid
    before = [(1000 * cpu_seconds(pid), memory(pid) / KIB) for pid in nodes]
    loaded.open_each(NAME, addresses)
    after = [(1000 * cpu_seconds(pid), memory(pid) / KIB) for pid in nodes]
    owner, edge = [
        [(now - then) / len(addresses) for now, then in zip(last, first, strict=True)]
        for last, first in zip(after, before, strict=True)
    ]
    return Opened(owner[0], edge[0], owner[1], edge[1])


def _read(link: socket.socket) -> bytes:
    """What came over a link, and comes until nothing more does."""
    link.settimeout(QUIET_S)
    found = bytearray()
    with contextlib.suppress(TimeoutError):
        while got := link.recv(CHUNK):
            found += got
    return bytes(found)


def _figure(what: str, value: float, unit: str = "") -> Figure:
    return Figure(what=what, value=round(value, 3 if value < 10 else 1), unit=unit)
