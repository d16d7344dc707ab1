"""Listening to an agent: what the listener hears, who hears the listener, and when it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from integration.client import Client, Refused
from integration.fixtures import MakeXucd, World, clear
from integration.phones import Leg, Phones
from integration.running import DEMO
from integration.sound import SILENT, strength

CALLER, AGENT, LISTENER = 440.0, 700.0, 1100.0  # Hz: who says what


async def call(world: World, number: str = "3000") -> tuple[Leg, Leg]:
    """A caller and bruce, who talk, each saying a tone."""
    world.phone("1001").tone = AGENT
    caller = world.phones.dial(number, tone=CALLER)
    agent = await world.phone("1001").rings()
    agent.answer()
    await caller.answered()
    return caller, agent


async def listen(world: World, listener: Client) -> Leg:
    """Sue's phone, answered, on which she listens."""
    world.phone("1007").tone = LISTENER
    await listener.ask("listenAgent", agentid=8)
    leg = await world.phone("1007").rings()
    leg.answer()
    await leg.answered()
    return leg


def told(client: Client, started: bool) -> Any:
    return client.until("AgentListen", started=started, agentId=8, phoneNumber="1007")


async def test_the_listener_hears_both_and_is_heard_by_neither(world: World) -> None:
    bruce, sue = await world.agent("bruce", "1001"), await world.client("sue")
    caller, agent = await call(world)
    await bruce.until("AgentStateEvent", name="AgentOnCall")
    leg = await listen(world, sue)
    await asyncio.gather(told(bruce, True), told(sue, True))
    assert leg.sound and caller.sound and agent.sound
    await leg.sound.hears(CALLER, AGENT)
    at_caller, at_agent = await asyncio.gather(caller.sound.hear(1), agent.sound.hear(1))
    assert strength(at_caller, LISTENER) < SILENT < strength(at_caller, AGENT)
    assert strength(at_agent, LISTENER) < SILENT < strength(at_agent, CALLER)
    await sue.ask("listenAgent", agentid=8)  # again is no error, and rings nobody
    await leg.hang_up()
    await asyncio.gather(told(bruce, False), told(sue, False))
    assert caller.ended_at is None and agent.ended_at is None
    assert len([one for one in world.phone("1007").legs if one.ended_at is None]) == 0
    await caller.hang_up()


async def test_listening_ends_with_the_call_and_does_not_move_on_to_the_next(world: World) -> None:
    bruce, sue = await world.agent("bruce", "1001"), await world.client("sue")
    caller, _ = await call(world, "3001")
    await bruce.until("AgentStateEvent", name="AgentOnCall")
    leg = await listen(world, sue)
    await told(sue, True)
    following = world.phones.dial("3001", tone=CALLER)
    await following.rang()
    await caller.hang_up()
    await leg.ended()
    assert not leg.ended_by_us
    await asyncio.gather(told(bruce, False), told(sue, False))
    agent = await world.phone("1001").rings()
    agent.answer()
    await following.answered()
    assert agent.sound
    await agent.sound.hears(CALLER)
    assert [body["started"] for body in sue.bodies("AgentListen")] == [True, False]
    await following.hang_up()


async def test_a_phone_that_rings_to_listen_stops_when_the_call_ends(world: World) -> None:
    bruce, sue = await world.agent("bruce", "1001"), await world.client("sue")
    caller, _ = await call(world)
    await bruce.until("AgentStateEvent", name="AgentOnCall")
    await sue.ask("listenAgent", agentid=8)
    leg = await world.phone("1007").rings()
    await caller.hang_up()
    await leg.ended()
    assert leg.answered_at is None
    assert sue.bodies("AgentListen") == []


async def test_who_listens_is_found_again_by_a_restarted_xucd(world: World) -> None:
    bruce, sue = await world.agent("bruce", "1001"), await world.client("sue")
    caller, _ = await call(world)
    await bruce.until("AgentStateEvent", name="AgentOnCall")
    leg = await listen(world, sue)
    await told(sue, True)
    await world.xucd.stop()
    await world.xucd.start()
    sue = await world.client("sue")
    await sue.ask("listenAgent", agentid=8)
    await leg.hang_up()
    await told(sue, False)
    await caller.hang_up()


async def refused(client: Client, agent_id: int | None) -> str:
    with pytest.raises(Refused) as refusal:
        await client.ask("listenAgent", agentid=agent_id)
    return refusal.value.code


async def test_what_cannot_be_listened_to_is_refused_with_a_code(world: World) -> None:
    bruce, sue = await world.agent("bruce", "1001"), await world.client("sue")
    assert await refused(sue, 8) == "AgentNotOnCall"
    assert await refused(sue, 9) == "AgentNotOnCall"
    assert await refused(sue, 99) == "AgentUnknown"
    assert await refused(sue, 11) == "NotAuthorized"  # of another group than hers
    caller, _ = await call(world)
    await bruce.until("AgentStateEvent", name="AgentOnCall")
    assert await refused(bruce, 8) == "CannotListenToOneself"
    assert await refused(bruce, None) == "CannotListenToOneself"
    assert sue.bodies("AgentListen") == []
    await caller.hang_up()


async def test_it_can_be_switched_off_and_takes_a_phone(
    make_xucd: MakeXucd, phones: Phones
) -> None:
    center = DEMO.read_text().replace('line = "1008"\n', "")
    world = World(await make_xucd(center=center), phones)
    ada = await world.client("ada")
    assert await refused(ada, 8) == "LineUnknown"
    await world.close()
    await world.xucd.stop()
    world = World(await make_xucd("[features]\nlisten = false"), phones)
    sue = await world.client("sue")
    assert await refused(sue, 8) == "FeatureDisabled"
    await world.close()
    await clear(world)
