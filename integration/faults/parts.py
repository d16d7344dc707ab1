"""The parts of a centre of several nodes, and how each can fail: nodes, NATS, PostgreSQL."""

from __future__ import annotations

import asyncio
import enum
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from integration.faults.cables import Cable
from integration.nats import Nats
from integration.running import Xucd
from tests.postgres_server import PostgresServer

Act = Callable[[], object]
Awaited = Callable[[], Awaitable[object]]


class How(enum.Enum):
    """How a part fails."""

    KILLED = "killed"
    FROZEN = "frozen"
    CUT = "cut off"


@dataclass(frozen=True)
class Part:
    """A part. `faults` has what makes it fail, and what lets it be as before."""

    faults: Mapping[How, tuple[Awaited, Awaited]]

    async def fail(self, how: How) -> None:
        """Let it fail."""
        await self.faults[how][0]()

    async def recover(self, how: How) -> None:
        """Let it be as before."""
        await self.faults[how][1]()


def node(xucd: Xucd, cables: Sequence[Cable]) -> Part:
    """An owner or an edge, with its ways to NATS and PostgreSQL."""
    faults = {
        How.KILLED: (lambda: xucd.stop(signal.SIGKILL), xucd.start),
        How.FROZEN: (
            _aside(lambda: xucd.signal(signal.SIGSTOP)),
            _aside(lambda: xucd.signal(signal.SIGCONT)),
        ),
        How.CUT: _cut(cables),
    }
    return Part(faults)


def nats(server: Nats, cables: Sequence[Cable]) -> Part:
    """NATS, with the ways of all nodes to it."""
    faults = {
        How.KILLED: (_aside(server.kill), _aside(server.start)),
        How.FROZEN: (_aside(server.freeze), _aside(server.thaw)),
        How.CUT: _cut(cables),
    }
    return Part(faults)


def postgresql(server: PostgresServer, cables: Sequence[Cable]) -> Part:
    """PostgreSQL, with the ways of all nodes to it."""
    faults = {
        How.KILLED: (_aside(lambda: server.stop(signal.SIGQUIT)), _aside(server.start)),
        How.FROZEN: (_aside(server.freeze), _aside(server.thaw)),
        How.CUT: _cut(cables),
    }
    return Part(faults)


def _aside(act: Act) -> Awaited:
    return lambda: asyncio.to_thread(act)


def _cut(cables: Sequence[Cable]) -> tuple[Awaited, Awaited]:
    async def pull() -> None:
        for cable in cables:
            cable.pull()

    async def plug() -> None:
        for cable in cables:
            cable.plug()

    return pull, plug
