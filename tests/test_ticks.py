"""The timer of the centre's ticks is set at the end of a turn, by what is due then."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from xucd.app.ticks import Ticks


class Due:
    """A centre that is due at a moment, and how often it was asked and ticked."""

    def __init__(self) -> None:
        self.at, self.asked = 3600.0, 0
        self.ticked = asyncio.Event()

    def due(self) -> float:
        self.asked += 1
        return self.at

    def tick(self, now: float) -> None:
        self.at = 3600.0
        self.ticked.set()


@pytest.fixture
def center() -> Due:
    return Due()


@pytest.fixture
def ticks(center: Due) -> Ticks:
    context: Any = SimpleNamespace(center=center, now=lambda: 0.0)
    return Ticks(context, lambda: None)


async def test_many_changes_of_a_turn_ask_once_what_is_due(center: Due, ticks: Ticks) -> None:
    for _ in range(10):
        ticks.schedule()
    assert center.asked == 0
    await asyncio.sleep(0)
    assert center.asked == 1


async def test_what_becomes_due_sooner_is_ticked_sooner(center: Due, ticks: Ticks) -> None:
    ticks.schedule()
    await asyncio.sleep(0)
    ticks.schedule()
    center.at = 0.0  # after it was asked for, in the same turn
    async with asyncio.timeout(10):
        await center.ticked.wait()


@pytest.mark.parametrize("turns", [0, 1], ids=["to be set", "set"])
async def test_nothing_is_ticked_once_it_is_closed(
    center: Due, ticks: Ticks, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers, loop = [], asyncio.get_running_loop()
    call_at = loop.call_at

    def remembered(*args: Any) -> asyncio.TimerHandle:
        timers.append(call_at(*args))
        return timers[-1]

    monkeypatch.setattr(loop, "call_at", remembered)
    ticks.schedule()
    for _ in range(turns):
        await asyncio.sleep(0)
    ticks.close()
    ticks.schedule()  # as what is told of the link that is closed next may do
    await asyncio.sleep(0)
    assert center.asked == turns
    assert [timer.cancelled() for timer in timers] == [True] * turns
