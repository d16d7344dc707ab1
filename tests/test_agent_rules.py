"""The agent's life, from the events of its members and its phone."""

import pytest

from tests.scene import ALICE, BRUCE, CAROLINE, DAY, SALES, SUPPORT, Scene
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import STANCE, AgentState, Fact, Phone, Stance, after, shown
from xucd.center.events import ChannelState, DeviceStatus
from xucd.center.intents import Nudge, SetPause
from xucd.center.rules import commanded
from xucd.store.journal import midnight_after

READY, ON_PAUSE, ON_WRAPUP = AgentState.READY, AgentState.ON_PAUSE, AgentState.ON_WRAPUP
RINGING, ON_CALL, DIALING = AgentState.RINGING, AgentState.ON_CALL, AgentState.DIALING
LOGGED_OUT = AgentState.LOGGED_OUT


def test_every_stance_but_out_can_be_left_by_logging_out() -> None:
    leaving = {stance for stance, fact in STANCE if fact is Fact.LOGGED_OUT}
    assert leaving == set(Stance) - {Stance.OUT}


@pytest.mark.parametrize("fact", [Fact.PAUSED, Fact.UNPAUSED, Fact.PAUSED_FOR_WRAPUP])
def test_nothing_but_a_login_brings_back_an_agent_that_is_out(fact: Fact) -> None:
    assert after(Stance.OUT, fact) is Stance.OUT


@pytest.mark.parametrize("stance", [Stance.READY, Stance.PAUSED, Stance.WRAPPING])
def test_a_live_call_hides_whatever_the_queues_say(stance: Stance) -> None:
    assert shown(stance, Phone.TALKING) is ON_CALL
    assert shown(stance, Phone.RINGING) is RINGING
    assert shown(stance, Phone.DIALING) is DIALING


def test_an_agent_that_is_out_is_shown_so_even_while_its_phone_is_used() -> None:
    assert shown(Stance.OUT, Phone.TALKING) is LOGGED_OUT


def test_the_first_member_logs_an_agent_in_and_the_others_change_nothing_clients_see() -> None:
    scene = Scene()
    scene.logs_in()
    assert scene.states() == [READY]
    assert scene.memberships() == []


def test_a_queue_call_shows_ringing_on_call_wrapup_ready_and_no_other_state(scene: Scene) -> None:
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone)
    scene.passes(20)
    scene.hangs_up(phone, caller)
    scene.passes(5)
    assert scene.asked == [SetPause("PJSIP/1001", False)]
    scene.pauses(False)
    assert scene.states() == [RINGING, ON_CALL, ON_WRAPUP, READY]


def test_a_queue_call_is_told_as_acd_incoming_and_external(scene: Scene) -> None:
    caller = scene.caller_waits()
    scene.answers(caller, scene.rings(caller))
    call = scene.agent().shown.call
    assert call is not None
    assert (call.acd, call.incoming, call.internal, call.recording) == (
        True,
        True,
        False,
        "DISABLED",
    )


def test_a_call_from_another_line_is_internal_and_no_queue_call(scene: Scene) -> None:
    ringing = ChannelState.RINGING
    scene.happens(
        ev.ChannelCreated("PJSIP/1002-1", "a", "a", ChannelState.RING, "1002", "", "1001"),
        ev.ChannelCreated("PJSIP/1001-2", "b", "a", ChannelState.DOWN, "1001", "", ""),
        ev.ChannelMoved("b", "a", ringing, "1001", "", "1002", ""),
        ev.ChannelMoved("b", "a", ChannelState.UP, "1001", "", "1002", ""),
    )
    call = scene.agent().shown.call
    assert call is not None
    assert (call.acd, call.incoming, call.internal) == (False, True, True)


@pytest.mark.parametrize(("dialled", "internal"), [("1002", True), ("0230210082", False)])
def test_a_call_that_the_phone_places_shows_dialing_then_on_call(
    scene: Scene, dialled: str, internal: bool
) -> None:
    name, up = "PJSIP/1001-9", ChannelState.UP
    scene.happens(
        ev.ChannelCreated(name, "out", "out", ChannelState.RING, "1001", "", dialled),
        ev.ChannelMoved("out", "out", up, "1001", "", dialled, ""),
    )
    scene.passes(30)
    scene.hangs_up("out")
    assert scene.states() == [DIALING, ON_CALL, READY]
    call = next(c.shown.call for c in scene.told if isinstance(c, ch.AgentChanged) and c.shown.call)
    assert (call.acd, call.incoming, call.internal) == (False, False, internal)
    assert (
        scene.agent().day(scene.now).outbound_calls,
        scene.agent().day(scene.now).outbound_talk_s,
    ) == (1, 30)


def test_a_pause_of_some_queues_only_leaves_the_agent_ready(scene: Scene) -> None:
    scene.happens(ev.MemberPaused("support", "PJSIP/1001", "Agent/2501", True, "lunch"))
    assert scene.states() == []
    scene.pauses(True, "lunch")
    assert scene.states() == [ON_PAUSE]
    assert scene.agent().shown.cause == "lunch"


def test_a_queue_that_a_paused_agent_is_put_into_does_not_change_its_reason(scene: Scene) -> None:
    scene.pauses(True, "lunch")
    scene.forget()
    scene.happens(
        ev.MemberRemoved("billing", "PJSIP/1001", "Agent/2501"),
        ev.MemberAdded("billing", "PJSIP/1001", "Agent/2501", 0, True, ""),
        ev.MemberPaused("billing", "PJSIP/1001", "Agent/2501", True, "lunch"),
    )
    assert scene.states() == []


def test_the_first_queue_unpaused_makes_the_agent_ready(scene: Scene) -> None:
    scene.pauses(True, "lunch")
    scene.forget()
    scene.happens(ev.MemberPaused("sales", "PJSIP/1001", "Agent/2501", False, ""))
    assert scene.states() == [READY]


def test_another_reason_is_told_once_and_begins_a_new_pause(scene: Scene) -> None:
    scene.pauses(True, "lunch")
    scene.forget()
    scene.passes(60)
    scene.pauses(True, "meeting")
    assert scene.states() == [ON_PAUSE]
    assert (scene.agent().shown.cause, scene.agent().since) == ("meeting", scene.now)


def test_an_agent_who_pauses_during_the_call_stays_paused_after_it(scene: Scene) -> None:
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone)
    scene.pauses(True, "lunch")
    scene.hangs_up(phone, caller)
    scene.passes(60)
    assert scene.states() == [RINGING, ON_CALL, ON_PAUSE]
    assert scene.asked == []


def test_a_pause_chosen_while_the_phone_rang_is_put_back_when_answering_overwrote_it(
    scene: Scene,
) -> None:
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.pauses(True, "lunch")
    scene.answers(caller, phone)
    assert scene.asked == [SetPause("PJSIP/1001", True, "lunch")]
    scene.pauses(True, "lunch")
    scene.hangs_up(phone, caller)
    assert scene.states()[-1] is ON_PAUSE
    assert scene.agent().shown.cause == "lunch"


def test_a_wrapup_that_asterisk_does_not_end_is_asked_for_again(scene: Scene) -> None:
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone)
    scene.hangs_up(phone, caller)
    scene.passes(6.5)
    assert scene.asked == [SetPause("PJSIP/1001", False)] * 2


def test_a_queue_without_wrapup_that_pauses_all_the_same_is_unpaused_at_once(
    scene: Scene,
) -> None:
    caller = scene.caller_waits("sales")
    phone = scene.rings(caller, "sales")
    scene.answers(caller, phone, "sales")
    scene.hangs_up(phone, caller)
    assert scene.asked[0] == SetPause("PJSIP/1001", False)


def test_whoever_becomes_ready_is_offered_to_waiting_callers_at_once(scene: Scene) -> None:
    scene.pauses(True, "lunch")
    for _ in range(4):
        scene.caller_waits()
    other = scene.caller_waits("sales")
    scene.forget()
    scene.pauses(False)
    assert scene.nudged() == [
        "PJSIP/trunk-00000001",
        "PJSIP/trunk-00000002",
        scene.center.channels.by_id[other].name,
    ]


def test_a_caller_for_whom_a_phone_rings_already_is_not_nudged(scene: Scene) -> None:
    scene.logs_in(ALICE)
    scene.pauses(True, "lunch")
    first = scene.caller_waits()
    second = scene.caller_waits()
    scene.rings(first, agent_id=ALICE)
    scene.forget()
    scene.pauses(False)
    assert scene.nudged() == [scene.center.channels.by_id[second].name]


def test_an_agent_whose_phone_is_not_yet_free_is_offered_once_the_queue_knows_it_is(
    scene: Scene,
) -> None:
    scene.pauses(True, "lunch")
    scene.caller_waits()
    scene.happens(ev.MemberStatus("support", "PJSIP/1001", "Agent/2501", DeviceStatus.IN_USE))
    scene.forget()
    scene.pauses(False)
    assert scene.asked == []
    scene.happens(ev.MemberStatus("support", "PJSIP/1001", "Agent/2501", DeviceStatus.NOT_IN_USE))
    assert scene.asked == [Nudge("PJSIP/trunk-00000001")]


def test_whoever_has_waited_longest_is_offered_first_whichever_queue_it_is_in(
    scene: Scene,
) -> None:
    talk = scene.talks()
    scene.phone_is(DeviceStatus.IN_USE)
    queues = ("support", "sales", "billing")
    waiting = [scene.caller_waits(queue) for queue in reversed(queues)]
    scene.forget()
    scene.hangs_up(talk)
    assert scene.asked == []
    scene.phone_is(DeviceStatus.NOT_IN_USE)
    assert scene.nudged() == [scene.center.channels.by_id[caller].name for caller in waiting]


def test_a_phone_that_becomes_free_under_a_paused_agent_is_offered_to_nobody(
    scene: Scene,
) -> None:
    scene.pauses(True, "lunch")
    scene.caller_waits()
    scene.phone_is(DeviceStatus.IN_USE)
    scene.phone_is(DeviceStatus.NOT_IN_USE)
    assert scene.asked == []


def test_a_removed_member_is_told_with_penalty_minus_one(scene: Scene) -> None:
    scene.happens(ev.MemberRemoved("sales", "PJSIP/1001", "Agent/2501"))
    assert scene.memberships() == [(BRUCE, SALES, -1)]
    assert scene.states() == []


def test_members_that_go_by_a_logout_do_not_change_the_agents_queues(scene: Scene) -> None:
    queues = dict(scene.agent().queues)
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    for queue in ("support", "sales", "billing"):
        scene.happens(ev.MemberRemoved(queue, "PJSIP/1001", "Agent/2501"))
    assert scene.states() == [LOGGED_OUT]
    assert scene.memberships() == []
    assert scene.agent().queues == queues
    assert scene.agent().shown.phone_number == "1001"


def test_a_member_taken_away_from_a_wrapping_agent_leaves_it_wrapping(scene: Scene) -> None:
    scene.wraps_up()
    scene.happens(ev.MemberRemoved("sales", "PJSIP/1001", "Agent/2501"))
    assert scene.agent().stance is Stance.WRAPPING


def test_a_changed_penalty_is_told_once(scene: Scene) -> None:
    for _ in range(2):
        scene.happens(ev.MemberPenalty("support", "PJSIP/1001", "Agent/2501", 7))
    assert scene.memberships() == [(BRUCE, SUPPORT, 7)]


@pytest.mark.parametrize(
    "event",
    [
        ev.MemberAdded("strange", "PJSIP/1002", "Agent/2502", 0, False, ""),
        ev.MemberAdded("support", "Local/55@x", "Agent/2502", 0, False, ""),
        ev.MemberAdded("support", "PJSIP/1002", "PJSIP/1002", 0, False, ""),
        ev.MemberAdded("support", "PJSIP/1002", "Agent/2501", 0, False, ""),
        ev.MemberPaused("support", "PJSIP/1002", "Agent/2502", True, ""),
        ev.ChannelGone("PJSIP/1001-99", "unheard of"),
        ev.BridgeEntered("b", "unheard of", "x"),
        ev.DeviceChanged("Custom:light", "INUSE"),
    ],
)
def test_what_concerns_nobody_we_know_changes_nothing(scene: Scene, event: ev.Event) -> None:
    scene.happens(event)
    assert scene.told == []


def test_an_agent_without_queues_logs_in_pauses_and_leaves_by_itself() -> None:
    scene = Scene()
    line = scene.center.directory.lines[3]
    commanded.log_in_without_queues(scene.center, CAROLINE, line, scene.now)
    commanded.pause_without_queues(scene.center, CAROLINE, True, "lunch", scene.now)
    commanded.pause_without_queues(scene.center, CAROLINE, False, "", scene.now)
    commanded.begin_logout(scene.center, CAROLINE, scene.now)
    scene.happens()
    assert scene.states(CAROLINE) == [READY, ON_PAUSE, READY, LOGGED_OUT]


def test_a_reason_belongs_to_a_pause_alone() -> None:
    scene = Scene()
    commanded.log_in_without_queues(
        scene.center, CAROLINE, scene.center.directory.lines[3], scene.now
    )
    commanded.pause_without_queues(scene.center, CAROLINE, False, "lunch", scene.now)
    assert scene.agent(CAROLINE).reason == ""
    commanded.pause_without_queues(scene.center, CAROLINE, True, "lunch", scene.now)
    assert scene.agent(CAROLINE).reason == "lunch"


def test_an_agent_that_has_logged_out_can_log_in_again(scene: Scene) -> None:
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    for queue in ("support", "sales", "billing"):
        scene.happens(ev.MemberRemoved(queue, "PJSIP/1001", "Agent/2501"))
    scene.logs_in()
    assert scene.states() == [LOGGED_OUT, READY]


def test_recording_is_shown_with_the_call_and_changes_with_it(scene: Scene) -> None:
    caller = scene.caller_waits()
    channel = scene.center.channels.by_id[caller].name
    scene.happens(ev.RecordingStarted(channel, caller))
    scene.answers(caller, scene.rings(caller))
    for event in (
        ev.RecordingMuted(caller, True),
        ev.RecordingMuted(caller, False),
        ev.RecordingStopped(channel, caller),
    ):
        scene.happens(event)
    recordings = [
        change.shown.call.recording
        for change in scene.told
        if isinstance(change, ch.AgentChanged) and change.shown.call
    ]
    assert recordings == ["ACTIVE", "PAUSED", "ACTIVE", "DISABLED"]


def test_a_mute_of_what_is_not_recorded_is_not_shown_as_paused(scene: Scene) -> None:
    caller = scene.caller_waits()
    scene.answers(caller, scene.rings(caller))
    scene.happens(ev.RecordingMuted(caller, True))
    call = scene.agent().shown.call
    assert call is not None
    assert call.recording == "DISABLED"


def test_the_day_counts_calls_and_the_time_in_each_state(scene: Scene) -> None:
    scene.passes(10)
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.passes(4)
    scene.answers(caller, phone)
    scene.passes(30)
    scene.hangs_up(phone, caller)
    scene.passes(3)
    scene.pauses(False)
    missed = scene.caller_waits()
    unheard = scene.rings(missed)
    scene.passes(8)
    scene.hangs_up(unheard, missed)
    scene.pauses(True, "lunch")
    scene.passes(100)
    scene.pauses(False)
    day = scene.agent().day(scene.now)
    assert (day.ready_s, day.wrapup_s, day.paused_s) == (10, 3, 100)
    assert (day.inbound_calls, day.inbound_answered, day.inbound_unanswered) == (2, 1, 1)
    assert (day.inbound_talk_s, day.inbound_ring_s) == (30, 12)


def test_a_phone_that_rings_twice_is_counted_once_and_not_as_answered(scene: Scene) -> None:
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.happens(ev.ChannelMoved(phone, caller, ChannelState.RINGING, "1001", "", "", ""))
    day = scene.agent().day(scene.now)
    assert (day.inbound_calls, day.inbound_answered) == (1, 0)


def test_a_phone_that_answers_without_ringing_is_counted_as_called_and_answered(
    scene: Scene,
) -> None:
    scene.happens(
        ev.ChannelCreated("PJSIP/1001-2", "b", "a", ChannelState.DOWN, "1001", "", ""),
        ev.ChannelMoved("b", "a", ChannelState.UP, "1001", "", "0230", ""),
    )
    day = scene.agent().day(scene.now)
    assert (day.inbound_calls, day.inbound_answered, day.inbound_ring_s) == (1, 1, 0)


def figures_told(scene: Scene) -> int:
    return sum(isinstance(change, ch.AgentStatsChanged) for change in scene.told)


def test_the_figures_of_a_call_that_is_over_are_told_once_with_the_state(scene: Scene) -> None:
    phone = scene.rings(scene.caller_waits())
    scene.forget()
    scene.hangs_up(phone)
    assert (scene.states(), figures_told(scene)) == ([READY], 1)


def test_a_call_missed_during_another_is_told_although_the_state_stays(scene: Scene) -> None:
    caller = scene.caller_waits()
    scene.answers(caller, scene.rings(caller))
    missed = scene.rings(scene.caller_waits())
    scene.forget()
    scene.hangs_up(missed)
    assert (scene.states(), figures_told(scene)) == ([], 1)
    assert scene.agent().day(scene.now).inbound_unanswered == 1


def test_a_call_that_moves_to_another_phone_is_that_agents(scene: Scene) -> None:
    scene.logs_in(ALICE)
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone, gosub=False)
    scene.forget()
    old = scene.center.channels.by_id[phone].name
    scene.happens(
        ev.ChannelRenamed(phone, old, "PJSIP/1002-00000001"),
        ev.ChannelRenamed("unheard of", "a", "PJSIP/1001-00000009"),
    )
    assert (scene.states(BRUCE), scene.states(ALICE)) == ([READY], [ON_CALL])


def test_a_phone_that_joins_a_call_by_its_bridge_is_shown_in_it(scene: Scene) -> None:
    caller = scene.caller_waits()
    scene.happens(
        ev.RecordingStarted("PJSIP/trunk-1", caller),
        ev.ChannelCreated("PJSIP/1001-2", "b", "b", ChannelState.DOWN, "1001", "", ""),
        ev.ChannelMoved("b", "b", ChannelState.UP, "1001", "", "0230", ""),
    )
    scene.happens(ev.BridgeEntered("x", "b", caller))
    calls = [change.shown.call for change in scene.told if isinstance(change, ch.AgentChanged)]
    assert [call.recording for call in calls if call is not None] == ["DISABLED", "ACTIVE"]


def test_the_state_of_a_lines_phone_is_told_when_it_changes(scene: Scene) -> None:
    in_use = ev.DeviceChanged("PJSIP/1001", "INUSE")
    scene.happens(in_use, in_use, ev.DeviceChanged("PJSIP/1001", "NOT_INUSE"))
    assert scene.told == [ch.PhoneChanged(1, "INUSE"), ch.PhoneChanged(1, "NOT_INUSE")]


def test_midnight_begins_the_counters_anew_and_keeps_the_login(scene: Scene) -> None:
    login = scene.agent().day(scene.now).login_at
    midnight = midnight_after(scene.now)
    scene.passes(midnight - scene.now + 60)
    assert scene.agent().day(scene.now).ready_s == 60
    assert scene.agent().day(scene.now).login_at == login
    assert sum(isinstance(change, ch.DayEnded) for change in scene.told) == 1
    commanded.log_in_without_queues(
        scene.center, CAROLINE, scene.center.directory.lines[3], scene.now
    )
    commanded.begin_logout(scene.center, CAROLINE, scene.now)
    logout = scene.now
    scene.passes(DAY)
    assert scene.agent(CAROLINE).day(scene.now).logout_at == logout
