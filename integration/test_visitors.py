"""Queues that ring agents of another PBX, whose home is asked before each ring."""

from __future__ import annotations

import asyncio
import signal

import pytest
import pytest_asyncio

from integration.client import Client
from integration.faults.waiting import until
from integration.fixtures import World
from integration.model.panel import Panel
from integration.sites import NORTH, SOUTH, TwoSites
from integration.test_sites import LOADED_S
from tests.plugin_proofs import Proof
from xucd.cti.messages import AgentStatistic

pytestmark = pytest.mark.any_asterisk

BRUCE, SUPPORT, SALES, BILLING = 8, 1, 2, 3
TONE = 440.0
IN_SUPPORT = ("support", "Agent/2501", "Local/1:1005:south@xucd-to-pbx")
IN_SALES = ("sales", "Agent/2501", "Local/1005@xucd-agent")
IN_BILLING = ("billing", "Agent/2501", "Local/1005@xucd-agent")


async def members(site: World) -> set[tuple[str, str, str]]:
    """What a PBX has in its queues."""
    async with Panel(site.pbx) as panel:
        answer = await panel.ask("QueueStatus")
    found = [item for item in answer.items if item.event == "QueueMember"]
    return {(each["Queue"], each["Name"], each["Location"]) for each in found}


async def until_members(sites: TwoSites, pbx: str, *wanted: tuple[str, str, str]) -> None:
    async def there() -> bool:
        return await members(sites.sites[pbx]) == set(wanted)

    await until(there, LOADED_S)


@pytest_asyncio.fixture(loop_scope="session")
async def bruce(sites: TwoSites) -> Client:
    """Bruce's page, logged in at the south: with a queue there and one in the north."""
    _, page = await sites.pages("bruce")
    await page.ask("subscribeToAgentEvents")
    await page.ask("agentLogin", agentphonenumber="1005")
    await page.until_state("AgentReady")
    await until_members(sites, SOUTH, IN_SALES)
    await until_members(sites, NORTH, IN_SUPPORT)
    return page


async def test_a_queue_rings_an_agent_of_another_pbx_with_its_wrapup_sheet_and_figures(
    sites: TwoSites, bruce: Client
) -> None:
    seen = len(bruce.frames)
    async with Panel(sites.north.pbx) as panel:
        await panel.ask("Setvar", Variable="TEST_NAME", Value="Anna")
    caller = sites.north.phones.dial("93000", tone=TONE)
    leg = await sites.south.phone("1005").rings()
    ringing = await bruce.until("PhoneEvent", after=seen, eventType="EventRinging")
    assert ringing["queueName"] == "support"
    assert ringing["userData"] == {"USR_name": "Anna"}
    sheet = await bruce.until("Sheet", after=seen)
    (item,) = sheet["payload"]["profile"]["user"]["sheetInfo"]
    assert item["value"].endswith(" for support")
    leg.answer()
    await caller.answered()
    state = await bruce.until("AgentStateEvent", after=seen, name="AgentOnCall", acd=True)
    assert state["queues"] == [SUPPORT, SALES]
    await leg.hang_up()
    await caller.ended()
    await bruce.until_state("AgentOnWrapup", after=seen)
    await bruce.until_state("AgentReady", after=seen)
    await bruce.ask("subscribeToAgentStats")
    body = await bruce.until("AgentStatistics", after=seen, id=BRUCE)
    figures = {each["name"]: each["value"] for each in body["statistics"]}
    assert figures[AgentStatistic.INBOUND_CALLS] == 1
    assert figures[AgentStatistic.INBOUND_ANSWERED] == 1
    north, _ = await sites.pages("ada")
    await north.ask("subscribeToQueueStats")
    await bruce.ask("agentLogout")
    await until_members(sites, NORTH)
    await until_members(sites, SOUTH)


async def test_two_queues_of_two_pbxs_never_ring_an_agent_together(
    sites: TwoSites, bruce: Client, proof: Proof, request: pytest.FixtureRequest
) -> None:
    phone, races = sites.south.phone("1005"), request.config.getoption("offers")
    for _ in range(races):
        callers = [
            sites.north.phones.dial("3000", tone=TONE),
            sites.south.phones.dial("3001", tone=TONE),
        ]
        for _ in callers:
            leg = await phone.rings()
            assert [each for each in phone.legs if each.ended_at is None] == [leg]
            leg.answer()
            await leg.answered()
            await leg.hang_up()
            await bruce.ask("unpauseAgent")
        await asyncio.gather(*(caller.ended() for caller in callers))
    assert len(phone.legs) == 2 * races
    proof(
        "callers of two PBXs' queues for one agent at the same moment: no second ring", times=races
    )


async def test_queues_are_changed_at_the_home_and_members_follow_at_both_pbxs(
    sites: TwoSites, bruce: Client
) -> None:
    _, ada = await sites.pages("ada")
    await ada.ask("removeAgentFromQueue", agentId=BRUCE, queueId=SUPPORT)
    await until_members(sites, NORTH)
    await until_members(sites, SOUTH, ("sales", "Agent/2501", "PJSIP/1005"))
    await ada.ask("setAgentQueue", agentId=BRUCE, queueId=BILLING, penalty=2)
    seen = len(ada.frames)
    await ada.ask("setAgentQueue", agentId=BRUCE, queueId=SUPPORT, penalty=3)
    await until_members(sites, NORTH, IN_SUPPORT)
    await until_members(sites, SOUTH, IN_SALES, IN_BILLING)
    await ada.ask("getList", objectType="queuemember")
    listed = await ada.until("QueueMemberList", after=seen)
    mine = {each["queueId"]: each["penalty"] for each in listed if each["agentId"] == BRUCE}
    assert mine == {SUPPORT: 3, SALES: 1, BILLING: 2}


async def test_a_pause_reaches_the_other_pbx_and_no_call_comes_in_it(
    sites: TwoSites, bruce: Client
) -> None:
    await bruce.ask("pauseAgent", reason="lunch")
    async with Panel(sites.north.pbx) as panel:

        async def is_paused() -> bool:
            answer = await panel.ask("QueueStatus", Queue="support")
            found = [item for item in answer.items if item.event == "QueueMember"]
            return [(each["Paused"], each["PausedReason"]) for each in found] == [("1", "lunch")]

        await until(is_paused, LOADED_S)
    caller = sites.north.phones.dial("3000", tone=TONE)
    await bruce.ask("unpauseAgent")
    leg = await sites.south.phone("1005").rings()
    leg.answer()
    await caller.answered()
    await leg.hang_up()


async def test_an_agent_may_have_queues_of_another_pbx_alone(sites: TwoSites) -> None:
    _, page = await sites.pages("alice")
    await page.ask("subscribeToAgentEvents")
    await page.ask("agentLogin", agentphonenumber="1006")
    await until_members(sites, NORTH, ("support", "Agent/2502", "Local/1:1006:south@xucd-to-pbx"))
    caller = sites.north.phones.dial("3000", tone=TONE)
    leg = await sites.south.phone("1006").rings()
    leg.answer()
    await caller.answered()
    seen = len(page.frames)
    await leg.hang_up()
    await page.until_state("AgentOnWrapup", after=seen)
    await page.until_state("AgentReady", after=seen)
    await page.ask("pauseAgent", reason="lunch")
    await page.until_state("AgentOnPause")
    await page.ask("agentLogout")
    await until_members(sites, NORTH)


async def test_the_recording_of_such_a_call_is_shown_and_paused_from_the_home(
    sites: TwoSites, bruce: Client
) -> None:
    caller = sites.north.phones.dial("3000", tone=TONE)
    leg = await sites.south.phone("1005").rings()
    leg.answer()
    await caller.answered()
    await bruce.until("AgentStateEvent", name="AgentOnCall", monitorState="ACTIVE")
    await bruce.ask("monitorPause", agentid=BRUCE)
    await bruce.until("AgentStateEvent", name="AgentOnCall", monitorState="PAUSED")
    # Over a restart at the home, too.
    await sites.south.xucd.stop(signal.SIGKILL)
    await sites.south.xucd.start()
    _, page = await sites.pages("bruce")
    await page.until("AgentStateEvent", name="AgentOnCall", monitorState="PAUSED", acd=True)
    seen = len(page.frames)
    await page.ask("monitorUnpause", agentid=BRUCE)
    await page.until("AgentStateEvent", after=seen, name="AgentOnCall", monitorState="ACTIVE")
    await leg.hang_up()
    await page.until_state("AgentOnWrapup", after=seen)


async def test_an_agent_whose_home_is_not_heard_of_is_out_of_reach_until_it_is_back(
    sites: TwoSites, bruce: Client
) -> None:
    await sites.south.xucd.stop(signal.SIGKILL)
    async with Panel(sites.north.pbx) as panel:

        async def status() -> str:
            answer = await panel.ask("QueueStatus", Queue="support")
            return next(item["Status"] for item in answer.items if item.event == "QueueMember")

        async def is_away() -> bool:
            return await status() == "5"  # AST_DEVICE_UNAVAILABLE

        async def is_free() -> bool:
            return await status() == "1"

        await until(is_away, LOADED_S)
        assert await members(sites.north) == {IN_SUPPORT}
        await sites.south.xucd.start()
        await until(is_free, LOADED_S)
