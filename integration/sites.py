"""One centre over two PBXs: Asterisk 22 in the north, 16 in the south, and an owner beside each.

A trunk for agents is between them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import pytest_asyncio

from integration.client import Client
from integration.edged import CENTRES, Databases, cluster
from integration.fixtures import World, clear
from integration.nats import Nats
from integration.pbx import Pbx
from integration.phones import Phones
from integration.running import DEMO, Xucd
from integration.trunks import TrunkedPbx

NORTH, SOUTH = "north", "south"
VERSION_OF = {NORTH: "22", SOUTH: "16"}
ADDRESS_OF = {NORTH: "127.0.0.2", SOUTH: "127.0.0.3"}
LINES_OF = {
    NORTH: ("1001", "1002", "1003", "1004"),
    SOUTH: ("1005", "1006", "1007", "1008"),
}
QUEUES_OF = {NORTH: ("support",), SOUTH: ("sales", "billing")}

TwoPbxs = dict[str, tuple[Pbx, Phones]]
"""Both PBXs with their phones, by name."""

ONE_RANGE = """ids = "1-10"
numbers = "1001-1010"
interface = "PJSIP/{number}"
context = "default"
"""
TWO_RANGES = """ids = "1-4"
numbers = "1001-1004"
interface = "PJSIP/{number}"
context = "default"
pbx = "north"
[[lines]]
ids = "5-10"
numbers = "1005-1010"
interface = "PJSIP/{number}"
context = "default"
pbx = "south"
"""
SHEETS = """[[sheets]]
name = "customer"
items = [{ name = "Caller", type = "text", order = 1, value = "{caller_number} for {queue}" }]
"""
"""The sheet that the dialplan asks for."""


def split(demo: str) -> str:
    """The demo's centre, with its lines and queues on the PBXs that `TwoSites` has."""
    assert ONE_RANGE in demo
    text = demo.replace(ONE_RANGE, TWO_RANGES)
    for pbx, queues in QUEUES_OF.items():
        for queue in queues:
            named = f"[[queues]]\nid = {('support', 'sales', 'billing').index(queue) + 1}\n"
            assert named in text
            text = text.replace(named, f'{named}pbx = "{pbx}"\n')
    return text


class TwoSites:
    """Two PBXs with their phones and owners, which share a database and a NATS server.

    Lines 1001 to 1004 and the queue support are in the north, all else is in the south. `centre` is
    the name by which further nodes belong to it.
    """

    def __init__(self, worlds: TwoPbxs, folder: Path, url: str, nats: Nats) -> None:
        self.folder = folder
        self.url = url
        self.nats = nats
        self.centre = f"sites-{next(CENTRES)}"
        self.sites: dict[str, World] = {}
        for pbx, (asterisk, phones) in worlds.items():
            beside = folder / pbx
            beside.mkdir()
            settings = f'{cluster(nats, self.centre, f"beside-{pbx}")}pbx = "{pbx}"\n{SHEETS}'
            owner = Xucd(asterisk, beside, settings, url)
            owner.more_environment = {"STATE_DIRECTORY": str(beside)}
            self.sites[pbx] = World(owner, phones)

    @property
    def north(self) -> World:
        return self.sites[NORTH]

    @property
    def south(self) -> World:
        return self.sites[SOUTH]

    async def start(self, center: str = "") -> Self:
        """Start both owners; `center` is what the PBXs are to share, the demo's unless given."""
        file = self.folder / "center.toml"
        file.write_text(split(center or DEMO.read_text()))
        await self.north.xucd.command("center", "apply", str(file))
        await asyncio.gather(*(site.xucd.start() for site in self.sites.values()))
        return self

    async def stop(self) -> None:
        for site in self.sites.values():
            await site.close()
            await site.xucd.stop()
            await clear(site)

    async def pages(self, login: str) -> tuple[Client, Client]:
        """Pages of a user, at the owner in the north and at that in the south."""
        north, south = [await self._page(site, login) for site in self.sites.values()]
        return north, south

    async def _page(self, site: World, login: str) -> Client:
        # Not by `client`: that waits for the phone's status, which one of them tells.
        page = site.keep(await Client.sign_in(site.xucd.port, login))
        await page.until("UserConfigUpdate")
        return page


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def two_pbxs(docker: None) -> AsyncIterator[TwoPbxs]:
    """Both PBXs, with their phones registered."""
    north, south = (TrunkedPbx(VERSION_OF[pbx], pbx, ADDRESS_OF[pbx]) for pbx in (NORTH, SOUTH))
    north.connect(south.end)
    south.connect(north.end)
    with north, south:
        async with Phones(north) as northern, Phones(south) as southern:
            await northern.register(*LINES_OF[NORTH])
            await southern.register(*LINES_OF[SOUTH])
            yield {NORTH: (north, northern), SOUTH: (south, southern)}


@contextlib.asynccontextmanager
async def running_sites(
    two_pbxs: TwoPbxs, databases: Databases, nats: Nats, folder: Path
) -> AsyncIterator[TwoSites]:
    """A centre over both PBXs, in which nobody is logged in."""
    url = await databases.create(two_pbxs[NORTH][0])
    sites = TwoSites(two_pbxs, folder, url, nats)
    try:
        yield await sites.start()
    finally:
        await sites.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def sites(
    two_pbxs: TwoPbxs, databases: Databases, nats: Nats, tmp_path: Path
) -> AsyncIterator[TwoSites]:
    """A centre over both PBXs, of this test alone."""
    async with running_sites(two_pbxs, databases, nats, tmp_path) as sites:
        yield sites
