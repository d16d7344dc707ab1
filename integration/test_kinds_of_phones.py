"""Phones, numbers and queues of every kind of name that Asterisk allows.

The line's number is no digits, its device's name has dots and dashes, the queue's a blank and an
accent: it is shown, called, listened to, and dialled from the queue.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration.client import Client
from integration.fixtures import MakeXucd, World, a_world, clear
from integration.kinds_of_phones import (
    CENTER,
    DASHED,
    IAX2,
    PJSIP,
    QUEUE,
    SIP,
    Kind,
    iax_phone,
    odd_phones,
    sip_phones,
)
from integration.pbx import Pbx
from integration.phones import Leg, Phones
from integration.shown import members_of

BRUCE, ADA = 8, "1008"
CALLER, AGENT, LISTENER = 440.0, 700.0, 1100.0  # Hz: who says what


@pytest_asyncio.fixture(loop_scope="session")
async def odd(pbx: Pbx, make_xucd: MakeXucd, phones: Phones) -> AsyncIterator[World]:
    async with odd_phones(pbx, phones), a_world(make_xucd, phones, center=CENTER) as world:
        yield world


async def pages(world: World, kind: Kind) -> tuple[Client, Client]:
    """Bruce's page, logged in on such a phone, and Ada's."""
    return await world.agent("bruce", kind.number), await world.client("ada")


async def works(world: World, phones: Phones, kind: Kind) -> None:
    """Bruce logs in on such a phone, takes a call of the queue, is listened to, wraps up."""
    bruce, ada = await pages(world, kind)
    await ada.ask("subscribeToPhoneHints", phoneNumbers=[kind.number])
    await ada.until("PhoneHintStatusEvent", number=kind.number, status=0)
    assert [each.interface for each in await members_of(world.pbx, QUEUE)] == [kind.interface]
    phones.phone(kind.user).tone = AGENT
    call = world.phones.dial("3020", caller_number="0230210082", tone=CALLER)
    ringing = await phones.phone(kind.user).rings()
    event = await bruce.until("PhoneEvent", eventType="EventRinging")
    assert (event["DN"], event["otherDN"], event["queueName"]) == (kind.number, "0230210082", QUEUE)
    await bruce.until_state("AgentRinging", phoneNb=kind.number)
    await ada.until("PhoneHintStatusEvent", number=kind.number, status=8)
    ringing.answer()
    await call.answered()
    await bruce.until_state("AgentOnCall", phoneNb=kind.number)
    await listened_to(world, ada, kind)
    talking = len(ada.frames)
    await call.hang_up()
    await bruce.until_state("AgentOnWrapup")
    await bruce.until_state("AgentReady", after=at(bruce, "AgentOnWrapup"))
    await ada.until("PhoneHintStatusEvent", number=kind.number, status=0, after=talking)
    await ringing.ended()


def at(client: Client, state: str) -> int:
    return next(
        number
        for number, frame in enumerate(client.frames)
        if frame.fits("AgentStateEvent", {"name": state})
    )


async def listened_to(world: World, ada: Client, kind: Kind) -> None:
    """Ada hears Bruce, and hangs up."""
    world.phone(ADA).tone = LISTENER
    await ada.ask("listenAgent", agentid=BRUCE)
    leg = await world.phone(ADA).rings()
    leg.answer()
    await leg.answered()
    await ada.until("AgentListen", started=True, agentId=BRUCE, phoneNumber=ADA)
    assert leg.sound
    await leg.sound.hears(CALLER, AGENT)
    event = await ada.until("PhoneEvent", eventType="EventEstablished", DN=ADA)
    assert event["otherDN"] == kind.number
    await leg.hang_up()
    await ada.until("AgentListen", started=False, agentId=BRUCE)


async def dials_from_the_queue(world: World, phones: Phones, kind: Kind) -> None:
    """The queue rings Bruce, then the number that only the context of its line has."""
    bruce = await world.agent("bruce", kind.number)
    await bruce.ask("dialFromQueue", destination="777", queueId=21)
    agent = await phones.phone(kind.user).rings()
    assert (agent.other_number, agent.other_name) == ("vente", "Vente à distance")
    agent.answer()
    await agent.answered()
    called = await world.phone("1004").rings()
    called.answer()
    await called.answered()
    event = await bruce.until("PhoneEvent", eventType="EventEstablished")
    assert event["queueName"] == QUEUE
    await called.hang_up()
    await agent.ended()


async def is_called(world: World, phones: Phones, kind: Kind) -> tuple[Leg, Leg]:
    """Ada dials Bruce by the number of the line, and each is told the other's."""
    bruce, ada = await pages(world, kind)
    await ada.ask("dial", destination=kind.number, variables={"order": "7"})
    caller = await world.phone(ADA).rings()
    caller.answer()
    called = await phones.phone(kind.user).rings()
    event = await ada.until("PhoneEvent", eventType="EventDialing")
    assert event["otherDN"] == kind.number
    event = await bruce.until("PhoneEvent", eventType="EventRinging")
    assert (event["DN"], event["otherDN"], event["userData"]) == (
        kind.number,
        ADA,
        {"USR_order": "7"},
    )
    called.answer()
    await called.answered()
    for client, other in ((ada, kind.number), (bruce, ADA)):
        event = await client.until("PhoneEvent", eventType="EventEstablished")
        assert (event["otherDN"], event["callDirection"]) == (
            other,
            "Outgoing" if client is ada else "Incoming",
        )
    return caller, called


async def calls(world: World, phones: Phones, kind: Kind) -> None:
    """Bruce dials Ada, who is told the number of his line from the first ring on."""
    bruce, ada = await pages(world, kind)
    await bruce.ask("dial", destination=ADA)
    caller = await phones.phone(kind.user).rings()
    caller.answer()
    called = await world.phone(ADA).rings()
    event = await ada.until("PhoneEvent", eventType="EventRinging")
    assert (event["otherDN"], event["callDirection"]) == (kind.number, "Incoming")
    called.answer()
    await called.answered()
    event = await ada.until("PhoneEvent", eventType="EventEstablished")
    assert event["otherDN"] == kind.number
    await bruce.ask("hangup")
    await called.ended()
    await caller.ended()


async def test_an_agent_works_on_a_phone_whose_name_is_odd(odd: World) -> None:
    await works(odd, odd.phones, PJSIP)
    await dials_from_the_queue(odd, odd.phones, PJSIP)


@pytest.mark.any_asterisk
async def test_a_number_of_letters_is_called_and_told(odd: World) -> None:
    await works(odd, odd.phones, DASHED)
    caller, called = await is_called(odd, odd.phones, DASHED)
    await caller.hang_up()
    await called.ended()
    await calls(odd, odd.phones, DASHED)


@pytest.mark.any_asterisk
async def test_click_to_dial_rings_every_phone_that_is_registered_by_a_number(odd: World) -> None:
    await odd.phones.register(PJSIP.user, contact="softphone")
    bruce, ada = await pages(odd, PJSIP)
    await bruce.ask("dial", destination=ADA, variables={"order": "7"})
    desk_phone, softphone = [await odd.phone(name).rings() for name in (PJSIP.user, "softphone")]
    event = await bruce.until("PhoneEvent", eventType="EventDialing")
    assert (event["otherDN"], event["callDirection"]) == (ADA, "Outgoing")
    softphone.answer()
    await desk_phone.ended()
    called = await odd.phone(ADA).rings()
    event = await ada.until("PhoneEvent", eventType="EventRinging")
    assert (event["otherDN"], event["userData"]) == (PJSIP.number, {"USR_order": "7"})
    called.answer()
    await called.answered()
    event = await bruce.until("PhoneEvent", eventType="EventEstablished")
    assert (event["otherDN"], event["callDirection"]) == (ADA, "Outgoing")
    await bruce.ask("hangup")
    await called.ended()
    await bruce.until("PhoneEvent", eventType="EventReleased", uniqueId=event["uniqueId"])
    told = [(each["uniqueId"], each["otherDN"]) for each in bruce.bodies("PhoneEvent")]
    assert set(told) == {(event["uniqueId"], ADA)}  # one call, whichever phone answers
    await odd.phones.register(PJSIP.user, contact="softphone", seconds=0)


@pytest.mark.any_asterisk
async def test_an_agent_works_on_a_phone_of_chan_iax2(odd: World) -> None:
    async with iax_phone(odd.pbx):
        bruce = await odd.agent("bruce", IAX2.number)
        call = odd.phones.dial("3020")
        await bruce.until_state("AgentRinging", phoneNb=IAX2.number)
        await call.answered()
        await bruce.until_state("AgentOnCall")
        event = await bruce.until("PhoneEvent", eventType="EventEstablished")
        assert (event["DN"], event["otherDN"]) == (IAX2.number, "0230210082")
        await call.hang_up()
        await bruce.until_state("AgentOnWrapup")
        await bruce.until_state("AgentReady", after=at(bruce, "AgentOnWrapup"))
        await bruce.ask("dial", destination="1004")
        called = await odd.phone("1004").rings()
        called.answer()
        await called.answered()
        await bruce.until("PhoneEvent", eventType="EventEstablished", otherDN="1004")
        await bruce.ask("hangup")
        await called.ended()
        await clear(odd)


async def test_an_agent_works_on_a_phone_of_chan_sip(odd: World, asterisk_version: str) -> None:
    if asterisk_version != "16":
        return  # it is the last of ours with chan_sip
    async with sip_phones(odd.pbx) as sip:
        await works(odd, sip, SIP)
        await dials_from_the_queue(odd, sip, SIP)
        caller, called = await is_called(odd, sip, SIP)
        await caller.hang_up()
        await called.ended()
        await calls(odd, sip, SIP)
        await clear(odd)
