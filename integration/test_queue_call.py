"""The main job: a caller dials a queue, an agent's phone rings, and every page sees it live."""

import asyncio
import time
from collections.abc import Callable

from integration.fixtures import World
from integration.witness import IN_USE, NOT_IN_USE, RINGING, SeenMember, Witness
from xucd.cti.messages import AgentStatistic


async def agreed(witness: Witness, fits: Callable[[SeenMember], bool]) -> None:
    """Wait until Asterisk itself says so of bruce."""
    await asyncio.to_thread(
        witness.until, "support", "Agent/2501", lambda member: member is not None and fits(member)
    )


async def test_a_queue_call_is_seen_from_ready_to_ready_and_asterisk_agrees_at_each_step(
    world: World, witness: Witness
) -> None:
    bruce = await world.agent("bruce", "1001")
    await bruce.until("AgentStateEvent", name="AgentReady")
    await agreed(witness, lambda m: m.interface == "PJSIP/1001" and not m.paused)
    begun = len(bruce.frames)

    call = world.phones.dial("3000", caller_number="0230210082")
    leg = await world.phone("1001").rings()
    await bruce.until("AgentStateEvent", name="AgentRinging", after=begun)
    await agreed(witness, lambda m: m.status == RINGING)

    leg.answer()
    await call.answered()
    on_call = await bruce.until("AgentStateEvent", name="AgentOnCall", after=begun)
    assert (on_call["acd"], on_call["direction"], on_call["callType"]) == (
        True,
        "Incoming",
        "External",
    )
    assert on_call["monitorState"] == "ACTIVE"
    await agreed(witness, lambda m: m.status == IN_USE and m.paused and m.reason == "xucd-wrapup")

    await call.hang_up()
    await bruce.until("AgentStateEvent", name="AgentOnWrapup", after=begun)
    await asyncio.to_thread(
        witness.until_was, "support", "Agent/2501", lambda m: m.status == NOT_IN_USE and m.paused
    )

    await bruce.until("AgentStateEvent", name="AgentReady", after=begun)
    await agreed(witness, lambda m: m.status == NOT_IN_USE and not m.paused)
    assert bruce.states(8, after=begun) == [
        "AgentRinging",
        "AgentOnCall",
        "AgentOnWrapup",
        "AgentReady",
    ]


async def test_an_unanswered_ring_leads_back_to_ready(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    begun = len(bruce.frames)
    call = world.phones.dial("3000")
    await world.phone("1001").rings()
    await bruce.until("AgentStateEvent", name="AgentRinging", after=begun)
    await call.hang_up()
    await bruce.until("AgentStateEvent", name="AgentReady", after=begun)
    assert bruce.states(8, after=begun) == ["AgentRinging", "AgentReady"]


async def test_a_call_the_agent_places_shows_dialing_and_no_queue_call(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    begun = len(bruce.frames)
    outside = world.phone("0123456789")
    call = world.phones.dial("0123456789", phone="1001")
    leg = await outside.rings()
    await bruce.until("AgentStateEvent", name="AgentDialing", after=begun)
    leg.answer()
    await call.answered()
    on_call = await bruce.until("AgentStateEvent", name="AgentOnCall", after=begun)
    assert (on_call["acd"], on_call["direction"], on_call["callType"]) == (
        False,
        "Outgoing",
        "External",
    )
    await call.hang_up()
    await bruce.until("AgentStateEvent", name="AgentReady", after=begun)
    assert bruce.states(8, after=begun) == ["AgentDialing", "AgentOnCall", "AgentReady"]


async def test_a_call_between_two_agents_is_internal_for_both(world: World) -> None:
    bruce, alice = await world.agent("bruce", "1001"), await world.agent("alice", "1002")
    call = world.phones.dial("1002", phone="1001")
    leg = await world.phone("1002").rings()
    leg.answer()
    await call.answered()
    outgoing = await bruce.until("AgentStateEvent", name="AgentOnCall")
    incoming = await alice.until("AgentStateEvent", name="AgentOnCall")
    assert (outgoing["direction"], outgoing["callType"]) == ("Outgoing", "Internal")
    assert (incoming["direction"], incoming["callType"]) == ("Incoming", "Internal")
    assert (incoming["acd"], outgoing["acd"]) == (False, False)
    await call.hang_up()


async def test_a_page_reloaded_in_mid_call_is_told_the_call(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    call = world.phones.dial("3000")
    leg = await world.phone("1001").rings()
    asked = time.time()
    leg.answer()
    await bruce.until("AgentStateEvent", name="AgentOnCall")
    answered = time.time()
    await bruce.close()
    away = time.time()
    again = await world.client("bruce")
    state = await again.until("AgentStateEvent")
    assert (state["name"], state["acd"], state["monitorState"]) == ("AgentOnCall", True, "ACTIVE")
    assert away - answered - 1 < state["since"] < time.time() - asked + 1
    await call.hang_up()
    await again.until("AgentStateEvent", name="AgentOnWrapup")


async def test_the_figures_of_the_day_count_the_call(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    await bruce.tell("subscribeToAgentStats")
    call = world.phones.dial("3001")
    leg = await world.phone("1001").rings()
    begun = len(bruce.frames)
    leg.answer()
    await call.answered()
    await call.hang_up()
    await bruce.until("AgentStateEvent", name="AgentReady", after=begun)

    def counted(body: dict[str, object]) -> dict[str, object]:
        statistics = body["statistics"]
        assert isinstance(statistics, list)
        return {one["name"]: one["value"] for one in statistics}

    frame = await bruce.frame(
        lambda frame: (
            frame.type == "AgentStatistics"
            and frame.body["id"] == 8
            and counted(frame.body)[AgentStatistic.INBOUND_ANSWERED] == 1
        )
    )
    figures = counted(frame.body)
    assert (figures[AgentStatistic.INBOUND_CALLS], figures[AgentStatistic.INBOUND_UNANSWERED]) == (
        1,
        0,
    )
    assert AgentStatistic.LOGIN_AT in figures
