"""A supervisor sees and does what its lists allow, and receives not one message beyond."""

import asyncio
import json

import pytest

from integration.client import Client, Refused
from integration.fixtures import MakeXucd, World

pytestmark = pytest.mark.any_asterisk

SUES_AGENTS = {8, 9, 10}  # of her group "default"
SUES_QUEUES = {1}
ID_KEYS = {
    "agentId": "agent",
    "queueId": "queue",
    "queue_id": "queue",
    "groupId": "group",
    "numgroup": "group",
}
IDS_OF = {  # what a bare "id" is, by the message it stands in
    "AgentList": "agent",
    "AgentConfig": "agent",
    "AgentDirectory": "agent",
    "AgentStatistics": "agent",
    "QueueList": "queue",
    "AgentGroupList": "group",
}
EVERYTHING = (
    ("subscribeToAgentEvents", {}),
    ("subscribeToAgentStats", {}),
    ("getAgentStates", {}),
    ("getAgentDirectory", {}),
    *(
        (command, {"objectType": kind})
        for command in ("getList", "getConfig")
        for kind in ("agent", "agentgroup", "queue", "queuemember", "basequeuemember")
    ),
)


async def listen_to_everything(client: Client) -> None:
    for command, arguments in EVERYTHING:
        await client.ask(command, **arguments)


def agents_and_queues(frames: list[str]) -> tuple[set[int], set[int], set[int]]:
    """All ids of agents, queues and groups that any recorded frame speaks of."""
    found: dict[str, set[int]] = {"agent": set(), "queue": set(), "group": set()}

    def walk(kind: str, value: object) -> None:
        for item in value if isinstance(value, list) else ():
            walk(kind, item)
        if isinstance(value, dict) and kind != "UserConfigUpdate":
            for key, item in value.items():
                what = ID_KEYS.get(key) or (IDS_OF.get(kind) if key == "id" else None)
                if key == "queues":
                    found["queue"].update(item)
                if what is not None:
                    found[what].add(item)
                walk(kind, item)

    for frame in frames:
        message = json.loads(frame)
        walk(message.get("msgType", ""), message.get("ctiMessage"))
    return found["agent"], found["queue"], found["group"]


async def test_a_supervisor_receives_not_one_message_that_its_lists_exclude(
    world: World,
) -> None:
    sue, ada = await world.client("sue"), await world.client("ada")
    await listen_to_everything(sue)
    await listen_to_everything(ada)
    lines = {"bruce": "1001", "alice": "1002", "jack": "1003", "marice": "1004", "etienne": "1005"}
    for login, line in lines.items():
        world.phone(line, answer_after=0.1)
        await world.agent(login, line)
    calls = [world.phones.dial(number) for number in ("3000", "3001", "3002")]
    await asyncio.gather(*(call.answered() for call in calls))
    await ada.ask("setAgentQueue", agentId=9, queueId=1, penalty=2)
    for agent_id in (8, 11, 12):
        await ada.ask("setAgentQueue", agentId=agent_id, queueId=3, penalty=1)
        await ada.ask("removeAgentFromQueue", agentId=agent_id, queueId=3)
        await ada.ask("pauseAgent", agentid=agent_id, reason="lunch")
    await asyncio.gather(*(call.hang_up() for call in calls))
    await ada.ask("getAgentStates")
    await sue.ask("getAgentStates")

    agents, queues, groups = agents_and_queues([frame.raw for frame in ada.frames])
    assert agents == {8, 9, 10, 11, 12, 13}
    assert (queues, groups) == ({1, 2, 3}, {1, 2})
    agents, queues, groups = agents_and_queues([frame.raw for frame in sue.frames])
    assert agents == SUES_AGENTS
    assert (queues, groups) == (SUES_QUEUES, {1})
    kinds = {frame.type for frame in sue.frames}
    assert {"AgentStateEvent", "AgentStatistics", "QueueMember", "AgentConfig"} <= kinds


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("agentLogin", {"agentid": 11, "agentphonenumber": "1004"}),
        ("agentLogout", {"agentid": 11}),
        ("pauseAgent", {"agentid": 11}),
        ("unpauseAgent", {"agentid": 11}),
        ("setAgentQueue", {"agentId": 8, "queueId": 2, "penalty": 0}),
        ("setAgentQueue", {"agentId": 11, "queueId": 1, "penalty": 0}),
        ("removeAgentFromQueue", {"agentId": 8, "queueId": 2}),
        ("setAgentGroup", {"agentId": 8, "groupId": 2}),
        ("setAgentGroup", {"agentId": 11, "groupId": 1}),
        (
            "moveAgentsInGroup",
            {"groupId": 1, "fromQueueId": 1, "fromPenalty": 0, "toQueueId": 2, "toPenalty": 0},
        ),
        (
            "addAgentsInGroup",
            {"groupId": 2, "fromQueueId": 1, "fromPenalty": 0, "toQueueId": 1, "toPenalty": 0},
        ),
        ("removeAgentGroupFromQueueGroup", {"groupId": 1, "queueId": 2, "penalty": 0}),
        ("addAgentsNotInQueueFromGroupTo", {"groupId": 2, "queueId": 1, "penalty": 0}),
    ],
)
async def test_a_supervisors_commands_obey_the_same_lists(
    world: World, command: str, arguments: dict[str, object]
) -> None:
    sue = await world.client("sue")
    with pytest.raises(Refused, match="NotAuthorized"):
        await sue.ask(command, **arguments)
    assert sue.bodies("AgentError") == [{"Error": "NotAuthorized"}]


async def test_a_supervisor_commands_the_agents_of_its_lists(world: World) -> None:
    sue, bruce = await world.client("sue"), await world.client("bruce")
    await sue.ask("agentLogin", agentid=8, agentphonenumber="1001")
    await sue.ask("setAgentQueue", agentId=8, queueId=1, penalty=3)
    await sue.ask("pauseAgent", agentid=8, reason="coaching")
    assert (await bruce.until("AgentStateEvent", name="AgentOnPause"))["cause"] == "coaching"


@pytest.mark.parametrize(
    ("login", "profile", "rights"),
    [
        ("bruce", "NoRight", []),
        ("sue", "Supervisor", ["recording", "dissuasion"]),
        ("ada", "Admin", ["recording", "dissuasion"]),
    ],
)
async def test_everybody_is_told_its_profile(
    world: World, login: str, profile: str, rights: list[str]
) -> None:
    client = await world.client(login)
    assert await client.until("RightProfile") == {"profile": profile, "rights": rights}


async def test_who_has_no_profile_is_treated_as_an_admin(world: World) -> None:
    alice = await world.client("alice")
    await alice.ask("agentLogin", agentid=8, agentphonenumber="1001")
    await alice.ask("subscribeToAgentEvents")
    await alice.ask("pauseAgent", agentid=8)
    await alice.until("AgentStateEvent", agentId=8, name="AgentOnPause")


async def test_strict_rights_leave_who_has_no_profile_its_own_agent(make_xucd: MakeXucd) -> None:
    xucd = await make_xucd(settings="strict_rights = true")
    async with await xucd.client("bruce") as bruce, await xucd.client("ada") as ada:
        await listen_to_everything(bruce)
        with pytest.raises(Refused, match="NotAuthorized"):
            await bruce.ask("agentLogin", agentid=9, agentphonenumber="1002")
        await ada.ask("agentLogin", agentid=9, agentphonenumber="1002")
        await bruce.ask("agentLogin", agentphonenumber="1001")
        agents, _, _ = agents_and_queues([frame.raw for frame in bruce.frames])
        assert agents == {8}
        await bruce.ask("agentLogout")
        await ada.ask("agentLogout", agentid=9)
