"""An owner with edges, NATS and PostgreSQL: the edges on a core of their own, all else on another.

Asterisk is played, and the clients are the load's, as for one xucd.
"""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Self

from bench.daemon import ENVIRONMENT, MeasuredXucd
from bench.links import Address
from bench.load import Load
from bench.machine import LOAD_CORE, SERVER_CORE, cpu_seconds, on_core
from integration.edged import Edge, cluster
from integration.nats import Nats
from integration.pages.busy import Size
from tests.postgres_server import PostgresServer

Servers = tuple[PostgresServer, Nats]
"""What several centres may share."""


class Owner(MeasuredXucd):
    """The node beside the played Asterisk, whose database is PostgreSQL."""

    def __init__(self, ami_port: int, size: Size, folder: Path, settings: str, url: str) -> None:
        super().__init__(ami_port, size, folder)
        self.file.write_text(settings + self.file.read_text().replace(self.url, url))
        self.url = url
        self.launcher = (*on_core(LOAD_CORE), *ENVIRONMENT)


class MeasuredEdge(Edge):
    """An edge on the server's core."""

    launcher = (*on_core(SERVER_CORE), *ENVIRONMENT)

    @property
    def pid(self) -> int:
        """Its process: the launcher has become it."""
        assert self._process is not None
        return int(self._process.pid)


class NodesUse(NamedTuple):
    """What was used up to some moment: seconds of the processor, and what NATS sent."""

    owner: float
    nats: float
    edges: tuple[float, ...]
    packets: int
    bytes: int


class Centre:
    """A PBX's owner and its edges. `name` is the load's for the clients of all of them."""

    def __init__(self, name: str, loaded: Load, size: Size, folder: Path, servers: Servers) -> None:
        postgres, self.nats = servers
        self.name = name
        self._folder = folder
        self._nodes = contextlib.AsyncExitStack()
        settings, url = cluster(self.nats, name, "owner"), postgres.create(name)
        self.owner = Owner(loaded.listen(name, size), size, folder / "owner", settings, url)
        self.edges: list[MeasuredEdge] = []

    async def __aenter__(self) -> Self:
        await self._nodes.enter_async_context(self.owner)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._nodes.aclose()

    async def start_edge(self) -> MeasuredEdge:
        """Start one edge more."""
        node = f"edge-{len(self.edges) + 1}"
        folder = self._folder / node
        folder.mkdir()
        edge = MeasuredEdge(self.owner, folder, self.nats, self.name, node)
        self._nodes.push_async_callback(edge.stop)
        await edge.start()
        self.edges.append(edge)
        return edge

    def address(self, edge: MeasuredEdge, *commands: str) -> Address:
        """Where a client of the supervisor's connects to at an edge; see `MeasuredXucd.address`."""
        return replace(self.owner.address(*commands), port=edge.port)

    def used(self) -> NodesUse:
        """What was used until now."""
        said = self.nats.monitored()
        return NodesUse(
            cpu_seconds(self.owner.pid),
            cpu_seconds(self.nats.pid),
            tuple(cpu_seconds(edge.pid) for edge in self.edges),
            said["out_msgs"],
            said["out_bytes"],
        )
