"""A clock that is set: durations go on evenly, moments have the date that the clock now gives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.scene import BRUCE, START, SUPPORT, Scene
from xucd.ami.pbx_clock import PbxClock
from xucd.app.clock import Clock
from xucd.center import changes as ch
from xucd.center.agent import AgentState

HOUR = 3600.0


class Hands:
    """The hands of a clock that tests turn."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_795_000_000.0, 500.0

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.steady, "boot")


@pytest.mark.parametrize("step", [HOUR, -HOUR, 3 * 86400.0, 1.0])
def test_a_duration_is_the_same_whatever_the_clock_is_set_to(step: float) -> None:
    hands = Hands()
    clock = hands.clock()
    began = clock.now()
    hands.passes(5)
    hands.wall += step
    assert clock.now() - began == 5  # it may be noticed a little later
    assert clock.correct() == step
    assert clock.now() == hands.wall
    assert clock.now() - (began + step) == 5
    assert clock.correct() == 0


def test_a_clock_that_is_not_set_is_left_alone() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.passes(86400)
    hands.wall += 0.2  # a little at a time, as time servers do
    assert clock.correct() == 0


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_dates_of_asterisks_are_read_by_the_clock_as_it_was_then(step: float) -> None:
    pbx, offset = PbxClock(), 1_795_000_000.0
    for second in (100.0, 102.0, 104.0):
        assert not pbx.observe(second + offset, second)
    before = 103 + offset  # a pause, and then the clock is set
    assert pbx.observe(106 + offset + step, 106.0)
    after = 107 + offset + step
    pbx.observe(120 + offset + step, 120.0)
    assert pbx.steady_of(before, 120.0) == 103
    assert pbx.steady_of(after, 120.0) == 107
    assert pbx.steady_of(50 + offset, 120.0) == 50
    assert pbx.steady_of(offset - 3 * 86400, 120.0) == -3 * 86400


def test_a_clock_of_asterisks_that_differs_is_translated() -> None:
    hands = Hands()
    clock = hands.clock()
    assert clock.own(123.0) == 123.0  # nothing is known of it
    clock.heard_of_pbx(hands.wall - 7200)
    hands.passes(60)
    assert clock.now() - clock.own(hands.wall - 7200 - 5) == pytest.approx(5)
    hands.wall += HOUR  # ours alone is set
    clock.correct()
    assert clock.now() - clock.own(hands.wall - HOUR - 7200 - 5) == pytest.approx(5)


def test_an_answer_that_was_long_on_its_way_sets_no_clock() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.heard_of_pbx(hands.wall)
    told = hands.wall
    hands.passes(10)
    clock.heard_of_pbx(told, 10)
    hands.passes(10)
    assert clock.now() - clock.own(hands.wall - 15) == pytest.approx(15)


def test_asterisks_clock_that_was_set_while_xucd_was_down_is_noticed() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.heard_of_pbx(hands.wall)
    before = clock.reading()
    pause = hands.wall - 5
    hands.passes(10)
    hands.wall += HOUR
    again = hands.clock()
    again.goes_on_from(before)
    again.heard_of_pbx(hands.wall)
    assert hands.wall - again.own(pause) == pytest.approx(15)


def test_where_the_boot_cannot_be_known_each_start_is_one_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("BOOT_ID", raising=False)
    assert Clock().reading().boot == Clock().reading().boot
    monkeypatch.setattr("xucd.app.boot.FILE", tmp_path / "hidden")
    assert Clock().reading().boot != Clock().reading().boot
    monkeypatch.setenv("BOOT_ID", "0d1f-2a")  # as systemd passes it to the confined service
    assert Clock().reading().boot == "0d1f2a"


def moments(
    found: Any, path: str = "", seen: set[int] | None = None
) -> Iterator[tuple[str, float]]:
    """Every epoch second that can be reached from an object, with the way to it."""
    seen = set() if seen is None else seen
    if isinstance(found, float) and found > 1e9 and not math.isinf(found):
        yield path, found
        return
    if isinstance(found, (str, bytes, int, float, type(None))) or id(found) in seen:
        return
    seen.add(id(found))
    if isinstance(found, dict):
        parts = [(f"{path}[{key}]", value) for key, value in found.items()]
    elif isinstance(found, (list, tuple, set, frozenset)):
        parts = [(f"{path}[{number}]", value) for number, value in enumerate(found)]
    else:
        names = [
            *getattr(found, "__struct_fields__", ()),
            *getattr(found, "__dict__", ()),
            *(name for kind in type(found).__mro__ for name in getattr(kind, "__slots__", ())),
        ]
        parts = [(f"{path}.{name}", getattr(found, name, None)) for name in names]
    for where, value in parts:
        if not callable(value) or isinstance(value, msgspec.Struct):
            yield from moments(value, where, seen)


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_every_moment_that_a_busy_centre_keeps_moves_with_the_clock(step: float) -> None:
    scene = busy()
    before = dict(moments(scene.center))
    assert len(before) > 25
    scene.center.shift(step)
    scene.center.drain()
    after = dict(moments(scene.center))
    kept = {path for path in before if path in after and after[path] != before[path] + step}
    assert kept == {"._midnight"}  # the day ends when the clock gets there


def busy() -> Scene:
    """Calls that wait, ring, talk and have ended, a pause, a wrap-up."""
    scene = Scene()
    scene.logs_in()
    scene.passes(60)
    ended = scene.talks()
    scene.hangs_up(ended)
    scene.passes(60)
    scene.caller_waits()
    scene.caller_waits("sales")
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.passes(3)
    scene.answers(caller, phone)
    scene.passes(3)
    scene.center.drain()
    return scene


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_pause_a_call_and_a_login_are_as_long_as_they_were(step: float) -> None:
    scene = Scene()
    scene.logs_in()
    scene.passes(10)
    scene.pauses(True, "lunch")
    scene.passes(5)
    logged_in = scene.agent().day(scene.now).login_at
    assert logged_in == START
    scene.now += step
    scene.center.shift(step)
    live = scene.agent()
    assert scene.now - live.since == 5
    assert live.day(scene.now).paused_s == 5
    assert live.day(scene.now).login_at == START + step
    assert scene.now - scene.center.stations[BRUCE].since == 15
    changes, _ = scene.center.drain()
    assert ch.AgentStatsChanged(BRUCE, 1) in changes
    scene.pauses(False)
    assert scene.agent().shown.state is AgentState.READY
    assert live.day(scene.now).paused_s == 5


def test_a_clock_set_back_over_midnight_goes_on_with_the_day_that_has_begun() -> None:
    scene = Scene()
    scene.logs_in()
    scene.now = scene.center.today_until - 1
    scene.passes(31 * 60)
    day = scene.center.today_until
    scene.now -= HOUR
    scene.center.shift(-HOUR)
    scene.passes(10 * 60)
    assert scene.center.today_until == day
    assert scene.agent().day(scene.now).ready_s == pytest.approx(41 * 60 - 1)


def test_a_clock_set_forward_over_midnight_counts_no_time_that_did_not_pass() -> None:
    scene = Scene()
    scene.logs_in()
    scene.now = scene.center.today_until - 30 * 60
    scene.pauses(True, "lunch")
    scene.passes(5)
    scene.now += HOUR
    scene.center.shift(HOUR)
    scene.passes(0)
    scene.passes(10)
    assert scene.agent().day(scene.now).paused_s == pytest.approx(15)


def test_who_waits_has_waited_as_long_as_before() -> None:
    scene = Scene()
    scene.caller_waits()
    scene.passes(7)
    scene.now += HOUR
    scene.center.shift(HOUR)
    assert scene.center.queue_stats.longest_wait(SUPPORT, scene.now) == 7
    changes, _ = scene.center.drain()
    assert any(isinstance(each, ch.QueueCounted) for each in changes)
