"""Counting calls of a gap by Asterisk's log: each once, whatever xucd had heard of it already."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import msgspec
import pytest

from tests.scene import ALICE, BRUCE, SUPPORT, Scene
from tests.test_rebuild import everywhere, snapshot, station
from xucd.center import events as ev
from xucd.center.day import AgentDay
from xucd.center.events import ChannelState
from xucd.center.logged import CallRecord, Logged, LogsTold
from xucd.center.queue_day import QueueDay
from xucd.center.rules.rebuild import rebuild
from xucd.center.rules.unheard import GapCount, count_logged
from xucd.center.rules.unheard_phones import seated
from xucd.center.snapshot import ChannelSeen, MemberSeen, Snapshot
from xucd.store.journal import day_of

GAP = 60.0
AGENT = "Agent/2501"


class Unheard:
    """A centre that hears nothing for a minute. Times of `logs` are seconds of the gap."""

    def __init__(self) -> None:
        self.scene = Scene([station()])
        self.scene.rebuilds(snapshot(*everywhere()))
        self.lines: list[Logged] = []
        self.records: list[CallRecord] = []

    def begins(self) -> None:
        self.began = self.scene.now
        self.seated = seated(self.scene.center, self.began)

    def logs(self, second: float, kind: str, caller: str, **fields: object) -> None:
        at = float(int(self.began + second))
        agent = AGENT if kind in ("connected", "completed", "not answered") else ""
        line = Logged(at, kind, caller, "support", agent)  # type: ignore[arg-type]
        self.lines.append(msgspec.structs.replace(line, **fields))

    def records_call(self, began: float, ended: float, **fields: object) -> None:
        """CDR of Bruce, who called 0230 by the channel ``a``, unless `fields` say otherwise."""
        second, end = (float(int(self.began + moment)) for moment in (began, ended))
        if (answered := fields.pop("answered", None)) is not None:
            fields["answered"] = float(int(self.began + answered))  # type: ignore[operator]
        record = CallRecord(
            "PJSIP/1001-a", "PJSIP/trunk-b", "Dial", second, None, end, False, "1795000000.1"
        )
        self.records.append(msgspec.structs.replace(record, **fields))

    def ends(self, found: Snapshot | None = None) -> GapCount:
        scene = self.scene
        scene.now = self.began + GAP
        scene.center.queue_stats.awaits_log = True
        listed = found or snapshot(*everywhere())
        rebuild(scene.center, listed, scene.now, self.began)
        scene.passes(3)  # until the log is read
        counted = self.counts()
        scene.center.queue_stats.awaits_log = False
        scene.passes(3)
        return counted

    def counts(self) -> GapCount:
        told = LogsTold(self.lines, self.records, self.seated)
        return count_logged(self.scene.center, told, self.began, self.scene.now - 1, day_of)

    @property
    def support(self) -> QueueDay:
        return self.scene.center.queue_stats.day(SUPPORT)

    @property
    def bruce(self) -> AgentDay:
        return self.scene.agent().day(self.scene.now)


@pytest.fixture
def unheard() -> Unheard:
    return Unheard()


def test_a_call_whose_whole_life_is_in_the_gap_is_counted(unheard: Unheard) -> None:
    unheard.begins()
    unheard.logs(10, "entered", "a")
    unheard.logs(14, "connected", "a", phone="p", waited=4.0, rang=3.0)
    unheard.logs(30, "completed", "a", talked=16.0)
    unheard.logs(20, "entered", "b")
    unheard.logs(40, "left", "b", outcome="abandoned", waited=20.0)
    unheard.logs(41, "left", "c", outcome="closed")
    found = unheard.ends()
    assert found.calls == {SUPPORT: 3}
    assert unheard.support == QueueDay(
        entered=2, answered=1, abandoned=1, closed=1, answered_soon=1, abandoned_late=1
    )
    assert (unheard.bruce.inbound_calls, unheard.bruce.inbound_answered) == (1, 1)
    assert (unheard.bruce.inbound_ring_s, unheard.bruce.inbound_talk_s) == (3, 16)


def test_counting_the_same_log_again_counts_nothing_twice(unheard: Unheard) -> None:
    unheard.begins()
    unheard.logs(10, "entered", "a")
    unheard.logs(14, "connected", "a", phone="p", waited=4.0, rang=3.0)
    unheard.logs(20, "entered", "b")
    unheard.logs(40, "left", "b", outcome="timed out", waited=20.0)
    unheard.logs(45, "not answered", "b", rang=5.0)
    unheard.ends()
    before, agent = unheard.support, unheard.bruce
    assert unheard.counts().calls == {}
    assert (unheard.support, unheard.bruce) == (before, agent)


def test_what_xucd_has_refused_is_no_call_that_the_agent_missed(unheard: Unheard) -> None:
    judged = MemberSeen("support", "Local/1001@xucd-agent", AGENT, 0, False, "", 0, 0)
    unheard.begins()
    for second in range(10, 40):  # a caller waits while xucd is down
        unheard.logs(second, "not answered", "a", rang=float(second % 2))
    unheard.logs(45, "not answered", "b", rang=5.0)
    unheard.ends(snapshot(judged, *everywhere()[1:]))
    day = unheard.bruce
    assert (day.inbound_calls, day.inbound_unanswered, day.inbound_ring_s) == (1, 1, 5)


@pytest.mark.parametrize("outcome", ["abandoned", "timed out", "diverted"])
def test_who_waited_before_the_gap_ended_as_the_log_says(unheard: Unheard, outcome: str) -> None:
    caller = unheard.scene.caller_waits()
    unheard.begins()
    unheard.logs(5, "left", caller, outcome=outcome, waited=5.0)
    assert unheard.ends().calls == {SUPPORT: 1}
    day = unheard.support
    assert (day.entered, day.unseen, day.waiting) == (1, 0, {})
    assert day.abandoned + day.timed_out + day.diverted == 1
    assert day.abandoned_late == 0  # by its 5 seconds, not by the gap's 60


def test_who_waited_and_of_whom_the_log_says_nothing_is_unseen(unheard: Unheard) -> None:
    unheard.scene.caller_waits()
    unheard.begins()
    assert unheard.ends().calls == {}
    assert unheard.support.unseen == 1


def test_what_ended_in_the_second_before_the_gap_is_not_counted_again(unheard: Unheard) -> None:
    scene = unheard.scene
    caller = scene.caller_waits()
    scene.passes(0.3)
    scene.happens(ev.HangupRequested(caller), ev.CallerAbandoned("support", caller, 0))
    scene.happens(ev.ChannelGone("caller", caller))
    before = unheard.support
    assert before.abandoned == 1
    scene.passes(0.1)
    unheard.begins()
    unheard.logs(-0.4, "entered", caller)
    unheard.logs(-0.1, "left", caller, outcome="abandoned", waited=0.0)
    assert unheard.ends().calls == {}
    assert unheard.support == before


def test_who_enters_again_in_the_gap_is_counted_again(unheard: Unheard) -> None:
    scene = unheard.scene
    caller = scene.caller_waits()
    scene.passes(20)
    scene.happens(ev.HangupRequested(caller), ev.CallerAbandoned("support", caller, 20))
    unheard.begins()
    unheard.logs(10, "entered", caller)
    unheard.logs(12, "left", caller, outcome="timed out", waited=2.0)
    unheard.ends()
    assert (unheard.support.entered, unheard.support.timed_out) == (2, 1)


def test_who_is_found_waiting_after_the_gap_is_one_caller(unheard: Unheard) -> None:
    unheard.begins()
    unheard.logs(15, "entered", "a")
    waiting = ev.CallerJoined("support", "PJSIP/x-1", "a", 1, "0230210082", "", waited=44)
    channel = ChannelSeen(
        "PJSIP/x-1", "a", "a", ChannelState.UP, "0230210082", "", "", "", "3000", "Queue",
        "support", "", 44,
    )  # fmt: skip
    found = msgspec.structs.replace(
        snapshot(*everywhere(), channels=(channel,)), callers=(waiting,)
    )
    assert unheard.ends(found).calls == {}
    assert (unheard.support.entered, len(unheard.support.waiting)) == (1, 1)


def test_a_call_that_talked_before_the_gap_is_counted_to_its_end(unheard: Unheard) -> None:
    scene = unheard.scene
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.passes(4)
    scene.answers(caller, phone, gosub=False)
    scene.passes(6)
    unheard.begins()
    unheard.logs(24, "completed", caller, talked=30.0, waited=4.0)
    unheard.ends()
    assert (unheard.bruce.inbound_calls, unheard.bruce.inbound_answered) == (1, 1)
    assert unheard.bruce.inbound_talk_s == 30


def test_a_call_that_talked_before_the_gap_is_counted_to_the_gap_without_a_log(
    unheard: Unheard,
) -> None:
    scene = unheard.scene
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone, gosub=False)
    scene.passes(6)
    unheard.begins()
    unheard.ends()
    assert unheard.bruce.inbound_talk_s == 6


def test_a_phone_that_rang_before_the_gap_was_answered_in_it(unheard: Unheard) -> None:
    scene = unheard.scene
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.passes(2)
    unheard.begins()
    unheard.logs(3, "connected", caller, phone=phone, waited=5.0, rang=5.0)
    unheard.logs(13, "completed", caller, talked=10.0, waited=5.0)
    unheard.ends()
    day = unheard.bruce
    assert (day.inbound_calls, day.inbound_answered, day.inbound_unanswered) == (1, 1, 0)
    assert (day.inbound_ring_s, day.inbound_talk_s) == (5, 10)


def test_rings_that_nobody_answered_are_counted_once_each(unheard: Unheard) -> None:
    scene = unheard.scene
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.passes(5)
    scene.hangs_up(phone)  # heard, in the last second before the gap
    unheard.begins()
    unheard.logs(-0.5, "not answered", caller, rang=5.0)
    unheard.logs(2, "not answered", caller, rang=4.0)
    unheard.logs(20, "left", caller, outcome="abandoned", waited=25.0)
    unheard.ends()
    day = unheard.bruce
    assert (day.inbound_calls, day.inbound_unanswered, day.inbound_ring_s) == (2, 2, 9)


def test_who_went_with_asterisk_itself_is_unseen(unheard: Unheard) -> None:
    unheard.begins()
    unheard.logs(10, "entered", "a")
    unheard.ends()
    assert (unheard.support.entered, unheard.support.unseen) == (1, 1)


def test_what_is_outside_the_gap_and_of_others_is_left_alone(unheard: Unheard) -> None:
    unheard.begins()
    unheard.logs(-600, "entered", "old")
    unheard.logs(-590, "left", "old", outcome="abandoned", waited=10.0)
    unheard.logs(10, "entered", "other", queue="elsewhere")
    assert unheard.ends().calls == {}
    assert unheard.support == QueueDay()


def test_a_gap_over_midnight_counts_each_call_on_its_day(unheard: Unheard) -> None:
    scene = unheard.scene
    midnight = scene.center.today_until
    scene.now = midnight - 30
    unheard.begins()
    unheard.logs(10, "entered", "a")
    unheard.logs(14, "connected", "a", phone="p", waited=4.0, rang=3.0)
    unheard.logs(20, "completed", "a", talked=6.0)
    unheard.logs(20, "entered", "b")
    unheard.logs(40, "left", "b", outcome="abandoned", waited=20.0)
    scene.now = midnight + 1
    scene.center.tick(scene.now)
    found = unheard.ends()
    yesterday = day_of(midnight - 1)
    assert found.queues == {(yesterday, SUPPORT): QueueDay(entered=2, answered=1, answered_soon=1)}
    assert found.agents[yesterday, BRUCE].inbound_talk_s == 6
    assert unheard.support == QueueDay(abandoned=1, abandoned_late=1)
    assert unheard.bruce.inbound_calls == 0


def test_a_member_that_is_no_agent_of_ours_counts_for_the_queue_alone(unheard: Unheard) -> None:
    unheard.begins()
    unheard.logs(10, "entered", "a")
    unheard.logs(14, "connected", "a", agent="Reception", phone="p", waited=4.0, rang=3.0)
    unheard.ends()
    assert unheard.support.answered == 1
    assert unheard.bruce.inbound_calls == 0
    assert unheard.scene.agent(ALICE).day(unheard.scene.now).inbound_calls == 0


def dan_joins(unheard: Unheard, interface: str = "Local/1001@default/n") -> None:
    """A member by its own name, on Bruce's phone."""
    member = ev.MemberAdded("support", interface, "Dan", 0, False, "", dynamic=False)
    unheard.scene.happens(member)


def local_call(unheard: Unheard, second: float, until: float, agent: str = AGENT) -> None:
    """A whole call of a member behind a Local channel: the log has the id of that."""
    unheard.logs(second, "connected", "a", agent=agent, phone="local;1", waited=4.0, rang=3.0)
    unheard.logs(until, "completed", "a", agent=agent, talked=until - second, waited=4.0)


def with_dan() -> Snapshot:
    dan = MemberSeen("support", "Local/1001@default/n", "Dan", 0, False, "", 0, 0, dynamic=False)
    return snapshot(*everywhere(), dan)


def test_a_call_of_a_member_by_its_own_name_is_the_agents_at_its_phone(unheard: Unheard) -> None:
    dan_joins(unheard)
    unheard.begins()
    local_call(unheard, 10, 30, "Dan")
    unheard.logs(40, "not answered", "b", agent="Dan", rang=5.0)
    unheard.ends(with_dan())
    day = unheard.bruce
    assert (day.inbound_calls, day.inbound_answered, day.inbound_unanswered) == (2, 1, 1)
    assert (day.inbound_ring_s, day.inbound_talk_s) == (8, 20)


@pytest.mark.parametrize("why", ["nobody sat there", "the name is another's, too"])
def test_a_call_of_a_name_that_may_be_another_is_of_no_agent(unheard: Unheard, why: str) -> None:
    dan_joins(unheard)
    unheard.begins()
    found = with_dan()
    if why == "nobody sat there":
        unheard.seated = {}
    else:
        other = MemberSeen("support", "PJSIP/1009", "Dan", 0, False, "", 0, 0, dynamic=False)
        found = snapshot(*everywhere(), *with_dan().members, other)
    local_call(unheard, 10, 30, "Dan")
    unheard.ends(found)
    assert unheard.bruce.inbound_calls == 0


@pytest.mark.parametrize("when", ["ended before", "cut in talk", "cut as it rang"])
def test_a_call_through_a_local_channel_is_counted_once(unheard: Unheard, when: str) -> None:
    scene = unheard.scene
    dan_joins(unheard)
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    if when == "cut as it rang":
        scene.passes(2)
        unheard.begins()
        local_call(unheard, 1, 11, "Dan")
    else:
        scene.passes(3)
        scene.answers(caller, phone, gosub=False)
        scene.passes(1)
        if when == "ended before":
            scene.hangs_up(phone)
        unheard.begins()
        local_call(unheard, -1, 0 if when == "ended before" else 9, "Dan")
    unheard.ends(with_dan())
    day = unheard.bruce
    assert (day.inbound_calls, day.inbound_answered, day.inbound_unanswered) == (1, 1, 0)


def test_a_call_through_a_local_channel_that_goes_on_is_counted_once(unheard: Unheard) -> None:
    dan_joins(unheard)
    unheard.begins()
    unheard.logs(10, "connected", "a", agent="Dan", phone="local;1", waited=4.0, rang=3.0)
    name, up = "PJSIP/1001-x", ChannelState.UP
    age = int(GAP - 7)
    phone = ChannelSeen(name, "p", "a", up, "1001", "", "0230", "", "", "AppDial", "", "b", age, "")
    unheard.ends(msgspec.structs.replace(with_dan(), channels=(phone,)))
    day = unheard.bruce
    assert (day.inbound_calls, day.inbound_answered, day.inbound_ring_s) == (1, 1, 3)


def test_calls_of_a_phone_that_follow_at_once_are_two(unheard: Unheard) -> None:
    """The log has the ids of phones that no Local channel stands before: time tells nothing."""
    unheard.begins()
    unheard.logs(10, "connected", "a", phone="first", waited=4.0, rang=1.0)
    unheard.logs(11, "completed", "a", talked=1.0, waited=4.0)
    name, up, age = "PJSIP/1001-x", ChannelState.UP, int(GAP - 11)
    phone = ChannelSeen(name, "p", "a", up, "1001", "", "0230", "", "", "AppDial", "", "b", age, "")
    unheard.ends(snapshot(*everywhere(), channels=(phone,)))
    assert (unheard.bruce.inbound_calls, unheard.bruce.inbound_answered) == (2, 2)


def lines_run(work: Callable[[], object]) -> int:
    """How many lines of Python a function runs: its time, on any machine."""
    count = 0

    def trace(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def test_the_work_of_counting_grows_only_as_the_log_does() -> None:
    def work(calls: int) -> int:
        unheard = Unheard()
        unheard.begins()
        for number in range(calls):
            second, caller = 40 * number / calls, f"caller-{number}"
            unheard.logs(second, "entered", caller)
            unheard.logs(second + 1, "not answered", caller, rang=1.0)
            unheard.logs(second + 2, "connected", caller, phone=f"p{number}", waited=2.0, rang=1.0)
            unheard.logs(second + 7, "completed", caller, talked=5.0)
        unheard.scene.now = unheard.began + GAP
        rebuild(unheard.scene.center, snapshot(*everywhere()), unheard.scene.now, unheard.began)
        ran = lines_run(unheard.counts)
        assert unheard.bruce.inbound_talk_s == 5.0 * calls
        return ran + lines_run(unheard.counts)

    assert work(400) < 5 * work(100)


@pytest.mark.parametrize("is_late", [False, True])
def test_a_log_that_is_read_late_counts_no_call_that_a_later_gap_has_cut(is_late: bool) -> None:
    unheard = Unheard()
    scene = unheard.scene
    unheard.begins()
    first = unheard.began
    unheard.logs(30, "not answered", "x", rang=5.0)
    scene.now = first + GAP
    rebuild(scene.center, snapshot(*everywhere()), scene.now, first)
    log, heard_from = unheard.lines, scene.now
    if not is_late:
        count_logged(scene.center, LogsTold(log), first, heard_from, day_of)
    scene.passes(5)
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.passes(2)
    unheard.lines = []
    unheard.begins()
    scene.now = unheard.began + GAP
    rebuild(scene.center, snapshot(*everywhere()), scene.now, unheard.began)
    if is_late:
        count_logged(scene.center, LogsTold(log), first, heard_from, day_of)
    unheard.logs(3, "connected", caller, phone=phone, waited=5.0, rang=5.0)
    unheard.logs(23, "completed", caller, waited=5.0, talked=20.0)
    unheard.counts()
    bruce = unheard.bruce
    assert (bruce.inbound_calls, bruce.inbound_answered, bruce.inbound_unanswered) == (2, 1, 1)
    assert bruce.inbound_talk_s == 20
