"""Commands that Asterisk does not answer in time, and does late: the later command decides."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from integration.client import Refused
from integration.fixtures import MakeXucd, World, a_world
from integration.phones import Phones
from integration.shown import disconnected, members_of
from integration.test_hard_stations import members


@pytest_asyncio.fixture(loop_scope="session")
async def hasty(make_xucd: MakeXucd, phones: Phones) -> AsyncIterator[World]:
    """A world whose xucd waits for Asterisk for three seconds only: it is lost after twelve."""
    async with a_world(make_xucd, phones) as world:
        world.xucd.file.write_text(
            world.xucd.file.read_text().replace("action_timeout = 20", "action_timeout = 3")
        )
        await world.xucd.stop()
        await world.xucd.start()
        yield world


async def test_what_a_frozen_asterisk_does_late_is_undone_or_overtaken(hasty: World) -> None:
    pbx = hasty.pbx
    alice, bruce = await hasty.agent("alice", "1002"), await hasty.client("bruce")
    jack = await hasty.client("jack")
    pbx.freeze()
    try:
        for asked in (
            alice.ask("pauseAgent", reason="lunch"),
            bruce.ask("agentLogin", agentphonenumber="1001"),
            alice.ask("setAgentQueue", agentId=9, queueId=2, penalty=0),
        ):
            with pytest.raises(Refused, match="AsteriskTimeout"):
                await asked
    finally:
        pbx.thaw()
    await alice.ask("unpauseAgent")
    await jack.ask("agentLogin", agentphonenumber="1001")
    await alice.ask("pauseAgent", reason="meeting")  # Asterisk has done all before it
    assert await members(hasty) == {
        ("support", "Agent/2502"): "PJSIP/1002",
        ("sales", "Agent/2503"): "PJSIP/1001",
    }
    await bruce.ask("getAgentStates")
    assert bruce.states(8)[-1] == "AgentLoggedOut"
    await alice.ask("getAgentStates")
    hers = [body for body in alice.bodies("AgentStateEvent") if body["agentId"] == 9][-1]
    assert (hers["cause"], hers["queues"]) == ("meeting", [1])


async def test_a_logout_that_asterisk_does_late_is_shown_and_leaves_nothing_behind(
    hasty: World,
) -> None:
    alice = await hasty.agent("alice", "1002")
    begun = len(alice.frames)
    hasty.pbx.freeze()
    try:
        with pytest.raises(Refused, match="AsteriskTimeout"):
            await alice.ask("agentLogout")
    finally:
        hasty.pbx.thaw()
    await alice.until("AgentStateEvent", name="AgentLoggedOut", after=begun)
    await alice.ask("agentLogin", agentphonenumber="1002")
    assert await members(hasty) == {("support", "Agent/2502"): "PJSIP/1002"}


@pytest.mark.parametrize(
    ("penalty", "back"),
    [
        (5, "queue set penalty 0 on PJSIP/1002 in sales"),
        (-1, "queue add member PJSIP/1002 to sales penalty 0 as Agent/2502"),
    ],
)
async def test_a_change_of_a_queue_that_a_kill_cut_short_is_completed_at_the_next_start(
    world: World, penalty: int, back: str
) -> None:
    """What Asterisk does late, if it was asked before the kill, is taken back here."""
    alice, store = await world.agent("alice", "1002"), world.xucd.store()

    async def stored() -> int:
        return (await asyncio.to_thread(store.memberships))[9].get(2, -1)

    async def there() -> int:
        found = {each.name: each.penalty for each in await members_of(world.pbx, "sales")}
        return found.get("Agent/2502", -1)

    async def until(found: Callable[[], Awaitable[int]]) -> None:
        async with asyncio.timeout(30):
            while await found() != penalty:  # noqa: ASYNC110
                await asyncio.sleep(0.02)  # neither a database nor a command line tells

    await alice.ask("setAgentQueue", agentId=9, queueId=2, penalty=0)
    world.pbx.freeze()
    try:
        if penalty < 0:
            await alice.tell("removeAgentFromQueue", agentId=9, queueId=2)
        else:
            await alice.tell("setAgentQueue", agentId=9, queueId=2, penalty=penalty)
        await until(stored)
        await world.xucd.stop(signal.SIGKILL)
    finally:
        world.pbx.thaw()
    await disconnected(world.pbx, world.pbx.ami_user)
    world.pbx.cli(back)
    assert await there() == 0
    assert not store.stations()[9].settled
    await world.xucd.start()
    assert await there() == await stored() == penalty
    page = await world.client("alice")
    await page.ask("setAgentQueue", agentId=9, queueId=2, penalty=1)
    await page.ask("agentLogin", agentphonenumber="1002")  # it waits for what is stored of it
    assert store.stations()[9].settled
    store.close()
