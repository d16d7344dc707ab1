"""Logging in and out: agent-api.txt's five cases, races for a line, and moves between queues."""

import asyncio

import pytest

from integration.client import Client, Refused
from integration.fixtures import World
from integration.shown import members_of
from integration.witness import Witness

AGENTS = {
    "bruce": (8, "1001"),
    "alice": (9, "1002"),
    "jack": (10, "1003"),
    "marice": (11, "1004"),
    "etienne": (12, "1005"),
    "caroline": (13, "1006"),
}
NAMES = {8: "Agent/2501", 9: "Agent/2502", 10: "Agent/2503", 11: "Agent/2504", 12: "Agent/2505"}
NAMES[13] = "Agent/2506"
QUEUES = {1: "support", 2: "sales", 3: "billing"}


async def members(world: World) -> dict[tuple[str, str], tuple[str, int]]:
    """What Asterisk's own command line lists: {(queue, member): (interface, penalty)}."""
    found = {}
    for queue in QUEUES.values():
        for member in await members_of(world.pbx, queue):
            if member.name.startswith("Agent/"):
                found[queue, member.name] = (member.interface, member.penalty)
    return found


async def test_an_agent_that_is_out_is_logged_in_in_all_its_queues(
    world: World, witness: Witness
) -> None:
    bruce = await world.client("bruce")
    await bruce.tell("agentLogin", agentphonenumber="1001")
    ready = await bruce.until("AgentStateEvent", name="AgentReady")
    assert (ready["agentId"], ready["phoneNb"], ready["cause"]) == (8, "1001", "available")
    assert sorted(ready["queues"]) == [1, 2]
    for queue in ("support", "sales"):
        await asyncio.to_thread(
            witness.until, queue, "Agent/2501", lambda m: m is not None and not m.paused
        )
    assert await members(world) == {
        ("support", "Agent/2501"): ("PJSIP/1001", 0),
        ("sales", "Agent/2501"): ("PJSIP/1001", 1),
    }


async def test_an_unknown_line_is_an_error_and_nobody_is_logged_in(world: World) -> None:
    bruce = await world.client("bruce")
    await bruce.tell("agentLogin", agentphonenumber="4711")
    assert await bruce.until("AgentError") == {"Error": "PhoneNumberUnknown"}
    assert await members(world) == {}
    assert bruce.states(8) == ["AgentLoggedOut"]


async def test_logging_in_again_on_the_same_line_leaves_the_agent_where_it_is(
    world: World,
) -> None:
    bruce = await world.agent("bruce", "1001")
    begun = len(bruce.frames)
    await bruce.ask("agentLogin", agentphonenumber=1001, agentid="8")
    assert bruce.bodies("AgentError") == []
    assert set(bruce.states(8, after=begun)) <= {"AgentReady"}


async def test_logging_in_on_another_line_is_an_error_that_names_both(world: World) -> None:
    bruce = await world.agent("bruce", "1002")
    await bruce.tell("agentLogin", agentphonenumber="1001")
    assert await bruce.until("AgentError") == {
        "Error": "LoggedInOnAnotherPhone",
        "phoneNb": "1002",
        "RequestedNb": "1001",
    }
    assert {interface for interface, _ in (await members(world)).values()} == {"PJSIP/1002"}


async def test_a_line_in_use_is_taken_over_and_its_agent_logged_out(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    alice = await world.client("alice")
    begun = len(bruce.frames)
    await alice.ask("agentLogin", agentphonenumber="1001")
    await bruce.until("AgentStateEvent", name="AgentLoggedOut", after=begun)
    assert bruce.states(8)[-1] == "AgentLoggedOut"
    assert set(await members(world)) == {("support", "Agent/2502")}
    # The page of the agent that was logged out goes on working.
    await bruce.ask("agentLogin", agentphonenumber="1002")
    assert bruce.states(8)[-1] == "AgentReady"


async def test_an_agent_that_is_out_shows_the_line_it_used_last(world: World) -> None:
    bruce = await world.agent("bruce", "1005")
    await bruce.ask("agentLogout")
    out = await bruce.until("AgentStateEvent", name="AgentLoggedOut", after=8)
    assert out["phoneNb"] == "1005"
    assert await members(world) == {}


async def test_an_agent_without_queues_logs_in_pauses_and_logs_out(world: World) -> None:
    caroline = await world.agent("caroline", "1006")
    await caroline.ask("pauseAgent", reason="lunch")
    await caroline.ask("unpauseAgent")
    await caroline.ask("agentLogout")
    assert caroline.states(13) == [
        "AgentLoggedOut",
        "AgentReady",
        "AgentOnPause",
        "AgentReady",
        "AgentLoggedOut",
    ]


async def test_a_pause_with_a_reason_is_told_and_holds_in_every_queue(
    world: World, witness: Witness
) -> None:
    bruce = await world.agent("bruce", "1001")
    await bruce.ask("pauseAgent", reason="lunch, at Zoë's")
    paused = await bruce.until("AgentStateEvent", name="AgentOnPause")
    assert paused["cause"] == "lunch, at Zoë's"
    for queue in ("support", "sales"):
        await asyncio.to_thread(
            witness.until,
            queue,
            "Agent/2501",
            lambda m: m is not None and m.paused and m.reason == "lunch, at Zoë's",
        )
    await bruce.ask("unpauseAgent")
    assert bruce.states(8)[-2:] == ["AgentOnPause", "AgentReady"]


async def test_an_agent_is_paused_and_made_ready_by_another_user(world: World) -> None:
    bruce, ada = await world.agent("bruce", "1001"), await world.client("ada")
    await ada.ask("pauseAgent", agentid=8)
    assert (await bruce.until("AgentStateEvent", name="AgentOnPause"))["cause"] == ""
    await ada.ask("unpauseAgent", agentid="8")
    assert bruce.states(8)[-1] == "AgentReady"
    await ada.ask("agentLogout", agentid=8)
    assert bruce.states(8)[-1] == "AgentLoggedOut"


async def test_a_reason_that_would_run_an_action_of_its_own_is_refused(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    with pytest.raises(Refused):
        await bruce.ask("pauseAgent", reason="x\r\nAction: Command\r\nCommand: core stop now")
    assert bruce.states(8)[-1] == "AgentReady"


async def test_who_is_no_agent_and_names_none_is_told_so(world: World) -> None:
    ada = await world.client("ada")
    with pytest.raises(Refused, match="AgentUnknown"):
        await ada.ask("agentLogin", agentphonenumber="1001")
    with pytest.raises(Refused, match="AgentUnknown"):
        await ada.ask("pauseAgent", agentid=4711)
    with pytest.raises(Refused, match="AgentNotLoggedIn"):
        await ada.ask("pauseAgent", agentid=8)


async def test_a_pause_survives_a_restart_of_asterisk_and_of_xucd(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    await bruce.ask("pauseAgent", reason="lunch")
    begun = len(bruce.frames)
    await asyncio.to_thread(world.pbx.restart_asterisk)
    await bruce.until("LinkStatus", asterisk="lost", after=begun)
    await bruce.until("LinkStatus", asterisk="current", after=begun)
    assert set(await members(world)) == {("support", "Agent/2501"), ("sales", "Agent/2501")}
    assert "paused:lunch" in world.pbx.cli("queue show support")
    assert set(bruce.states(8, after=begun)) <= {"AgentOnPause"}
    await world.xucd.stop()
    await world.xucd.start()
    again = await world.client("bruce")
    state = await again.until("AgentStateEvent")
    assert (state["name"], state["cause"]) == ("AgentOnPause", "lunch")
    await world.phones.register(*(line for _, line in AGENTS.values()), "1007", "1008")


async def test_two_pages_of_one_user_see_the_same(world: World) -> None:
    first, second = await world.client("bruce"), await world.client("bruce")
    await first.ask("agentLogin", agentphonenumber="1001")
    await second.ask("pauseAgent", reason="lunch")
    begun = len(second.frames)
    await first.ask("unpauseAgent")
    await second.until("AgentStateEvent", name="AgentReady", after=begun)
    assert first.states(8) == second.states(8)


async def test_a_penalty_is_set_and_changed_and_a_queue_left_logged_in_or_not(
    world: World,
) -> None:
    bruce, ada = await world.client("bruce"), await world.client("ada")
    await ada.tell("getList", objectType="queuemember")
    await ada.until("QueueMemberList")
    for _ in range(2):
        await ada.ask("setAgentQueue", agentId=8, queueId=3, penalty=4)
        await ada.until("QueueMember", agentId=8, queueId=3, penalty=4)
        await ada.ask("setAgentQueue", agentId="8", queueId="3", penalty="5")
        await ada.until("QueueMember", agentId=8, queueId=3, penalty=5)
        await ada.ask("removeAgentFromQueue", agentId=8, queueId=3)
        await ada.until("QueueMember", agentId=8, queueId=3, penalty=-1)
        assert len(ada.bodies("QueueMember")) == 3
        ada.frames.clear()
        await bruce.ask("agentLogin", agentphonenumber="1001")


async def test_a_failed_move_sends_nothing_but_the_acknowledgement(world: World) -> None:
    ada = await world.client("ada")
    begun = len(ada.frames)
    await ada.tell("setAgentQueue", agentId=8, queueId=99, penalty=0)
    await ada.tell("removeAgentFromQueue", agentId=8, queueId=3)
    with pytest.raises(Refused, match="QueueUnknown"):
        await ada.ask("setAgentQueue", agentId=8, queueId=99, penalty=0)
    with pytest.raises(Refused, match="NotMember"):
        await ada.ask("removeAgentFromQueue", agentId=8, queueId=3)
    assert [frame.type for frame in ada.frames[begun:]] == ["CommandResult"] * 2


async def test_six_agents_at_once_end_as_asterisk_and_the_store_both_have_them(
    world: World,
) -> None:
    ada = await world.client("ada")
    clients = {login: await world.client(login) for login in AGENTS}
    await asyncio.gather(
        *(
            clients[login].ask("agentLogin", agentphonenumber=line)
            for login, (_, line) in AGENTS.items()
            if login not in {"jack", "marice"}
        )
    )

    async def wander(client: Client, agent_id: int) -> None:
        for queue_id in QUEUES:
            await client.ask("setAgentQueue", agentId=agent_id, queueId=queue_id, penalty=3)
            await client.ask("setAgentQueue", agentId=agent_id, queueId=queue_id, penalty=queue_id)
        await client.ask("removeAgentFromQueue", agentId=agent_id, queueId=agent_id % 3 + 1)

    async def fight(client: Client, line: str) -> None:
        for _ in range(3):
            await client.ask("agentLogin", agentphonenumber=line)
            await client.ask("agentLogout")

    rivals = asyncio.gather(fight(clients["jack"], "1008"), fight(clients["marice"], "1008"))
    # Two users move bruce at once, so that either may find what the other has done already.
    twice = asyncio.gather(wander(ada, 8), wander(clients["bruce"], 8), return_exceptions=True)
    await asyncio.gather(
        *(wander(clients[login], AGENTS[login][0]) for login in ("alice", "etienne", "caroline"))
    )
    for outcome in (*await rivals, *await twice):
        assert outcome is None or (isinstance(outcome, Refused) and outcome.code == "NotMember")
    await asyncio.gather(
        *(clients[login].ask("agentLogin", agentphonenumber="1008") for login in ("jack", "marice"))
    )

    seen = await members(world)
    store = world.xucd.store()
    kept, stations = store.memberships(), store.stations()
    store.close()
    logged_in = {agent_id for agent_id, station in stations.items() if station.logged_in}
    assert len(logged_in) == 5
    assert len({stations[agent_id].line_id for agent_id in logged_in}) == 5
    expected = {
        (QUEUES[queue_id], NAMES[agent_id]): (f"PJSIP/{1000 + stations[agent_id].line_id}", penalty)
        for agent_id in logged_in
        for queue_id, penalty in kept.get(agent_id, {}).items()
    }
    assert seen == expected


async def test_a_group_is_moved_added_and_removed_as_one(world: World) -> None:
    ada = await world.client("ada")
    await world.agent("bruce", "1001")
    await world.agent("alice", "1002")
    move = {"groupId": 1, "fromQueueId": 1, "fromPenalty": 0, "toQueueId": 3, "toPenalty": 2}
    await ada.ask("addAgentsInGroup", **move)
    await ada.ask("moveAgentsInGroup", **{**move, "toPenalty": 6})
    seen = await members(world)
    assert {key for key in seen if key[0] != "sales"} == {
        ("billing", "Agent/2501"),
        ("billing", "Agent/2502"),
    }
    assert seen["billing", "Agent/2502"] == ("PJSIP/1002", 6)
    await ada.ask("removeAgentGroupFromQueueGroup", groupId=1, queueId=3, penalty=6)
    await ada.ask("addAgentsNotInQueueFromGroupTo", groupId=1, queueId=1, penalty=1)
    seen = await members(world)
    assert {key for key in seen if key[0] != "sales"} == {
        ("support", "Agent/2501"),
        ("support", "Agent/2502"),
    }


async def test_an_agent_changes_its_group_and_the_change_is_told(world: World) -> None:
    ada = await world.client("ada")
    await ada.tell("getList", objectType="agent")
    await ada.until("AgentList")
    await ada.ask("setAgentGroup", agentId=8, groupId=2)
    config = await ada.until("AgentConfig", id=8)
    assert (config["groupId"], config["numgroup"], config["lastname"]) == (2, 2, "Wail")
    assert [one["queue_name"] for one in config["member"]] == ["support", "sales"]
