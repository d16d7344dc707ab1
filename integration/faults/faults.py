"""The faults of Asterisk, and of the way to it, each a plain function."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import cycle, islice

from integration.faults.shift import Shift
from integration.faults.waiting import until
from integration.faults.way import Direction, Kind, Mishap
from integration.model.answers import ADMIN
from xucd.cti.messages import QueueMember

PATIENCE = 30.0  # seconds
Fault = Callable[[Shift], Awaitable[None]]

KINDS: tuple[Kind, ...] = ("cut", "half-closed", "cut", "delayed", "black hole")
QUICK_KINDS = KINDS[:-1]
"""All but the black hole, which xucd needs 12 s to be sure of."""

DIRECTIONS: tuple[Direction, ...] = ("to Asterisk", "to xucd")
REACH = {"to Asterisk": 500, "to xucd": 6000}  # bytes that go there within a few seconds
SNAPSHOT = 6000  # bytes: within so many of them, most cuts come while Asterisk's state is listed


def mishaps(
    kinds: tuple[Kind, ...], count: int, chance: random.Random
) -> Iterator[tuple[str, Fault]]:
    """So many mishaps of the way, of these kinds in turn, at any byte; of some a second at once."""
    for kind in islice(cycle(kinds), count):
        direction = chance.choice(DIRECTIONS)
        met = [Mishap(kind, direction, chance.randint(1, REACH[direction]), chance.uniform(0, 3))]
        if kind == "cut" and chance.random() < 0.4:
            met.append(Mishap("cut", "to xucd", chance.randint(1, SNAPSHOT)))
        yield f"{met}", partial(_meet, met)


async def _meet(met: list[Mishap], shift: Shift) -> None:
    """Let these happen; returns when xucd is one with Asterisk again."""
    if met[-1].kind == "delayed":
        await shift.way.meet(*met)
    else:
        await shift.current_again(shift.way.meet(*met))


def frozen(seconds: float) -> Fault:
    """Asterisk stands still for so long, as by SIGSTOP, and goes on."""

    async def freeze(shift: Shift) -> None:
        await asyncio.to_thread(shift.scene.pbx.freeze)
        await asyncio.sleep(seconds)  # the fault itself
        await asyncio.to_thread(shift.scene.pbx.thaw)

    return freeze


async def killed(shift: Shift) -> None:
    """Asterisk is killed, with agents logged in, in calls and in pauses, and starts again."""
    await shift.current_again(asyncio.to_thread(shift.scene.pbx.crash_asterisk))
    await shift.asterisk_is_new()


async def ended(shift: Shift) -> None:
    """Asterisk is ended as by its service manager, and starts again."""
    await shift.current_again(asyncio.to_thread(shift.scene.pbx.restart_asterisk))
    await shift.asterisk_is_new()


async def restarted_now(shift: Shift) -> None:
    """``core restart now``."""
    await shift.current_again(_restart(shift, "now"))
    await shift.asterisk_is_new()


async def restarted_gracefully(shift: Shift) -> None:
    """``core restart gracefully``: it refuses new calls, and restarts when the last has ended."""
    await shift.current_again(_restart(shift, "gracefully"))
    await shift.asterisk_is_new()


async def _restart(shift: Shift, how: str) -> None:
    """Restart Asterisk by its command line; returns when it is booted."""
    await asyncio.to_thread(shift.scene.pbx.cli, f"core restart {how}")
    await shift.scene.panel.closed()
    await asyncio.to_thread(shift.scene.pbx.wait_until_booted)


async def queues_unloaded(shift: Shift) -> None:
    """app_queue is unloaded, which no caller in a queue may prevent, and loaded again."""
    await shift.stand_still()
    await shift.drop_calls()
    await _until_cli(shift, "module unload app_queue.so", "Unloaded app_queue.so")
    await _until_taken_out(shift)
    await asyncio.to_thread(shift.scene.pbx.cli, "module load app_queue.so")
    shift.go_on()


async def queue_removed(shift: Shift) -> None:
    """A queue is removed by a reload, and given back; who waits then is hung up.

    They would wait on, in the queue of before, which Asterisk lists no more.
    """
    scene = shift.scene
    await scene.configure("", "support")
    await _until_taken_out(shift)
    await scene.configure("", "")
    listed = await scene.look()
    waiting = {caller["Channel"] for caller in listed.callers.get("support", ())}
    for channel in listed.channels:
        lost = channel.application == "Queue" and channel.data.startswith("support")
        if lost and channel.name not in waiting:
            await scene.panel.ask("Hangup", Channel=channel.name)


async def _until_taken_out(shift: Shift) -> None:
    """Wait until xucd has noticed that a queue is gone, of which Asterisk tells nothing."""
    agents = shift.steady[ADMIN].state.agents
    async with asyncio.timeout(PATIENCE):
        while not any(agent.missing for agent in agents.values()):
            await shift.steady[ADMIN].until(QueueMember, within=PATIENCE)


async def _until_cli(shift: Shift, command: str, wanted: str) -> None:
    """Give a command to Asterisk until it answers so."""

    async def is_done() -> bool:
        return wanted in await asyncio.to_thread(shift.scene.pbx.cli, command)

    await until(is_done, PATIENCE)
