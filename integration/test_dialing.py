"""dial, hangup and directTransfer: what a user's page has the user's own phone do."""

from typing import Any

import pytest

from integration.client import Client, Refused
from integration.fixtures import MakeXucd, World
from integration.phones import Leg, Phones

CALLER = "0230210082"


async def event(page: Client, kind: str, **wanted: Any) -> dict[str, Any]:
    body: dict[str, Any] = await page.until("PhoneEvent", eventType=f"Event{kind}", **wanted)
    return body


async def refused(page: Client, command: str, **arguments: Any) -> str:
    with pytest.raises(Refused) as refusal:
        await page.ask(command, **arguments)
    return refusal.value.code


async def test_dial_rings_the_own_phone_and_then_the_destination(world: World) -> None:
    bruce = await world.client("bruce")
    own, outside = world.phone("1001"), world.phone("0123456789")
    await bruce.ask("dial", destination="0123456789")
    mine = await own.rings()
    dialing = await event(bruce, "Dialing")
    assert (dialing["otherDN"], dialing["callDirection"]) == ("0123456789", "Outgoing")
    mine.answer()
    far = await outside.rings()
    assert far.other_number == "1001"
    assert [one["eventType"] for one in bruce.bodies("PhoneEvent")] == ["EventDialing"]
    far.answer()
    established = await event(bruce, "Established")
    assert (established["otherDN"], established["callDirection"]) == ("0123456789", "Outgoing")
    await far.hang_up()
    await event(bruce, "Released")
    assert {one["uniqueId"] for one in bruce.bodies("PhoneEvent")} == {dialing["uniqueId"]}


async def test_the_variables_of_dial_are_in_the_events_of_both_ends(world: World) -> None:
    bruce, alice = await world.client("bruce"), await world.client("alice")
    variables = {"name": 'O\'Neill, "Ann" ${EXTEN} | ünï', "ref": "12 34"}
    await bruce.ask("dial", destination="1002", variables=variables)
    (await world.phone("1001").rings()).answer()
    far = await world.phone("1002").rings()
    user_data = {f"USR_{key}": value for key, value in variables.items()}
    assert (await event(alice, "Ringing"))["userData"] == user_data
    await event(bruce, "Dialing", userData=user_data)
    far.answer()
    assert (await event(alice, "Established"))["userData"] == user_data
    assert (await event(bruce, "Established"))["userData"] == user_data
    await far.hang_up()
    await event(bruce, "Released", userData=user_data)


async def test_hangup_ends_the_own_call_and_no_other(world: World) -> None:
    bruce, alice = await world.client("bruce"), await world.client("alice")
    mine = world.phones.dial("1001", caller_number=CALLER)
    hers = world.phones.dial("1002", caller_number=CALLER)
    for number, call in (("1001", mine), ("1002", hers)):
        (await world.phone(number).rings()).answer()
        await call.answered()
    ours = await event(bruce, "Established")
    theirs = await event(alice, "Established")
    assert await refused(bruce, "hangup", uniqueId=theirs["uniqueId"]) == "NoCall"
    await bruce.ask("hangup", uniqueId=ours["uniqueId"])
    await mine.ended()
    await event(bruce, "Released")
    assert hers.ended_at is None
    assert await refused(bruce, "hangup") == "NoCall"
    await alice.ask("hangup")
    await hers.ended()


async def test_direct_transfer_hands_the_caller_on(world: World) -> None:
    bruce, alice = await world.client("bruce"), await world.client("alice")
    call = world.phones.dial("1001", caller_number=CALLER)
    leg = await world.phone("1001").rings()
    assert await refused(bruce, "directTransfer", destination="1002") == "NoCall"
    leg.answer()
    await call.answered()
    await event(bruce, "Established")
    target = world.phone("1002", answer_after=0.0)
    await bruce.ask("directTransfer", destination="1002")
    await event(bruce, "Released")
    await target.rings()
    assert (await event(alice, "Established"))["otherDN"] == CALLER
    await leg.ended()
    assert call.ended_at is None
    await call.hang_up()
    await event(alice, "Released")


async def test_what_may_not_be_dialled_is_refused_and_nothing_rings(world: World) -> None:
    bruce = await world.client("bruce")
    assert await refused(bruce, "dial", destination="s") == "DestinationNotAllowed"
    assert await refused(bruce, "answer") == "NotSupported"
    rung = len(world.phone("1001").legs)
    jack = await world.client("jack")
    await world.phones.register("1003", seconds=0)
    try:
        await jack_is("INDISPONIBLE", jack)
        assert await refused(jack, "dial", destination="1001") == "PhoneUnreachable"
    finally:
        await world.phones.register("1003")
    assert len(world.phone("1001").legs) == rung
    assert bruce.bodies("PhoneEvent") == []


async def jack_is(status: str, jack: Client) -> None:
    await jack.until("PhoneStatusUpdate", status=status)


async def test_dialling_can_be_switched_off(make_xucd: MakeXucd, phones: Phones) -> None:
    world = World(await make_xucd("[features]\ndial = false\n"), phones)
    bruce = await world.client("bruce")
    assert await refused(bruce, "dial", destination="1002") == "FeatureDisabled"
    await world.close()


async def answered_calls(world: World, page: Client, *callers: str) -> list[tuple[Leg, Leg, str]]:
    """Calls to 1001, answered one after the other: the caller's leg, the phone's, the unique id."""
    calls = []
    for caller in callers:
        call = world.phones.dial("1001", caller_number=caller)
        leg = await world.phone("1001").rings()
        leg.answer()
        await call.answered()
        calls.append((call, leg, (await event(page, "Established", otherDN=caller))["uniqueId"]))
    return calls


async def test_a_command_means_the_call_that_it_names(world: World) -> None:
    bruce, alice = await world.client("bruce"), await world.client("alice")
    (first, mine, kept), (second, _, handed) = await answered_calls(world, bruce, "0210", "0220")
    assert await refused(bruce, "hangup") == "AmbiguousCall"
    assert await refused(bruce, "directTransfer", destination="1002") == "AmbiguousCall"
    target = world.phone("1002", answer_after=0.0)
    await bruce.ask("directTransfer", destination="1002", uniqueId=kept)
    await event(bruce, "Released", uniqueId=kept)
    await target.rings()
    assert (await event(alice, "Established"))["otherDN"] == "0210"
    assert (first.ended_at, second.ended_at) == (None, None)
    await mine.ended()
    await bruce.ask("hangup", uniqueId=handed)
    await second.ended()
    await first.hang_up()


async def test_of_two_calls_the_one_not_on_hold_is_meant(world: World) -> None:
    bruce, alice = await world.client("bruce"), await world.client("alice")
    held = world.phones.dial("1001", caller_number="0210")
    leg = await world.phone("1001").rings()
    leg.answer()
    await held.answered()
    await leg.hold()
    await event(bruce, "OnHold")
    ((other, *_),) = await answered_calls(world, bruce, "0220")
    world.phone("1002", answer_after=0.0)
    await bruce.ask("directTransfer", destination="1002")
    assert (await event(alice, "Established"))["otherDN"] == "0220"
    await event(bruce, "Released", otherDN="0220")
    # As GLPI's and Angular's clients do: dial while a call is up, and hang up without a name.
    marker = len(bruce.frames)
    await bruce.ask("dial", destination="0123456789")
    (await world.phone("1001").rings()).answer()
    await world.phone("0123456789").rings()
    await bruce.ask("hangup")
    await bruce.until("PhoneEvent", eventType="EventReleased", otherDN="0123456789", after=marker)
    assert held.ended_at is None
    await bruce.ask("hangup")
    await held.ended()
    await other.hang_up()


async def test_nobody_is_handed_on_to_a_number_that_is_not_there(world: World) -> None:
    bruce = await world.client("bruce")
    ((call, *_),) = await answered_calls(world, bruce, "0210")
    try:
        for loads in (False, True):  # Asterisk is asked in one way or in another
            if loads:
                world.pbx.cli("module load func_dialplan")
            for destination in ("77", "029", "999999"):
                code = await refused(bruce, "directTransfer", destination=destination)
                assert code == "NumberUnknown"
            for variables in ({"a": "b"}, {}):
                code = await refused(bruce, "dial", destination="77", variables=variables)
                assert code == "NumberUnknown"
            assert call.ended_at is None
            # A number of a pattern.
            await bruce.ask("dial", destination="0298765432", variables={"a": "b"})
            await (await world.phone("1001").rings()).decline()
        target = world.phone("0298765432", answer_after=0.0)
        await bruce.ask("directTransfer", destination="0298765432")
        await target.rings()
        await event(bruce, "Released", otherDN="0210")
    finally:
        world.pbx.cli("module unload func_dialplan")
    await call.hang_up()


async def test_calls_of_a_line_that_the_user_left_are_over_for_its_page(world: World) -> None:
    bruce, alice = await world.client("bruce"), await world.client("alice")
    ((call, _, left),) = await answered_calls(world, bruce, "0210")
    hers = world.phones.dial("1005", caller_number="0220")
    await world.phone("1005").rings()
    await bruce.ask("agentLogin", agentphonenumber="1005")
    assert (await event(bruce, "Released"))["uniqueId"] == left
    ringing = await event(bruce, "Ringing", DN="1005")
    marker = len(bruce.frames)
    await alice.ask("agentLogin", agentphonenumber="1005")  # takes the line over
    assert (await event(alice, "Ringing"))["uniqueId"] == ringing["uniqueId"]
    await bruce.until("PhoneEvent", uniqueId=ringing["uniqueId"], eventType="EventReleased")
    back = await bruce.until("PhoneEvent", eventType="EventEstablished", after=marker)
    assert (back["DN"], back["uniqueId"]) == ("1001", left)
    await hers.hang_up()
    await call.hang_up()
