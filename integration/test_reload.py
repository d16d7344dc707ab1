"""A configuration that is applied while xucd runs, and what becomes of those at work."""

import asyncio
import signal

import pytest

from integration.client import Refused, http, token_of
from integration.fixtures import World
from integration.running import DEMO, Xucd
from integration.test_members_found import pauses, until_pauses

pytestmark = pytest.mark.any_asterisk


async def apply(xucd: Xucd, *changes: tuple[str, str]) -> None:
    """Apply the demo's centre with some of its text replaced, and tell the daemon."""
    text = DEMO.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = xucd.folder / "changed.toml"
    file.write_text(text)
    await xucd.command("center", "apply", "--prune", str(file))
    xucd.signal(signal.SIGHUP)


async def test_queues_given_to_an_agent_at_work_take_effect_and_nothing_else_changes(
    world: World,
) -> None:
    bruce, ada = await world.agent("bruce", "1001"), await world.client("ada")
    await bruce.ask("pauseAgent", reason="lunch")
    await ada.ask("getList", objectType="queuemember")
    begun = len(bruce.frames)
    await apply(world.xucd, ("queues = { support = 0, sales = 1 }", "queues = { billing = 4 }"))
    await bruce.until("LinkStatus", asterisk="current", after=begun)
    assert bruce.states(8, after=begun) == []
    told = {(body["queueId"], body["penalty"]) for body in ada.bodies("QueueMember")}
    assert told == {(1, -1), (2, -1), (3, 4)}
    for queue, there in (("support", False), ("sales", False), ("billing", True)):
        shown = await asyncio.to_thread(world.pbx.cli, f"queue show {queue}")
        assert ("Agent/2501" in shown) is there
    assert "paused:lunch" in world.pbx.cli("queue show billing")


async def test_the_page_of_a_user_who_was_changed_connects_anew_and_others_stay(
    world: World,
) -> None:
    sue, ada = await world.client("sue"), await world.client("ada")
    begun = len(ada.frames)
    await apply(world.xucd, ('lastName = "Pervisor"', 'lastName = "Wiser"'))
    assert await sue.closed() == (1012, "configuration changed")
    await ada.until("LinkStatus", asterisk="current", after=begun)
    again = await world.client("sue")
    assert (await again.until("UserConfigUpdate"))["fullName"] == "Sue Wiser"


async def test_a_queue_that_was_renamed_is_told_to_those_who_listen(world: World) -> None:
    ada, sue = await world.client("ada"), await world.client("sue")
    for client in (ada, sue):
        await client.ask("getList", objectType="queue")
    await apply(world.xucd, ('displayName = "Sales"', 'displayName = "Boats"'))
    assert (await ada.until("QueueConfig", id=2))["displayName"] == "Boats"
    await sue.until("LinkStatus", asterisk="current")
    assert sue.bodies("QueueConfig") == []


async def test_a_queue_that_the_centre_has_no_more_rings_no_agent_any_more(world: World) -> None:
    await world.agent("bruce", "1001")
    ada = await world.client("ada")
    begun = len(ada.frames)
    await apply(world.xucd, ('name = "sales"', 'name = "boats"'), ("sales =", "boats ="))
    await ada.until("LinkStatus", asterisk="current", after=begun)
    assert "Agent/2501" not in await asyncio.to_thread(world.pbx.cli, "queue show sales")
    assert "Agent/2501" in await asyncio.to_thread(world.pbx.cli, "queue show support")


async def test_members_of_others_ring_again_once_their_agent_is_taken_away_on_pause(
    world: World,
) -> None:
    stranger, queues = "Local/1001@default/n", ("billing", "everybody")
    for queue in queues:
        add = (
            f"queue add member {stranger} to {queue} penalty 0 as Panel state_interface PJSIP/1001"
        )
        await asyncio.to_thread(world.pbx.cli, add)
    try:
        bruce, ada = await world.agent("bruce", "1001"), await world.client("ada")
        await bruce.ask("pauseAgent", reason="lunch")
        for queue in queues:
            await until_pauses(world, queue, {stranger: "lunch"})
        text, begun = DEMO.read_text(), len(ada.frames)
        start = text.index("[[agents]]\nid = 8")
        await apply(world.xucd, (text[start : text.index("[[agents]]", start + 9)], ""))
        await ada.until("LinkStatus", asterisk="current", after=begun)
        await ada.ask("getList", objectType="queue")  # what was asked before has been answered
        for queue in queues:
            assert await pauses(world, queue) == {stranger: None}
    finally:
        for queue in queues:
            remove = f"queue remove member {stranger} from {queue}"
            await asyncio.to_thread(world.pbx.cli, remove)


async def test_rights_that_were_taken_away_are_not_taken_up_again(world: World) -> None:
    sue = await world.client("sue", "&resume=1")
    await sue.ask("subscribeToAgentEvents")
    stream = (await sue.until("LoggedOn"))["stream"]
    position = sue.frames[-1].message["position"]
    await apply(world.xucd, ('groups = ["default"]', 'groups = ["boats"]'))
    await sue.closed()
    again = await world.client("sue", f"&resume=1&epoch={stream['epoch']}&position={position}")
    assert (await again.until("LoggedOn"))["recovered"] is False
    with pytest.raises(Refused, match="NotAuthorized"):
        await again.ask("pauseAgent", agentid=8)


async def test_a_user_who_was_removed_gets_no_further(world: World) -> None:
    sue = await world.client("sue")
    token = await token_of(world.xucd.port, "sue")
    text = DEMO.read_text()
    start = text.index('[[users]]\nlogin = "sue"')
    await apply(world.xucd, (text[start : text.index("[[users]]", start + 9)], ""))
    await sue.closed()
    status, answer = await asyncio.to_thread(
        http,
        world.xucd.port,
        "/xuc/api/2.0/auth/check",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (status, answer["error"]) == (403, "InvalidToken")
