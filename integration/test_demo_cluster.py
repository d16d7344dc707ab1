"""The demo of a cluster: two sites on one board, and two edges of which one may die."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from playwright.async_api import expect

from integration.client import Client
from integration.demo import claim, places, processes
from integration.demo.layout import CLUSTER, Node
from integration.demos import at_home, containers_of, left, make, nothing_else_runs, start_make
from integration.pages.boards import boards
from integration.pages.browsers import chromium

__all__ = ["at_home", "nothing_else_runs"]

pytestmark = pytest.mark.timeout(600)  # each brings a demo up and down
FIRST, SECOND = CLUSTER.doors


def kill(node: Node) -> None:
    """Kill an xucd of the demo."""
    os.kill(int(node.process.read_text().partition(":")[0]), signal.SIGKILL)


async def test_one_board_shows_calls_at_both_sites_and_the_other_edge_goes_on() -> None:
    made = await make("demo-cluster", "DEMO_CALLS=0")
    assert made.code == 0, made.printed
    assert f"xucd demo ready: {FIRST.url} and {SECOND.url}" in made.printed
    owner = processes.identity(claim.holder() or 0)
    async with (
        await Client.sign_in(SECOND.port, "bruce") as bruce,
        await Client.sign_in(SECOND.port, "diego") as diego,
        chromium() as browser,
    ):
        await bruce.ask("agentLogin", agentphonenumber="1001")
        await diego.ask("agentLogin", agentphonenumber="1101")
        agents = {"Bruce Wail": bruce, "Diego Marina": diego}
        async with boards(browser, FIRST.port) as opens:
            ada = await opens("ada")
            for queue in ("Support", "Sales", "Billing", "Charter", "Repairs"):
                await expect(ada.queue(queue)).to_be_visible()
            for name in agents:
                await expect(ada.agent(name)).to_contain_text("Ready")
            calls = [await start_make("demo-call", f"NUMBER={n}", "TALK=60") for n in (3000, 3500)]
            for name, agent in agents.items():
                await expect(ada.agent(name)).to_contain_text("On call")
                await agent.ask("hangup")
            printed = [(await call.communicate())[0].decode() for call in calls]
            assert "answered by 1001" in printed[0]
            assert "answered by 1101" in printed[1]

            for name in agents:
                await expect(ada.agent(name)).to_contain_text("Ready")
            await bruce.ask("dial", destination="1101")
            await diego.until("PhoneEvent", eventType="EventEstablished", otherDN="1001")
            for name in agents:
                await expect(ada.agent(name)).to_contain_text("On call")
            await bruce.ask("hangup")
            await expect(ada.page.locator("#gaps")).to_be_hidden()

            await bruce.ask("agentLogout")
            async with await Client.sign_in(SECOND.port, "alice") as alice:
                await alice.ask("agentLogin", agentphonenumber="1107")
                call = await start_make("demo-call", "NUMBER=3000", "TALK=60")
                await alice.until("PhoneEvent", eventType="EventEstablished", queueName="support")
                await expect(ada.agent("Alice Johnson")).to_contain_text("On call")
                await alice.ask("hangup")
                await call.communicate()
                await alice.ask("agentLogout")
            await bruce.ask("agentLogin", agentphonenumber="1001")

        kill(FIRST)
        async with boards(browser, SECOND.port) as opens:
            ada = await opens("ada")
            await asyncio.gather(bruce.ask("pauseAgent"), diego.ask("pauseAgent"))
            for name in agents:
                await expect(ada.agent(name)).to_contain_text("Paused")
    assert f"{FIRST.name} ended" in places.LOG.read_text()
    other = await make("demo-up")
    assert other.code != 0
    assert f"another demo runs: {FIRST.url} and {SECOND.url}" in other.printed
    assert (await make("demo-down")).printed == "xucd demo is down\n"
    assert left() == []
    assert await containers_of(owner) == []


async def test_what_a_killed_cluster_leaves_is_removed(tmp_path: Path) -> None:
    servers_folder = tmp_path / "server"
    servers_folder.mkdir()
    (servers_folder / "data").touch()
    for folder in (places.SCRATCH, places.SERVERS):
        folder.mkdir(parents=True, exist_ok=True)
    (places.SERVERS / "one").symlink_to(servers_folder)
    daemon = await asyncio.create_subprocess_exec("sleep", "1000")
    FIRST.process.write_text(processes.identity(daemon.pid))

    assert (await make("demo-down")).printed == "xucd demo is down\n"
    assert await daemon.wait() == -signal.SIGTERM
    assert not servers_folder.exists()
    assert not places.SERVERS.exists()
