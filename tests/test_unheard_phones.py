"""Counting the calls of agents' phones in a gap by CDR: each once, to the agent who sat there."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.scene import ALICE, BRUCE
from tests.test_unheard import Unheard
from xucd.center import events as ev
from xucd.center.day import AgentDay
from xucd.center.events import ChannelState
from xucd.center.rules.unheard_phones import seated
from xucd.store.journal import day_of

TRUNK, PHONE = "PJSIP/trunk-b", "PJSIP/1001-a"
CALLED: dict[str, Any] = {"channel": TRUNK, "called": PHONE}
"""A record of a call to the phone, not by it."""


@pytest.fixture
def unheard() -> Unheard:
    return Unheard()


def moved(unheard: Unheard) -> AgentDay:
    """Bruce's figures of calls."""
    day = unheard.bruce
    states = {"paused_s": 0.0, "wrapup_s": 0.0, "ready_s": 0.0}
    return msgspec.structs.replace(day, **states, login_at=None, logout_at=None)


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({"answered": 13}, AgentDay(outbound_calls=1, outbound_talk_s=17)),
        ({}, AgentDay(outbound_calls=1)),
        (
            {"application": "Queue", "answered": 13},  # the agent has called a queue
            AgentDay(outbound_calls=1, outbound_talk_s=17),
        ),
        (
            {**CALLED, "answered": 13, "taken": True},
            AgentDay(inbound_calls=1, inbound_answered=1, inbound_ring_s=3, inbound_talk_s=17),
        ),
        (CALLED, AgentDay(inbound_calls=1, inbound_unanswered=1, inbound_ring_s=20)),
        (
            {**CALLED, "answered": 10},  # the dialplan has answered, and the phone has not
            AgentDay(inbound_calls=1, inbound_unanswered=1, inbound_ring_s=20),
        ),
        ({**CALLED, "application": "Queue", "answered": 13, "taken": True}, AgentDay()),
        ({**CALLED, "channel": "Local/1001@default-1;2"}, AgentDay()),
        ({"channel": "PJSIP/1002-a"}, AgentDay()),
        ({"unique_id": "xucd-dial-7"}, AgentDay(outbound_calls=1)),
        (
            {"unique_id": "xucd-listen-7", "answered": 13},  # xucd has rung the phone
            AgentDay(inbound_calls=1, inbound_answered=1, inbound_ring_s=3, inbound_talk_s=17),
        ),
    ],
)
def test_a_call_whose_whole_life_is_in_the_gap_is_counted_if_no_queue_has_rung(
    unheard: Unheard, fields: dict[str, Any], counted: AgentDay
) -> None:
    unheard.begins()
    unheard.records_call(10, 30, **fields)
    unheard.ends()
    assert moved(unheard) == counted


def test_counting_the_same_records_again_counts_nothing_twice(unheard: Unheard) -> None:
    unheard.begins()
    unheard.records_call(10, 30, answered=13)
    unheard.ends()
    unheard.counts()
    assert moved(unheard) == AgentDay(outbound_calls=1, outbound_talk_s=17)


def test_a_call_that_is_handed_over_is_one_call_of_each_phone(unheard: Unheard) -> None:
    unheard.begins()
    consulted = "PJSIP/1002-d"
    unheard.scene.logs_in(ALICE)
    unheard.seated["PJSIP/1002"] = ALICE
    unheard.records_call(15, 25, channel="PJSIP/1001-c", called=consulted, answered=18, taken=True)
    outside = {"channel": TRUNK, "unique_id": "2", "taken": True}
    unheard.records_call(10, 25, **outside, called=PHONE, answered=12)
    unheard.records_call(25, 40, **outside, called=consulted, answered=25)
    unheard.ends()
    alice = unheard.scene.agent(ALICE).day(unheard.scene.now)
    assert moved(unheard) == AgentDay(
        inbound_calls=1, inbound_answered=1, inbound_ring_s=2, inbound_talk_s=13,
        outbound_calls=1, outbound_talk_s=7,
    )  # fmt: skip
    assert (alice.inbound_calls, alice.inbound_ring_s, alice.inbound_talk_s) == (1, 3, 22)


def test_a_queues_caller_who_is_handed_on_is_a_call_of_the_second_phone_alone(
    unheard: Unheard,
) -> None:
    unheard.begins()
    member = {"channel": TRUNK, "called": "PJSIP/1002-d", "application": "Queue"}
    unheard.records_call(10, 20, **member, answered=12, taken=True)
    unheard.records_call(20, 30, **CALLED, answered=21, taken=True)
    unheard.ends()
    assert moved(unheard).inbound_talk_s == 9


def test_whoever_takes_a_queues_caller_over_after_a_question_has_one_call(
    unheard: Unheard,
) -> None:
    unheard.begins()
    of_queue = {"channel": TRUNK, "application": "Queue", "unique_id": "2", "taken": True}
    unheard.records_call(25, 40, **of_queue, called=PHONE, answered=25)
    unheard.records_call(10, 25, **of_queue, called="PJSIP/1002-d", answered=12)
    unheard.records_call(15, 25, channel="PJSIP/1002-e", called=PHONE, answered=18, taken=True)
    unheard.ends()
    assert moved(unheard) == AgentDay(
        inbound_calls=1, inbound_answered=1, inbound_ring_s=3, inbound_talk_s=22
    )


@pytest.mark.parametrize(
    ("second", "calls"),
    [
        ({"unique_id": "1795000000.1"}, 1),  # the dialplan did something else in between
        ({"unique_id": "1795000030.1"}, 2),  # Asterisk restarted, and named a channel so again
    ],
)
def test_a_call_that_rings_two_after_each_other_is_one_call(
    unheard: Unheard, second: dict[str, str], calls: int
) -> None:
    unheard.begins()
    unheard.records_call(10, 15)
    unheard.records_call(30, 40, answered=33, **second)
    unheard.ends()
    assert moved(unheard) == AgentDay(outbound_calls=calls, outbound_talk_s=7)


def test_a_phone_that_two_registrations_have_rung_counts_once(unheard: Unheard) -> None:
    unheard.begins()
    unheard.records_call(10, 13, channel=TRUNK, called="PJSIP/1001-c")
    unheard.records_call(10, 30, **CALLED, answered=13, taken=True)
    unheard.records_call(30, 35, channel=TRUNK, called="PJSIP/1001-e")  # it is called once more
    unheard.ends()
    day = moved(unheard)
    assert (day.inbound_calls, day.inbound_answered, day.inbound_unanswered) == (2, 1, 1)


def talks_for_six_seconds_before_the_gap(unheard: Unheard) -> tuple[str, str]:
    """A call that the gap cuts: its unique id and the name of its channel."""
    phone = unheard.scene.talks()
    name = unheard.scene.center.channels.by_id[phone].name
    unheard.scene.passes(6)
    unheard.begins()
    return phone, name


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_call_from_before_the_gap_is_counted_to_its_end(
    unheard: Unheard, is_listed: bool
) -> None:
    phone, name = talks_for_six_seconds_before_the_gap(unheard)
    if is_listed:
        unheard.records_call(-6, 24, channel=name, unique_id=phone, answered=-6)
    unheard.ends()
    talked = 30 if is_listed else 6
    assert moved(unheard) == AgentDay(outbound_calls=1, outbound_talk_s=talked)
    assert unheard.scene.center.under_way.cut_calls == {}


def test_a_channel_of_the_same_name_after_a_restart_of_asterisk_is_another_call(
    unheard: Unheard,
) -> None:
    _, name = talks_for_six_seconds_before_the_gap(unheard)
    unheard.records_call(20, 30, channel=name)
    unheard.ends()
    assert moved(unheard) == AgentDay(outbound_calls=2, outbound_talk_s=6)


def test_a_phone_that_rang_so_that_it_dials_was_answered_in_the_gap(unheard: Unheard) -> None:
    scene, down = unheard.scene, ChannelState.DOWN
    scene.happens(
        ev.ChannelCreated(PHONE, "a", "a", down, "1001", "", ""),
        ev.ChannelMoved("a", "a", ChannelState.RINGING, "1001", "", "0230", ""),
    )
    assert moved(unheard).outbound_calls == 0
    unheard.begins()
    unheard.records_call(0, 30, unique_id="a", answered=4)
    unheard.ends()
    assert moved(unheard) == AgentDay(outbound_calls=1, outbound_talk_s=26)


def rings_directly(unheard: Unheard) -> str:
    """Somebody calls the phone; returns the name of its channel."""
    scene = unheard.scene
    down, ring = ChannelState.DOWN, ChannelState.RING
    scene.happens(
        ev.ChannelCreated(TRUNK, "b", "b", ring, "0230", "", "1001"),
        ev.ChannelCreated(PHONE, "a", "b", down, "1001", "", ""),
        ev.ChannelMoved("a", "b", ChannelState.RINGING, "1001", "", "0230", ""),
    )
    return PHONE


@pytest.mark.parametrize(
    ("answered", "rang", "talked"),
    [(3, 5, 10), (-20, 0, 15)],  # the second by the dialplan, before the phone rang
)
def test_a_phone_that_rang_before_the_gap_was_answered_in_it(
    unheard: Unheard, answered: int, rang: int, talked: int
) -> None:
    rings_directly(unheard)
    unheard.scene.passes(2)
    unheard.begins()
    unheard.records_call(-22, 13, **CALLED, answered=answered, taken=True)
    unheard.ends()
    assert moved(unheard) == AgentDay(
        inbound_calls=1, inbound_answered=1, inbound_ring_s=rang, inbound_talk_s=talked
    )


def test_the_queues_ring_is_not_taken_for_a_direct_one_that_was_cut(unheard: Unheard) -> None:
    rings_directly(unheard)
    unheard.scene.passes(2)
    unheard.begins()
    unheard.records_call(-2, 20, **CALLED)
    unheard.logs(20, "not answered", "q", rang=4.0)
    unheard.ends()
    assert moved(unheard) == AgentDay(inbound_calls=2, inbound_unanswered=2, inbound_ring_s=26)


def test_what_ended_in_the_second_before_the_gap_is_not_counted_again(unheard: Unheard) -> None:
    scene = unheard.scene
    rings_directly(unheard)
    scene.passes(2)
    scene.hangs_up("a", "b")
    before = moved(unheard)
    assert before.inbound_unanswered == 1
    scene.passes(0.1)
    unheard.begins()
    unheard.records_call(-2, 0, **CALLED)
    unheard.ends()
    assert moved(unheard) == before


def test_a_channel_that_lives_is_left_to_what_is_heard_of_it(unheard: Unheard) -> None:
    unheard.begins()
    unheard.records_call(10, 30, answered=13)
    unheard.scene.happens(ev.ChannelCreated(PHONE, "a", "a", ChannelState.RING, "1001", "", "0230"))
    before = moved(unheard)
    unheard.scene.now = unheard.began + 60
    unheard.counts()
    assert before.outbound_calls == 1
    assert moved(unheard) == before


@pytest.mark.parametrize("moment", [(-20, 30), (-30, -10), (70, 80)])
def test_a_call_that_is_not_of_the_gap_alone_and_unknown_is_nobodys(
    unheard: Unheard, moment: tuple[float, float]
) -> None:
    unheard.begins()
    unheard.records_call(*moment)  # its agent was not at the phone when it began
    unheard.ends()
    assert moved(unheard) == AgentDay()


def test_only_who_logged_in_before_sits_at_a_phone_since_then(unheard: Unheard) -> None:
    scene = unheard.scene
    began = scene.now
    scene.passes(1)
    scene.logs_in(ALICE)
    assert seated(scene.center, began) == {"PJSIP/1001": BRUCE}
    assert seated(scene.center, scene.now) == {"PJSIP/1001": BRUCE, "PJSIP/1002": ALICE}


def test_a_gap_over_midnight_counts_each_call_on_the_day_on_which_it_ended(
    unheard: Unheard,
) -> None:
    scene = unheard.scene
    midnight = scene.center.today_until
    scene.now = midnight - 30
    unheard.begins()
    unheard.records_call(10, 20, answered=12)
    unheard.records_call(25, 40, **CALLED | {"called": "PJSIP/1001-e"}, unique_id="2")
    scene.now = midnight + 1
    scene.center.tick(scene.now)
    found = unheard.ends()
    yesterday = day_of(midnight - 1)
    assert found.agents == {(yesterday, BRUCE): AgentDay(outbound_calls=1, outbound_talk_s=8)}
    day = moved(unheard)
    assert (day.inbound_unanswered, day.outbound_calls) == (1, 0)
