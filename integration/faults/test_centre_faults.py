"""Two PBXs and two edges: each node, NATS and PostgreSQL is killed, frozen and cut off in turn.

Each time calls go on at both PBXs, what is not away stays live at both edges, and in the end both
answers of `QueueStatus`, the database and all clients at both edges agree.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time

import pytest

from integration.faults.centre import EDGES, NATS, POSTGRESQL, Centre
from integration.faults.centre_shift import CentreShift, Watch, a_centre_shift
from integration.faults.parts import How
from integration.sites import NORTH, SOUTH
from tests.plugin_proofs import Proof

pytestmark = [pytest.mark.timeout(0), pytest.mark.any_asterisk]

STALE_S = 4.0  # longer than an owner takes to be sure that an edge is silent
PBXS = {NORTH, SOUTH}
FAULTS = (
    *zip((NORTH, SOUTH, NORTH), How, strict=True),
    *zip(("edge-1", "edge-2", "edge-1"), How, strict=True),
    *itertools.product((NATS, POSTGRESQL), How),
)
"""In a soak it is any fault of any part."""


def lost_by(part: str, how: How) -> dict[str, set[str]]:
    """The PBXs that clients are told to be lost, by their edge."""
    if part in PBXS:
        return {edge: {part} for edge in EDGES}
    if part in EDGES:
        return {edge: PBXS if edge == part and how is How.CUT else set() for edge in EDGES}
    return {edge: PBXS for edge in EDGES}


def live_beside(part: str) -> dict[str, set[str]]:
    """The PBXs of which clients go on to be told, by their edge."""
    if part in PBXS:
        return {edge: PBXS - {part} for edge in EDGES}
    return {edge: PBXS for edge in EDGES if part in EDGES and edge != part}


def unheard_by(part: str) -> set[str]:
    """The PBXs of which events may pass unheard: an owner without the database hears none."""
    return PBXS if part == POSTGRESQL else PBXS & {part}


async def all_are_told(watch: Watch, part: str, how: How) -> None:
    """Wait until all who are to be told of a fault are, and the rest has gone on."""
    await watch.until_lost()
    if part in EDGES and how is How.FROZEN:
        await asyncio.sleep(STALE_S)  # the fault itself: nobody is told of it
    await watch.until_live(live_beside(part))


async def lives_through(shift: CentreShift, part: str, how: How, *, brief: bool) -> float:
    """Let a part fail, and be as before; returns how many seconds it takes until all is current.

    A brief fault is noticed by some, and not by others.
    """
    failing, begun = shift.centre.parts[part], time.time()
    watch = Watch(shift.boards(), lost_by(part, how))
    shift.away = part
    try:
        await failing.fail(how)
        await (shift.calls_at_both(1) if brief else all_are_told(watch, part, how))
    finally:
        watch.close()
        recovering = time.monotonic()
        await failing.recover(how)
    await shift.centre.until_current()
    took = time.monotonic() - recovering
    shift.away = ""
    assert watch.wrong == []
    for pbx in unheard_by(part):
        shift.unheard_of[pbx].append((begun, time.time()))
    if how is How.KILLED and part in PBXS:
        shift.scene.sides[part].was_killed(begun)
    if how is How.KILLED and part in EDGES:
        await shift.scene.reopen_pages()
    return took


async def test_whatever_fails_of_a_centre_all_sides_agree_afterwards_and_the_rest_stays_live(
    centre: Centre, proof: Proof, long_faults: bool
) -> None:
    chance, faults = random.Random(14), list(FAULTS)
    if long_faults:
        faults = chance.choices(list(itertools.product(centre.parts, How)), k=200)
    longest = 0.0
    async with a_centre_shift(centre) as shift:
        await shift.begin()
        for part, how in faults:
            brief = long_faults and chance.random() < 0.3
            await shift.all_are_in()
            longest = max(longest, await lives_through(shift, part, how, brief=brief))
            shift.may_leave = True
            if long_faults:
                await shift.calls_at_both(2)
            await shift.stand_still()
            await shift.agree(f"{part} was {how.value}{' briefly' if brief else ''}")
            shift.go_on()
        await shift.rest()
    proof(
        "a node, NATS or PostgreSQL of a centre over two PBXs killed, frozen or cut off, at work",
        times=len(faults),
        lost="nothing of the rest; figures of calls that no owner could hear",
        note=f"all current again within {longest:.1f} s",
    )
