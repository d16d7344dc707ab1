"""The contact centre itself: time, new configurations, and what commands tell it."""

from collections.abc import Mapping

import msgspec

from tests.scene import (
    ALICE,
    BILLING,
    BRUCE,
    CAROLINE,
    DAY,
    SALES,
    START,
    SUPPORT,
    Scene,
    directory,
)  # fmt: skip
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import AgentState, Stance
from xucd.center.center import Center, Remembered
from xucd.center.day import AgentDay
from xucd.center.directory import Directory, Queue
from xucd.center.inheriting import inherit
from xucd.center.live import LiveAgent
from xucd.center.presence import Present
from xucd.center.rules import commanded
from xucd.center.station import Station
from xucd.store.journal import midnight_after

QUEUES: Mapping[int, Mapping[int, int]] = {
    BRUCE: {SUPPORT: 0, SALES: 1, BILLING: 2},
    ALICE: {SUPPORT: 0},
}


def after(
    scene: Scene,
    queues: Mapping[int, Mapping[int, int]] = QUEUES,
    configured: Directory | None = None,
) -> Center:
    """The centre of a newer configuration, which has gone on from the scene's."""
    remembered = Remembered(queues=queues, stations=scene.center.stations)
    center = Center(configured or directory(), scene.now, lambda at: at + DAY, remembered)
    inherit(center, scene.center, scene.now)
    return center


def told(center: Center, *kinds: type[ch.Change]) -> list[ch.Change]:
    return [change for change in center.changes if isinstance(change, kinds)]


# -- changes, intents and time


def test_what_is_drained_is_given_out_once_and_in_order(scene: Scene) -> None:
    commanded.configure(scene.center, ALICE, SALES, 4, scene.now)
    commanded.move_to_group(scene.center, ALICE, 2)
    changes, intents = scene.center.drain()
    assert changes == [
        ch.MembershipChanged(ALICE, SALES, 4),
        ch.AgentConfigChanged(ALICE, 1),
        ch.AgentConfigChanged(ALICE, 2),
    ]
    assert (intents, scene.center.drain()) == ([], ([], []))


def test_nothing_is_due_before_midnight_unless_somebody_waits_or_wraps_up(scene: Scene) -> None:
    midnight = midnight_after(START)
    assert scene.center.due() == midnight
    caller = scene.caller_waits()
    assert scene.center.due() == START + 1
    scene.happens(ev.CallerLeft("support", caller))
    scene.rings(caller)
    scene.answers(caller, f"{caller}at{BRUCE}")
    scene.hangs_up(f"{caller}at{BRUCE}")
    assert scene.agent().stance is Stance.WRAPPING
    assert scene.center.due() == START + 5


def test_midnight_is_due_before_a_wrapup_and_a_wait_that_go_on_after_it(scene: Scene) -> None:
    midnight = midnight_after(START)
    scene.passes(midnight - START - 2)
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone)
    scene.hangs_up(phone, caller)
    scene.caller_waits()
    scene.center.tick(midnight - 0.5)
    assert scene.center.due() == midnight


def test_waiting_is_not_told_before_a_second_has_passed(scene: Scene) -> None:
    scene.caller_waits()
    scene.forget()
    for at in (0.5, 0.9, 1.0, 1.5, 2.0):
        scene.center.tick(START + at)
    assert scene.center.changes == [ch.QueueStatsChanged(SUPPORT)] * 2


def test_midnight_ends_the_day_of_every_agent_and_queue_and_tells_all_figures(
    scene: Scene,
) -> None:
    midnight = midnight_after(START)
    scene.passes(midnight - START)
    (ended,) = [change for change in scene.told if isinstance(change, ch.DayEnded)]
    assert (ended.at, ended.figures.keys()) == (midnight, scene.center.agents.keys())
    assert ended.figures[BRUCE].ready_s == midnight - START
    assert ended.queues.keys() == {SUPPORT, SALES, BILLING}
    agents = [change for change in scene.told if isinstance(change, ch.AgentStatsChanged)]
    assert agents == [
        ch.AgentStatsChanged(BRUCE, 1),
        ch.AgentStatsChanged(ALICE, 1),
        ch.AgentStatsChanged(CAROLINE, 2),
    ]
    queues = [change for change in scene.told if isinstance(change, ch.QueueStatsChanged)]
    assert queues == [ch.QueueStatsChanged(queue_id) for queue_id in (SUPPORT, SALES, BILLING)]
    assert scene.center.due() == midnight + DAY


# -- a start, and another configuration


def test_a_centre_starts_with_the_figures_queues_and_stations_that_were_remembered() -> None:
    day = AgentDay(ready_s=60.0, inbound_calls=3)
    station = Station(ALICE, 4, True, 500.0, paused=True, reason="lunch", settled=False)
    out = Station(CAROLINE, 2, False, 400.0)
    lost = Station(BRUCE, 99, True, 300.0)
    center = Center(
        directory(),
        START,
        lambda at: at + DAY,
        Remembered(QUEUES, {BRUCE: lost, ALICE: station, CAROLINE: out}, {ALICE: day}),
    )
    alice = center.agents[ALICE]
    assert (alice.day(START).inbound_calls, alice.day(START).login_at) == (3, None)
    assert (alice.shown.state, alice.shown.phone_number) == (AgentState.ON_PAUSE, "1004")
    assert (alice.since, alice.settled, alice.queues) == (500.0, False, {SUPPORT: 0})
    assert alice.station() == station
    assert center.on_device == {"PJSIP/1004": alice}
    assert center.agents[CAROLINE].shown.phone_number == "1002"
    assert center.agents[CAROLINE].stance is Stance.OUT
    assert (center.agents[BRUCE].line, center.agents[BRUCE].stance) == (None, Stance.OUT)
    assert center.presence.of(SUPPORT) == Present(logged_in=1)


def test_the_same_configuration_anew_tells_nothing_of_agents_and_goes_on(scene: Scene) -> None:
    scene.passes(30)
    scene.pauses(True, "lunch")
    scene.passes(30)
    center = after(scene)
    before, live = scene.agent(), center.agents[BRUCE]
    assert (live.shown, live.since) == (before.shown, before.since)
    assert live.day(scene.now + 5) == before.day(scene.now + 5)
    assert (live.day(scene.now).ready_s, live.day(scene.now).paused_s) == (30, 30)
    assert center.changes == [ch.QueueStatsChanged(key) for key in (SUPPORT, SALES, BILLING)]
    assert center.stations[BRUCE].settled
    assert center.presence.of(SUPPORT) == scene.center.presence.of(SUPPORT)
    assert center.phone_calls.legs is scene.center.phone_calls.legs
    assert center.sheets is scene.center.sheets
    assert center.listeners is scene.center.listeners


def test_queues_that_are_configured_otherwise_are_told_and_asterisk_is_not_right_about_them(
    scene: Scene,
) -> None:
    center = after(scene, {BRUCE: {SUPPORT: 3, SALES: 1}, ALICE: {SUPPORT: 0, SALES: 1}})
    assert told(center, ch.MembershipChanged, ch.AgentConfigChanged) == [
        ch.MembershipChanged(BRUCE, SUPPORT, 3),
        ch.MembershipChanged(BRUCE, BILLING, -1),
        ch.AgentConfigChanged(BRUCE, 1),
        ch.MembershipChanged(ALICE, SALES, 1),
        ch.AgentConfigChanged(ALICE, 1),
    ]
    assert center.stations[BRUCE] == msgspec.structs.replace(
        scene.center.stations[BRUCE], settled=False
    )
    assert ALICE not in center.stations


def test_a_queue_or_an_agent_that_is_new_changed_or_gone_is_told_as_such(scene: Scene) -> None:
    configured = directory()
    moved = msgspec.structs.replace(configured.agents[ALICE], group_id=2)
    new = msgspec.structs.replace(moved, id=99, number="2599")
    changed = msgspec.structs.replace(configured.queues[SUPPORT], wrapup=9)
    center = after(
        scene,
        {BRUCE: {SUPPORT: 0, SALES: 1}, ALICE: {SUPPORT: 0}},
        Directory(
            groups=configured.groups.values(),
            queues=[changed, configured.queues[SALES], Queue(7, "new", "New", "3007")],
            lines=configured.lines.values(),
            agents=[new, configured.agents[BRUCE], moved],
        ),
    )
    assert center.changes == [
        ch.AgentConfigChanged(99, 2),
        center.state_change(center.agents[99]),
        ch.AgentStatsChanged(99, 2),
        ch.AgentConfigChanged(BRUCE, 1),  # out of billing, of which nothing is left to be told
        ch.AgentConfigChanged(ALICE, 2),
        *(ch.QueueStatsChanged(queue_id) for queue_id in (SUPPORT, SALES, 7)),
        ch.QueueConfigChanged(SUPPORT),
        ch.QueueConfigChanged(7),
    ]


# -- what commands tell it


def test_a_login_that_failed_leaves_the_line_as_the_last_one_used() -> None:
    scene = Scene()
    center, line = scene.center, scene.center.directory.lines[4]
    commanded.begin_login(center, BRUCE)
    assert not scene.agent().settled
    commanded.fail_login(center, BRUCE, line)
    assert (scene.agent().line, scene.agent().stance) == (line, Stance.OUT)
    scene.logs_in(ALICE)
    commanded.fail_login(center, ALICE, line)
    assert scene.agent(ALICE).line is center.directory.lines[2]


def test_an_agent_that_has_queues_is_logged_in_and_paused_by_asterisk_alone(scene: Scene) -> None:
    commanded.log_in_without_queues(scene.center, ALICE, scene.center.directory.lines[2], scene.now)
    commanded.pause_without_queues(scene.center, BRUCE, True, "lunch", scene.now)
    scene.happens()
    assert scene.told == []
    assert scene.agent(ALICE).stance is Stance.OUT


def test_a_login_without_queues_is_remembered_with_since_when_and_where() -> None:
    scene = Scene()
    scene.passes(10)
    commanded.log_in_without_queues(
        scene.center, CAROLINE, scene.center.directory.lines[4], scene.now
    )
    scene.passes(10)
    commanded.pause_without_queues(scene.center, CAROLINE, True, "lunch", scene.now)
    commanded.pause_without_queues(scene.center, CAROLINE, True, "lunch", scene.now)
    commanded.begin_logout(scene.center, CAROLINE, scene.now)
    commanded.begin_logout(scene.center, CAROLINE, scene.now + 1)
    scene.happens()
    stations = [change.station for change in scene.told if isinstance(change, ch.StationChanged)]
    assert stations == [
        Station(CAROLINE, 4, True, START + 10),
        Station(CAROLINE, 4, True, START + 10, paused=True, reason="lunch"),
        Station(CAROLINE, 4, False, START + 20),
    ]
    day = scene.agent(CAROLINE).day(scene.now)
    assert (day.login_at, day.logout_at) == (START + 10, START + 20)


def test_a_logout_frees_the_line_unless_another_agent_is_on_it_by_now(scene: Scene) -> None:
    scene.center.expect_station(Station(BRUCE, 1, False, scene.now))
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    scene.happens(ev.MemberAdded("support", "Local/1001@default/n", "Agent/2502", 0, False, ""))
    assert scene.center.on_device["PJSIP/1001"] is scene.agent(ALICE)
    for queue in ("support", "sales", "billing"):
        scene.happens(ev.MemberRemoved(queue, "PJSIP/1001", "Agent/2501"))
    assert scene.agent().stance is Stance.OUT
    assert scene.center.on_device["PJSIP/1001"] is scene.agent(ALICE)


def test_what_is_configured_changes_no_membership_and_is_told_as_another(scene: Scene) -> None:
    commanded.configure(scene.center, BRUCE, SALES, 7, scene.now)
    commanded.configure(scene.center, ALICE, SUPPORT, -1, scene.now)
    commanded.configure(scene.center, ALICE, SUPPORT, -1, scene.now)
    scene.happens()
    assert [change for change in scene.told if isinstance(change, ch.MembershipChanged)] == [
        ch.MembershipChanged(BRUCE, SALES, 1, configured=7),
        ch.MembershipChanged(ALICE, SUPPORT, -1),
    ]
    assert (scene.agent().queues[SALES], scene.agent(ALICE).queues) == (7, {})
    assert scene.agent().members[SALES].penalty == 1


def test_an_agent_of_another_group_is_so_everywhere(scene: Scene) -> None:
    commanded.move_to_group(scene.center, BRUCE, 2)
    scene.pauses(True, "lunch")
    assert scene.center.directory.agents[BRUCE].group_id == 2
    assert scene.center.directory.agent_by_member_name["Agent/2501"].group_id == 2
    (change,) = [change for change in scene.told if isinstance(change, ch.AgentChanged)]
    assert (change.group_id, change.queue_ids) == (2, (SUPPORT, SALES, BILLING))


# -- what an agent's changes bring with them


def test_another_state_is_told_with_figures_station_and_the_agents_queues(scene: Scene) -> None:
    scene.passes(10)
    scene.pauses(True, "lunch")
    shown = scene.agent().shown
    assert scene.told == [
        ch.QueueStatsChanged(SUPPORT),
        ch.QueueStatsChanged(SALES),
        ch.StationChanged(Station(BRUCE, 1, True, START, paused=True, reason="lunch")),
        ch.AgentChanged(BRUCE, 1, shown, START + 10, (SUPPORT, SALES, BILLING)),
        ch.AgentStatsChanged(BRUCE, 1),
        ch.QueueStatsChanged(BILLING),
    ]


def test_a_queue_more_counts_its_agent_there(scene: Scene) -> None:
    scene.happens(ev.MemberRemoved("billing", "PJSIP/1001", "Agent/2501"))
    assert scene.told == [
        ch.MembershipChanged(BRUCE, BILLING, -1, configured=2),
        ch.AgentConfigChanged(BRUCE, 1),
        ch.QueueStatsChanged(BILLING),
    ]
    assert scene.center.presence.of(BILLING) == Present()
    scene.happens(ev.MemberAdded("billing", "PJSIP/1001", "Agent/2501", 2, False, ""))
    assert scene.center.presence.of(BILLING) == Present(logged_in=1, available=1)


def test_a_state_that_goes_on_keeps_since_when(scene: Scene) -> None:
    scene.wraps_up()
    phone, up = "PJSIP/1001-2", ev.ChannelState.UP
    scene.happens(
        ev.ChannelCreated(phone, "b", "b", ev.ChannelState.DOWN, "1001", "", ""),
        ev.ChannelMoved("b", "b", up, "1001", "", "0230", ""),
    )
    since = scene.now
    scene.passes(10)
    scene.happens(ev.RecordingStarted(phone, "b"))
    live: LiveAgent = scene.agent()
    assert (live.shown.state, live.since) == (AgentState.ON_CALL, since)
