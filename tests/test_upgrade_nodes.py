"""Two versions of xucd run beside each other in a centre, whichever node is upgraded first."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from integration.edged import cluster
from integration.faults.waiting import until
from integration.nats import Nats
from tests import later_version
from tests.edged_lone import LoneEdgedXucd
from tests.lone_xucd import LoneXucd
from tests.rest_client import RestClient
from tests.test_edge_rest import CSV, requests_of, until_served
from xucd.store.lease import Leases

Database = Callable[[str], str]


@pytest.fixture(scope="module")
def nats() -> Iterator[Nats]:
    with Nats() as nats:
        yield nats


async def serve(xucd: LoneEdgedXucd) -> None:
    """Have a client of the edge served by the owner."""
    async with xucd:
        sue = await xucd.rest("sue")
        await until_served(sue)
        where = await requests_of(sue)
        file = "phoneNumber|lastName\n0230218001|Zoé\n"
        status, answer = await sue.ask("POST", where, file, CSV)
        assert (status, answer["created"]) == (201, 1)
        page = await xucd.client("sue")
        assert (await page.until("LinkStatus"))["pbx"] == "main"
        await page.close()
        said = xucd.edge.log.read_text()
    assert re.search(r"the PBX's owner is there .*schema=1\n", said)
    assert "the PBX's owner is lost" not in said


async def test_an_edge_and_an_owner_of_two_versions_serve_whichever_is_the_later(
    postgresql: Database, nats: Nats, tmp_path: Path
) -> None:
    centres = {}
    for later in ("edge", "owner"):
        folder = tmp_path / later
        folder.mkdir()
        centres[later] = LoneEdgedXucd(folder, postgresql(f"later_{later}"), nats)
    for node in (centres["edge"].edge, centres["owner"]):
        more = later_version.environment(node.folder)
        node.more_environment = {**node.more_environment, **more}
    await asyncio.gather(*map(serve, centres.values()))  # an owner waits 15 s for Asterisk


class TwoNodes:
    """Two nodes for the same PBX; the first one owns it."""

    def __init__(self, folder: Path, url: str, nats: Nats) -> None:
        self.url = url
        self.first, self.second = (
            LoneXucd(folder / node, url, settings=cluster(nats, "two", node))
            for node in ("first", "second")
        )
        for node in (self.first, self.second):
            node.more_environment = {"STATE_DIRECTORY": str(node.folder)}

    async def owned_by(self, node: LoneXucd) -> None:
        """Wait until a node owns the PBX, and serves as its owner."""
        leases = Leases(self.url)

        async def owns() -> bool:
            owners = await asyncio.to_thread(leases.owners)
            return owners.get("main") == (node.folder.name, True)

        await until(owns)
        leases.close()
        await self.serves(node)

    async def serves(self, node: LoneXucd) -> None:
        """Wait until a node serves its clients; while it changes its part it listens nowhere."""
        ada = RestClient(node.port, node.token("ada"))

        async def answers() -> bool:
            try:
                status, _ = await ada.ask("GET", "/callback_lists")
            except OSError:
                return False
            return status == 200

        await until(answers)


def migrate_further(url: str) -> None:
    """As a newer version does when it starts."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for statement in (
            "UPDATE alembic_version SET version_num = '9999'",
            "ALTER TABLE queues ADD COLUMN later integer",
            "ALTER TABLE pbx_owners ADD COLUMN later integer DEFAULT 3 NOT NULL",
        ):
            connection.execute(text(statement))
    engine.dispose()


async def test_on_tables_of_a_newer_version_nodes_go_on_and_take_over_but_do_not_start(
    postgresql: Database, nats: Nats, tmp_path: Path
) -> None:
    for node in ("first", "second"):
        (tmp_path / node).mkdir()
    nodes = TwoNodes(tmp_path, postgresql("newer_tables"), nats)
    first, second = nodes.first, nodes.second
    async with first, second:
        await nodes.owned_by(first)
        migrate_further(nodes.url)
        first.signal(signal.SIGSTOP)
        try:
            await nodes.owned_by(second)
        finally:
            first.signal(signal.SIGCONT)
        await until(lambda: serves_as_an_edge(first))
        await second.stop(signal.SIGKILL)
        await nodes.owned_by(first)
        with pytest.raises(RuntimeError, match="does not fit this version of xucd"):
            await second.start()
        assert await second.stop() == 2
        assert "install that again, or restore a backup" in second.log.read_text()


async def serves_as_an_edge(node: LoneXucd) -> bool:
    """Whether a node that was the owner serves as an edge."""
    log = await asyncio.to_thread(node.log.read_text)
    return "listening" in log.partition("another node owns the PBX")[2]
