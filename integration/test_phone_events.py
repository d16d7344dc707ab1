"""Phone events: what a user is told of the calls of its phone, whatever becomes of them."""

from collections.abc import Iterator
from typing import Any

import pytest

from integration.client import Client
from integration.fixtures import World
from integration.pbx import Pbx
from integration.phones import Leg
from integration.test_telephony import Wire

CALLER, NAME = "0230210082", "Élise Noël"


def told(page: Client, after: int = 0) -> list[tuple[str, str, str]]:
    """What a page was told: type, other party and direction of each event."""
    return [
        (one["eventType"].removeprefix("Event"), one["otherDN"], one["callDirection"])
        for one in page.bodies("PhoneEvent", after)
    ]


async def event(page: Client, kind: str, after: int = 0, **wanted: Any) -> dict[str, Any]:
    body: dict[str, Any] = await page.until(
        "PhoneEvent", eventType=f"Event{kind}", after=after, **wanted
    )
    return body


async def current(page: Client) -> list[dict[str, Any]]:
    """The calls that the page is told of when it asks."""
    begun = len(page.frames)
    await page.ask("getCurrentCallsPhoneEvents")
    answer = await page.until("CurrentCallsPhoneEvents", after=begun)
    return list(answer["events"])


async def test_a_call_between_two_agents_is_told_to_both_from_ring_to_release(
    world: World,
) -> None:
    bruce, alice = await world.agent("bruce", "1001"), await world.agent("alice", "1002")
    call = world.phones.dial("1002", phone="1001")
    leg = await world.phone("1002").rings()
    ringing = await event(alice, "Ringing")
    assert (ringing["DN"], ringing["username"]) == ("1002", "alice")
    dialing = await event(bruce, "Dialing")
    assert (dialing["DN"], dialing["username"], dialing["userData"]) == ("1001", "bruce", {})
    assert ringing["linkedId"] == dialing["linkedId"] == dialing["uniqueId"] != ringing["uniqueId"]
    # Asterisk tells of devices late and leaves out what is over by then.
    await alice.until("PhoneStatusUpdate", status="RINGING")
    leg.answer()
    await call.answered()
    await alice.until("PhoneStatusUpdate", status="CALLING")
    await call.hang_up()
    await event(alice, "Released")
    await event(bruce, "Released")
    assert told(bruce) == [
        ("Dialing", "1002", "Outgoing"),
        ("Established", "1002", "Outgoing"),
        ("Released", "1002", "Outgoing"),
    ]
    assert told(alice) == [
        ("Ringing", "1001", "Incoming"),
        ("Established", "1001", "Incoming"),
        ("Released", "1001", "Incoming"),
    ]
    assert {one["uniqueId"] for one in alice.bodies("PhoneEvent")} == {ringing["uniqueId"]}
    await alice.frame(
        lambda frame: frame.fits("PhoneStatusUpdate", {"status": "AVAILABLE"}),
        after=[frame.type for frame in alice.frames].index("PhoneEvent"),
    )
    statuses = [body["status"] for body in alice.bodies("PhoneStatusUpdate")]
    assert statuses == ["AVAILABLE", "RINGING", "CALLING", "AVAILABLE"]


async def test_a_call_on_hold_is_told_to_who_holds_it(world: World) -> None:
    alice = await world.client("alice")
    call = world.phones.dial("1002", caller_number=CALLER)
    leg = await world.phone("1002").rings()
    await join(world, leg)
    await event(alice, "Established")
    await call.answered()
    await leg.hold()
    await event(alice, "OnHold")
    assert [one["eventType"] for one in await current(alice)] == ["EventOnHold"]
    begun = len(alice.frames)
    await leg.hold(False)
    await event(alice, "Established", after=begun)
    await call.hang_up()
    await event(alice, "Released")
    stages = [stage for stage, _, _ in told(alice)]
    assert stages == ["Ringing", "Established", "OnHold", "Established", "Released"]


async def test_a_blind_transfer_releases_the_one_and_rings_the_other_with_the_caller(
    world: World,
) -> None:
    bruce, alice = await world.client("bruce"), await world.client("alice")
    call = world.phones.dial("1001", caller_number=CALLER, name=NAME)
    leg = await world.phone("1001").rings()
    await join(world, leg)
    await event(bruce, "Established")
    await call.answered()
    target = world.phone("1002", answer_after=0.1)
    await leg.transfer("1002")
    await target.rings()
    established = await event(alice, "Established")
    assert (established["otherDN"], established["otherDName"]) == (CALLER, NAME)
    await event(bruce, "Released")
    await call.hang_up()
    await event(alice, "Released")
    assert told(bruce) == [
        ("Ringing", CALLER, "Incoming"),
        ("Established", CALLER, "Incoming"),
        ("Released", CALLER, "Incoming"),
    ]
    assert told(alice) == told(bruce)


async def test_who_remains_after_a_blind_transfer_is_told_the_new_party(world: World) -> None:
    bruce, alice, jack = [await world.client(one) for one in ("bruce", "alice", "jack")]
    call = world.phones.dial("1002", phone="1001")
    leg = await world.phone("1002").rings()
    await join(world, leg)
    await event(bruce, "Established")
    await call.answered()
    target = world.phone("1003", answer_after=0.1)
    await call.transfer("1003")
    await target.rings()
    await event(jack, "Established", otherDN="1002")
    await event(alice, "Established", otherDN="1003")
    await event(bruce, "Released")
    await leg.hang_up()
    await event(jack, "Released")
    await event(alice, "Released", otherDN="1003")
    assert len({one["uniqueId"] for one in alice.bodies("PhoneEvent")}) == 1


async def test_an_attended_transfer_joins_the_caller_to_who_was_asked(world: World) -> None:
    bruce, alice = await world.client("bruce"), await world.client("alice")
    call = world.phones.dial("1001", caller_number=CALLER, name=NAME)
    leg = await world.phone("1001").rings()
    await join(world, leg)
    await event(bruce, "Established")
    question = world.phones.dial("1002", phone="1001")
    await join(world, await world.phone("1002").rings())
    await event(alice, "Established", otherDN="1001")
    await event(bruce, "Established", otherDN="1002")
    await question.answered()
    await leg.hand_over(question)
    joined = await event(alice, "Established", otherDN=CALLER)
    assert joined["otherDName"] == NAME
    await event(bruce, "Released", otherDN=CALLER)
    await event(bruce, "Released", otherDN="1002")
    assert await current(bruce) == []
    assert [one["otherDN"] for one in await current(alice)] == [CALLER]
    await call.hang_up()
    await event(alice, "Released", otherDN=CALLER)


async def test_a_call_that_another_picks_up_is_released_here_and_established_there(
    world: World,
) -> None:
    bruce, alice = await world.client("bruce"), await world.client("alice")
    call = world.phones.dial("1001", caller_number=CALLER, name=NAME)
    await world.phone("1001").rings()
    await event(bruce, "Ringing")
    world.phones.dial("*81001", phone="1002")
    await call.answered()
    picked_up = await event(alice, "Established")
    assert (picked_up["otherDN"], picked_up["otherDName"]) == (CALLER, NAME)
    await event(bruce, "Released")
    await call.hang_up()
    await event(alice, "Released")
    assert told(bruce) == [("Ringing", CALLER, "Incoming"), ("Released", CALLER, "Incoming")]
    assert told(alice) == [
        ("Dialing", "*81001", "Outgoing"),
        ("Established", CALLER, "Incoming"),
        ("Released", CALLER, "Incoming"),
    ]


@pytest.fixture
def ringing_all(pbx: Pbx) -> Iterator[str]:
    """The number of a queue that rings the phones 1001 and 1003 at once."""
    for line in ("1001", "1003"):
        pbx.cli(f"queue add member PJSIP/{line} to everybody")
    yield "3004"
    for line in ("1001", "1003"):
        pbx.cli(f"queue remove member PJSIP/{line} from everybody")


async def test_a_queue_that_rings_all_releases_those_that_did_not_get_the_call(
    world: World, ringing_all: str
) -> None:
    bruce, jack = await world.client("bruce"), await world.client("jack")
    call = world.phones.dial(ringing_all, caller_number=CALLER, name=NAME)
    first, second = await world.phone("1001").rings(), await world.phone("1003").rings()
    for page in (bruce, jack):
        assert (await event(page, "Ringing"))["queueName"] == "everybody"
    first.answer()
    await call.answered()
    await second.ended()
    await event(jack, "Released")
    await event(bruce, "Established", queueName="everybody")
    assert told(jack) == [("Ringing", CALLER, "Incoming"), ("Released", CALLER, "Incoming")]
    await call.hang_up()
    await event(bruce, "Released", queueName="everybody")


async def test_a_page_that_is_reloaded_is_told_the_calls_in_progress(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    call = world.phones.dial("3001", caller_number=CALLER, name=NAME)
    leg = await world.phone("1001").rings()
    leg.answer()
    before = await event(bruce, "Established")
    await bruce.close()
    again = await world.client("bruce")
    assert await current(again) == [before]
    await call.hang_up()
    await event(again, "Released")
    assert await current(again) == []


async def test_calls_are_known_again_after_a_restart_of_xucd(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    call = world.phones.dial("3001", caller_number=CALLER, name=NAME)
    leg = await world.phone("1001").rings()
    leg.answer()
    before = await event(bruce, "Established")
    await world.xucd.stop()
    await world.xucd.start()
    again = await world.client("bruce")
    assert await current(again) == [before]
    await call.hang_up()
    await event(again, "Released")


async def test_an_agent_who_sits_elsewhere_is_told_of_the_phone_there(
    world: World,
) -> None:
    owner, bruce = await world.client("alice"), await world.agent("bruce", "1002")
    own = world.phones.dial("1001")
    await world.phone("1001").rings()
    await own.hang_up()
    call = world.phones.dial("1002", caller_number=CALLER)
    await world.phone("1002").rings()
    heard = await event(bruce, "Ringing")
    assert (heard["DN"], heard["username"]) == ("1002", "bruce")
    assert (await event(owner, "Ringing"))["username"] == "alice"
    await call.hang_up()
    await event(bruce, "Released")
    assert {one["DN"] for one in bruce.bodies("PhoneEvent")} == {"1002"}


async def join(world: World, leg: Leg) -> None:
    """Answer a call, and wait until Asterisk has joined the two: before, it transfers nobody."""
    wire = await Wire.open(world.pbx, world.pbx.ami_user, world.pbx.ami_secret)
    leg.answer()
    for _ in range(2):
        await wire.until("BridgeEnter")
    wire.close()
