"""Asterisk fails, or the way to it, while people work: afterwards all sides agree.

With ``--long-faults`` it is as often and as long as `make soak` wants it.
"""

from __future__ import annotations

import random

import pytest

from integration.faults import faults
from integration.faults.faults import Fault
from integration.faults.shift import Shift
from tests.plugin_proofs import Proof

MISHAPS, LONG_MISHAPS = 5, 100
ROUNDS = 5  # of a soak, for what Asterisk itself does

SHORT: dict[str, Fault] = {
    "Asterisk killed and started": faults.killed,
    "app_queue unloaded and loaded": faults.queues_unloaded,
    "a queue removed by a reload and given back": faults.queue_removed,
    # The link outlasts this, and events come late; the 20 s of a soak it does not outlast.
    "Asterisk stopped (SIGSTOP) for 2 s": faults.frozen(2.0),
    "core restart now": faults.restarted_now,
}
LONG: dict[str, Fault] = {
    **SHORT,
    "Asterisk ended and started": faults.ended,
    "Asterisk stopped (SIGSTOP) for 20 s": faults.frozen(20.0),
    "core restart gracefully": faults.restarted_gracefully,
}


@pytest.mark.timeout(0)  # each thing that is awaited has its own deadline
async def test_whatever_happens_to_asterisk_or_on_the_way_to_it_all_sides_agree_afterwards(
    shift: Shift, proof: Proof, long_faults: bool, asterisk_version: str
) -> None:
    count, rounds = (LONG_MISHAPS, ROUNDS) if long_faults else (MISHAPS, 1)
    kinds = faults.KINDS if long_faults else faults.QUICK_KINDS
    itself = LONG if long_faults else SHORT
    await shift.begin()
    for what, fault in [
        *faults.mishaps(kinds, count, random.Random(14)),
        *(list(itself.items()) * rounds),
    ]:
        await shift.calls(2)
        async with shift.unheard():
            await fault(shift)
        await shift.stand_still()
        await shift.agree(what)
        shift.go_on()
    await shift.rest()
    proof(f"cuts of the link to Asterisk {asterisk_version} at any byte, at work", times=count)
    for what in itself:
        proof(f"{what}, at work ({asterisk_version})", times=rounds)
