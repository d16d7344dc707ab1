"""Calls that others act on: who talks, who only was rung, and what goes with the caller.

How each way looks to pages is shown on recorded traces (tests/test_trace_calls.py); here is what
must be true in Asterisk as well, and what a restart in the middle leaves.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from integration.fixtures import MakeXucd, World, a_world
from integration.phones import Phones
from integration.shown import members_of
from integration.test_phone_events import current, event, join
from integration.test_telephony import Wire

CALLER, NAME = "0230210082", "Alice"
SHEETS = """
[[sheets]]
name = "customer"
items = [{ name = "popupUrl", type = "url", order = 1, value = "http://crm/?n={caller_number}" }]
"""


async def paused(world: World, interface: str, queue: str) -> bool:
    """Whether Asterisk has a member paused in a queue."""
    (member,) = (each for each in await members_of(world.pbx, queue) if each.interface == interface)
    return member.pause is not None


@pytest.mark.parametrize("code", ["*81001", "*8"])
async def test_a_pick_up_gives_the_wrapup_and_the_recording_to_who_talks(
    world: World, code: str
) -> None:
    bruce, jack = await world.agent("bruce", "1001"), await world.agent("jack", "1003")
    begun = len(bruce.frames)
    call = world.phones.dial("3000", caller_number=CALLER, name=NAME)
    await world.phone("1001").rings()
    await bruce.until_state("AgentRinging")
    world.phones.dial(code, phone="1003")
    await call.answered()
    talking: dict[str, Any] = {"direction": "Incoming", "acd": True, "callType": "External"}
    await jack.until_state("AgentOnCall", monitorState="ACTIVE", **talking)
    await jack.ask("monitorPause")
    await jack.until_state("AgentOnCall", monitorState="PAUSED", **talking)
    again = world.phones.dial("3000", caller_number="0230210083")  # rings whoever is ready
    second = await world.phone("1001").rings()
    assert not await paused(world, "PJSIP/1001", "support")
    assert await paused(world, "PJSIP/1003", "sales")
    await again.hang_up()
    await second.ended()
    await call.hang_up()
    over = await jack.until_state("AgentOnWrapup")
    await jack.until_state("AgentReady", after=jack.bodies("AgentStateEvent").index(over))
    assert "AgentOnWrapup" not in bruce.states(8, after=begun)


async def test_who_a_rung_phone_forwards_to_wraps_up_and_who_was_rung_does_not(
    world: World,
) -> None:
    bruce, jack = await world.agent("bruce", "1001"), await world.agent("jack", "1003")
    await jack.ask("pauseAgent", reason="lunch")
    begun = len(bruce.frames)
    call = world.phones.dial("3000", caller_number=CALLER)
    ringing = await world.phone("1001").rings()
    await jack.ask("unpauseAgent")
    await ringing.forward("1003")
    (await world.phone("1003").rings()).answer()
    await call.answered()
    await jack.until_state("AgentOnCall", acd=True, direction="Incoming")
    await call.hang_up()
    await jack.until_state("AgentOnWrapup")
    assert "AgentOnWrapup" not in bruce.states(8, after=begun)
    await bruce.ask("getAgentStates")
    assert bruce.states(8)[-1] == "AgentReady"
    assert not await paused(world, "PJSIP/1001", "support")


async def test_a_call_that_a_crm_places_is_outgoing_to_the_number_dialled(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    await bruce.ask("subscribeToAgentStats")
    crm = await Wire.open(world.pbx, world.pbx.witness_user, world.pbx.witness_secret)
    crm.send(
        "Originate",
        Channel="PJSIP/1001",
        Context="default",
        Exten="0123456789",
        Priority="1",
        CallerID="CRM <1001>",
        Async="true",
    )
    (await world.phone("1001").rings()).answer()
    outside = await world.phone("0123456789").rings()
    outside.answer()
    await event(bruce, "Established", otherDN="0123456789", callDirection="Outgoing")
    await bruce.until_state("AgentOnCall", direction="Outgoing", callType="External")
    await outside.hang_up()
    await event(bruce, "Released")
    crm.close()
    assert "1001" not in {one["otherDN"] for one in bruce.bodies("PhoneEvent")}


async def test_a_caller_keeps_its_sheet_queue_variables_and_recording_over_a_restart(
    make_xucd: MakeXucd, phones: Phones
) -> None:
    async with a_world(make_xucd, phones, SHEETS) as world:
        bruce, alice = await world.agent("bruce", "1001"), await world.client("alice")
        call = world.phones.dial("3000", caller_number=CALLER, name=NAME)
        leg = await world.phone("1001").rings()
        await join(world, leg)
        await call.answered()
        await bruce.until("Sheet")
        await event(bruce, "Established")
        long = "x" * 900
        shown = await asyncio.to_thread(world.pbx.cli, "core show channels concise")
        (channel,) = re.findall(r"^PJSIP/trunk-\w+", shown, re.MULTILINE)
        crm = await Wire.open(world.pbx, world.pbx.witness_user, world.pbx.witness_secret)
        for name, value in (("USR_id", "7=a,b"), ("USR_long", long)):
            crm.send("Setvar", Channel=channel, Variable=name, Value=value)
            await crm.until("VarSet", channel)
        crm.close()
        question = world.phones.dial("1002", phone="1001")
        await join(world, await world.phone("1002").rings())
        await question.answered()
        await leg.hand_over(question)
        await event(alice, "Established", otherDN=CALLER, queueName="support")
        sheets = alice.bodies("Sheet")
        assert len(sheets) == 1
        await world.xucd.stop()
        await world.xucd.start()
        alice = await world.client("alice")
        (now,) = await current(alice)
        assert (now["otherDN"], now["callDirection"]) == (CALLER, "Incoming")
        assert (now["queueName"], now["userData"]) == (
            "support",
            {"USR_id": "7=a,b", "USR_long": long},
        )
        jack = await world.agent("jack", "1003")
        answers = world.phone("1003", answer_after=0.1)
        await world.phone("1002").legs[-1].transfer("1003")
        await answers.rings()
        await event(jack, "Established", otherDN=CALLER, queueName="support")
        shown_again = await jack.until("Sheet")
        assert shown_again["payload"] == sheets[0]["payload"]
        assert alice.bodies("Sheet") == []
        await jack.ask("monitorPause")
        await jack.until_state("AgentOnCall", monitorState="PAUSED")
        await call.hang_up()
