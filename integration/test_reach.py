"""Agents whom a queue cannot ring, or would not: they are told so, and not counted as available.

Also what xucd leaves alone: a phone that refuses is rung by its queue's own pace.
"""

import asyncio

import pytest

from integration.client import Client, Refused
from integration.fixtures import MakeXucd, World, a_world
from integration.phones import Phones
from integration.running import DEMO
from integration.witness import Witness
from xucd.center.agent import UNREACHABLE
from xucd.center.events import DeviceStatus
from xucd.cti.messages import QueueStatistic as Figure

SUPPORT, SALES = 1, 2
# A line whose driver Asterisk does not have.
NO_DRIVER = '[[lines]]\nid = 20\nnumber = "1020"\ninterface = "SIP/1020"\ncontext = "default"\n'
READY = {"command": "unpauseAgent"}


async def until_agents(
    ada: Client, after: int, queue_id: int, *, logged_in: int, free: int
) -> None:
    """Wait until a queue's figures say so."""
    wanted = {Figure.LOGGED_IN_AGENTS: logged_in, Figure.AVAILABLE_AGENTS: free}

    await ada.frame(
        lambda frame: (
            frame.fits("QueueStatistics", {"queueId": queue_id})
            and wanted.items()
            <= {one["statName"]: one["value"] for one in frame.body["counters"]}.items()
        ),
        after=after,
    )


async def test_an_agent_is_paused_while_its_phone_is_out_of_reach_and_rung_when_it_is_back(
    world: World, phones: Phones, witness: Witness
) -> None:
    ada, bruce = await world.client("ada"), await world.agent("bruce", "1001")
    await ada.ask("subscribeToQueueStats")
    seen, begun = len(ada.frames), len(bruce.frames)
    await phones.register("1001", seconds=0)
    try:
        away = await bruce.until("AgentStateEvent", name="AgentOnPause", after=begun)
        assert away["cause"] == UNREACHABLE
        await bruce.until("UserStatusUpdate", status=UNREACHABLE, after=begun)
        await until_agents(ada, seen, SUPPORT, logged_in=1, free=0)
        with pytest.raises(Refused, match="InvalidReason"):
            await bruce.ask("userStatusUpdate", status=UNREACHABLE)
        call = world.phones.dial("3001")
        await call.rang()
    finally:
        back = len(bruce.frames)
        await phones.register("1001")
    await bruce.until("AgentStateEvent", name="AgentReady", after=back)
    await bruce.until("UserStatusUpdate", status="available", after=back)
    await world.phone("1001").rings()
    await call.hang_up()
    was = witness.history("support", "Agent/2501")
    assert DeviceStatus.UNAVAILABLE in {one.status for one in was}
    assert not any(one.paused for one in was)


async def test_whoever_logs_in_on_a_phone_that_cannot_ring_is_told_at_once(
    make_xucd: MakeXucd, phones: Phones
) -> None:
    center = DEMO.read_text().replace("[[agents]]", NO_DRIVER + "[[agents]]", 1)
    async with a_world(make_xucd, phones, center=center) as world:
        for login, agent_id, line in (("bruce", 8, "1009"), ("jack", 10, "1020")):
            page = await world.client(login)
            listed = {one["name"]: one for one in await page.until("UsersStatuses")}
            assert listed[UNREACHABLE]["actions"] == listed["lunch"]["actions"]
            begun = len(page.frames)
            for command in ({"command": "agentLogin", "agentphonenumber": line}, READY):
                name = command["command"]
                await page.say({"claz": "web", "requestId": name, **command})
                result = await page.until("CommandResult", requestId=name)
                assert result == {"requestId": name, "ok": True, "warning": "PhoneUnreachable"}
            assert page.states(agent_id, begun) == ["AgentOnPause"]
            told = await page.until("AgentStateEvent", after=begun)
            assert (told["cause"], told["phoneNb"]) == (UNREACHABLE, line)
            await page.ask("agentLogout")


async def test_a_queue_in_which_alone_an_agent_is_paused_does_not_count_it_as_available(
    world: World,
) -> None:
    ada, bruce = await world.client("ada"), await world.agent("bruce", "1001")
    await ada.ask("subscribeToQueueStats")
    await until_agents(ada, 0, SALES, logged_in=1, free=1)
    seen, begun = len(ada.frames), len(bruce.frames)
    pause = "queue pause member PJSIP/1001 queue sales reason office"
    await asyncio.to_thread(world.pbx.cli, pause)
    await until_agents(ada, seen, SALES, logged_in=1, free=0)
    await ada.ask("subscribeToQueueStats")
    await until_agents(ada, seen, SUPPORT, logged_in=1, free=1)
    await bruce.ask("unpauseAgent")
    await until_agents(ada, seen, SALES, logged_in=1, free=1)
    assert bruce.states(8, begun) == []


async def test_a_phone_that_refuses_is_rung_by_its_queue_alone(
    world: World, witness: Witness
) -> None:
    await world.agent("bruce", "1001")
    await world.agent("jack", "1003")
    waiting = [world.phones.dial("3001"), world.phones.dial("3001")]
    talk = await world.phone("1003").rings()
    talk.answer()
    for _ in range(4):
        await (await world.phone("1001").rings()).decline()
    assert witness.received("D") == 0
    await asyncio.gather(*(call.hang_up() for call in waiting))


async def test_whoever_logs_in_is_rung_at_once(world: World, witness: Witness) -> None:
    jack = await world.client("jack")
    call = world.phones.dial("3001")
    await call.rang()
    for _ in range(3):
        await jack.ask("agentLogin", agentphonenumber="1003")
        await (await world.phone("1003").rings()).decline()
        await jack.ask("agentLogout")
    await call.hang_up()
    # app_queue may have looked once just then by itself.
    await asyncio.to_thread(witness.until_received, "D", 2)
