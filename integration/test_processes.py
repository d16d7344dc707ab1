"""Clients of an edge with several processes, beside an owner and its Asterisk."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import pytest_asyncio

from integration.client import Client, token_of
from integration.edged import Databases, Edge, EdgedXucd
from integration.fixtures import World, clear
from integration.nats import Nats
from integration.phones import Phones

pytestmark = pytest.mark.any_asterisk

PROCESSES = 3


@pytest_asyncio.fixture(loop_scope="session")
async def edged(
    phones: Phones, tmp_path: Path, databases: Databases, nats: Nats
) -> AsyncIterator[EdgedXucd]:
    """An owner, and an edge with several processes, all of which hold its state."""
    xucd = EdgedXucd(phones.pbx, tmp_path, "", await databases.create(phones.pbx), nats)
    xucd.edge.divide(PROCESSES)
    async with xucd:
        await until_all_are_current(xucd.edge)
        yield xucd
        await clear(World(xucd, phones))


async def until_all_are_current(edge: Edge) -> None:
    async with asyncio.timeout(60):
        while True:
            if await asyncio.to_thread(all_are_current, edge):
                return
            await asyncio.sleep(0.1)  # over HTTP there is nothing to wait on


async def until_it_is_gone(edge: Edge, pid: int) -> None:
    """Wait until a killed process takes no connection any more."""
    async with asyncio.timeout(30):
        while True:
            if pid not in edge.processes():
                return
            await asyncio.sleep(0.01)  # of another's child nothing is told


def all_are_current(edge: Edge) -> bool:
    try:
        return edge.metrics().get("xucd_processes") == PROCESSES and current(edge)
    except OSError:
        return False


def current(edge: Edge) -> bool:
    """What a process says by chance that answers at once."""
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{edge.port}/health", timeout=1) as answer:
                return bool(json.load(answer)["current"])
        except HTTPError as error:
            return bool(json.load(error)["current"])
        except TimeoutError:
            pass


async def page_at_another(edged: EdgedXucd, login: str, than: int, query: str = "") -> Client:
    """A page whose link is at another process."""
    token = await token_of(edged.port, login)
    while True:
        page = await Client.sign_in(edged.port, login, token=token, query=query)
        if edged.edge.process_of(page) != than:
            await page.opened()
            return page
        await page.close()


async def test_a_process_that_dies_takes_no_login_with_it_and_its_pages_go_on_at_the_others(
    edged: EdgedXucd, phones: Phones
) -> None:
    bruce = await edged.client("bruce")
    dead = edged.edge.process_of(bruce)
    alice = await page_at_another(edged, "alice", dead)
    await bruce.ask("agentLogin", agentphonenumber="1001")
    await alice.ask("agentLogin", agentphonenumber="1002")
    begun = len(alice.frames)
    edged.edge.kill(dead)
    await bruce.closed()
    await until_it_is_gone(edged.edge, dead)
    again = await edged.client("bruce")
    assert (await again.until("AgentStateEvent", agentId=8))["name"] == "AgentReady"
    await again.ask("pauseAgent", reason="lunch")
    await again.until("AgentStateEvent", name="AgentOnPause", cause="lunch")
    # Commands of all pages are carried out, once each, whatever has died.
    await alice.ask("pauseAgent", reason="training")
    await alice.until("AgentStateEvent", name="AgentOnPause", after=begun)
    told = {frame.type for frame in alice.frames[begun:]}
    assert not told & {"LinkStatus", "LoggedOn", "AgentError"}
    await until_all_are_current(edged.edge)
    assert dead not in edged.edge.processes()
    third = await page_at_another(edged, "bruce", edged.edge.process_of(again))
    await third.until("AgentStateEvent", agentId=8, name="AgentOnPause")
    await asyncio.gather(*(page.close() for page in (bruce, alice, again, third)))


async def test_a_page_that_comes_back_to_another_process_is_shown_what_is_there_now(
    edged: EdgedXucd,
) -> None:
    page = await edged.client("ada", "&resume=1")
    await page.ask("subscribeToAgentEvents")
    stream, position = page.bodies("LoggedOn")[0]["stream"], page.frames[-1].message["position"]
    bruce = await edged.client("bruce")
    await bruce.ask("agentLogin", agentphonenumber="1001")
    await page.until("AgentStateEvent", agentId=8, name="AgentReady")
    home = edged.edge.process_of(page)
    page.cut()
    await page.close()
    query = f"&resume=1&epoch={stream['epoch']}&position={position}"
    elsewhere = await page_at_another(edged, "ada", home, query)
    assert elsewhere.bodies("LoggedOn")[0]["recovered"] is False
    assert elsewhere.bodies("AgentError") == []
    await elsewhere.ask("subscribeToAgentEvents")
    await elsewhere.ask("getAgentStates")
    await elsewhere.until("AgentStateEvent", agentId=8, name="AgentReady")
    await asyncio.gather(elsewhere.close(), bruce.close())


async def test_the_health_of_an_edge_is_the_worst_of_all_its_processes(
    edged: EdgedXucd,
) -> None:
    edge = edged.edge
    frozen = edge.processes()[0]
    edge.kill(frozen, signal.SIGSTOP)
    async with asyncio.timeout(30):
        while True:
            if not await asyncio.to_thread(current, edge):
                break
            await asyncio.sleep(0.1)  # a process that stands still tells nobody
    edge.kill(frozen, signal.SIGCONT)
    await until_all_are_current(edge)
    assert len(edge.processes()) == PROCESSES
