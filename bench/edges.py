"""Whether two edges carry twice what one carries, each held to a share of a core.

Two centres take turns, one with an edge and one with two; both have as many clients, who follow the
states of all agents. Their edges are held so low that all else keeps up with them on the other
core: the owners, NATS, PostgreSQL, and the load, which plays Asterisk and reads for the clients.
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.centre import Centre
from bench.figures import Figure, in_turns, measured, ratio, ratios
from bench.held import ControlGroup
from bench.links import frames_of
from bench.load import Load, load
from bench.machine import LOAD_CORE, pin
from bench.played import CalmSize
from integration.nats import Nats
from tests.postgres_server import PostgresServer

CLIENTS = 1000
SHARE = 0.3
CALLS, ROUNDS = 15, 7
SIZE = CalmSize(agents=400, queues=20, groups=8)
LIMIT = 1.7


def measure(clients: int = CLIENTS, calls: int = CALLS, rounds: int = ROUNDS) -> list[Figure]:
    """What one edge carries, and what two do."""
    pin(LOAD_CORE)
    return asyncio.run(_measure(clients, calls, rounds))


async def _measure(clients: int, calls: int, rounds: int) -> list[Figure]:
    sides: dict[str, Callable[[], float]] = {}
    busy: list[float] = []
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = stack.enter_context(PostgresServer()), stack.enter_context(Nats())
        loaded = stack.enter_context(load())
        for edges, name in enumerate(("one", "two"), 1):
            groups = [
                stack.enter_context(ControlGroup(f"xucd-bench-{os.getpid()}-{name}-{number}"))
                for number in range(edges)
            ]
            centre = Centre(name, loaded, SIZE, folder / name, servers)
            await stack.enter_async_context(centre)
            for group in groups:
                edge = await centre.start_edge()
                loaded.open(name, centre.address(edge), clients // edges)
                group.hold(edge.pid, SHARE)
            sides[name] = _side(loaded, centre, (clients, calls), busy)
        rates = in_turns(sides, rounds)
    return [
        ratio("two edges, of one", ratios(rates["two"], rates["one"]), "at least", LIMIT),
        measured(f"one edge, to {clients:,}", rates["one"], "messages/s"),
        measured(f"two edges, to {clients // 2:,} each", rates["two"], "messages/s"),
        measured("an edge's use of a core meanwhile", [100 * each for each in busy], "%"),
    ]


def _side(
    loaded: Load, centre: Centre, plan: tuple[int, int], busy: list[float]
) -> Callable[[], float]:
    clients, calls = plan

    def rate() -> float:
        before = centre.used().edges
        played = loaded.in_lockstep(centre.name, calls, 1)
        seconds: float = played["seconds"]
        for used, first in zip(centre.used().edges, before, strict=True):
            busy.append((used - first) / seconds)
        return len(frames_of(played["stream"])) * clients / seconds

    return rate
