"""Clients work at an edge, and one thing after another fails that the edge works with.

Each time calls go on meanwhile, and in the end both answers of `QueueStatus`, the database and all
clients agree: those that were there throughout, by messages alone.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable

import pytest

from integration.client import http
from integration.faults.conftest import EdgedShift
from integration.faults.waiting import until
from tests.plugin_proofs import Proof

pytestmark = [pytest.mark.timeout(0), pytest.mark.any_asterisk]

STALE_S = 5.0  # longer than an edge takes to be sure that its owner is silent


async def owner_killed(edged: EdgedShift) -> None:
    """The owner is killed, and started again."""
    begun, scene = time.time(), edged.shift.scene
    async with edged.shift.unheard():
        await edged.xucd.restart_owner()
    scene.was_killed(begun)


async def owner_frozen(edged: EdgedShift) -> None:
    """The owner stands still for so long that the edge gives it up, and goes on."""
    async with edged.shift.unheard():
        edged.xucd.freeze_owner()
        await asyncio.sleep(STALE_S)  # the fault itself
        edged.xucd.thaw_owner()


async def edge_killed(edged: EdgedShift) -> None:
    """The edge is killed, and started again: clients come back by themselves."""
    await edged.xucd.restart_edge()
    await edged.shift.scene.reopen_pages()


async def nats_killed(edged: EdgedShift) -> None:
    """NATS is killed, and started again."""
    await asyncio.to_thread(edged.nats.kill)
    await asyncio.to_thread(edged.nats.start)


async def nats_frozen(edged: EdgedShift) -> None:
    """NATS stands still, and goes on: what it had taken comes late."""
    edged.nats.freeze()
    await asyncio.sleep(STALE_S)  # the fault itself
    edged.nats.thaw()


async def postgresql_stopped(edged: EdgedShift) -> None:
    """PostgreSQL ends as in a crash, and is started again."""
    await asyncio.to_thread(edged.postgres.stop, signal.SIGQUIT)
    await asyncio.to_thread(edged.postgres.start)


FAULTS: tuple[Callable[[EdgedShift], Awaitable[None]], ...] = (
    owner_killed,
    nats_killed,
    owner_frozen,
    nats_frozen,
    edge_killed,
    postgresql_stopped,
)


async def test_whatever_fails_clients_at_an_edge_end_with_what_asterisk_and_the_database_have(
    edged_shift: EdgedShift, proof: Proof, long_faults: bool
) -> None:
    shift, rounds = edged_shift.shift, 10 if long_faults else 1
    await shift.begin()
    for _ in range(rounds):
        for fault in FAULTS:
            await shift.calls(2)
            await fault(edged_shift)
            await until_current(edged_shift)
            await shift.calls(2)
            await shift.stand_still()
            await shift.agree(fault.__doc__ or "")
            shift.go_on()
    await shift.rest()
    proof(
        "owner, edge and NATS killed or frozen, PostgreSQL crashed, with clients at an edge",
        times=rounds * len(FAULTS),
    )


async def until_current(edged: EdgedShift) -> None:
    """Wait until the edge says that it has Asterisk's state."""

    async def is_current() -> bool:
        _, health = await asyncio.to_thread(http, edged.xucd.port, "/health")
        return bool(health["current"])

    await until(is_current)
