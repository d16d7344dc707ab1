"""The journal: what is written together, and what a kill or an error between leaves."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.scene import BRUCE, SUPPORT, Scene
from tests.test_figures import EPOCH
from tests.test_rebuild import everywhere, snapshot, station
from xucd.center import events as ev
from xucd.center.agent import AgentState
from xucd.center.changes import DayEnded
from xucd.center.day import AgentDay
from xucd.center.queue_day import QueueDay
from xucd.center.under_way import AgentUnderWay, Lately
from xucd.store import AsyncStore, Store, StoreError, figures
from xucd.store.figures import ClockReading, Figures, Memory, Pulse
from xucd.store.journal import Journal, day_of, midnight_after


class Writing:
    """A centre with its journal, on a clock that tests set."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.worker = AsyncStore(store)
        self.journal = Journal(self.worker)
        self.scene = Scene([station()])
        self.scene.rebuilds(snapshot(*everywhere()))

    def clock(self) -> ClockReading:
        return ClockReading(self.scene.now, self.scene.now, "this")

    async def saves(self, heard_until: float | None = None) -> None:
        heard = self.scene.now if heard_until is None else heard_until
        await self.journal.save_figures(self.scene.center, self.clock, lambda: heard)

    def is_killed(self) -> Memory:
        found = figures.resume(self.store, self.clock(), midnight_after)
        assert found is not None
        return found

    def counts_one_more(self) -> str:
        caller = self.scene.caller_waits()
        self.scene.happens(ev.HangupRequested(caller), ev.CallerAbandoned("support", caller, 0))
        return caller


@pytest.fixture
async def writing(store: Store) -> AsyncIterator[Writing]:
    writing = Writing(store)
    await writing.saves()
    yield writing
    await writing.worker.close()


@pytest.mark.parametrize("silence", [1, 14.5, 3600])
async def test_who_ended_just_before_a_silence_is_known_however_long_it_lasts(
    writing: Writing, silence: float
) -> None:
    caller = writing.counts_one_more()
    writing.scene.passes(0.4)
    heard = writing.scene.now
    for _ in range(3):
        writing.scene.passes(silence / 3)
        await writing.saves(heard)
    found = writing.is_killed()
    assert caller in found.resumed.lately.callers
    assert caller in writing.scene.center.queue_stats.lately
    assert found.heard_until == heard


async def test_who_ended_long_before_what_was_heard_last_is_forgotten(writing: Writing) -> None:
    caller = writing.counts_one_more()
    writing.scene.passes(60)
    await writing.saves()
    assert caller not in writing.scene.center.queue_stats.lately


async def test_the_pulse_tells_only_of_calls_that_are_in_the_figures(writing: Writing) -> None:
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def holds(_: Store) -> None:
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()

    held = asyncio.ensure_future(writing.worker.run(holds))
    saving = asyncio.ensure_future(writing.saves())
    await asyncio.sleep(0)  # it has taken what it will write
    caller = writing.counts_one_more()
    release.set()
    await asyncio.gather(held, saving)
    assert caller not in writing.is_killed().resumed.lately.callers


PAUSED = AgentUnderWay(AgentState.ON_PAUSE, EPOCH)


@pytest.mark.parametrize("writes", [False, True], ids=["killed before", "killed after"])
async def test_a_kill_at_midnight_counts_the_time_in_a_state_once(
    store: Store, writes: bool
) -> None:
    midnight = midnight_after(EPOCH)
    day = day_of(EPOCH)
    writing = Writing(store)
    journal, center = writing.journal, writing.scene.center

    def at(moment: float) -> ClockReading:
        return ClockReading(moment, moment - EPOCH + 100, "this")

    first = Figures(day, Pulse(at(EPOCH), Lately()), agents={BRUCE: (AgentDay(), PAUSED)})
    figures.put_figures(store, first)
    figures.put_figures(store, Figures(day, Pulse(at(midnight - 0.3), Lately())))
    ended = DayEnded(midnight, {BRUCE: AgentDay(paused_s=midnight - EPOCH)}, {SUPPORT: QueueDay()})
    journal.write_changes([ended])
    await journal.written()
    if writes:
        center.unwritten = {BRUCE}
        center.shift(midnight - writing.scene.now)
        center.tick(midnight)
        now = midnight + 0.2
        await journal.save_figures(center, lambda: at(now), lambda: now)
    figures.resume(store, at(midnight + 9), midnight_after)
    found = store.agent_days(day)[BRUCE].paused_s
    assert found == pytest.approx(midnight - EPOCH, abs=0.31)
    await writing.worker.close()


async def test_days_that_have_ended_are_written_when_the_database_is_back(
    writing: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = datetime.date(2026, 11, 25)
    moment = datetime.datetime(2026, 11, 26).astimezone().timestamp()
    ended = DayEnded(moment, {BRUCE: AgentDay(inbound_calls=7)}, {SUPPORT: QueueDay(entered=8)})
    writing.journal.write_changes([ended])

    def fails(*_: object) -> None:
        raise OverflowError("a figure that no database takes")

    with monkeypatch.context() as patch:
        patch.setattr("xucd.store.journal.put_figures", fails)
        with pytest.raises(OverflowError):
            await writing.saves()
    await writing.saves()
    assert writing.store.agent_days(day)[BRUCE].inbound_calls == 7
    assert writing.store.queue_days(day)[SUPPORT].entered == 8


@pytest.mark.parametrize("error", [StoreError("no"), OverflowError("no"), msgspec.DecodeError()])
async def test_a_change_that_cannot_be_written_holds_up_no_other(
    writing: Writing, error: Exception
) -> None:
    done = []

    def fails(_: Store) -> None:
        raise error

    writing.journal.later(fails)
    writing.journal.later(lambda _: done.append("the next"))
    async with asyncio.timeout(10):
        await writing.journal.written()
        await writing.saves()
    assert done == ["the next"]
