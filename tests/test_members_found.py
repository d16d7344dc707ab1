"""Members as others made them: whose they are, what of them is undone, put back or left."""

import msgspec
import pytest

from tests.scene import ALICE, BILLING, BRUCE, SALES, SUPPORT, Scene
from tests.scene import directory as demo
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import UNREACHABLE, AgentState, Stance
from xucd.center.directory import Directory, Line
from xucd.center.events import DeviceStatus
from xucd.center.inheriting import inherit
from xucd.center.intents import (
    LOGOUT_REASON,
    WRAPUP_REASON,
    AddMember,
    RelistMembers,
    RemoveMember,
    SetPause,
)
from xucd.center.recalls import LATE_S
from xucd.center.rights import Rights
from xucd.center.rules import commanded
from xucd.center.rules.members import denied, log_in_found
from xucd.center.rules.rebuild import rebuild_members
from xucd.center.snapshot import MemberSeen, QueuesSeen, Snapshot
from xucd.center.station import Station
from xucd.center.wrapup_ends import HALF_PAUSED_S
from xucd.commands.lookup import warning_of_reach
from xucd.tools.checks.queues import line_of
from xucd.tools.discovery import FoundMember
from xucd.views.agents import agent_config, queue_members, removed_members

QUEUES = frozenset({"support", "sales", "billing"})
CONFIGURED = {SUPPORT: 0, SALES: 1, BILLING: 2}
EVERYTHING = Rights(None, None, None)
SALES_ALONE = Rights(None, frozenset({SALES}), None)
LOCAL = "Local/1001@default/n"


def joins(interface: str, name: str, queue: str = "support", **fields: object) -> ev.MemberAdded:
    event = ev.MemberAdded(queue, interface, name, 0, False, "")
    return msgspec.structs.replace(event, **fields)


@pytest.mark.parametrize(
    ("interface", "state", "line_id"),
    [
        ("pjsip/1001", "", 1),
        ("local/1001@default/n", "", 1),
        ("Custom:x", "Pjsip/1001", 1),
        ("Sip/ANNA", "", 2),
        ("Custom:x", "SIP/Anna", 2),
    ],
)
def test_a_member_rings_its_line_in_whatever_letters_app_queue_has_it(
    interface: str, state: str, line_id: int
) -> None:
    lines = [Line(1, "1001", "PJSIP/1001"), Line(2, "1002", "SIP/anna")]
    scene = Scene(centre=Directory([], demo().queues.values(), lines, []))
    scene.happens(joins(interface, "Anna", state_interface=state))
    directory = scene.center.directory
    line = directory.lines[line_id]
    ((_, found),) = scene.center.members.on_line(line)
    assert found.interface == interface
    assert line_of(directory, FoundMember(interface, "Anna", 0, state)) == line


def leaves(queue: str) -> ev.MemberRemoved:
    return ev.MemberRemoved(queue, "PJSIP/1001", "Agent/2501")


def seen(interface: str, name: str, queue: str = "support", **fields: object) -> MemberSeen:
    return msgspec.structs.replace(MemberSeen(queue, interface, name, 0, False, "", 0, 0), **fields)


def lists(scene: Scene, *members: MemberSeen, queues: frozenset[str] = QUEUES) -> None:
    """Asterisk's members are listed anew, on a connection that lasts."""
    rebuild_members(scene.center, QueuesSeen(queues, members), scene.now, again=True)
    scene.happens()


def told(scene: Scene) -> list[ch.MembershipChanged]:
    return [change for change in scene.told if isinstance(change, ch.MembershipChanged)]


# -- whose a member is


@pytest.mark.parametrize(
    "event",
    [
        joins("PJSIP/1001", "Alice J"),
        joins("PJSIP/1001", "PJSIP/1001"),
        joins(LOCAL, "Bruce", state_interface="hint:1001@default", dynamic=False),
        joins("Local/55@x", "Bruce", state_interface="PJSIP/1001"),
        joins("Local/55@x", "Bruce", state_interface="hint:1001@ext-local"),
        joins("PJSIP/1001", "Agent/2501", queue="SUPPORT"),
    ],
    ids=lambda event: f"{event.interface} {event.member} {event.queue}",
)
def test_a_member_that_rings_the_agents_line_is_the_agents(
    scene: Scene, event: ev.MemberAdded
) -> None:
    scene.happens(leaves("support"))
    assert SUPPORT not in scene.agent().members
    scene.happens(event)
    assert scene.agent().members[SUPPORT].interface == event.interface
    assert (scene.agent().queues, scene.asked) == (CONFIGURED, [])


def test_members_that_are_listed_stand_as_if_they_had_come_one_by_one() -> None:
    members = [
        seen(LOCAL, "Anna", "support"),
        seen("PJSIP/1001", "Agent/2501", "support"),
        seen("pjsip/1001", "Anna", "sales"),
        seen("PJSIP/1001", "Agent/2501", "sales"),
        seen("PJSIP/1001", "Agent/2501", "elsewhere"),
    ]
    listed, told = Scene().center.members, Scene().center.members
    listed.rebuild(QueuesSeen(QUEUES, tuple(members)))
    for member in members:
        told.know(member)
    line = demo().lines[1]
    there = [(queue_id, member.interface) for queue_id, member in listed.on_line(line)]
    assert there == [
        (SUPPORT, "PJSIP/1001"),
        (SALES, "PJSIP/1001"),
        (SUPPORT, LOCAL),
        (SALES, "pjsip/1001"),
    ]
    assert listed.on_line(line) == told.on_line(line)
    assert (listed.all(), listed.all_elsewhere()) == (told.all(), told.all_elsewhere())


def test_members_of_several_interfaces_are_paused_by_each_of_them(scene: Scene) -> None:
    scene.happens(leaves("support"), joins(LOCAL, "Bruce", dynamic=False))
    assert scene.center.owners.interfaces(scene.agent()) == ["PJSIP/1001", LOCAL]
    scene.talks()
    scene.happens(ev.MemberPaused("support", LOCAL, "Bruce", True, WRAPUP_REASON))
    assert scene.asked == [SetPause("PJSIP/1001", True, WRAPUP_REASON)]


def test_of_several_members_of_one_phone_in_a_queue_one_that_is_free_is_enough(
    scene: Scene,
) -> None:
    """Asterisk keeps up to date the status of the first alone."""
    busy, free = DeviceStatus.IN_USE, DeviceStatus.NOT_IN_USE
    scene.happens(joins(LOCAL, "Local", status=busy))
    scene.happens(ev.MemberStatus("support", "PJSIP/1001", "Agent/2501", busy))
    assert not scene.agent().members[SUPPORT].idle
    scene.happens(ev.MemberStatus("support", LOCAL, "Local", free))
    found = scene.agent().members[SUPPORT]
    assert (found.idle, found.interface) == (True, "PJSIP/1001")
    assert scene.center.presence.of(SUPPORT).available == 1


def test_a_member_by_another_agents_name_on_a_line_in_use_is_removed(scene: Scene) -> None:
    scene.happens(joins("PJSIP/1001", "Agent/2502", queue="sales"))
    assert scene.agent(ALICE).stance is Stance.OUT
    assert RemoveMember("sales", "PJSIP/1001") in scene.asked


def test_a_member_of_an_agent_on_a_second_line_is_removed(scene: Scene) -> None:
    scene.happens(joins("PJSIP/1004", "Agent/2501"))
    assert scene.asked == [RemoveMember("support", "PJSIP/1004")]
    assert scene.agent().shown.phone_number == "1001"


def test_a_member_that_the_configuration_makes_is_shelved_in_place_of_being_removed() -> None:
    scene = Scene([Station(BRUCE, 1, False, 0.0)])
    static = seen("PJSIP/1001", "Agent/2501", dynamic=False)
    scene.rebuilds(Snapshot(QUEUES, (static,), (), (), {}))
    assert scene.asked == [SetPause("PJSIP/1001", True, LOGOUT_REASON, "support")]
    shelved = ev.MemberPaused("support", "PJSIP/1001", "Agent/2501", True, LOGOUT_REASON)
    scene.happens(shelved)
    assert scene.agent().stance is Stance.OUT
    scene.happens(msgspec.structs.replace(shelved, paused=False, reason=""))
    assert scene.agent().stance is Stance.READY


def test_who_the_configuration_alone_logged_in_is_not_remembered_and_not_put_elsewhere() -> None:
    scene = Scene()
    static = seen("PJSIP/1001", "Agent/2501", dynamic=False)
    for _ in range(2):
        scene.rebuilds(Snapshot(QUEUES, (static,), (), (), {}))
    assert scene.agent().stance is Stance.READY
    assert (scene.center.stations, scene.asked) == ({}, [])
    assert scene.agent().queues == CONFIGURED


def test_a_login_finds_members_that_ring_the_line_already() -> None:
    scene = Scene()
    scene.happens(joins(LOCAL, "Alice J", dynamic=False))
    line = scene.center.directory.lines[1]
    log_in_found(scene.center, BRUCE, line, scene.now)
    scene.happens()
    assert scene.states() == [AgentState.READY]
    assert scene.agent().members.keys() == {SUPPORT}


# -- what is configured, and what others do


def test_what_others_do_is_told_beside_what_is_configured_and_ends_with_the_logout(
    scene: Scene,
) -> None:
    scene.happens(leaves("support"), ev.MemberPenalty("sales", "PJSIP/1001", "Agent/2501", 7))
    assert told(scene) == [
        ch.MembershipChanged(BRUCE, SUPPORT, -1, configured=0),
        ch.MembershipChanged(BRUCE, SALES, 7, configured=1),
    ]
    assert scene.agent().queues == CONFIGURED
    scene.forget()
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    scene.happens(leaves("sales"), leaves("billing"))
    assert told(scene) == [
        ch.MembershipChanged(BRUCE, SUPPORT, 0),
        ch.MembershipChanged(BRUCE, SALES, 1),
    ]


def test_a_command_that_changes_a_membership_is_no_difference(scene: Scene) -> None:
    commanded.begin_change(scene.center, BRUCE, SALES)
    scene.happens(ev.MemberPenalty("sales", "PJSIP/1001", "Agent/2501", 7))
    commanded.configure(scene.center, BRUCE, SALES, 7, scene.now)
    commanded.end_change(scene.center, BRUCE, SALES, scene.now)
    scene.happens()
    assert told(scene) == [ch.MembershipChanged(BRUCE, SALES, 7)]


def test_what_others_have_ended_is_told_to_who_asks_later_but_not_as_a_membership(
    scene: Scene,
) -> None:
    scene.happens(leaves("support"))
    for rights, removed in ((EVERYTHING, [SUPPORT]), (SALES_ALONE, [])):
        listed = queue_members(scene.agent(), rights)
        assert SUPPORT not in {each.queue_id for each in listed}
        ended = removed_members(scene.agent(), rights)
        assert [(each.queue_id, each.penalty, each.configured_penalty) for each in ended] == [
            (queue_id, -1, 0) for queue_id in removed
        ]
        config = agent_config(scene.center, scene.agent(), rights)
        assert SUPPORT not in {each.queue_id for each in config.member}
        told_removed = config.removed if config.removed is not msgspec.UNSET else []
        assert [(each.queue_id, each.configured_penalty) for each in told_removed] == [
            (queue_id, 0) for queue_id in removed
        ]


def test_an_agent_in_none_of_its_queues_is_out_of_reach(scene: Scene) -> None:
    assert warning_of_reach(scene.agent()) is None
    scene.happens(*(leaves(queue) for queue in sorted(QUEUES)))
    assert scene.agent().shown.cause == UNREACHABLE
    assert warning_of_reach(scene.agent()) == "InNoQueue"
    scene.happens(joins("PJSIP/1001", "Alice J"))
    assert scene.agent().shown.state is AgentState.READY


# -- listed anew


def mine(*queues: str) -> list[MemberSeen]:
    penalties = {"support": 0, "sales": 1, "billing": 2}
    return [seen("PJSIP/1001", "Agent/2501", each, penalty=penalties[each]) for each in queues]


def test_a_queue_that_lost_an_agent_without_an_event_gets_it_back(scene: Scene) -> None:
    lists(scene, *mine("support", "sales"))
    assert scene.asked == [AddMember("billing", "PJSIP/1001", "Agent/2501", 2, False)]


def test_a_queue_out_of_which_others_took_an_agent_does_not_get_it_back(scene: Scene) -> None:
    scene.happens(leaves("billing"))
    lists(scene, *mine("support", "sales"))
    assert scene.asked == []


def test_a_queue_that_went_and_comes_again_gets_its_agents(scene: Scene) -> None:
    lists(scene, *mine("support", "sales"), queues=QUEUES - {"billing"})
    assert told(scene) == [ch.MembershipChanged(BRUCE, BILLING, 2, missing=True)]
    assert (scene.asked, scene.agent().shown.state) == ([], AgentState.READY)
    for _ in range(2):
        lists(scene, *mine("support", "sales"))
    assert scene.asked == [AddMember("billing", "PJSIP/1001", "Agent/2501", 2, False)] * 2


def test_who_lost_all_queues_is_not_ready_and_is_when_they_come_again(scene: Scene) -> None:
    lists(scene, queues=frozenset())
    assert scene.agent().shown.cause == UNREACHABLE
    lists(scene)
    scene.happens(*(joins("PJSIP/1001", "Agent/2501", each.queue) for each in mine(*QUEUES)))
    assert scene.states() == [AgentState.ON_PAUSE, AgentState.READY]


def test_a_paused_agent_is_put_back_paused(scene: Scene) -> None:
    scene.pauses(True, "lunch")
    lists(scene, *mine())
    assert scene.agent().shown.cause == "lunch"
    assert SetPause("PJSIP/1001", True, "lunch") in scene.asked


def test_modules_that_come_or_go_have_the_members_listed_anew(scene: Scene) -> None:
    scene.happens(ev.ModulesChanged("app_queue.so"))
    assert scene.asked == [RelistMembers()]


def test_a_member_that_asterisk_denies_is_no_member(scene: Scene) -> None:
    for queue_id in CONFIGURED:
        denied(scene.center, queue_id, "PJSIP/1001", scene.now)
    assert scene.agent().members == {}


# -- half-done


def test_a_login_taken_back_does_not_come_true_late() -> None:
    scene = Scene()
    commanded.begin_login(scene.center, BRUCE)
    commanded.recall(scene.center, BRUCE)
    scene.happens(joins("PJSIP/1001", "Agent/2501"))
    assert scene.agent().stance is Stance.OUT
    assert scene.asked == [RemoveMember("support", "PJSIP/1001")]
    scene.center.recalls.expect_nothing(BRUCE, scene.now)
    scene.happens(leaves("support"))
    scene.passes(LATE_S)
    scene.happens(joins("PJSIP/1001", "Agent/2501"))
    assert scene.agent().stance is Stance.READY


def test_a_login_taken_back_does_not_come_true_after_a_reload() -> None:
    scene = Scene()
    commanded.begin_login(scene.center, BRUCE)
    commanded.recall(scene.center, BRUCE)
    before, scene.center = scene.center, Scene().center
    inherit(scene.center, before, scene.now)
    scene.rebuilds(Snapshot(QUEUES, (), (), (), {}))
    scene.happens(joins("PJSIP/1001", "Agent/2501"))
    assert scene.agent().stance is Stance.OUT
    assert RemoveMember("support", "PJSIP/1001") in scene.asked


def test_a_logout_that_comes_late_is_a_logout(scene: Scene) -> None:
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    commanded.recall(scene.center, BRUCE)
    scene.pauses(True, "lunch")
    assert scene.agent().shown.cause == "lunch", "it is no logout yet"
    scene.happens(*(leaves(queue) for queue in sorted(QUEUES)))
    assert scene.agent().stance is Stance.OUT
    assert scene.agent().queues == CONFIGURED


# -- pauses for a wrap-up that nobody has


def test_a_wrapup_of_no_agent_is_ended_at_once_and_when_it_is_found() -> None:
    scene = Scene()
    stranger = joins("PJSIP/9999", "PJSIP/9999")
    paused = ev.MemberPaused("support", "PJSIP/9999", "PJSIP/9999", True, WRAPUP_REASON)
    scene.happens(stranger, paused)
    assert scene.asked == [SetPause("PJSIP/9999", False, queue="support")]
    scene.forget()
    found = seen("PJSIP/9999", "PJSIP/9999", paused=True, reason=WRAPUP_REASON)
    scene.rebuilds(Snapshot(QUEUES, (found,), (), (), {}))
    assert scene.asked == [SetPause("PJSIP/9999", False, queue="support")]


def test_a_wrapups_pause_that_stays_in_one_queue_is_ended(scene: Scene) -> None:
    scene.talks()
    scene.happens(ev.MemberPaused("sales", "PJSIP/1001", "Agent/2501", True, WRAPUP_REASON))
    assert (scene.asked, scene.agent().stance) == ([], Stance.READY)
    scene.passes(HALF_PAUSED_S)
    assert scene.asked == [SetPause("PJSIP/1001", False)]


def test_a_wrapups_pause_that_stays_on_one_of_two_members_of_a_phone_is_ended(
    scene: Scene,
) -> None:
    scene.happens(leaves("sales"), leaves("billing"), joins(LOCAL, "Agent/2501"))
    phone = scene.talks()
    for interface in ("PJSIP/1001", LOCAL):
        scene.happens(ev.MemberPaused("support", interface, "", True, WRAPUP_REASON))
    scene.hangs_up(phone)
    scene.happens(ev.MemberPaused("support", LOCAL, "", False, ""))  # by a panel
    assert scene.agent().stance is Stance.READY
    scene.forget()
    scene.passes(HALF_PAUSED_S)
    assert SetPause("PJSIP/1001", False) in scene.asked


def test_members_in_reach_are_counted_by_queue_as_asterisk_counts_them(scene: Scene) -> None:
    scene.happens(
        joins("PJSIP/9999", "PJSIP/9999", queue="SUPPORT"),
        ev.MemberStatus("support", "PJSIP/1001", "Agent/2501", ev.DeviceStatus.UNAVAILABLE),
        ev.MemberStatus("sales", "PJSIP/1001", "Agent/2501", ev.DeviceStatus.IN_USE),
        leaves("billing"),
    )
    assert scene.center.members.in_reach() == {SUPPORT: 1, SALES: 1, BILLING: 0}


def remembered() -> Scene:
    """Bruce is logged in, and his login is remembered."""
    scene = Scene([Station(BRUCE, 1, True, 0.0)])
    scene.rebuilds(Snapshot(QUEUES, tuple(mine("support", "sales", "billing")), (), (), {}))
    scene.forget()
    return scene


def test_a_removal_of_which_the_list_knows_before_its_event_is_not_undone() -> None:
    scene = remembered()
    rebuild_members(
        scene.center, QueuesSeen(QUEUES, tuple(mine("support", "sales"))), scene.now, again=True
    )
    scene.happens(leaves("billing"))  # held while the list was read
    assert scene.asked == []
    assert scene.agent().taken == {BILLING}
    assert told(scene) == [
        ch.MembershipChanged(BRUCE, BILLING, -1, configured=2),
    ]


def test_a_removal_whose_event_comes_after_the_list_is_done_again() -> None:
    scene = remembered()
    lists(scene, *mine("support", "sales"))
    adding = AddMember("billing", "PJSIP/1001", "Agent/2501", 2, False)
    assert scene.asked == [adding]
    scene.happens(leaves("billing"))
    assert scene.asked == [adding, RemoveMember("billing", "PJSIP/1001")]
    scene.happens(joins("PJSIP/1001", "Agent/2501", "billing", penalty=2), leaves("billing"))
    assert scene.agent().taken == {BILLING}
    lists(scene, *mine("support", "sales"))
    assert len(scene.asked) == 2


def test_a_removal_by_a_command_is_not_undone_by_a_list_that_comes_first() -> None:
    scene = remembered()
    commanded.begin_change(scene.center, BRUCE, BILLING)
    lists(scene, *mine("support", "sales"))
    scene.happens(leaves("billing"))
    commanded.configure(scene.center, BRUCE, BILLING, -1, scene.now)
    commanded.end_change(scene.center, BRUCE, BILLING, scene.now)
    scene.happens()
    assert (scene.asked, scene.agent().lost) == ([], frozenset())


def test_a_member_that_is_lost_while_a_command_changes_it_in_vain_is_put_back() -> None:
    scene = remembered()
    commanded.begin_change(scene.center, BRUCE, BILLING)
    lists(scene, *mine("support", "sales"))
    commanded.end_change(scene.center, BRUCE, BILLING, scene.now)
    scene.happens()
    assert scene.agent().lost == {BILLING}
    assert scene.asked == [RelistMembers()]
    (state,) = [each for each in scene.told if isinstance(each, ch.AgentChanged)]
    assert BILLING in state.queue_ids
    lists(scene, *mine("support", "sales"))
    assert scene.asked[1:] == [AddMember("billing", "PJSIP/1001", "Agent/2501", 2, False)]


def test_a_queue_that_has_come_by_a_reconnection_gets_its_agents() -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0)])
    members = tuple(mine("support", "sales"))
    scene.rebuilds(Snapshot(QUEUES - {"billing"}, members, (), (), {}))
    assert scene.agent().lost == {BILLING}
    scene.rebuilds(Snapshot(QUEUES, members, (), (), {}))
    assert scene.asked == [AddMember("billing", "PJSIP/1001", "Agent/2501", 2, False)]
    assert scene.agent().taken == frozenset()


def test_an_agent_that_a_command_takes_out_of_its_last_queue_stays_in_reach() -> None:
    scene = Scene()
    scene.logs_in(ALICE)
    scene.forget()
    gone = ev.MemberRemoved("support", "PJSIP/1002", "Agent/2502")
    commanded.begin_change(scene.center, ALICE, SUPPORT)
    scene.happens(gone)
    commanded.configure(scene.center, ALICE, SUPPORT, -1, scene.now)
    commanded.end_change(scene.center, ALICE, SUPPORT, scene.now)
    scene.happens()
    assert scene.agent(ALICE).shown.state is AgentState.READY
    assert scene.states(ALICE) == []


def test_an_agent_whose_last_queue_is_configured_no_more_is_in_reach_again() -> None:
    scene = Scene()
    scene.logs_in(ALICE)
    scene.happens(ev.MemberRemoved("support", "PJSIP/1002", "Agent/2502"))
    assert scene.agent(ALICE).shown.cause == UNREACHABLE
    commanded.configure(scene.center, ALICE, SUPPORT, -1, scene.now)
    scene.happens()
    assert scene.agent(ALICE).shown.state is AgentState.READY


def test_a_removal_of_the_last_queue_that_fails_half_way_leaves_nobody_ready() -> None:
    scene = Scene()
    scene.logs_in(ALICE)
    commanded.begin_change(scene.center, ALICE, SUPPORT)
    scene.happens(ev.MemberRemoved("support", "PJSIP/1002", "Agent/2502"))
    commanded.end_change(scene.center, ALICE, SUPPORT, scene.now)
    scene.happens()
    assert scene.agent(ALICE).shown.cause == UNREACHABLE


def test_the_station_of_who_the_configuration_logged_in_is_told_and_not_kept() -> None:
    scene = Scene()
    static = seen("PJSIP/1004", "Agent/2501", dynamic=False)
    scene.rebuilds(Snapshot(QUEUES, (static,), (), (), {}))
    scene.happens(ev.MemberPaused("support", "PJSIP/1004", "Agent/2501", True, "lunch"))
    scene.happens(ev.MemberPaused("support", "PJSIP/1004", "Agent/2501", True, "lunch"))
    stations = [each for each in scene.told if isinstance(each, ch.StationChanged)]
    assert [(each.station.line_id, each.station.reason, each.kept) for each in stations] == [
        (4, "", False),
        (4, "lunch", False),
    ]
    assert scene.center.stations == {}
