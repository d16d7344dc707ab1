"""What a page reads when it opens and when it asks: lists and configurations on the wire."""

import asyncio
import time
from typing import Any

import pytest

from integration.client import Client, Refused
from integration.fixtures import World
from xucd.cti.messages import AgentStatistic

PERIOD = 1.2  # seconds in a state, long enough to count as one


async def answer(client: Client, command: str, kind: str, **arguments: Any) -> Any:
    """The first message of a type that comes after a command."""
    begun = len(client.frames)
    await client.ask(command, **arguments)
    return (await client.frame(lambda frame: frame.type == kind, after=begun)).body


@pytest.mark.any_asterisk
async def test_a_link_opens_with_what_clients_rely_on_in_their_order(world: World) -> None:
    bruce = await world.client("bruce")
    await bruce.until("AgentStateEvent")
    assert [frame.type for frame in bruce.frames] == [
        "LoggedOn",
        "RightProfile",
        "UsersStatuses",
        "UserConfigUpdate",
        "UserStatusUpdate",
        "PhoneStatusUpdate",
        "AgentStateEvent",
    ]
    config = await bruce.until("UserConfigUpdate")
    assert (config["userId"], config["fullName"], config["agentId"]) == (1, "Bruce Wail", 8)
    assert (config["lineIds"], config["mobileNumber"], config["dndEnabled"]) == ([1], None, False)
    statuses = await bruce.until("UsersStatuses")
    assert (await bruce.until("UserStatusUpdate"))["status"] in {one["name"] for one in statuses}
    assert await bruce.until("PhoneStatusUpdate") == {"status": "AVAILABLE"}


@pytest.mark.any_asterisk
async def test_who_is_no_agent_is_told_of_no_agent_of_its_own(world: World) -> None:
    ada = await world.client("ada")
    await ada.ask("getConfig", objectType="line")
    assert ada.bodies("AgentStateEvent") == []
    assert (await ada.until("UserConfigUpdate"))["agentId"] is None


@pytest.mark.parametrize("command", ["getList", "getConfig"])
@pytest.mark.any_asterisk
async def test_every_list_is_told_whole(world: World, command: str) -> None:
    ada = await world.client("ada")
    agents = await answer(ada, command, "AgentList", objectType="agent")
    assert agents[0] == {
        "id": 8,
        "firstName": "Bruce",
        "lastName": "Wail",
        "number": "2501",
        "context": "default",
        "groupId": 1,
        "userId": 1,
    }
    assert [agent["id"] for agent in agents] == [8, 9, 10, 11, 12, 13]
    groups = await answer(ada, command, "AgentGroupList", objectType="agentgroup")
    assert groups == [{"id": 1, "name": "default"}, {"id": 2, "name": "boats"}]
    queues = await answer(ada, command, "QueueList", objectType="queue")
    assert queues[0] == {
        "id": 1,
        "context": "default",
        "name": "support",
        "displayName": "Support",
        "number": "3000",
    }
    members = await answer(ada, command, "QueueMemberList", objectType="queuemember")
    assert {"agentId": 8, "queueId": 2, "penalty": 1} in members
    assert len(members) == 7
    defaults = await answer(
        ada, command, "UsersQueueDefaultMembership", objectType="basequeuemember"
    )
    assert {
        "userId": 1,
        "membership": [{"queueId": 1, "penalty": 0}, {"queueId": 2, "penalty": 1}],
    } in defaults["memberships"]


@pytest.mark.any_asterisk
async def test_the_users_line_is_told_and_who_has_none_is_refused(world: World) -> None:
    bruce = await world.client("bruce")
    assert await answer(bruce, "getConfig", "LineConfig", objectType="line") == {
        "id": "1",
        "name": "1001",
        "context": "default",
        "phoneNumber": "1001",
        "interface": "PJSIP/1001",
        "webRtc": False,
    }
    with pytest.raises(Refused, match="InvalidArgument"):
        await bruce.ask("getList", objectType="line")


@pytest.mark.any_asterisk
async def test_the_directory_has_every_agent_with_its_state(world: World) -> None:
    ada = await world.client("ada")
    await world.agent("bruce", "1001")
    directory = await answer(ada, "getAgentDirectory", "AgentDirectory")
    states = {one["agent"]["id"]: one["agentState"]["name"] for one in directory["directory"]}
    assert states == {
        8: "AgentReady",
        **dict.fromkeys((9, 10, 11, 12, 13), "AgentLoggedOut"),
    }
    begun = len(ada.frames)
    await ada.ask("getAgentStates")
    told = ada.bodies("AgentStateEvent", after=begun)
    assert {body["agentId"]: body["name"] for body in told} == states


async def test_the_figures_tell_how_long_an_agent_was_in_each_state(world: World) -> None:
    began = time.time()
    bruce = await world.agent("bruce", "1001")
    ready = time.time()
    await asyncio.sleep(PERIOD)  # time in a state is what is measured here
    pausing = time.time()
    await bruce.ask("pauseAgent", reason="lunch")
    paused = time.time()
    await asyncio.sleep(2 * PERIOD)
    leaving = time.time()
    await bruce.ask("agentLogout")
    out = time.time()
    await bruce.ask("subscribeToAgentStats")
    body = await bruce.until("AgentStatistics", id=8)
    figures = {one["name"]: one["value"] for one in body["statistics"]}
    assert pausing - ready - 1 <= figures[AgentStatistic.READY_TIME] <= paused - began + 1
    assert leaving - paused - 1 <= figures[AgentStatistic.PAUSED_TIME] <= out - pausing + 1
    assert figures[AgentStatistic.WRAPUP_TIME] == 0
    assert figures[AgentStatistic.LOGIN_AT] < figures[AgentStatistic.LOGOUT_AT]


async def test_a_pause_reason_is_kept_to_what_asterisk_keeps(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    await bruce.ask("pauseAgent", reason="  lunch ")
    assert (await bruce.until("AgentStateEvent", name="AgentOnPause"))["cause"] == "lunch"
    await bruce.ask("pauseAgent", reason="é" * 39)
    for reason in ("é" * 40, "xucd-wrapup"):
        with pytest.raises(Refused, match="InvalidReason"):
            await bruce.ask("pauseAgent", reason=reason)


async def test_a_pause_at_the_very_end_of_a_wrapup_is_not_undone_by_it(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    call = world.phones.dial("3000")
    leg = await world.phone("1001").rings()
    leg.answer()
    await call.answered()
    await call.hang_up()
    wrapup = await bruce.frame(
        lambda frame: frame.fits("AgentStateEvent", {"name": "AgentOnWrapup"})
    )
    await asyncio.sleep(4.9 - (asyncio.get_running_loop().time() - wrapup.clock))
    world.pbx.freeze()  # the pause is under way when the wrap-up would end
    try:
        asked = asyncio.create_task(bruce.ask("pauseAgent", reason="lunch"))
        await asyncio.sleep(0.5)
    finally:
        world.pbx.thaw()
    await asked
    begun = len(bruce.frames)
    await bruce.ask("getConfig", objectType="line")
    await asyncio.sleep(1.5)  # longer than the wrap-up's second attempt would take
    assert bruce.states(8)[-1] == "AgentOnPause"
    assert bruce.states(8, after=begun) == []
