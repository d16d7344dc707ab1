"""xucd as two nodes: the owner of a PBX, and an edge at which the clients are."""

from __future__ import annotations

import datetime
import itertools
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from integration.client import Client
from integration.nats import DocumentedNats, Nats
from integration.pbx import Pbx
from integration.running import Xucd
from tests.postgres_server import PostgresServer

CENTRES = itertools.count(1)
"""Names for centres that share a NATS server, and for their databases."""


class Edge(Xucd):
    """A node without a PBX of its own, beside an owner's."""

    def __init__(self, owner: Xucd, folder: Path, nats: Nats, centre: str, node: str) -> None:
        super().__init__(owner.pbx, folder, cluster(nats, centre, node), owner.url)
        text = self.file.read_text()
        ami, store = text.index("[ami]"), text.index("[store]")
        self.file.write_text(text[:ami] + text[store:])

    def divide(self, processes: int) -> None:
        """Serve by several processes from the next start on."""
        text = self.file.read_text()
        self.file.write_text(text.replace("[web]\n", f"[web]\nprocesses = {processes}\n"))

    @property
    def parent(self) -> int:
        """The process that has been started."""
        assert self._process is not None
        return self._process.pid

    def processes(self) -> list[int]:
        """Those that it has started."""
        text = Path(f"/proc/{self.parent}/task/{self.parent}/children").read_text()
        return [int(pid) for pid in text.split()]

    def kill(self, pid: int, how: signal.Signals = signal.SIGKILL) -> None:
        """Send one of them a signal."""
        assert pid in self.processes()
        os.kill(pid, how)

    def process_of(self, client: Client) -> int:
        """The process that has a client's link."""
        return next(pid for pid in self.processes() if client.local_port in ports_of(pid))


class EdgedXucd(Xucd):
    """An owner, to which all is done that is done to a daemon, and an edge that clients use."""

    def __init__(self, pbx: Pbx, folder: Path, settings: str, url: str, nats: Nats) -> None:
        # The example of a configuration names subjects.
        centre = "xucd" if isinstance(nats, DocumentedNats) else f"test-{next(CENTRES)}"
        super().__init__(pbx, folder, f"{settings}\n{cluster(nats, centre, 'owner')}", url)
        beside = folder / "edge"
        beside.mkdir()
        self.edge = Edge(self, beside, nats, centre, "edge-1")
        self.edge.file.write_text(f"{settings}\n{self.edge.file.read_text()}")
        self.owner_port, self.port = self.own_port, self.edge.port
        # Where what clients may have missed is kept over a restart.
        self.more_environment = self.edge.more_environment = {"STATE_DIRECTORY": str(folder)}

    async def prepare(self) -> None:
        """Its database is prepared."""

    async def start(self, *, hears: bool = True) -> None:
        """Start both, or the owner alone if the edge goes on."""
        if self.edge._process is None:
            await self.edge.spawn()
        await super().start(hears=hears)
        await self.edge.until_started(hears=hears)

    async def until_current(self) -> None:
        """Wait until the edge holds what Asterisk has."""
        await self.edge.until_current()

    async def stop_owner(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the owner; the edge goes on."""
        await super().stop(how)

    async def restart_owner(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the owner, and start it again; the edge goes on."""
        await self.stop_owner(how)
        await self.start()

    async def restart_edge(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the edge, and start it again; the owner goes on."""
        await self.edge.stop(how)
        await self.edge.start()

    def freeze_owner(self) -> None:
        """Let the owner stand still."""
        super().signal(signal.SIGSTOP)

    def thaw_owner(self) -> None:
        """Let the owner go on."""
        super().signal(signal.SIGCONT)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End both."""
        await self.edge.stop(how)
        return await super().stop(how)

    def signal(self, what: signal.Signals) -> None:
        """Send both a signal."""
        super().signal(what)
        self.edge.signal(what)


def ports_of(pid: int) -> set[int]:
    """The ports at the other ends of a process's connections by IPv4."""
    process, held = Path(f"/proc/{pid}"), set()
    for file in (process / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            held.add(os.readlink(file))
    rows = [line.split() for line in (process / "net/tcp").read_text().splitlines()[1:]]
    return {int(row[2].partition(":")[2], 16) for row in rows if f"socket:[{row[9]}]" in held}


def cluster(nats: Nats, centre: str, node: str) -> str:
    """Settings of a node."""
    named = f'[cluster]\nnode = "{node}"\nname = "{centre}"\n'
    return f'{named}servers = ["{nats.url}"]\n{nats.known_by(node)}'


@pytest.fixture(scope="session")
def nats() -> Iterator[Nats]:
    """A NATS server for all tests; who harms one starts its own."""
    with Nats() as server:
        yield server


class Databases:
    """PostgreSQL databases with the demo's centre in them, as many as are needed."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self.server = server
        self._folder = folder
        self._made = itertools.count(1)
        self._demo = ""

    async def create(self, pbx: Pbx) -> str:
        """A database that nobody has used yet; returns its URL."""
        today = f"demo{datetime.date.today():%Y%m%d}"  # its callbacks are due today and tomorrow
        if self._demo != today:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir()
            await Xucd(pbx, self._folder, url=self.server.create(today)).prepare()
            self._demo = today
        return self.server.create(f"edged{next(self._made)}", today)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """A PostgreSQL server of its own."""
    with PostgresServer() as server:
        yield Databases(server, tmp_path_factory.mktemp("databases") / "made")
