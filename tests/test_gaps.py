"""Gaps that follow each other, and those of which nothing can be found."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.cdr_lines import a_record
from tests.scene import SUPPORT, Scene
from tests.test_context import Script, a_context
from tests.test_rebuild import everywhere, snapshot, station
from xucd.app.clock import Clock
from xucd.app.gaps import Gaps, Logs
from xucd.center.gaps import Gap
from xucd.center.logged import Logged
from xucd.center.rules.rebuild import rebuild
from xucd.center.under_way import Resumed
from xucd.logs import queue_log
from xucd.logs.backwards import LogError
from xucd.store.figures import ClosedGap
from xucd.store.pulse import ClockReading
from xucd.store.resuming import Memory


class Reading:
    """Gaps whose log is read only as far as tests let it be; `closed` are those that are over."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = folder / "queue_log"
        self.scene = Scene([station()])
        self.scene.rebuilds(snapshot(*everywhere()))
        self.context = a_context(self.scene, Script())
        self.closed: list[ClosedGap] = []
        monkeypatch.setattr(self.context.journal, "close_gap", self._close)
        monkeypatch.setattr(self.context.journal, "later", lambda *_: None)
        self.gaps = Gaps(self.context, Clock(), Logs(self.file), None)
        self.turns = threading.Semaphore(0)
        self.read = queue_log.read
        monkeypatch.setattr(queue_log, "read", self._reads_in_turn)
        self.file.write_text(f"{int(self.scene.now - 600)}|NONE|NONE|NONE|QUEUESTART|\n")
        self.cdr = folder / "Master.csv"
        self.cdr.write_text(a_record(self.scene.now - 600, self.scene.now - 590))

    def reads(self, **files: Path) -> None:
        """Have xucd read these logs alone."""
        self.gaps = Gaps(self.context, Clock(), Logs(**files), None)

    def _close(self, closed: ClosedGap) -> None:
        self.closed.append(closed)

    def _reads_in_turn(self, file: Path, since: float) -> list[Logged]:
        self.turns.acquire()
        return self.read(file, since)

    def logs(self, *fields: object) -> None:
        with self.file.open("a") as log:
            log.write("|".join(map(str, (int(self.scene.now), *fields))) + "\n")

    def is_lost(self) -> None:
        self.gaps.lost(self.scene.now)

    def is_heard(self, done: asyncio.Event) -> None:
        rebuild(self.scene.center, snapshot(*everywhere()), self.scene.now, self.gaps.heard_until)
        self.gaps.heard(self.scene.now, done.set)

    async def goes_on(self, done: asyncio.Event) -> None:
        self.turns.release()
        async with asyncio.timeout(10):
            await done.wait()

    def awaits(self) -> tuple[bool, float]:
        center, journal = self.context.center, self.context.journal
        return center.queue_stats.awaits_log, journal.unheard_since


@pytest.fixture
async def reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Reading]:
    reading = Reading(tmp_path, monkeypatch)
    yield reading
    reading.gaps.close()
    reading.turns.release(9)


async def test_a_gap_that_begins_while_the_last_is_read_is_counted_in_its_turn(
    reading: Reading,
) -> None:
    scene, first, second = reading.scene, asyncio.Event(), asyncio.Event()
    reading.is_lost()
    scene.passes(20)
    reading.is_heard(first)
    scene.passes(20)
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.passes(2)
    began = scene.now
    reading.is_lost()
    scene.now += 3
    reading.logs(caller, "support", "Agent/2501", "CONNECT", 5, phone, 5)
    scene.now += 10
    reading.logs(caller, "support", "Agent/2501", "COMPLETEAGENT", 5, 10, 1)
    scene.now += 10
    reading.is_heard(second)
    await reading.goes_on(first)
    assert reading.awaits() == (True, began)
    await reading.goes_on(second)
    assert reading.awaits() == (False, math.inf)
    assert [closed.gap.source for closed in reading.closed] == ["queue_log", "queue_log"]
    day, queue = scene.agent().day(scene.now), scene.center.queue_stats.day(SUPPORT)
    assert (day.inbound_calls, day.inbound_answered, day.inbound_talk_s) == (1, 1, 10)
    assert (queue.entered, queue.answered, queue.unseen) == (1, 1, 0)


@pytest.mark.parametrize("set_by", [0, -300])
async def test_calls_from_before_an_xucd_that_remembers_nothing_are_not_counted(
    reading: Reading, set_by: int
) -> None:
    reading.reads(queue_log=reading.file, cdr=reading.cdr)
    scene, done = reading.scene, asyncio.Event()
    with reading.cdr.open("a") as cdr:
        cdr.write(a_record(scene.now, scene.now))
    reading.logs("before.1", "support", "NONE", "ENTERQUEUE", "", "0230210082")
    reading.logs("before.1", "support", "NONE", "ABANDON", 1, 1, 0)
    scene.now += 2
    reading.gaps.heard(scene.now, done.set)  # for the first time
    reading.gaps.shift(set_by)
    scene.now += set_by + 0.5
    reading.is_lost()
    reading.logs("in.1", "support", "NONE", "ENTERQUEUE", "", "0230210083")
    reading.logs("in.1", "support", "NONE", "ABANDON", 1, 1, 0)
    scene.now += 5
    reading.is_heard(done)
    await reading.goes_on(done)
    queue, agent = scene.center.queue_stats.day(SUPPORT), scene.agent().day(scene.now)
    assert (queue.entered, queue.abandoned, agent.outbound_calls) == (1, 1, 0)


async def test_calls_from_before_its_first_start_are_not_counted_by_an_xucd_that_was_killed(
    reading: Reading,
) -> None:
    scene, done = reading.scene, asyncio.Event()
    reading.logs("before.1", "support", "NONE", "ENTERQUEUE", "", "0230210082")
    reading.logs("before.1", "support", "NONE", "ABANDON", 1, 1, 0)
    scene.now += 2
    reading.gaps.heard(scene.now, done.set)
    since = reading.gaps.heard_since
    scene.now += 0.5
    gap, clock = Gap(UUID(int=1), scene.now, "XucdDown"), ClockReading(scene.now, 0.0, "this")
    memory = Memory(Resumed(scene.now), scene.now, gap, clock, since)
    reading.gaps = Gaps(reading.context, Clock(), Logs(reading.file), memory)
    reading.logs("in.1", "support", "NONE", "ENTERQUEUE", "", "0230210083")
    reading.logs("in.1", "support", "NONE", "ABANDON", 1, 1, 0)
    scene.now += 5
    reading.is_heard(done)
    await reading.goes_on(done)
    queue = scene.center.queue_stats.day(SUPPORT)
    assert (queue.entered, queue.abandoned) == (1, 1)


async def test_a_clock_that_is_set_moves_each_gap_that_is_not_closed(reading: Reading) -> None:
    first, second = asyncio.Event(), asyncio.Event()
    began = reading.scene.now
    for done in (first, second):
        reading.is_lost()
        reading.scene.passes(20)
        reading.is_heard(done)
        reading.scene.passes(20)
    reading.gaps.shift(3600)
    await reading.goes_on(first)
    await reading.goes_on(second)
    found = [(closed.gap.began - began, closed.gap.ended) for closed in reading.closed]
    assert found == [(3600, began + 3620), (3640, began + 3660)]


async def test_a_gap_is_of_the_pbx_that_was_not_heard(reading: Reading) -> None:
    reading.gaps = Gaps(reading.context, Clock(), Logs(reading.file), None, "north")
    done = asyncio.Event()
    reading.is_lost()
    reading.scene.passes(20)
    reading.is_heard(done)
    await reading.goes_on(done)
    assert [closed.gap.pbx for closed in reading.closed] == ["north"]


@pytest.mark.parametrize("fails", ["read", "count"])
async def test_a_gap_ends_whatever_goes_wrong_with_its_log(
    reading: Reading, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def wrong(*_: object) -> None:
        raise RuntimeError("no one has foreseen this")

    if fails == "read":
        reading.read = wrong  # type: ignore[assignment]
    else:
        monkeypatch.setattr("xucd.app.gaps.count_logged", wrong)
    done = asyncio.Event()
    reading.is_lost()
    reading.scene.passes(20)
    reading.is_heard(done)
    await reading.goes_on(done)
    assert reading.awaits() == (False, math.inf)
    assert [closed.gap.source for closed in reading.closed] == ["none"]


async def test_a_log_that_is_not_there_for_a_moment_is_read_again(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xucd.app.gaps.AGAIN_S", 0)
    left = [LogError("it is being rotated")]

    def rotated(file: Path, since: float) -> list[Logged]:
        if left:
            raise left.pop()
        return queue_log_read(file, since)

    queue_log_read, reading.read = reading.read, rotated
    done = asyncio.Event()
    reading.is_lost()
    reading.scene.passes(20)
    reading.is_heard(done)
    reading.turns.release()
    await reading.goes_on(done)
    assert [closed.gap.source for closed in reading.closed] == ["queue_log"]


async def test_of_a_gap_that_cannot_be_counted_to_the_end_nothing_is_left_to_count(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object) -> None:
        raise RuntimeError("no one has foreseen this")

    monkeypatch.setattr("xucd.app.gaps.count_logged", wrong)
    reading.scene.rings(reading.scene.caller_waits())
    done = asyncio.Event()
    reading.is_lost()
    reading.scene.passes(20)
    reading.is_heard(done)
    assert reading.scene.center.under_way.cut_calls
    reading.scene.center.under_way.unwritten.clear()
    await reading.goes_on(done)
    assert reading.scene.center.under_way.cut_calls == {}
    assert reading.scene.center.under_way.unwritten


@pytest.mark.parametrize(
    ("read", "source"),
    [
        (("queue_log", "cdr"), "both"),
        (("cdr",), "cdr"),
        (("queue_log",), "queue_log"),
        ((), "none"),
    ],
)
async def test_a_gap_tells_which_logs_its_calls_are_from(
    reading: Reading, read: tuple[str, ...], source: str
) -> None:
    files = {"queue_log": reading.file, "cdr": reading.cdr}
    reading.reads(**{name: files[name] for name in read})
    scene, done = reading.scene, asyncio.Event()
    reading.is_lost()
    scene.passes(10)
    with reading.cdr.open("a") as cdr:
        cdr.write("rubbish\n" + a_record(scene.now, scene.now + 5))
    scene.passes(10)
    reading.is_heard(done)
    await reading.goes_on(done)
    assert [closed.gap.source for closed in reading.closed] == [source]
    assert scene.agent().day(scene.now).outbound_calls == ("cdr" in read)


@pytest.mark.parametrize("fails", ["lost", "broken"])
async def test_a_gap_is_counted_by_the_log_of_queues_when_cdr_cannot_be_read(
    reading: Reading, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    monkeypatch.setattr("xucd.app.gaps.AGAIN_S", 0)
    if fails == "lost":
        reading.cdr.unlink()
    else:
        monkeypatch.setattr("xucd.logs.cdr.parse", lambda _: None)
    reading.reads(queue_log=reading.file, cdr=reading.cdr)
    scene, done = reading.scene, asyncio.Event()
    reading.is_lost()
    scene.passes(10)
    reading.logs("a", "support", "NONE", "ABANDON", 1, 1, 5)
    scene.passes(10)
    reading.is_heard(done)
    await reading.goes_on(done)
    assert [closed.gap.source for closed in reading.closed] == ["queue_log"]
    assert scene.center.queue_stats.day(SUPPORT).abandoned == 1


async def test_an_agent_who_is_found_at_another_phone_has_no_call_of_the_gap(
    reading: Reading,
) -> None:
    reading.reads(cdr=reading.cdr)
    scene, done = reading.scene, asyncio.Event()
    reading.is_lost()
    scene.passes(10)
    with reading.cdr.open("a") as cdr:
        cdr.write(a_record(scene.now, scene.now + 5))
    scene.passes(10)
    elsewhere = snapshot(*everywhere(interface="PJSIP/1002"))
    rebuild(scene.center, elsewhere, scene.now, reading.gaps.heard_until)
    reading.gaps.heard(scene.now, done.set)
    async with asyncio.timeout(10):
        await done.wait()
    assert [closed.gap.source for closed in reading.closed] == ["cdr"]
    assert scene.agent().day(scene.now).outbound_calls == 0
