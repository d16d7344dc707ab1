"""Pausing a recording: shown by what is in the file, while a tone is said all along."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

from integration.client import Client, Refused
from integration.fixtures import World
from integration.phones import Leg
from integration.sound import HEARD, RATE, recorded, strengths
from integration.test_phone_events import join

CALLER, AGENT = 440.0, 700.0  # Hz: who says what
STRETCH = 0.1  # seconds that are judged at once
EVEN = 0.2  # seconds of sound that are looked at together
TONE, SILENCE = "tone", "silence"


async def call(world: World, number: str = "3000", agent: str = "1001") -> tuple[Leg, Leg]:
    """A caller and an agent who talk, each saying a tone and hearing the other's."""
    world.phone(agent).tone = AGENT
    caller = world.phones.dial(number, tone=CALLER)
    leg = await world.phone(agent).rings()
    leg.answer()
    await caller.answered()
    assert caller.sound and leg.sound
    await asyncio.gather(caller.sound.hears(AGENT), leg.sound.hears(CALLER))
    return caller, leg


async def state(client: Client, agent_id: int, monitor: str, after: int = 0) -> Any:
    return await client.until(
        "AgentStateEvent", after=after, name="AgentOnCall", agentId=agent_id, monitorState=monitor
    )


async def talk(caller: Leg, seconds: float = 1.0) -> None:
    """Let the call go on for so much sound that came evenly; Asterisk drops most of a burst."""
    assert caller.sound
    clock, even = asyncio.get_running_loop().time, 0.0
    while even < seconds:
        begun = clock()
        await asyncio.gather(caller.sound.hear(EVEN), asyncio.sleep(EVEN))
        if clock() - begun < 1.5 * EVEN:
            even += EVEN


def heard_in(path: Path) -> list[tuple[str, float]]:
    """What a recording holds of the caller's tone, as (what, seconds); in-betweens left out."""
    samples = recorded(path)
    step = int(STRETCH * RATE)
    found = []
    for number, loud in enumerate(strengths(samples, CALLER, STRETCH)):
        if not any(samples[number * step : (number + 1) * step]):
            found.append(SILENCE)
        elif loud > HEARD:
            found.append(TONE)
    return [(what, len(list(run)) * STRETCH) for what, run in itertools.groupby(found)]


class Recordings:
    """The files that came to be since this was made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = set(folder.iterdir())

    async def holds(self, *wanted: tuple[str, float]) -> None:
        """Wait until the one new file holds these, each for at least so many seconds."""
        held: list[tuple[str, float]] = []
        for _ in range(600):
            new = set(self._folder.iterdir()) - self._before
            assert len(new) == 1
            held = [run for run in heard_in(new.pop()) if run[1] > STRETCH]
            if held and held[0][0] == SILENCE != wanted[0][0]:
                del held[0]  # before anybody spoke
            if len(held) >= len(wanted):
                break
            await asyncio.sleep(0.05)  # a file that grows announces it to nobody
        assert [what for what, _ in held[: len(wanted)]] == [what for what, _ in wanted]
        for (_, long), (_, least) in zip(held, wanted, strict=False):
            assert long >= least


async def test_a_paused_recording_is_silent_and_goes_on_when_it_is_resumed(world: World) -> None:
    files = Recordings(world.pbx.recordings)
    bruce = await world.agent("bruce", "1001")
    caller, _ = await call(world)
    await state(bruce, 8, "ACTIVE")
    await talk(caller)
    await bruce.ask("monitorPause")
    await state(bruce, 8, "PAUSED")
    await bruce.ask("monitorPause", agentid=8)  # again is no error
    await talk(caller, 1.5)
    seen = len(bruce.frames)
    await bruce.ask("monitorUnpause")
    await state(bruce, 8, "ACTIVE", after=seen)
    await talk(caller)
    await caller.hang_up()
    await files.holds((TONE, 0.8), (SILENCE, 1.2), (TONE, 0.8))
    told = [body["monitorState"] for body in bruce.bodies("AgentStateEvent") if "acd" in body]
    # The first may be told twice: before and after it is known which queue the call came by.
    assert [one for one, _ in itertools.groupby(told)] == ["ACTIVE", "PAUSED", "ACTIVE"]


async def test_a_restarted_xucd_knows_the_pause_and_can_end_it(world: World) -> None:
    files = Recordings(world.pbx.recordings)
    bruce = await world.agent("bruce", "1001")
    caller, _ = await call(world)
    await talk(caller)
    await bruce.ask("monitorPause")
    await world.xucd.stop()
    await world.xucd.start()
    bruce = await world.client("bruce")
    await state(bruce, 8, "PAUSED")
    await talk(caller)
    await bruce.ask("monitorUnpause")
    await state(bruce, 8, "ACTIVE")
    await talk(caller)
    await world.xucd.stop()
    await world.xucd.start()
    bruce = await world.client("bruce")
    await state(bruce, 8, "ACTIVE")
    await caller.hang_up()
    await files.holds((TONE, 0.8), (SILENCE, 0.8), (TONE, 0.8))


@pytest.mark.parametrize("attended", [False, True], ids=["blind", "attended"])
async def test_a_pause_outlasts_a_transfer_and_a_restart(world: World, attended: bool) -> None:
    files = Recordings(world.pbx.recordings)
    bruce, alice = await world.agent("bruce", "1001"), await world.client("alice")
    caller, leg = await call(world)
    await alice.ask("agentLogin", agentphonenumber="1002")
    await talk(caller)
    await bruce.ask("monitorPause")
    world.phone("1002").tone = AGENT
    if attended:
        asking = world.phones.dial("1002", phone="1001")
        await join(world, await world.phone("1002").rings())
        await asking.answered()
        assert (await state(alice, 9, "DISABLED"))["acd"] is False
        await leg.hand_over(asking)
    else:
        handed = asyncio.create_task(leg.transfer("1002"))
        (await world.phone("1002").rings()).answer()
        await handed
    await state(alice, 9, "PAUSED")
    await talk(caller)
    await world.xucd.stop()
    await world.xucd.start()
    alice = await world.client("alice")
    await state(alice, 9, "PAUSED")
    await alice.ask("monitorUnpause")
    await state(alice, 9, "ACTIVE")
    await talk(caller)
    await caller.hang_up()
    await files.holds((TONE, 0.8), (SILENCE, 0.8), (TONE, 0.8))


async def test_a_call_that_was_handed_on_can_still_be_paused_after_a_restart(world: World) -> None:
    await world.agent("bruce", "1001")
    alice = await world.agent("alice", "1002")
    caller, leg = await call(world, "3001")
    handed = asyncio.create_task(leg.transfer("1002"))
    (await world.phone("1002").rings()).answer()
    await handed
    await state(alice, 9, "ACTIVE")
    await world.xucd.stop()
    await world.xucd.start()
    alice = await world.client("alice")
    await state(alice, 9, "ACTIVE")
    await alice.ask("monitorPause")
    await state(alice, 9, "PAUSED")
    await caller.hang_up()


async def test_a_recording_that_stops_is_disabled_and_stays_so(world: World) -> None:
    bruce = await world.agent("bruce", "1001")
    caller, _ = await call(world, "3001")
    await state(bruce, 8, "ACTIVE")
    shown = await asyncio.to_thread(world.pbx.cli, "core show channels concise")
    (channel,) = {line.split("!")[0] for line in shown.splitlines() if "PJSIP/trunk" in line[:11]}
    await asyncio.to_thread(world.pbx.cli, f"mixmonitor stop {channel}")
    await state(bruce, 8, "DISABLED")
    assert await refused(bruce, "monitorPause") == "NotRecorded"
    await world.xucd.stop()
    await world.xucd.start()
    bruce = await world.client("bruce")
    await state(bruce, 8, "DISABLED")
    await asyncio.to_thread(world.pbx.cli, f"mixmonitor start {channel} again.wav")
    await state(bruce, 8, "ACTIVE")
    await caller.hang_up()


async def refused(client: Client, command: str, **arguments: object) -> str:
    with pytest.raises(Refused) as refusal:
        await client.ask(command, **arguments)
    return refusal.value.code


async def test_only_a_call_that_an_agent_answered_through_a_queue_can_be_paused(
    world: World,
) -> None:
    bruce, sue = await world.agent("bruce", "1001"), await world.client("sue")
    for command in ("monitorPause", "monitorUnpause"):
        assert await refused(bruce, command) == "AgentNotOnCall"
        assert await refused(sue, command, agentid=11) == "NotAuthorized"
        assert await refused(sue, command) == "AgentUnknown"  # she is none herself
    caller = world.phones.dial("1001")
    leg = await world.phone("1001").rings()
    leg.answer()
    await bruce.until("AgentStateEvent", name="AgentOnCall")
    assert await refused(bruce, "monitorPause") == "NotQueueCall"
    await caller.hang_up()
    caller, _ = await call(world, "3001")
    await state(bruce, 8, "ACTIVE")
    await sue.ask("monitorPause", agentid=8)
    await state(bruce, 8, "PAUSED")
    await caller.hang_up()
