"""The journal: what is written together, and what a kill or an error between leaves."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.scene import BRUCE, DAY, SUPPORT, Scene, directory
from tests.test_figures import EPOCH
from tests.test_rebuild import everywhere, snapshot, station
from xucd.center import events as ev
from xucd.center.agent import AgentState
from xucd.center.center import Center
from xucd.center.changes import DayEnded
from xucd.center.day import AgentDay
from xucd.center.directory import MAIN, Directory
from xucd.center.inheriting import inherit
from xucd.center.queue_day import QueueDay
from xucd.center.under_way import AgentUnderWay, Lately
from xucd.config.plan import Plan
from xucd.store import AsyncStore, Store, StoreError, figures, resuming, tables
from xucd.store.apply import apply
from xucd.store.figures import Figures
from xucd.store.journal import Journal, day_of, midnight_after
from xucd.store.pulse import ClockReading, Heard, Pulse
from xucd.store.resuming import Memory
from xucd.store.rows import put_rows


@pytest.fixture
def store(store: Store, demo_plan: Plan) -> Store:
    """A store in which the demo's agents are configured, Bruce among them."""
    apply(store, demo_plan)
    return store


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
        heard = Heard(self.scene.now if heard_until is None else heard_until)
        await self.journal.save_figures(lambda: self.scene.center, self.clock, lambda: heard)

    def is_killed(self) -> Memory:
        found = resuming.resume(self.store, MAIN, self.clock(), midnight_after)
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


PAUSED = AgentUnderWay(AgentState.ON_PAUSE, EPOCH, EPOCH)


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
        center.under_way.unwritten = {BRUCE}
        center.shift(midnight - writing.scene.now)
        center.tick(midnight)
        now = midnight + 0.2
        await journal.save_figures(lambda: center, lambda: at(now), lambda: Heard(now))
    resuming.resume(store, MAIN, at(midnight + 9), midnight_after)
    found = store.agent_days(day)[BRUCE].paused_s
    assert found == pytest.approx(midnight - EPOCH, abs=0.31)
    await writing.worker.close()


async def test_an_agent_that_is_removed_before_midnight_has_nothing_on_the_next_day(
    writing: Writing,
) -> None:
    before, scene = writing.scene.center, writing.scene
    midnight = midnight_after(scene.now)
    before.shift(midnight - 1 - scene.now)
    scene.now = midnight - 1
    agents = {key: one for key, one in before.directory.agents.items() if key != BRUCE}
    without = Directory(agents=agents.values(), queues=before.directory.queues.values())
    center = Center(without, scene.now, midnight_after)
    inherit(center, before, scene.now)
    worked = before.agents[BRUCE].day(scene.now)
    scene.center, scene.now = center, midnight + 0.2
    center.tick(scene.now)
    await writing.saves()
    today = day_of(scene.now)
    assert BRUCE not in writing.store.agent_days(today)
    assert writing.store.agent_days(today - datetime.timedelta(1))[BRUCE] == worked


async def test_days_that_have_ended_are_written_when_the_database_is_back(
    writing: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = datetime.date(2026, 11, 25)
    moment = datetime.datetime(2026, 11, 26).astimezone().timestamp()
    ended = DayEnded(moment, {BRUCE: AgentDay(inbound_calls=7)}, {SUPPORT: QueueDay(entered=8)})
    writing.journal.write_changes([ended])

    def fails(*_: object, **__: object) -> None:
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


async def test_an_agent_that_a_reload_removes_is_written_to_that_moment(writing: Writing) -> None:
    scene = writing.scene
    scene.passes(30)
    ready = scene.agent().day(scene.now).ready_s
    remaining = directory()
    agents = [agent for agent in remaining.agents.values() if agent.id != BRUCE]
    lines, queues = remaining.lines.values(), remaining.queues.values()
    smaller = Directory(remaining.groups.values(), queues, lines, agents)
    center = Center(smaller, scene.now, midnight_after)
    inherit(center, scene.center, scene.now)
    scene.center = center
    scene.now += 60
    await writing.saves()
    scene.now += 3600
    await writing.saves()
    day = day_of(scene.now)
    assert BRUCE not in writing.is_killed().resumed.agents
    assert writing.store.agent_days(day)[BRUCE].ready_s == ready


@pytest.mark.parametrize("ticked", [False, True], ids=["before", "after"])
async def test_a_reload_over_midnight_ends_the_day_once(writing: Writing, ticked: bool) -> None:
    scene = writing.scene
    old, midnight = scene.center, scene.center.today_until
    old.agent_record(BRUCE).count(AgentDay(inbound_calls=7))
    center = Center(directory(), midnight - 0.2, lambda now: midnight + DAY * (now >= midnight))
    if ticked:
        old.tick(midnight)
    ended = [each for each in old.drain()[0] if isinstance(each, DayEnded)]
    inherit(center, old, midnight + 0.1)
    center.tick(midnight + 0.1)
    ended += [each for each in center.drain()[0] if isinstance(each, DayEnded)]
    assert [(each.at, each.figures[BRUCE].inbound_calls) for each in ended] == [(midnight, 7)]
    assert center.agents[BRUCE].day(midnight + 1).inbound_calls == 0


async def test_figures_of_an_agent_whose_home_is_another_pbx_by_now_are_not_written(
    writing: Writing,
) -> None:
    with writing.store.writing() as connection:
        put_rows(connection, tables.agent_homes, [{"agent_id": BRUCE, "pbx": "south", "number": 1}])
    center, today = writing.scene.center, day_of(writing.scene.now)
    bruce = center.agent_record(BRUCE)
    written = []
    for pbx in ("north", None):  # None: there is one, whatever rows say
        writing.journal.pbx = pbx
        bruce.count(AgentDay(inbound_calls=1))
        center.stats_changed(bruce)
        await writing.saves()
        written.append(writing.store.agent_days(today)[BRUCE].inbound_calls)
    assert written == [0, 2]
