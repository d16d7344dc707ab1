"""Agents in queues of other PBXs: what they are to be there, and how that comes about."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.scene import ALICE, BRUCE, SALES, START, SUPPORT, Scene
from tests.test_agents_away import ELSEWHERE, SOUTH, Heard, context_of, sites
from tests.test_context import Script, a_context
from tests.test_rebuild import member, snapshot
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import AgentState, Stance
from xucd.center.center import Center, Remembered
from xucd.center.channels import FarCall
from xucd.center.directory import MAIN, Directory
from xucd.center.homes import Home, Returning
from xucd.center.intents import (
    WRAPUP_REASON,
    AddMember,
    MarkCaller,
    Mute,
    RemoveMember,
    SetDeviceState,
    SetPause,
    SetPenalty,
)
from xucd.center.refused import Refused
from xucd.center.rules import commanded, visitors
from xucd.center.rules.homes import came, left
from xucd.center.rules.strangers import left_behind
from xucd.center.rules.visitors import visits
from xucd.center.sheets import KeptSheet, SheetTemplate
from xucd.center.station import Station
from xucd.center.under_way import AgentUnderWay, Resumed
from xucd.center.visitors import AWAY, BUSY, FREE, RINGING, Visitor
from xucd.commands.pause import unpause_agent
from xucd.commands.recording import monitor
from xucd.cti.commands import MonitorPause, MonitorUnpause
from xucd.store.journal import midnight_after

DEVICE = "Custom:xucd-2001"
PHONE = f"Local/{SUPPORT}:2001:{SOUTH}@xucd-to-pbx"
IN_SALES = f"Local/{SALES}:2001:{SOUTH}@xucd-to-pbx"
JUDGED = "Local/1001@xucd-agent"
GUEST = Visitor(ALICE, 5, "2001", {SUPPORT: 3, ELSEWHERE: 0, 4711: 1})
"""Of its queues one is here, one at its home, and one that there is no more."""


def at_main() -> Scene:
    """A PBX where Alice is not at home."""
    return Scene(centre=sites().of_pbx(MAIN), homes=[Home(ALICE, SOUTH, 5)])


def with_guest() -> Scene:
    scene = at_main()
    visitors.told(scene.center, SOUTH, GUEST, scene.now)
    visitors.all_told(scene.center, SOUTH, {ALICE})
    scene._take()
    return scene


def hears(scene: Scene, visitor: Visitor, home: str = SOUTH) -> list[object]:
    scene.forget()
    visitors.told(scene.center, home, visitor, scene.now)
    scene._take()
    return list(scene.asked)


# -- as a host


def test_a_visitor_becomes_a_member_of_the_queues_here_once_its_device_has_a_state() -> None:
    scene = at_main()
    assert hears(scene, GUEST) == [
        SetDeviceState(DEVICE, AWAY),  # until its home has told all
        AddMember("support", PHONE, "Agent/2502", 3, False, DEVICE),
    ]
    scene.forget()
    visitors.all_told(scene.center, SOUTH, {ALICE})
    scene._take()
    assert scene.asked == [SetDeviceState(DEVICE, FREE)]


def test_what_changes_of_a_visitor_is_asked_for_once() -> None:
    scene = with_guest()
    assert hears(scene, GUEST) == []
    busy = replace(GUEST, device=BUSY, paused=True, reason="lunch", queues={SUPPORT: 1, SALES: 0})
    assert hears(scene, busy) == [
        SetDeviceState(DEVICE, BUSY),
        SetPenalty("support", PHONE, 1),
        SetPause(PHONE, True, "lunch", "support"),
        AddMember("sales", IN_SALES, "Agent/2502", 0, True, DEVICE),
        SetPause(IN_SALES, True, "lunch", "sales"),
    ]
    assert hears(scene, busy) == []
    assert hears(scene, GUEST) == [
        SetDeviceState(DEVICE, FREE),
        RemoveMember("sales", IN_SALES),
        SetPenalty("support", PHONE, 3),
        SetPause(PHONE, False, "", "support"),
    ]


def test_a_visitor_that_leaves_is_removed() -> None:
    scene = with_guest()
    scene.forget()
    visitors.left(scene.center, "west", ALICE)  # which is not its home
    scene._take()
    assert scene.asked == []
    visitors.left(scene.center, SOUTH, ALICE)
    scene._take()
    assert scene.asked == [RemoveMember("support", PHONE)]


def test_of_two_homes_the_later_one_is_right_whichever_speaks_last() -> None:
    scene = with_guest()
    moved = replace(GUEST, number=6, line="3001")
    assert hears(scene, moved, "west")[-2:] == [
        RemoveMember("support", PHONE),
        AddMember(
            "support", f"Local/{SUPPORT}:3001:west@xucd-to-pbx", "Agent/2502", 3, False,
            "Custom:xucd-3001",
        ),
    ]  # fmt: skip
    assert hears(scene, GUEST) == []
    visitors.left(scene.center, SOUTH, ALICE)
    scene._take()
    assert scene.asked == []


def test_a_visitor_whose_home_is_silent_is_out_of_reach_and_stays() -> None:
    scene = with_guest()
    scene.forget()
    visitors.lost(scene.center, SOUTH)
    scene._take()
    assert scene.asked == [SetDeviceState(DEVICE, AWAY)]
    scene.forget()
    visitors.all_told(scene.center, SOUTH, {ALICE})
    scene._take()
    assert scene.asked == [SetDeviceState(DEVICE, FREE)]


def test_who_is_not_among_all_that_a_home_has_told_is_removed() -> None:
    scene = with_guest()
    scene.forget()
    visitors.all_told(scene.center, SOUTH, set())
    scene._take()
    assert scene.asked == [RemoveMember("support", PHONE)]


def test_visitors_count_as_agents_of_their_queues() -> None:
    scene = with_guest()
    present = scene.center.presence.of
    assert (present(SUPPORT).logged_in, present(SUPPORT).available) == (1, 1)
    hears(scene, replace(GUEST, device=BUSY, talks=True))
    assert scene.told == [ch.QueueStatsChanged(SUPPORT)]
    assert (present(SUPPORT).talking, present(SUPPORT).available) == (1, 0)
    visitors.left(scene.center, SOUTH, ALICE)
    assert present(SUPPORT).logged_in == 0


def test_a_caller_who_waits_looks_at_once_for_a_visitor_who_has_talked() -> None:
    scene = with_guest()
    scene.caller_waits()
    talking = replace(GUEST, device=BUSY, talks=True)
    wrapping = replace(GUEST, paused=True, reason=WRAPUP_REASON)
    hears(scene, talking)
    assert scene.nudged() == []
    hears(scene, wrapping)
    assert scene.nudged() == []
    hears(scene, GUEST)
    assert scene.nudged() == ["PJSIP/trunk-00000001"]
    for was in (replace(GUEST, device=RINGING), replace(GUEST, paused=True, reason="lunch")):
        hears(scene, was)
        hears(scene, GUEST)
        assert scene.nudged() == []  # who has not talked is found as app_queue looks next


def test_a_visitors_wrapup_ends_when_its_home_says_so() -> None:
    scene = with_guest()
    scene.happens(ev.MemberAdded("support", PHONE, "Agent/2502", 3, False, ""))
    scene.forget()
    scene.happens(ev.MemberPaused("support", PHONE, "Agent/2502", True, WRAPUP_REASON))
    assert scene.asked == []  # no stray of ours
    assert hears(scene, replace(GUEST, paused=True, reason=WRAPUP_REASON)) == []
    assert hears(scene, GUEST) == [SetPause(PHONE, False, "", "support")]


def test_what_another_program_does_to_a_visitor_is_put_right() -> None:
    scene = with_guest()
    scene.forget()
    scene.happens(ev.MemberRemoved("support", PHONE, "Agent/2502"))
    assert scene.asked == [AddMember("support", PHONE, "Agent/2502", 3, False, DEVICE)]
    scene.happens(ev.MemberAdded("support", PHONE, "Agent/2502", 3, False, ""))
    scene.forget()
    scene.happens(ev.MemberPaused("support", PHONE, "Agent/2502", True, "Auto-Pause"))
    assert scene.asked == [SetPause(PHONE, False, "", "support")]
    scene.forget()
    scene.happens(ev.MemberPaused("support", PHONE, "Agent/2502", False, ""))
    assert scene.asked == []


def test_a_queue_that_asterisk_lacks_is_asked_for_once_it_is_there() -> None:
    scene = with_guest()
    scene.forget()
    scene.rebuilds(replace(snapshot(), queues=("sales",)))
    assert not any(isinstance(each, AddMember) for each in scene.asked)
    scene.forget()
    scene.rebuilds(snapshot())
    assert AddMember("support", PHONE, "Agent/2502", 3, False, DEVICE) in scene.asked


def test_a_late_word_of_a_former_home_makes_no_visitor_of_who_is_at_home() -> None:
    scene = at_main()
    came(scene.center, Returning(Home(ALICE, MAIN, 6), 1, {SUPPORT: 3}), scene.now)
    scene._take()
    assert hears(scene, GUEST) == []


def test_visitors_of_a_queue_that_is_no_more_are_removed() -> None:
    scene = with_guest()
    scene.happens(ev.MemberAdded("support", PHONE, "Agent/2502", 3, False, ""))
    before = scene.center.directory
    queues = [queue for queue in before.queues.values() if queue.id != SUPPORT]
    after = Directory(before.groups.values(), queues, before.lines.values(), before.agents.values())
    assert left_behind(scene.center, after) == [RemoveMember("support", PHONE)]


def test_of_a_pbx_that_is_no_more_no_visitor_stays() -> None:
    before, after = with_guest(), at_main()
    after.center.directory.pbxs = (MAIN,)
    after.center.visitors.inherit(before.center.visitors)
    after.rebuilds(snapshot(member("support", interface=PHONE, member="Agent/2502")))
    assert after.asked == [RemoveMember("support", PHONE)]


def test_a_list_corrects_visitors_and_removes_those_whom_their_home_does_not_want() -> None:
    scene = with_guest()
    scene.forget()
    scene.rebuilds(snapshot(member("sales", interface=IN_SALES, member="Agent/2502")))
    assert scene.asked == [
        RemoveMember("sales", IN_SALES),
        SetDeviceState(DEVICE, FREE),  # Asterisk may be another by now
        AddMember("support", PHONE, "Agent/2502", 3, False, DEVICE),
    ]
    scene.forget()
    listed = member("support", interface=PHONE, member="Agent/2502", penalty=3)
    scene.rebuilds(snapshot(listed))
    assert scene.asked == [SetDeviceState(DEVICE, FREE)]


def test_a_member_of_a_home_that_has_not_spoken_yet_stays_and_rings_nobody() -> None:
    scene = at_main()
    scene.rebuilds(snapshot(member("support", interface=PHONE, member="Agent/2502")))
    assert scene.asked == [SetDeviceState(DEVICE, AWAY)]
    west = f"Local/{SUPPORT}:2001:west@xucd-to-pbx"
    scene.forget()
    scene.rebuilds(snapshot(member("support", interface=west, member="Agent/2502")))
    assert scene.asked == [RemoveMember("support", west)]  # there is no such PBX


def test_a_member_that_was_listed_before_its_home_spoke_is_made_what_it_is_to_be() -> None:
    scene = at_main()
    wrapping = member("support", interface=PHONE, member="Agent/2502", penalty=3)
    wrapping = replace(wrapping, paused=True, reason=WRAPUP_REASON)
    gone = member("sales", interface=f"Local/{SALES}:2003:{SOUTH}@xucd-to-pbx", member="Agent/2506")
    scene.rebuilds(snapshot(wrapping, gone))
    scene.forget()
    visitors.told(scene.center, SOUTH, GUEST, scene.now)
    visitors.all_told(scene.center, SOUTH, {ALICE})
    scene._take()
    assert scene.asked == [
        SetPause(PHONE, False, "", "support"),
        SetDeviceState(DEVICE, FREE),
        RemoveMember("sales", gone.interface),
    ]


def test_a_visitor_that_comes_home_is_one_no_more() -> None:
    scene = with_guest()
    scene.forget()
    came(scene.center, Returning(Home(ALICE, MAIN, 6), 1, {SUPPORT: 3}), scene.now)
    scene._take()
    assert RemoveMember("support", PHONE) in scene.asked
    assert scene.center.presence.of(SUPPORT).logged_in == 0


def test_another_configuration_keeps_its_visitors() -> None:
    before, after = with_guest(), at_main()
    after.center.visitors.inherit(before.center.visitors)
    assert hears(after, GUEST) == []


# -- as a home


def at_home(
    *stations: Station, queues: dict[int, int] | None = None, resumed: Resumed | None = None
) -> Scene:
    """A PBX where Bruce is at home, with a queue of another one."""
    scene = Scene()
    scene.center = Center(
        sites().of_pbx(MAIN),
        scene.now,
        midnight_after,
        Remembered(
            queues={BRUCE: {SUPPORT: 0, ELSEWHERE: 4} if queues is None else queues},
            stations={station.agent_id: station for station in stations},
            at_home={BRUCE: 7},
            resumed=resumed,
        ),
    )
    return scene


def logs_in(scene: Scene) -> None:
    """By the way that is judged."""
    commanded.begin_login(scene.center, BRUCE)
    scene.happens(ev.MemberAdded("support", JUDGED, "Agent/2501", 0, False, ""))


def sent(scene: Scene) -> Visitor | None:
    return visits(scene.center, scene.agent()).get(SOUTH)


def test_an_agent_is_a_visitor_while_it_is_logged_in_with_what_its_phone_does() -> None:
    scene = at_home()
    scene.center.devices["PJSIP/1001"] = FREE
    assert sent(scene) is None
    logs_in(scene)
    free = Visitor(BRUCE, 7, "1001", {ELSEWHERE: 4})
    assert sent(scene) == free
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    assert sent(scene) == replace(free, device=RINGING)
    scene.hangs_up(phone)
    assert sent(scene) == free
    scene.happens(ev.MemberPaused("support", JUDGED, "Agent/2501", True, "lunch"))
    assert sent(scene) == replace(free, paused=True, reason="lunch")
    scene.center.devices["PJSIP/1001"] = AWAY
    assert sent(scene) == replace(free, paused=True, reason="lunch", device=AWAY)
    scene.center.devices["PJSIP/1001"] = FREE
    scene.happens(ev.MemberRemoved("support", JUDGED, "Agent/2501"))
    left(scene.center, BRUCE)
    changes, _ = scene.center.drain()
    assert ch.AgentLeft(BRUCE) in changes


def test_queues_elsewhere_are_told_as_the_agents_own() -> None:
    scene = at_home()
    logs_in(scene)
    live = scene.agent()
    assert {key: each.penalty for key, each in live.memberships().items()} == {
        SUPPORT: 0,
        ELSEWHERE: 4,
    }
    assert scene.center.state_change(live).queue_ids == (SUPPORT, ELSEWHERE)
    scene.forget()
    commanded.configure_elsewhere(scene.center, BRUCE, ELSEWHERE, 6)
    scene._take()
    assert scene.memberships() == [(BRUCE, ELSEWHERE, 6)]


def test_members_go_through_the_judge_while_an_agent_has_queues_elsewhere() -> None:
    scene = at_home(queues={SUPPORT: 2})
    scene.happens(ev.MemberAdded("support", "PJSIP/1001", "Agent/2501", 2, False, ""))
    scene.happens(ev.MemberPaused("support", "PJSIP/1001", "Agent/2501", True, "lunch"))
    scene.forget()
    commanded.configure_elsewhere(scene.center, BRUCE, ELSEWHERE, 0)
    scene._take()
    assert scene.asked == [
        AddMember("support", JUDGED, "Agent/2501", 2, True, "PJSIP/1001"),
        SetPause(JUDGED, True, "lunch", "support"),
        RemoveMember("support", "PJSIP/1001"),
    ]
    scene.happens(
        ev.MemberAdded("support", JUDGED, "Agent/2501", 2, True, ""),
        ev.MemberPaused("support", JUDGED, "Agent/2501", True, "lunch"),
        ev.MemberRemoved("support", "PJSIP/1001", "Agent/2501"),
    )
    assert scene.agent().stance is Stance.PAUSED
    assert scene.states() == []  # nobody was shown anything of it
    scene.forget()
    commanded.configure_elsewhere(scene.center, BRUCE, ELSEWHERE, -1)
    scene._take()
    assert scene.asked == [
        AddMember("support", "PJSIP/1001", "Agent/2501", 2, True, ""),
        SetPause("PJSIP/1001", True, "lunch", "support"),
        RemoveMember("support", JUDGED),
    ]


def test_a_member_that_another_program_adds_is_put_on_the_way_that_is_judged() -> None:
    scene = at_home()
    scene.happens(ev.MemberAdded("support", "PJSIP/1001", "Agent/2501", 2, False, ""))
    assert scene.asked == [
        AddMember("support", JUDGED, "Agent/2501", 2, False, "PJSIP/1001"),
        RemoveMember("support", "PJSIP/1001"),
    ]


def test_a_member_that_is_there_already_is_not_added_again() -> None:
    scene = at_home()
    logs_in(scene)
    scene.forget()
    scene.happens(ev.MemberAdded("support", "PJSIP/1001", "Agent/2501", 2, False, ""))
    assert scene.asked == [RemoveMember("support", "PJSIP/1001")]


def test_a_snapshot_puts_members_on_the_way_that_they_are_to_go() -> None:
    scene = at_home(Station(BRUCE, 1, True, 1.0))
    scene.rebuilds(snapshot(member("support", interface="PJSIP/1001", penalty=0)))
    assert scene.asked == [
        AddMember("support", JUDGED, "Agent/2501", 0, False, "PJSIP/1001"),
        RemoveMember("support", "PJSIP/1001"),
    ]
    scene.forget()
    scene.rebuilds(snapshot(member("support", interface=JUDGED, penalty=0)))
    assert scene.asked == []


def test_an_agent_whom_asterisk_has_lost_is_put_back_by_the_judge() -> None:
    scene = at_home(Station(BRUCE, 1, True, 1.0))
    scene.rebuilds(snapshot())
    assert scene.asked == [AddMember("support", JUDGED, "Agent/2501", 0, False, "PJSIP/1001")]


def test_of_a_single_pbx_members_are_called_straight() -> None:
    scene = Scene()
    scene.logs_in()
    assert scene.agent().way_to(scene.center.directory.lines[1]).interface == "PJSIP/1001"
    assert visits(scene.center, scene.agent()) == {}


# -- calls of queues elsewhere


def talks(scene: Scene) -> str:
    """A call of the other PBX's queue comes over the trunk, and is answered."""
    queue = scene.center.directory.queues_elsewhere[ELSEWHERE]
    caller = scene.caller_waits(queue="nowhere")
    scene.center.channels.by_id[caller].from_queue = queue.mark
    phone = scene.rings(caller)
    up = ev.ChannelState.UP
    scene.happens(
        ev.ChannelMoved(phone, caller, up, "1001", "", "0230210082", ""),
        ev.BridgeEntered("b1", phone, caller),
        ev.BridgeEntered("b1", caller, caller),
    )
    return phone


def with_wrapup(scene: Scene) -> None:
    directory = scene.center.directory
    queue = replace(directory.queues_elsewhere[ELSEWHERE], wrapup=9)
    directory.queues_elsewhere = directory.all_queues = {ELSEWHERE: queue}


def test_a_call_of_a_queue_elsewhere_is_a_queues_call_with_its_wrapup() -> None:
    scene = at_home()
    logs_in(scene)
    with_wrapup(scene)
    scene.forget()
    phone = talks(scene)
    shown = scene.agent().shown
    assert shown.call is not None
    assert shown.call.acd
    (told,) = [each.call for each in scene.told if isinstance(each, ch.PhoneCallChanged)][-1:]
    assert told.queue == "sales"
    assert SetPause(JUDGED, True, WRAPUP_REASON) in scene.asked
    scene.happens(ev.MemberPaused("support", JUDGED, "Agent/2501", True, WRAPUP_REASON))
    scene.hangs_up(phone)
    assert scene.states()[-1] is AgentState.ON_WRAPUP
    scene.forget()
    scene.passes(8)
    assert scene.asked == []
    scene.passes(1.5)
    assert scene.asked == [SetPause(JUDGED, False)]


def test_a_call_that_is_recorded_elsewhere_is_shown_so_and_paused_there() -> None:
    scene = at_home()
    logs_in(scene)
    caller = scene.center.channels.by_id[talks(scene)].linked_id
    scene.center.channels.by_id[caller].far = FarCall(SOUTH, "17.3")
    assert visitors.calls_from(scene.center, SOUTH) == ["17.3"]
    assert visitors.calls_from(scene.center, "west") == []
    for recording in ("ACTIVE", "PAUSED"):
        visitors.recorded_elsewhere(scene.center, FarCall(SOUTH, "17.3", recording), scene.now)
        shown = scene.agent().shown.call
        assert shown is not None
        assert shown.recording == recording


async def test_pausing_the_recording_of_such_a_call_asks_the_other_pbx() -> None:
    scene = at_home()
    logs_in(scene)
    caller = scene.center.channels.by_id[talks(scene)].linked_id
    scene.center.channels.by_id[caller].far = FarCall(SOUTH, "17.3")
    context = context_of(scene)
    with pytest.raises(Refused) as refused:
        await monitor(context, MonitorPause(agent_id=BRUCE), Heard("sue"))
    assert refused.value.code == "PbxUnavailable"
    asked: list[tuple[str, str, bool]] = []

    async def pause(*each: object) -> None:
        asked.append(each)  # type: ignore[arg-type]

    context.pause_elsewhere = pause
    await monitor(context, MonitorPause(agent_id=BRUCE), Heard("sue"))
    await monitor(context, MonitorUnpause(agent_id=BRUCE), Heard("sue"))
    assert asked == [(SOUTH, "17.3", True), (SOUTH, "17.3", False)]


def test_a_host_says_of_a_call_what_its_channels_have() -> None:
    scene = with_guest()
    caller = scene.caller_waits()
    assert visitors.call_data(scene.center, caller) == ({}, "")
    channel = scene.center.channels.by_id[caller]
    channel.variables = {"USR_A": "1"}
    template = SheetTemplate("support", "ring", ())
    scene.center.sheets.keep(KeptSheet(template, channel.name, caller, {"caller_number": "1"}))
    variables, sheet = visitors.call_data(scene.center, caller)
    assert (variables, sheet[:3]) == ({"USR_A": "1"}, "%5B")
    trunk, up = "PJSIP/xucd-south-1", ev.ChannelState.UP
    scene.happens(ev.ChannelCreated(trunk, "t1", caller, ev.ChannelState.DOWN, "", "", ""))
    assert visitors.ways_to(scene.center, SOUTH, caller) == ["t1"]
    assert visitors.ways_to(scene.center, "west", caller) == []
    assert visitors.recording_of(scene.center, ["t1"]) == "DISABLED"
    channel.muted = False
    scene.happens(
        ev.ChannelMoved("t1", caller, up, "", "", "", ""),
        ev.BridgeEntered("b1", caller, "an older call"),  # by an attended transfer
        ev.BridgeEntered("b1", "t1", "an older call"),
    )
    assert visitors.ways_to(scene.center, SOUTH, caller) == []
    assert visitors.recording_of(scene.center, ["t1"]) == "ACTIVE"
    assert visitors.recording_of(scene.center, ["4711"]) is None


async def test_a_recording_here_does_not_hide_one_elsewhere_nor_the_other_way_round() -> None:
    scene = at_home()
    logs_in(scene)
    caller = scene.center.channels.by_id[talks(scene)].linked_id
    channel = scene.center.channels.by_id[caller]
    channel.far, channel.muted = FarCall(SOUTH, "17.3", "ACTIVE"), True
    recording = scene.center.channels.recording
    assert recording(channel) == "ACTIVE"
    channel.far.recording = "PAUSED"
    assert recording(channel) == "PAUSED"
    channel.muted = False
    assert recording(channel) == "ACTIVE"
    script = Script()
    context = a_context(scene, script)
    script.events = lambda: setattr(channel, "muted", True)
    refusal = Refused("NotRecorded", "It is not.")

    async def pause(*each: object) -> None:
        raise refusal

    context.pause_elsewhere = pause
    await monitor(context, MonitorPause(agent_id=BRUCE), Heard("sue"))
    assert Mute(channel.name, True) in script.asked
    refusal = Refused("PbxUnavailable", "Away.")
    with pytest.raises(Refused, match="PbxUnavailable"):
        await monitor(context, MonitorPause(agent_id=BRUCE), Heard("sue"))


@pytest.mark.parametrize(("ago", "wraps"), [(3.0, True), (6.5, False)])
def test_a_wrapup_without_a_member_goes_on_over_a_restart(ago: float, wraps: bool) -> None:
    state = AgentUnderWay(AgentState.ON_WRAPUP, START - ago, START)
    scene = at_home(
        Station(BRUCE, 1, True, 1.0), queues={ELSEWHERE: 0}, resumed=Resumed(START, {BRUCE: state})
    )
    scene.rebuilds(snapshot())
    assert (scene.agent().stance is Stance.WRAPPING) is wraps
    visitor = sent(scene)
    assert visitor is not None
    assert visitor.paused is wraps
    scene.passes(3.5)
    assert scene.agent().stance is Stance.READY


async def test_who_wraps_up_without_a_member_stays_so_when_it_presses_ready_in_the_call() -> None:
    scene = at_home(queues={ELSEWHERE: 0})
    commanded.begin_login(scene.center, BRUCE)
    line = scene.center.directory.lines[1]
    commanded.log_in_without_queues(scene.center, BRUCE, line, scene.now)
    with_wrapup(scene)
    phone = talks(scene)
    await unpause_agent(a_context(scene, Script()), scene.agent(), Heard("sue"))
    scene.hangs_up(phone)
    assert scene.states()[-1] is AgentState.ON_WRAPUP


def test_who_has_lost_its_queue_here_can_be_reached_from_elsewhere() -> None:
    scene = at_home()
    scene.center.devices["PJSIP/1001"] = FREE
    logs_in(scene)
    scene.happens(ev.MemberRemoved("support", JUDGED, "Agent/2501"))
    visitor = sent(scene)
    assert visitor is not None
    assert (visitor.device, visitor.paused) == (FREE, False)
    assert scene.states()[-1] is AgentState.READY


def test_who_is_in_queues_elsewhere_alone_wraps_up_without_a_member() -> None:
    scene = at_home(queues={ELSEWHERE: 0})
    commanded.begin_login(scene.center, BRUCE)
    line = scene.center.directory.lines[1]
    commanded.log_in_without_queues(scene.center, BRUCE, line, scene.now)
    with_wrapup(scene)
    phone = talks(scene)
    assert sent(scene) == replace(
        Visitor(BRUCE, 7, "1001", {ELSEWHERE: 0}), device=BUSY, talks=True, paused=True,
        reason=WRAPUP_REASON,
    )  # fmt: skip
    scene.hangs_up(phone)
    assert scene.states()[-1] is AgentState.ON_WRAPUP
    scene.passes(10)
    assert scene.states()[-1] is AgentState.READY
    assert [each for each in scene.asked if not isinstance(each, MarkCaller)] == []
