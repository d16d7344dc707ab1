"""Two nodes beside one PBX: when its owner dies or freezes, the other one takes its place.

No agent is logged out by that, and the former owner neither asks Asterisk nor writes anything.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import create_engine, text

from integration.client import Client
from integration.edged import CENTRES, Databases, Edge, cluster
from integration.faults.waiting import until
from integration.fixtures import World, clear
from integration.model.panel import Block, Panel
from integration.nats import Nats
from integration.pbx import Pbx
from integration.phones import Phones
from integration.ports import free_port
from integration.running import Xucd

pytestmark = pytest.mark.any_asterisk

TAKEN_OVER_S = 5.0
LOADED_S = 25.0
"""How much longer a machine may take that runs other tests besides."""

SHEET = """
[[sheets]]
name = "customer"
items = [{{ name = "Node", type = "text", order = 1, value = "{node}" }}]
"""

AGENTS = {"bruce": (8, "1001"), "alice": (9, "1002"), "jack": (10, "1003")}


class Centre:
    """Two nodes beside one PBX, an edge where clients are, and the phones."""

    def __init__(self, pbx: Pbx, folder: Path, url: str, nats: Nats) -> None:
        name = f"standby-{next(CENTRES)}"
        self.first, self.second = (
            Xucd(
                pbx,
                _made(folder / node),
                SHEET.format(node=node) + cluster(nats, name, node),
                url,
            )
            for node in ("first", "second")
        )
        # Both are on the PBX's machine here.
        text = self.second.file.read_text()
        agi_port = free_port()
        self.second.file.write_text(
            text.replace(f"[agi]\nport = {pbx.agi_port}", f"[agi]\nport = {agi_port}")
        )
        self.second_agi = f"127.0.0.1:{agi_port}"
        self.edge = Edge(self.first, _made(folder / "edge"), nats, name, "edge")

    async def start(self) -> None:
        """The first one is the owner."""
        await self.first.start()
        await self.second.start()
        await self.edge.start()

    async def stop(self) -> None:
        for node in (self.edge, self.second, self.first):
            await node.stop()

    async def owned_by(self, node: str, within: float = TAKEN_OVER_S + LOADED_S) -> None:
        """Wait until a node owns the PBX, and knows what is in Asterisk."""

        async def owns() -> bool:
            return await asyncio.to_thread(self.owner) == node

        await until(owns, within)

    async def first_is_an_edge(self) -> bool:
        """Whether the first node has become one, and serves its clients."""
        said = self.first.log.read_text().partition("another node owns the PBX  ")[2]
        return "the PBX's owner is there" in said

    def owner(self) -> str:
        """The node that the database says owns the PBX."""
        engine = create_engine(self.first.url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            node = connection.execute(text("SELECT node FROM pbx_owners")).scalar_one()
        engine.dispose()
        return str(node)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest_asyncio.fixture(loop_scope="session")
async def centre(
    pbx: Pbx, phones: Phones, databases: Databases, nats: Nats, tmp_path: Path
) -> AsyncIterator[Centre]:
    centre = Centre(pbx, tmp_path, await databases.create(pbx), nats)
    try:
        await centre.start()
        yield centre
    finally:
        await centre.stop()
        await clear(World(centre.edge, phones))


async def members(panel: Panel) -> list[tuple[str, str, str]]:
    """What Asterisk has in its queues."""
    answer = await panel.ask("QueueStatus")
    return sorted(
        (item["Queue"], item["Name"], item["StateInterface"])
        for item in answer.items
        if item.event == "QueueMember"
    )


def shown(client: Client) -> dict[int, list[str]]:
    """The last state that a client was told of each agent."""
    return {agent: client.states(agent)[-1:] for agent, _ in AGENTS.values()}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
async def test_the_other_node_takes_over_and_nobody_is_logged_out(
    centre: Centre, phones: Phones, pbx: Pbx, how: signal.Signals
) -> None:
    assert centre.owner() == "first"
    world = World(centre.edge, phones)
    pages = {login: await world.agent(login, line) for login, (_, line) in AGENTS.items()}
    await pages["alice"].ask("pauseAgent", reason="lunch")
    await pages["alice"].until("AgentStateEvent", name="AgentOnPause", agentId=9)
    board = await world.client("ada")
    await board.ask("subscribeToAgentEvents")
    await board.ask("getAgentStates")
    async with Panel(pbx) as panel:
        removed: list[str] = []
        panel.listeners.append(
            lambda block: (
                removed.append(block["Interface"]) if block.event == "QueueMemberRemoved" else None
            )
        )
        before = await members(panel)
        world.phone("1003", answer_after=0.05)
        caller = phones.dial("3001")
        await caller.answered()
        seen = len(board.frames)
        if how is signal.SIGKILL:
            await centre.first.stop(how)
        else:
            centre.first.signal(how)
        await centre.owned_by("second")
        await centre.second.until_current()
        await centre.edge.until_current()
        await board.until("LinkStatus", after=seen, asterisk="current")
        assert await members(panel) == before
        # It asks: an agent's pause ends by the new owner.
        await pages["alice"].ask("unpauseAgent")
        await board.until("AgentStateEvent", after=seen, name="AgentReady", agentId=9)
        await caller.hang_up()
        if how is signal.SIGSTOP:
            changed = await members(panel)
            centre.first.signal(signal.SIGCONT)
            await until(centre.first_is_an_edge)
            assert await members(panel) == changed
        assert centre.owner() == "second"
        assert removed == []
        other = World(centre.second, phones)
        fresh = await other.client("ada")
        await fresh.ask("subscribeToAgentEvents")
        await fresh.ask("getAgentStates")

        async def equal() -> bool:
            return [["AgentReady"]] * 3 == [*shown(board).values()] == [*shown(fresh).values()]

        await until(equal)
        stations = centre.second.store()
        assert {each.agent_id for each in stations.stations().values() if each.logged_in} == {
            agent for agent, _ in AGENTS.values()
        }
        stations.close()
        await other.close()
    await world.close()


async def test_a_node_that_ends_in_order_leaves_the_pbx_to_the_other_one(centre: Centre) -> None:
    await centre.first.stop()
    await centre.owned_by("second")
    await centre.second.until_current()
    await centre.first.start()
    assert centre.owner() == "second"


async def node_of(client: Client, seen: int) -> str:
    """The node that a call has asked, by the sheet that a client is shown next."""
    sheet = await client.until("Sheet", after=seen)
    (item,) = sheet["payload"]["profile"]["user"]["sheetInfo"]
    return str(item["value"])


async def address_of(panel: Panel) -> str:
    """Where the dialplan asks."""
    return (await panel.ask("Getvar", Variable="XUCD_AGI")).first["Value"]


async def test_after_a_kill_calls_ask_the_new_owner(
    centre: Centre, phones: Phones, pbx: Pbx
) -> None:
    world = World(centre.edge, phones)
    bruce = await world.agent("bruce", "1001")
    async with Panel(pbx) as panel:
        assert await address_of(panel) == f"127.0.0.1:{pbx.agi_port}"
        call = phones.dial("3300")
        assert await node_of(bruce, 0) == "first"
        await call.hang_up()
        await centre.first.stop(signal.SIGKILL)
        await centre.owned_by("second")
        await centre.second.until_current()
        await centre.edge.until_current()

        async def asks_second() -> bool:
            return await address_of(panel) == centre.second_agi

        await until(asks_second)
        seen = len(bruce.frames)
        call = phones.dial("3300")
        assert await node_of(bruce, seen) == "second"
        await call.hang_up()
        # As a reload does, with clearglobalvars.
        await panel.ask("Setvar", Variable="XUCD_AGI", Value="")
        await until(asks_second)
    await world.close()


async def test_a_call_that_waits_for_a_frozen_owner_asks_the_new_one(
    centre: Centre, phones: Phones, pbx: Pbx
) -> None:
    world = World(centre.edge, phones)
    await world.agent("bruce", "1001")
    async with Panel(pbx) as panel:
        waits: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def heard(block: Block) -> None:
            asked = block["AppData"].startswith(f"agi://127.0.0.1:{pbx.agi_port}/sheet")
            if asked and not waits.done():
                waits.set_result(block["Channel"])

        panel.listeners.append(heard)
        centre.first.signal(signal.SIGSTOP)
        call = phones.dial("3300")
        caller = await waits
        ringing = await world.phone("1001").rings(TAKEN_OVER_S + LOADED_S)
        assert centre.owner() == "second"
        assert await address_of(panel) == centre.second_agi
        sheet = await panel.ask("Getvar", Channel=caller, Variable="XUCD_SHEET")
        assert sheet.first["Value"]  # the first one has written nothing since it was frozen
        ringing.answer()
        await call.answered()
        await call.hang_up()
        centre.first.signal(signal.SIGCONT)
        await until(centre.first_is_an_edge)
        assert await address_of(panel) == centre.second_agi
    await world.close()
