"""How often the daemon writes: what it has counted goes with the next pulse, and none is late."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from uuid import uuid4

import pytest

from tests.scene import START, SUPPORT
from tests.test_reload_rights import Daemon
from tests.test_reload_rights import daemon as daemon  # noqa: PLC0414  # a fixture
from xucd.center import events as ev
from xucd.center.directory import MAIN
from xucd.center.gaps import Gap
from xucd.store import Store, gaps
from xucd.store.journal import SAVE_S, day_of
from xucd.store.pulse import Pulse, pulse_of


class Naps:
    """Takes the place of the sleep between two writes: tests end it. `lengths` are in seconds."""

    def __init__(self, writer: asyncio.Task[None]) -> None:
        self.lengths: list[float] = []
        self._writer = writer
        self._begun, self._over = asyncio.Event(), asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if asyncio.current_task() is not self._writer:
            await asyncio.sleep(seconds)
            return
        self.lengths.append(seconds)
        self._over.clear()
        self._begun.set()
        await self._over.wait()

    async def end(self) -> None:
        """Let the daemon do all that it does between two naps."""
        self._begun.clear()
        self._over.set()
        async with asyncio.timeout(30):
            await self._begun.wait()


@pytest.fixture
async def naps(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Naps:
    """The naps of a daemon that has just written."""
    writer, *_ = daemon.assembly._background
    naps = Naps(writer)
    slept = SimpleNamespace(**{**vars(asyncio), "sleep": naps.sleep})
    monkeypatch.setattr("xucd.app.assembly.asyncio", slept)
    await naps.end()
    return naps


def pulse(store: Store) -> Pulse:
    with store.reading() as connection:
        found = pulse_of(connection, MAIN)
    assert found is not None
    return found


async def test_what_was_counted_before_a_pulse_is_stored_with_it_and_one_comes_each_half_second(
    daemon: Daemon, naps: Naps
) -> None:
    service, store = daemon.assembly._service, daemon.store
    pulses = [pulse(store).clock]
    for number in range(1, 5):
        caller = f"caller{number}"
        service.on_event(ev.CallerJoined("support", f"PJSIP/{caller}", caller, number, "1", ""))
        await naps.end()
        pulses.append(pulse(store).clock)
        assert store.queue_days(day_of(pulses[-1].wall))[SUPPORT].entered == number
    moments = [clock.steady for clock in pulses]
    assert moments == sorted(set(moments))
    assert naps.lengths == [SAVE_S] * len(pulses)


async def test_a_pulse_tells_since_when_asterisk_is_heard(daemon: Daemon, naps: Naps) -> None:
    assert pulse(daemon.store).since is None
    heard = daemon.assembly._service.gaps.heard
    for moment in (START, START + 60):
        heard(moment, lambda: None)
        await naps.end()
        assert pulse(daemon.store).since == START


async def test_the_pulse_and_what_moves_with_a_clock_that_is_set_are_of_the_nodes_own_pbx(
    daemon: Daemon, naps: Naps, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, store = daemon.assembly._service, daemon.store
    others = pulse(store)
    daemon.moves_queue(SUPPORT, "north")
    service.gaps.pbx = "north"
    await naps.end()
    for pbx in ("north", MAIN):
        gaps.open_gap(store, Gap(uuid4(), START, "LinkLost", pbx=pbx))
    wall = time.time() + 3600
    monkeypatch.setattr(service.clock, "_wall", lambda: wall)
    await naps.end()
    began = {gap.pbx: gap.began - START for gap in gaps.gaps(store, 0)}
    assert began == {"north": pytest.approx(3600, abs=60), MAIN: 0}
    assert pulse(store) == others
