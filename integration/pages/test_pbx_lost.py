"""Pages while a PBX is lost: the only one, as an edge's clients see it, or one of several."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, WebSocketRoute, expect

from integration.edged import Databases, Edge, EdgedXucd
from integration.faults.waiting import until
from integration.fixtures import World, clear
from integration.nats import Nats
from integration.pages.desks import Desk, OpensDesk, desks
from integration.phones import Phones
from integration.sites import TwoSites

LOST = {"asterisk": "lost", "since": "2026-11-22T10:00:00Z", "pbx": "north"}
CURRENT = {"asterisk": "current", "pbx": "main"}


@pytest_asyncio.fixture(loop_scope="session")
async def edged(
    phones: Phones, tmp_path: Path, databases: Databases, nats: Nats
) -> AsyncIterator[EdgedXucd]:
    """An owner and an edge, with the demo's centre."""
    url = await databases.create(phones.pbx)
    async with EdgedXucd(phones.pbx, tmp_path, "", url, nats) as xucd:
        yield xucd
        await clear(World(xucd, phones))


async def test_a_desk_at_an_edge_says_that_the_pbx_is_lost_and_goes_on_when_it_is_back(
    edged: EdgedXucd, browser: Browser
) -> None:
    async with desks(browser, edged.port) as opens_desk:
        bruce = await opens_desk("bruce")
        await bruce.log_in("1001")
        await edged.stop_owner(signal.SIGKILL)
        await expect(bruce.banner).to_contain_text("Asterisk is unreachable since")
        await expect(bruce.page.get_by_label("Phone line")).to_be_hidden()  # there is no other PBX
        await bruce.press("Away")
        await expect(bruce.refusal).to_contain_text("cannot be reached; nothing was done")
        await bruce.page.reload()
        await expect(bruce.banner).to_contain_text("Asterisk is unreachable since")
        late = await opens_desk("alice")
        await expect(late.banner).to_contain_text("Asterisk is unreachable since")
        await edged.start()
        await expect(bruce.banner).to_be_hidden()
        await bruce.press("Away")
        await expect(bruce.state).to_have_text("Paused")
        await expect(late.row("Bruce Wail")).to_contain_text("Paused")
        await expect(late.page.locator("#queue-rows")).to_contain_text("Support")
        await expect(late.page.locator("#callback-rows")).to_contain_text("Bob Yard")
        await expect(late.page.get_by_label("Phone line")).to_have_value("1002")


class SeveralPbxs:
    """A road to an xucd beside one PBX, on which it seems that there are several.

    Bruce is on `pbx`, as it is told.
    """

    def __init__(self) -> None:
        self.pbx = "north"
        self.page: WebSocketRoute | None = None

    async def open(self, desk: Desk) -> None:
        """The page takes this road, when it is loaded anew."""
        await desk.page.route_web_socket("**/cti?*", self.connect)
        await desk.page.reload()

    def connect(self, page: WebSocketRoute) -> None:
        """Connect a page to the server."""
        self.page = page
        page.connect_to_server().on_message(self.pass_on)

    def pass_on(self, message: str | bytes) -> None:
        """Pass on what the server says."""
        frame = json.loads(message)
        if frame.get("msgType") == "AgentStateEvent" and frame["ctiMessage"]["agentId"] == 8:
            frame["ctiMessage"]["pbx"] = self.pbx
        self.tell(frame)

    def tell(self, frame: dict[str, Any]) -> None:
        """Send the page a frame."""
        assert self.page is not None
        self.page.send(json.dumps(frame))

    def link_status(self, **body: Any) -> None:
        """Say what has become of a PBX."""
        self.tell({"msgType": "LinkStatus", "ctiMessage": body})


async def test_an_agent_whose_pbx_is_lost_logs_in_on_another_phone_by_one_press(
    opens_desk: OpensDesk,
) -> None:
    bruce, road = await opens_desk("bruce"), SeveralPbxs()
    await bruce.log_in("1001")
    await road.open(bruce)
    await expect(bruce.state).to_have_text("Ready")
    road.link_status(**CURRENT)
    road.link_status(**LOST)
    await expect(bruce.banner).to_contain_text("The telephone system north cannot be reached since")
    detail = bruce.page.locator("#own-detail")
    await expect(detail).to_contain_text("cannot be reached: log in on another phone.")
    line = bruce.page.get_by_label("Phone line")
    await expect(line).to_have_value("")  # what would be suggested is the line that is lost
    await line.fill("1002")
    await bruce.press("Log in")
    # Here the PBX is there; xucd itself takes the agent over where it is not.
    await expect(bruce.refusal).to_have_text("The agent is logged in on another phone.")
    await expect(bruce.page.locator("#page")).not_to_have_class("stale")
    road.pbx = "main"
    await bruce.press("Away")
    await expect(bruce.state).to_have_text("Paused")
    await expect(line).to_be_hidden()
    await expect(bruce.banner).to_be_visible()


async def test_an_agent_goes_on_at_the_other_pbx_when_the_owner_of_its_own_is_killed(
    sites: TwoSites, browser: Browser, tmp_path: Path
) -> None:
    beside = tmp_path / "edge"
    beside.mkdir()
    edge = Edge(sites.north.xucd, beside, sites.nats, sites.centre, "edge-1")
    await edge.start()
    try:
        async with desks(browser, edge.port) as opens_desk:
            await goes_on_elsewhere(await opens_desk("bruce"), sites)
    finally:
        await edge.stop()


async def goes_on_elsewhere(bruce: Desk, sites: TwoSites) -> None:
    """An agent is logged in in the north, and goes on in the south."""
    await bruce.log_in("1001")
    await sites.north.xucd.stop(signal.SIGKILL)
    await expect(bruce.banner).to_contain_text("The telephone system north cannot be reached")
    await expect(bruce.page.locator("#own-detail")).to_contain_text("log in on another phone")
    await bruce.page.reload()  # what it was told before is gone, too
    await expect(bruce.state).to_have_text("Not known")
    line = bruce.page.get_by_label("Phone line")
    await line.fill("1005")
    on_the_line = bruce.page.locator("#own-detail").filter(has_text="line 1005")
    refused = bruce.refusal.filter(has_text="logged in on another phone")

    async def is_there() -> bool:
        await bruce.press("Log in")  # refused until the lease of the other owner has ended
        await expect(on_the_line.or_(refused)).to_be_visible()
        return await on_the_line.is_visible()

    await until(is_there)
    await expect(bruce.state).to_have_text("Ready")
    await expect(line).to_be_hidden()
    await bruce.press("Away")
    await expect(bruce.state).to_have_text("Paused")
    await sites.north.xucd.start()
    await expect(bruce.banner).to_be_hidden()
    await expect(on_the_line).to_be_visible()
