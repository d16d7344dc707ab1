"""Wrap-up: no waiting caller reaches an agent before it is over, and none waits longer than that.

Each behaviour is shown over 20 calls, because what could go wrong is a race. app_queue looks once a
second whether somebody has become free; xucd wakes the caller by a digit, so that it looks at once.
How soon the phone rings is for `make bench`.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration.fixtures import MakeXucd, World, clear
from integration.phones import Leg, Phones
from integration.running import DEMO
from integration.witness import Witness

CALLS = 20
WOKEN = CALLS // 2  # at the least: app_queue may have looked just then by itself
WRAPUP = 1  # seconds: shorter than the demo's, so that twenty of them are tested soon
LONG_WRAPUP = 60  # seconds: it ends early or too late for the test
EARLY = 0.02  # two clocks are compared: SIPp's at the phone and Asterisk's end of the wrap-up


@pytest_asyncio.fixture(loop_scope="session")
async def world(
    make_xucd: MakeXucd, phones: Phones, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    """The demo's centre, with another wrap-up in its queue support."""
    wrapup = getattr(request, "param", WRAPUP)
    center = DEMO.read_text().replace("wrapup = 5", f"wrapup = {wrapup}")
    world = World(await make_xucd(center=center), phones)
    yield world
    await world.close()
    await clear(world)


async def answer(world: World, number: str) -> Leg:
    leg = await world.phone(number).rings()
    leg.answer()
    await leg.answered()
    return leg


async def first_answered(calls: list[Leg]) -> Leg:
    """The first of these callers to be answered; it may have been already."""
    waits = {asyncio.create_task(call.answered()): call for call in calls}
    done, rest = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in rest:
        wait.cancel()
    return waits[done.pop()]


@pytest.mark.timeout(600)  # many calls, one after the other
async def test_a_waiting_caller_reaches_the_agent_when_the_wrapup_is_over_and_never_before(
    world: World, witness: Witness
) -> None:
    bruce = await world.agent("bruce", "1001")
    caller = world.phones.dial("3000")
    leg = await answer(world, "1001")
    for _ in range(CALLS):
        following = world.phones.dial("3000")
        await following.rang()
        await caller.answered()
        # The earlier of the two: a SIPp may be late to log what it has sent.
        ended = min(await caller.hang_up(), await leg.ended())
        leg = await answer(world, "1001")
        assert leg.invited_at is not None
        assert leg.invited_at - ended >= WRAPUP - EARLY
        caller = following
    await caller.hang_up()
    assert "AgentOnPause" not in bruce.states(8)
    await asyncio.to_thread(witness.until_received, "D", WOKEN)


@pytest.mark.timeout(600)  # many calls, one after the other
@pytest.mark.parametrize("world", [LONG_WRAPUP], indirect=True)
async def test_ending_the_wrapup_early_brings_the_waiting_caller_at_once(
    world: World, witness: Witness
) -> None:
    bruce = await world.agent("bruce", "1001")
    caller = world.phones.dial("3000")
    await answer(world, "1001")
    for _ in range(CALLS):
        following = world.phones.dial("3000")
        await following.rang()
        await caller.answered()
        seen = len(bruce.frames)
        await caller.hang_up()
        await bruce.until("AgentStateEvent", name="AgentOnWrapup", after=seen)
        await bruce.tell("unpauseAgent")
        await answer(world, "1001")
        caller = following
    await caller.hang_up()
    await asyncio.to_thread(witness.until_received, "D", WOKEN)


@pytest.mark.timeout(600)  # many calls, one after the other
async def test_an_agent_in_three_queues_with_callers_in_all_is_never_called_in_its_wrapup(
    world: World,
) -> None:
    ada = await world.client("ada")
    await world.agent("bruce", "1001")
    await ada.ask("setAgentQueue", agentId=8, queueId=3, penalty=0)
    waiting = [world.phones.dial(number) for number in ("3000", "3001", "3002")]
    over, wrapups = 0.0, 0
    for _ in range(CALLS):
        leg = await answer(world, "1001")
        assert leg.invited_at is not None
        assert leg.invited_at >= over - EARLY
        taken = await first_answered(waiting)
        following = world.phones.dial(taken.other_number)
        await following.rang()
        waiting = [call for call in waiting if call is not taken] + [following]
        ended, over = min(await taken.hang_up(), await leg.ended()), 0.0
        if taken.other_number == "3000":
            over = ended + WRAPUP
            wrapups += 1
    assert 0 < wrapups < CALLS
    await asyncio.gather(*(call.hang_up() for call in waiting))


@pytest.mark.parametrize("moment", ["ringing", "talking"])
async def test_an_agent_who_pauses_during_the_call_stays_paused_after_it(
    world: World, moment: str
) -> None:
    bruce = await world.agent("bruce", "1001")
    for _ in range(CALLS // 2):
        seen = len(bruce.frames)
        caller = world.phones.dial("3000")
        leg = await world.phone("1001").rings()
        if moment == "ringing":
            await bruce.until("AgentStateEvent", name="AgentRinging", after=seen)
            await bruce.ask("pauseAgent", reason="lunch")
        leg.answer()
        await caller.answered()
        await bruce.until("AgentStateEvent", name="AgentOnCall", after=seen)
        if moment == "talking":
            await bruce.ask("pauseAgent", reason="lunch")
        over = len(bruce.frames)
        await caller.hang_up()
        paused = await bruce.until("AgentStateEvent", name="AgentOnPause", after=over)
        assert paused["cause"] == "lunch"
        assert "AgentOnWrapup" not in bruce.states(8, after=seen)
        await bruce.ask("unpauseAgent")
