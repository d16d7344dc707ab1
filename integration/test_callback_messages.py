"""Callers who would rather be called than wait: a key, a number, a message, and who hears it."""

import asyncio
import datetime
import uuid
from pathlib import Path
from typing import Any

import pytest

from integration.client import Client, Refused
from integration.fixtures import MakeXucd, World, clear
from integration.legs import Leg
from integration.phones import Phones

CALLER, AGENT = 440.0, 700.0  # Hz: who says what
NUMBER, TYPED = "0230210082", "0298765432"
TWO_SECONDS = 32_000  # bytes of a recording, in the steps in which Asterisk writes it


async def runs(world: World, application: str) -> None:
    """Wait until a caller's channel is in this step of the dialplan."""
    for _ in range(300):
        shown = await asyncio.to_thread(world.pbx.cli, "core show channels concise")
        if f"!{application}" in shown:
            return
        await asyncio.sleep(0.05)  # Asterisk's command line announces nothing
    raise TimeoutError(f"no channel came to {application}()")


def messages(world: World) -> set[Path]:
    return set(world.pbx.recordings.glob("xucd-callback-*.wav"))


async def spoken(world: World, before: set[Path]) -> Path:
    """Wait until some of a message has been said."""
    for _ in range(600):
        for path in messages(world) - before:
            if path.stat().st_size > TWO_SECONDS:
                return path
        await asyncio.sleep(0.05)  # a file that grows announces it to nobody
    raise TimeoutError("no message is being recorded")


async def waiting(world: World, number: str = "3100", caller: str = NUMBER) -> Leg:
    """A caller who waits in a queue, and can press keys."""
    call = world.phones.dial(number, caller_number=caller, name="Élodie Noël", tone=CALLER)
    await call.answered()
    await runs(world, "Queue")
    return call


async def press(call: Leg, keys: str) -> None:
    assert call.sound is not None
    await call.sound.press(keys)


async def back_in(world: World, queue: str) -> None:
    """Wait until a caller is in a queue again, ahead of the others."""
    for _ in range(300):
        if "prio: 1" in await asyncio.to_thread(world.pbx.cli, f"queue show {queue}"):
            return
        await asyncio.sleep(0.05)  # a command line announces nothing
    raise TimeoutError(f"nobody came back to {queue}")


async def asks(world: World, call: Leg, keys: str) -> None:
    """Press the queue's key and, once asked for a number, these; a second # skips a prompt."""
    await press(call, "5")
    await runs(world, "Read")
    await press(call, keys)


async def subscribed(world: World, login: str) -> tuple[Client, int]:
    """A page that hears of callbacks, and how many frames it has."""
    client = await world.client(login)
    await client.ask("getCallbackLists")
    return client, len(client.frames)


async def new_request(client: Client, after: int) -> Any:
    return (await client.until("CallbackRequestUpdated", within=30.0, after=after))["request"]


def expected_date(now: datetime.datetime) -> str:
    """As the demo's last period ends at 17 h."""
    late = now.time() > datetime.time(17)
    return (now.date() + datetime.timedelta(days=late)).isoformat()


async def heard(world: World, client: Client, line: str, request: Any) -> Leg:
    """Listen to a message on a phone; returns the call, in which the caller's tone is heard."""
    world.phone(line).tone = AGENT
    await client.ask("listenCallbackMessage", voiceMessageRef=request["uuid"])
    leg = await world.phone(line).rings()
    # By the message this time, and again, which is no error.
    await client.ask("listenCallbackMessage", voiceMessageRef=request["voiceMessageRef"])
    assert leg.sound is not None
    hearing = asyncio.create_task(leg.sound.hears(CALLER))  # from its first packet on
    leg.answer()
    await hearing
    return leg


async def refused(client: Client, command: str, **arguments: Any) -> str:
    with pytest.raises(Refused) as refusal:
        await client.ask(command, **arguments)
    return refusal.value.code


async def test_a_waiting_caller_leaves_a_number_and_a_message_and_an_agent_hears_it(
    world: World,
) -> None:
    bruce, seen = await subscribed(world, "bruce")
    before, began = messages(world), datetime.datetime.now()
    call = await waiting(world)
    await asks(world, call, f"{TYPED}##")
    recording = await spoken(world, before)
    await press(call, "#")
    request = await new_request(bruce, seen)
    assert (request["phoneNumber"], request["lastName"]) == (TYPED, "Élodie Noël")
    assert request["dueDate"] in {expected_date(began), expected_date(datetime.datetime.now())}
    assert request["preferredPeriod"]["default"] is True
    assert request["agentId"] is None
    reference = request["voiceMessageRef"]
    assert reference in recording.name
    await call.ended()  # thanked, and hung up
    leg = await heard(world, bruce, "1001", request)
    assert leg.other_number == TYPED
    await leg.ended()  # once it has been played
    assert len(world.phone("1001").legs) == 1
    lists = [one["callbacks"] for one in (await listed(bruce)) if one["queueId"] == 1]
    assert [one["phoneNumber"] for one in lists[0]].count(TYPED) == 1


async def listed(client: Client) -> Any:
    begun = len(client.frames)
    await client.ask("getCallbackLists")
    return await client.until("CallbackLists", after=begun)


async def test_who_hangs_up_in_mid_message_has_left_it_and_rights_bound_who_hears_it(
    world: World,
) -> None:
    sue, seen = await subscribed(world, "sue")
    before = messages(world)
    call = await waiting(world)
    await asks(world, call, "##")  # the number that it calls from
    await spoken(world, before)
    await call.hang_up()
    request = await new_request(sue, seen)
    assert request["phoneNumber"] == NUMBER
    reference = request["voiceMessageRef"]
    leg = await heard(world, sue, "1007", request)
    assert leg.other_number == NUMBER
    await leg.ended()
    assert await refused(sue, "listenCallbackMessage", voiceMessageRef="0" * 32) == "MessageUnknown"
    for strange in ("/etc/passwd", f"{reference},1)", reference[:-1], str(uuid.uuid4())):
        code = await refused(sue, "listenCallbackMessage", voiceMessageRef=strange)
        assert code == "MessageUnknown"
    assert len(world.phone("1007").legs) == 1


async def test_who_hangs_up_before_the_tone_is_called_back_without_a_message(
    world: World,
) -> None:
    bruce, seen = await subscribed(world, "bruce")
    call = await waiting(world)
    await asks(world, call, "#")
    await runs(world, "Read!XUCD_SKIP")  # it is told how to leave a message
    await call.hang_up()
    request = await new_request(bruce, seen)
    assert request["phoneNumber"] == NUMBER
    assert "voiceMessageRef" not in request
    named = {"voiceMessageRef": request["uuid"]}
    assert await refused(bruce, "listenCallbackMessage", **named) == "MessageUnknown"


async def test_a_caller_is_back_in_its_queue_while_xucd_is_down(world: World) -> None:
    call = await waiting(world)
    await world.xucd.stop()
    await press(call, "5")
    await back_in(world, "support")
    await world.xucd.start()
    world.phone("1001", answer_after=0.0).tone = AGENT
    await world.agent("bruce", "1001")
    assert call.sound is not None
    await call.sound.hears(AGENT)
    await call.hang_up()


@pytest.mark.parametrize("returns", [False, True], ids=["stays away", "returns"])
async def test_a_message_that_xucd_is_not_there_to_take_is_not_lost_without_a_word(
    world: World, returns: bool
) -> None:
    before = messages(world)
    call = await waiting(world, caller="0230210099")
    await asks(world, call, "##")
    recording = await spoken(world, before)
    await world.xucd.stop()
    await press(call, "#")
    await back_in(world, "support")
    if returns:
        await world.xucd.start()
        bruce, seen = await subscribed(world, "bruce")
        await call.hang_up()
        request = await new_request(bruce, seen)
        assert request["phoneNumber"] == "0230210099"
        assert request["voiceMessageRef"] in recording.name
    else:
        await call.hang_up()
        await logged(world, "0230210099 wants to be called, of queue support")


async def logged(world: World, words: str) -> None:
    """Wait until Asterisk's log says so."""
    for _ in range(600):
        if words in await asyncio.to_thread(world.pbx.log):
            return
        await asyncio.sleep(0.05)  # a log announces nothing
    raise TimeoutError(f"Asterisk's log does not say: {words}")


async def test_a_queue_without_a_list_keeps_its_caller(world: World) -> None:
    ada, seen = await subscribed(world, "ada")
    call = await waiting(world, "3101")
    await press(call, "5")
    await back_in(world, "sales")
    await call.hang_up()
    await ada.ask("getCallbackPreferredPeriods")
    assert ada.bodies("CallbackRequestUpdated", seen) == []


async def test_playing_messages_can_be_switched_off(make_xucd: MakeXucd, phones: Phones) -> None:
    world = World(await make_xucd("[features]\ncallbacks = false\n"), phones)
    bruce = await world.client("bruce")
    assert (
        await refused(bruce, "listenCallbackMessage", voiceMessageRef="0" * 32) == "FeatureDisabled"
    )
    await world.close()
    await clear(world)
