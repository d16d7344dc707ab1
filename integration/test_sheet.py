"""Sheets on real calls: at the queue's agent, at a user without a queue, and when xucd is away."""

from __future__ import annotations

import asyncio

from integration.fixtures import MakeXucd, World
from integration.phones import Phones
from integration.test_phone_events import join

SHEETS = """
[[sheets]]
name = "customer"
items = [
    {name = "popupUrl", type = "url", order = 20, value = "http://crm/?n={caller_number}&c={caller_name}"},
    { name = "Queue", type = "text", order = 10, value = "{queue} {{{caller_name}}}" },
    { name = "Mark", type = "text", order = 30, value = "{var:QUEUE}{var:NOT_SET}" },
]
[[sheets]]
name = "caller"
when = "answer"
items = [{ name = "Caller", type = "text", order = 1, value = "{caller_name} ({caller_number})" }]
"""


async def world_of(make_xucd: MakeXucd, phones: Phones) -> World:
    return World(await make_xucd(SHEETS), phones)


def items_of(sheet: dict[str, object]) -> object:
    payload = sheet["payload"]
    assert isinstance(payload, dict)
    return payload["profile"]["user"]["sheetInfo"]


async def test_a_queue_call_shows_its_sheet_to_each_agent_that_it_rings(
    make_xucd: MakeXucd, world: World, phones: Phones
) -> None:
    await world.xucd.stop()
    context = await world_of(make_xucd, phones)
    bruce, alice = await context.agent("bruce", "1001"), await context.client("alice")
    call = phones.dial("3000", caller_number="0230210082", name="Élise & Co")
    leg = await context.phone("1001").rings()
    sheet = await bruce.until("Sheet")
    assert bruce.bodies("AgentStateEvent")[-1]["name"] in ("AgentReady", "AgentRinging")
    assert items_of(sheet) == [
        {"name": "Queue", "type": "text", "order": 10, "value": "support {Élise & Co}"},
        {
            "name": "popupUrl",
            "type": "url",
            "order": 20,
            "value": "http://crm/?n=0230210082&c=%C3%89lise%20%26%20Co",
        },
        {"name": "Mark", "type": "text", "order": 30, "value": "support"},
    ]
    assert (sheet["compressed"], sheet["serial"]) == (True, "xml")
    assert sheet["channel"].startswith("PJSIP/trunk-")
    await join(context, leg)
    await call.answered()
    await bruce.until("PhoneEvent", eventType="EventEstablished")
    assert len(bruce.bodies("Sheet")) == 1
    handing_on = asyncio.create_task(leg.transfer("1002"))
    moved = await context.phone("1002").rings()
    assert items_of(await alice.until("Sheet")) == items_of(sheet)
    moved.answer()
    await handing_on
    await call.hang_up()
    await context.close()


async def test_a_call_to_a_user_shows_its_sheet_as_it_is_answered(
    make_xucd: MakeXucd, world: World, phones: Phones
) -> None:
    await world.xucd.stop()
    context = await world_of(make_xucd, phones)
    ada, sue = await context.client("ada"), await context.client("sue")
    call = phones.dial("1008", caller_number="0230210082", name="Alice")
    leg = await context.phone("1008").rings()
    await ada.until("PhoneEvent", eventType="EventRinging")
    assert ada.bodies("Sheet") == []
    leg.answer()
    sheet = await ada.until("Sheet")
    assert items_of(sheet) == [
        {"name": "Caller", "type": "text", "order": 1, "value": "Alice (0230210082)"}
    ]
    await call.hang_up()
    await ada.until("PhoneEvent", eventType="EventReleased")
    assert sue.bodies("Sheet") == []
    await context.close()


async def test_asterisks_calls_go_on_when_xucd_is_down_or_has_no_such_sheet(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    call = world.phones.dial("3000")  # the settings of this xucd have no sheet
    leg = await world.phone("1001").rings()
    assert bruce.bodies("Sheet") == []
    await call.hang_up()
    await leg.ended()
    await world.xucd.stop()
    call = world.phones.dial("3000")
    leg = await world.phone("1001").rings()
    leg.answer()
    await call.answered()
    await call.hang_up()
    direct = world.phones.dial("1008")
    (await world.phone("1008").rings()).answer()
    await direct.answered()
    await direct.hang_up()


async def test_asterisks_calls_go_on_when_fastagi_is_answered_by_something_else(
    world: World,
) -> None:
    await world.xucd.stop()

    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"\x00\xffno command\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(rude, "127.0.0.1", world.pbx.agi_port)
    async with server:
        direct = world.phones.dial("1008")
        (await world.phone("1008").rings()).answer()
        await direct.answered()
        await direct.hang_up()
