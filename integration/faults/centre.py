"""A centre over two PBXs with two edges, in which each node, NATS and PostgreSQL can fail."""

from __future__ import annotations

import asyncio

from integration.edged import Databases, Edge
from integration.faults import parts
from integration.faults.cables import Cable
from integration.faults.parts import Part
from integration.running import DEMO, Xucd
from integration.sites import TwoSites

SOCKET = ".s.PGSQL.5432"
EDGES = ("edge-1", "edge-2")
NATS, POSTGRESQL = "NATS", "PostgreSQL"
MOVED = {"jack": "1006", "marice": "1007", "caroline": "1003", "sue": "1004"}
"""Who has another line than in the demo."""


def center() -> str:
    """The demo's centre, with everybody's line at the PBX of the own queues."""
    text = DEMO.read_text()
    for login, line in (
        ("jack", "1006"),
        ("marice", "1007"),
        ("caroline", "1003"),
        ("sue", "1004"),
    ):
        before, named, after = text.partition(f'login = "{login}"')
        head, key, tail = after.partition('line = "')
        text = f"{before}{named}{head}{key}{line}{tail[4:]}"
    return text.replace("queues = { support = 0, sales = 1 }", "queues = { support = 0 }")


class Centre:
    """The nodes, each with cables of its own to NATS and to PostgreSQL, and the `parts`."""

    def __init__(self, sites: TwoSites, databases: Databases) -> None:
        self.sites = sites
        self._postgres = databases.server
        self.edges: list[Edge] = []
        self.cables: list[Cable] = []
        self.parts: dict[str, Part] = {}

    async def start(self) -> None:
        """Start all nodes."""
        sites = self.sites
        for name in EDGES:
            beside = sites.folder / name
            beside.mkdir()
            edge = Edge(sites.north.xucd, beside, sites.nats, sites.centre, name)
            edge.more_environment = {"STATE_DIRECTORY": str(beside)}
            self.edges.append(edge)
        nodes: dict[str, Xucd] = {pbx: site.xucd for pbx, site in sites.sites.items()}
        nodes |= zip(EDGES, self.edges, strict=True)
        ends = []
        for name, xucd in nodes.items():
            ends.append(await self._wire(xucd))
            self.parts[name] = parts.node(xucd, ends[-1])
        to_nats, to_postgresql = zip(*ends, strict=True)
        self.parts[NATS] = parts.nats(sites.nats, to_nats)
        self.parts[POSTGRESQL] = parts.postgresql(self._postgres, to_postgresql)
        await sites.start(center())
        await asyncio.gather(*(edge.start() for edge in self.edges))

    async def _wire(self, xucd: Xucd) -> tuple[Cable, Cable]:
        """Let a node reach NATS and PostgreSQL by cables."""
        nats, port = await Cable.to_port(self.sites.nats.port)
        folder = xucd.folder / "pg"
        folder.mkdir()
        postgres = await Cable.to_socket(self._postgres.folder / SOCKET, folder / SOCKET)
        self.cables += nats, postgres
        text = xucd.file.read_text()
        text = text.replace(f":{self.sites.nats.port}", f":{port}")
        xucd.file.write_text(text.replace(str(self._postgres.folder), str(folder)))
        return nats, postgres

    async def stop(self) -> None:
        await asyncio.gather(*(edge.stop() for edge in self.edges))
        await self.sites.stop()
        await asyncio.gather(*(cable.close() for cable in self.cables))

    async def until_current(self) -> None:
        """Wait until every node says that it has the state of what it serves."""
        for xucd in (*(site.xucd for site in self.sites.sites.values()), *self.edges):
            await xucd.until_current()
