"""Default memberships: reading, setting and applying them, and who hears of it."""

import asyncio
import re
import signal
from typing import Any

import pytest

from integration.client import Client, Refused
from integration.fixtures import MakeXucd, World
from integration.running import DEMO
from integration.test_login import members
from integration.test_reload import apply

BRUCE, ALICE, JACK, MARICE, ETIENNE, CAROLINE, SUE = range(1, 8)  # users' ids
SUPPORT, SALES, BILLING = 1, 2, 3
OF_ONE = "UserQueueDefaultMembership"
OF_ALL = "UsersQueueDefaultMembership"


def membership(**penalties: int) -> list[dict[str, int]]:
    numbers = {"support": SUPPORT, "sales": SALES, "billing": BILLING}
    return [{"queueId": numbers[name], "penalty": one} for name, one in penalties.items()]


async def default_of(client: Client, user_id: int) -> list[dict[str, int]]:
    """A user's default membership, as this client may see it."""
    begun = len(client.frames)
    await client.ask("getUserDefaultMembership", userId=user_id)
    told = await client.until(OF_ONE, after=begun, userId=user_id)
    found: list[dict[str, int]] = told["membership"]
    return found


async def refused(client: Client, command: str, **arguments: Any) -> str:
    with pytest.raises(Refused) as refusal:
        await client.ask(command, **arguments)
    return refusal.value.code


@pytest.mark.any_asterisk
async def test_a_default_is_set_told_and_there_after_a_restart(world: World) -> None:
    ada, listening, other = [await world.client(login) for login in ("ada", "bruce", "alice")]
    assert await default_of(ada, BRUCE) == membership(support=0, sales=1)
    await listening.ask("getList", objectType="basequeuemember")
    await other.ask("getConfig", objectType="basequeuemember")
    seen, heard = len(listening.frames), len(other.frames)
    wanted = membership(support=3, billing=0)
    await ada.ask("setUserDefaultMembership", userId=BRUCE, membership=wanted)
    assert await listening.until(OF_ONE, after=seen) == {"userId": BRUCE, "membership": wanted}
    await world.xucd.stop(signal.SIGKILL)
    assert other.bodies(OF_ONE, heard) == other.bodies(OF_ALL, heard) == []
    await world.xucd.start()
    ada = await world.client("ada")
    assert await default_of(ada, BRUCE) == wanted
    await ada.ask("getConfig", objectType="queuemember")  # to set a default moves nobody
    live = await ada.until("QueueMemberList")
    assert {"agentId": 8, "queueId": SALES, "penalty": 1} in live


@pytest.mark.any_asterisk
async def test_whoever_sets_a_default_and_does_not_listen_is_answered_once(world: World) -> None:
    ada, listening = await world.client("ada"), await world.client("ada")
    await listening.ask("getList", objectType="basequeuemember")
    for client in (ada, listening):
        begun = len(client.frames)
        await client.ask(
            "setUsersDefaultMembership",
            userIds=[ALICE, JACK, ALICE],
            membership=membership(sales=2 if client is ada else 3),
        )
        told = sorted(body["userId"] for body in client.bodies(OF_ONE, begun))
        assert told == [ALICE, JACK]
    # Nothing changes now, so nobody is told.
    begun = len(listening.frames)
    await listening.ask(
        "setUsersDefaultMembership", userIds=[ALICE], membership=membership(sales=3)
    )
    assert listening.bodies(OF_ONE, begun) == []


async def test_applying_makes_the_agents_queues_exactly_the_default(world: World) -> None:
    ada = await world.client("ada")
    for login, line in (("bruce", "1001"), ("alice", "1002")):
        await world.agent(login, line)
    await ada.ask("setAgentQueue", agentId=8, queueId=SUPPORT, penalty=7)
    await ada.ask("setAgentQueue", agentId=9, queueId=BILLING, penalty=4)
    await ada.ask("pauseAgent", agentid=9, reason="lunch")
    await ada.ask(
        "setUsersDefaultMembership",
        userIds=[BRUCE, ALICE, CAROLINE],
        membership=membership(sales=2, billing=5),
    )
    await ada.ask("applyUsersDefaultMembership", userIds=[BRUCE, ALICE, CAROLINE])
    assert await members(world) == {
        ("sales", "Agent/2501"): ("PJSIP/1001", 2),
        ("billing", "Agent/2501"): ("PJSIP/1001", 5),
        ("sales", "Agent/2502"): ("PJSIP/1002", 2),
        ("billing", "Agent/2502"): ("PJSIP/1002", 5),
    }
    shown = await asyncio.to_thread(world.pbx.cli, "queue show sales")
    (alice,) = [line for line in shown.splitlines() if "Agent/2502" in line]
    assert re.search(r"paused:lunch|\(paused", alice)  # as she was before
    await world.agent("caroline", "1006")  # who was out: it counts from her login on
    assert await members(world) | {
        ("sales", "Agent/2506"): ("PJSIP/1006", 2),
        ("billing", "Agent/2506"): ("PJSIP/1006", 5),
    } == await members(world)
    await world.xucd.stop()
    await world.xucd.start()
    ada = await world.client("ada")
    await ada.ask("getConfig", objectType="queuemember")
    live = await ada.until("QueueMemberList")
    for agent_id in (8, 9, 13):
        mine = [one for one in live if one["agentId"] == agent_id]
        assert [(one["queueId"], one["penalty"]) for one in mine] == [(SALES, 2), (BILLING, 5)]


@pytest.mark.any_asterisk
async def test_what_is_not_there_or_not_right_changes_nothing(world: World) -> None:
    ada = await world.client("ada")
    before = await default_of(ada, BRUCE)
    one, good = {"userId": BRUCE}, membership(billing=1)
    set_one, set_many = "setUserDefaultMembership", "setUsersDefaultMembership"
    unknown = [*good, {"queueId": 99, "penalty": 0}]
    twice = [*good, *membership(billing=2)]
    for code, command, arguments in (
        ("QueueUnknown", set_one, {**one, "membership": unknown}),
        ("QueueNamedTwice", set_one, {**one, "membership": twice}),
        ("InvalidArgument", set_one, {**one, "membership": membership(billing=-1)}),
        ("UserUnknown", set_many, {"userIds": [BRUCE, 99], "membership": good}),
        ("UserIsNoAgent", set_many, {"userIds": [BRUCE, SUE], "membership": good}),
        ("UserUnknown", "applyUsersDefaultMembership", {"userIds": [BRUCE, 99]}),
        ("UserUnknown", "getUserDefaultMembership", {"userId": 99}),
    ):
        assert await refused(ada, command, **arguments) == code
    assert await default_of(ada, BRUCE) == before


@pytest.mark.any_asterisk
async def test_a_supervisor_reads_sets_and_applies_its_part_only(world: World) -> None:
    sue, ada = await world.client("sue"), await world.client("ada")
    await world.agent("bruce", "1001")
    await ada.ask(
        "setUserDefaultMembership", userId=BRUCE, membership=membership(support=0, billing=2)
    )
    await sue.ask("getList", objectType="basequeuemember")
    shown = (await sue.until(OF_ALL))["memberships"]
    assert {one["userId"] for one in shown} == {BRUCE, ALICE, JACK}
    assert {place["queueId"] for one in shown for place in one["membership"]} == {SUPPORT}
    for command in ("getUserDefaultMembership", "setUserDefaultMembership"):
        arguments: dict[str, Any] = {"membership": []} if "set" in command else {}
        assert await refused(sue, command, userId=MARICE, **arguments) == "NotAuthorized"
    theirs = {"userIds": [BRUCE, MARICE]}
    assert await refused(sue, "applyUsersDefaultMembership", **theirs) == "NotAuthorized"
    assert (
        await refused(sue, "setUserDefaultMembership", userId=BRUCE, membership=membership(sales=0))
        == "NotAuthorized"
    )
    assert await default_of(ada, BRUCE) == membership(support=0, billing=2)

    seen = len(sue.frames)
    await sue.ask("setUserDefaultMembership", userId=BRUCE, membership=membership(support=9))
    assert await sue.until(OF_ONE, after=seen, userId=BRUCE) == {
        "userId": BRUCE,
        "membership": membership(support=9),
    }
    assert await default_of(ada, BRUCE) == membership(support=9, billing=2)
    # He is in sales, and not in billing: neither is hers to change.
    await sue.ask("applyUsersDefaultMembership", userIds=[BRUCE])
    assert await members(world) == {
        ("support", "Agent/2501"): ("PJSIP/1001", 9),
        ("sales", "Agent/2501"): ("PJSIP/1001", 1),
    }
    # Nor does she hear of what she may not see.
    seen = len(sue.frames)
    for wanted in (membership(support=9, sales=1), membership(support=9, sales=2)):
        await ada.ask("setUserDefaultMembership", userId=BRUCE, membership=wanted)
    await ada.ask("setUserDefaultMembership", userId=MARICE, membership=membership(support=1))
    assert await default_of(sue, BRUCE) == membership(support=9)
    assert len(sue.bodies(OF_ONE, seen)) == 1  # the answer to the question just asked


@pytest.mark.any_asterisk
async def test_defaults_that_a_new_configuration_brings_are_told(world: World) -> None:
    ada, sue = await world.client("ada"), await world.client("sue")
    for client in (ada, sue):
        await client.ask("getList", objectType="basequeuemember")
    marks = len(ada.frames), len(sue.frames)
    await apply(world.xucd, ("queues = { support = 0, sales = 1 }", "queues = { billing = 4 }"))
    told = (await ada.until(OF_ALL, after=marks[0]))["memberships"]
    assert {"userId": BRUCE, "membership": membership(billing=4)} in told
    told = (await sue.until(OF_ALL, after=marks[1]))["memberships"]
    assert {"userId": BRUCE, "membership": []} in told


@pytest.mark.any_asterisk
async def test_many_at_once_are_told_as_one_whole_list_and_applied_to_all(
    make_xucd: MakeXucd,
) -> None:
    names = [f"extra{number}" for number in range(1, 71)]
    agents = "\n".join(
        f'[[agents]]\nid = {100 + number}\nuserId = {100 + number}\nnumber = "{2600 + number}"\n'
        f'login = "{name}"\nfirstName = "One"\nlastName = "More"\ngroup = 2\nqueues = {{}}'
        for number, name in enumerate(names)
    )
    xucd = await make_xucd(center=f"{DEMO.read_text()}\n{agents}\n")
    ada, listening = await xucd.client("ada"), await xucd.client("ada")
    await listening.ask("getList", objectType="basequeuemember")
    seen, begun = len(listening.frames), len(ada.frames)
    everybody = [100 + number for number in range(len(names))]
    wanted = membership(sales=1, billing=2)
    await ada.ask("setUsersDefaultMembership", userIds=everybody, membership=wanted)
    await ada.ask("applyUsersDefaultMembership", userIds=everybody)
    told = (await listening.until(OF_ALL, after=seen))["memberships"]
    assert {"userId": BRUCE, "membership": membership(support=0, sales=1)} in told
    assert sum(one["membership"] == wanted for one in told) == len(names)
    assert listening.bodies(OF_ONE, seen) == ada.bodies(OF_ONE, begun) == []
    await ada.ask("getConfig", objectType="queuemember")
    live = await ada.until("QueueMemberList")
    assert sum(one["agentId"] >= 100 for one in live) == 2 * len(names)
    await asyncio.gather(ada.close(), listening.close())


async def test_what_asterisk_does_not_do_is_named_and_the_rest_is_done(world: World) -> None:
    file = world.xucd.folder / "more.toml"
    text = (await world.xucd.command("center", "export")) + (
        '\n[[queues]]\nid = 9\nname = "nowhere"\ndisplayName = "Nowhere"\nnumber = "3999"\n'
    )
    file.write_text(text)
    await world.xucd.command("center", "apply", str(file))
    await world.xucd.stop()
    await world.xucd.start()
    ada = await world.client("ada")
    await world.agent("alice", "1002")
    await world.agent("jack", "1003")
    nowhere = [*membership(billing=1), {"queueId": 9, "penalty": 0}]
    await ada.ask("setUserDefaultMembership", userId=ALICE, membership=nowhere)
    await ada.ask("setUserDefaultMembership", userId=JACK, membership=membership(support=1))
    await ada.tell("applyUsersDefaultMembership", userIds=[ALICE, JACK], requestId="mine")
    result = await ada.until("CommandResult", requestId="mine")
    assert (result["ok"], result["error"]) == (False, "PartlyApplied")
    assert "agent 2502 in nowhere (NoSuchQueue)" in result["message"]
    assert await members(world) == {
        ("billing", "Agent/2502"): ("PJSIP/1002", 1),
        ("support", "Agent/2503"): ("PJSIP/1003", 1),
    }
