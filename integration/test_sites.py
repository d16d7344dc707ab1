"""Agents of a centre over two PBXs: each is at home at one of them, where it is logged in."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping

import pytest

from integration.client import Client, Refused
from integration.faults.waiting import until
from integration.fixtures import World
from integration.model.panel import Panel
from integration.sites import NORTH, SOUTH, TwoSites
from xucd.cti.messages import AgentStatistic
from xucd.store.lease import UNREACHED_S

pytestmark = pytest.mark.any_asterisk

BRUCE = 8
LEASE_S = 3.0
LOADED_S = 25.0
"""How much longer a machine may take that runs other tests besides."""


async def members(site: World) -> set[tuple[str, str, str]]:
    """What a PBX has in its queues, but for agents of the other one."""
    async with Panel(site.pbx) as panel:
        answer = await panel.ask("QueueStatus")
    return {
        (item["Queue"], item["Name"], item["Location"])
        for item in answer.items
        if item.event == "QueueMember" and not item["Location"].endswith("@xucd-to-pbx")
    }


async def states(board: Client) -> Mapping[int, str]:
    """The states that a PBX answers with."""
    seen = len(board.frames)
    await board.ask("getAgentStates")
    return {body["agentId"]: body["name"] for body in board.bodies("AgentStateEvent", seen)}


async def until_away(board: Client) -> None:
    """Wait until a PBX knows that the agent is elsewhere."""

    async def is_away() -> bool:
        return BRUCE not in await states(board)

    await until(is_away, LOADED_S)


async def until_it_comes(page: Client, line: str, within: float) -> None:
    """Wait until an agent may log in on a line, whose former home is gone."""

    async def may_come() -> bool:
        try:
            await page.ask("agentLogin", agentphonenumber=line)
        except Refused as refused:
            assert refused.code == "LoggedInOnAnotherPhone"
            return False
        return True

    await until(may_come, within)


async def figures(board: Client) -> dict[str, object]:
    """The agent's figures of the day, as its home has them."""
    seen = len(board.frames)
    await board.ask("subscribeToAgentStats")
    body = await board.until("AgentStatistics", after=seen, id=BRUCE)
    return {each["name"]: each["value"] for each in body["statistics"]}


async def test_an_agent_works_at_one_pbx_and_then_at_the_other_and_its_figures_go_on(
    sites: TwoSites,
) -> None:
    north, south = await sites.pages("bruce")
    north_board, south_board = await sites.pages("ada")
    await north.ask("agentLogin", agentphonenumber="1001")
    await north.until_state("AgentReady")
    assert await members(sites.north) == {("support", "Agent/2501", "Local/1001@xucd-agent")}
    with pytest.raises(Refused) as refused:
        await south.ask("agentLogin", agentphonenumber="1005")
    assert refused.value.code == "LoggedInOnAnotherPhone"
    with pytest.raises(Refused) as refused:
        await south.ask("pauseAgent", reason="lunch")
    assert refused.value.code == "PbxUnavailable"
    sites.north.phone("1001", answer_after=0.05)
    caller = sites.north.phones.dial("3000")
    await caller.answered()
    await caller.hang_up()
    await north.until_state("AgentOnWrapup")
    await north.ask("agentLogout")
    await north_board.ask("subscribeToAgentEvents")
    seen = len(north_board.frames)
    await south.ask("agentLogin", agentphonenumber="1005")
    await south.until_state("AgentReady")
    assert await members(sites.south) == {("sales", "Agent/2501", "Local/1005@xucd-agent")}
    assert await members(sites.north) == set()
    await until_away(north_board)
    assert (await figures(south_board))[AgentStatistic.INBOUND_CALLS] == 1
    assert (await states(south_board))[BRUCE] == "AgentReady"
    assert set(north_board.states(BRUCE, seen)) <= {"AgentLoggedOut"}  # until it knew
    with pytest.raises(Refused) as refused:
        await north.ask("agentLogout")
    assert refused.value.code == "PbxUnavailable"
    # And back again.
    await south.ask("agentLogout")
    await north.ask("agentLogin", agentphonenumber="1001")
    await until_away(south_board)
    assert (await figures(north_board))[AgentStatistic.INBOUND_CALLS] == 1


async def test_an_agent_whose_pbx_is_gone_logs_in_at_the_other_and_has_one_home(
    sites: TwoSites,
) -> None:
    north, south = await sites.pages("bruce")
    _, south_board = await sites.pages("ada")
    await north.ask("agentLogin", agentphonenumber="1001")
    await north.until_state("AgentReady")
    await sites.north.xucd.stop(signal.SIGKILL)

    await until_it_comes(south, "1005", LEASE_S + LOADED_S)
    assert await members(sites.north) == {("support", "Agent/2501", "Local/1001@xucd-agent")}
    await sites.north.xucd.start()

    async def is_cleared() -> bool:
        return await members(sites.north) == set()

    await until(is_cleared, LOADED_S)
    north_board, _ = await sites.pages("ada")
    assert BRUCE not in await states(north_board)
    assert await members(sites.south) == {("sales", "Agent/2501", "Local/1005@xucd-agent")}
    assert (await states(south_board))[BRUCE] == "AgentReady"


async def test_an_owner_that_was_frozen_removes_the_members_of_who_has_gone(
    sites: TwoSites,
) -> None:
    north, south = await sites.pages("bruce")
    north_board, south_board = await sites.pages("ada")
    await north.ask("agentLogin", agentphonenumber="1001")
    await north.until_state("AgentReady")
    sites.north.xucd.signal(signal.SIGSTOP)

    async def may_come() -> bool:
        try:
            await south.ask("agentLogin", agentphonenumber="1005")
        except Refused:
            return False
        return True

    await until(may_come, LEASE_S + LOADED_S)
    sites.north.xucd.signal(signal.SIGCONT)

    async def is_cleared() -> bool:
        return await members(sites.north) == set()

    await until(is_cleared, LOADED_S)
    await until_away(north_board)
    assert await members(sites.south) == {("sales", "Agent/2501", "Local/1005@xucd-agent")}
    assert (await states(south_board))[BRUCE] == "AgentReady"
    store = sites.south.xucd.store()
    station = store.stations()[BRUCE]
    store.close()
    assert (station.line_id, station.logged_in) == (5, True)


async def test_an_agent_whose_asterisk_is_gone_logs_in_at_the_other_though_its_owner_is_alive(
    sites: TwoSites,
) -> None:
    north, south = await sites.pages("bruce")
    north_board, south_board = await sites.pages("ada")
    await north.ask("agentLogin", agentphonenumber="1001")
    await north.until_state("AgentReady")
    begun = len(north.frames)
    sites.north.pbx.freeze()
    try:
        await north.until("LinkStatus", asterisk="lost", pbx=NORTH, after=begun)

        await until_it_comes(south, "1005", UNREACHED_S + LOADED_S)
        await south.until_state("AgentReady")
    finally:
        sites.north.pbx.thaw()
    await north.until("LinkStatus", asterisk="current", pbx=NORTH, after=begun)

    async def is_cleared() -> bool:
        return await members(sites.north) == set()

    await until(is_cleared, LOADED_S)
    await until_away(north_board)
    assert await members(sites.south) == {("sales", "Agent/2501", "Local/1005@xucd-agent")}
    assert (await states(south_board))[BRUCE] == "AgentReady"


async def test_of_two_logins_at_once_one_is_carried_out(sites: TwoSites, log_ins: int) -> None:
    north, south = await sites.pages("bruce")
    pages, lines = {NORTH: north, SOUTH: south}, {NORTH: "1001", SOUTH: "1005"}
    for _ in range(log_ins):
        outcomes = await asyncio.gather(
            *(page.ask("agentLogin", agentphonenumber=lines[pbx]) for pbx, page in pages.items()),
            return_exceptions=True,
        )
        refused = {
            pbx: outcome
            for pbx, outcome in zip(pages, outcomes, strict=True)
            if isinstance(outcome, BaseException)
        }
        (loser,) = refused
        assert isinstance(refused[loser], Refused)
        (winner,) = pages.keys() - {loser}
        assert len(await members(sites.sites[winner])) == 1
        assert await members(sites.sites[loser]) == set()
        await pages[winner].ask("agentLogout")


async def test_what_another_program_adds_counts_where_the_agent_is_at_home_or_may_come(
    sites: TwoSites,
) -> None:
    north, south = await sites.pages("bruce")
    await south.ask("agentLogin", agentphonenumber="1005")
    await south.until_state("AgentReady")
    added = {"Queue": "support", "Interface": "PJSIP/1001", "MemberName": "Agent/2501"}
    async with Panel(sites.north.pbx) as panel:
        assert (await panel.ask("QueueAdd", **added)).ok

        async def is_removed() -> bool:
            return await members(sites.north) == set()

        await until(is_removed, LOADED_S)
        assert len(await members(sites.south)) == 1
        await south.ask("agentLogout")
        seen = len(north.frames)
        assert (await panel.ask("QueueAdd", **added)).ok
        await north.until_state("AgentReady", after=seen, agentId=BRUCE)

    async def is_judged() -> bool:
        return await members(sites.north) == {("support", "Agent/2501", "Local/1001@xucd-agent")}

    await until(is_judged, LOADED_S)
    with pytest.raises(Refused) as refused:
        await south.ask("agentLogin", agentphonenumber="1005")
    assert refused.value.code == "LoggedInOnAnotherPhone"
