"""Members that are no agent's own, on phones of agents and of others: what is done to them."""

from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from tests.scene import ALICE, BRUCE, CAROLINE, SALES, SUPPORT, Scene
from tests.test_context import Script, a_context
from tests.test_members_found import QUEUES, joins, leaves, lists, seen
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import Stance
from xucd.center.directory import Directory
from xucd.center.intents import (
    LOGOUT_REASON,
    WRAPUP_REASON,
    AddMember,
    RelistMembers,
    RemoveMember,
    SetPause,
    SetPenalty,
)
from xucd.center.rules import commanded, strangers
from xucd.center.rules.members import log_in_found
from xucd.center.rules.rebuild import rebuild_members
from xucd.center.snapshot import MemberSeen, QueuesSeen, Snapshot
from xucd.center.station import Station
from xucd.commands.queues import add_to_queue, remove_from_queue
from xucd.store.journal import Journal

STRANGER = "Local/1001@panel/n"
NOBODYS = "PJSIP/1004"  # a line that no agent has


def stranger_is_paused(paused: bool, reason: str = "") -> ev.MemberPaused:
    return ev.MemberPaused("support", STRANGER, "Panel", paused, reason)


def test_a_stranger_that_comes_while_its_agent_is_on_pause_is_paused_with_it(scene: Scene) -> None:
    scene.pauses(True, "lunch")
    scene.happens(joins(STRANGER, "Panel"))
    assert scene.asked == [SetPause(STRANGER, True, "lunch", "support")]
    assert (scene.agent().stance, scene.agent().reason) == (Stance.PAUSED, "lunch")


def test_a_stranger_that_another_program_makes_ready_rings_no_agent_on_pause(scene: Scene) -> None:
    scene.happens(joins(STRANGER, "Panel"))
    scene.pauses(True, "lunch")
    scene.happens(stranger_is_paused(True, "lunch"))
    scene.forget()
    scene.happens(stranger_is_paused(False))
    assert scene.asked == [SetPause(STRANGER, True, "lunch", "support")]
    assert scene.agent().stance is Stance.PAUSED


def test_an_agent_that_ends_its_pause_is_ready_whatever_the_stranger_is(scene: Scene) -> None:
    scene.happens(joins(STRANGER, "Panel"))
    scene.pauses(True, "lunch")
    scene.happens(stranger_is_paused(True, "lunch"))
    scene.forget()
    scene.pauses(False)  # by another program, which knows nothing of the stranger
    assert scene.agent().stance is Stance.READY
    scene.happens(stranger_is_paused(False))
    freed = SetPause(STRANGER, False, "", "support")
    assert [each for each in scene.asked if isinstance(each, SetPause)] == [freed]


def test_a_pause_that_another_program_gave_a_stranger_pauses_no_agent(scene: Scene) -> None:
    scene.happens(joins(STRANGER, "Panel"), stranger_is_paused(True, "office"))
    assert (scene.agent().stance, scene.asked) == (Stance.READY, [])


def test_a_logout_leaves_a_stranger_in_its_queue_and_frees_it(scene: Scene) -> None:
    scene.happens(joins(STRANGER, "Panel"))
    scene.pauses(True, "lunch")
    scene.happens(stranger_is_paused(True, "lunch"))
    scene.forget()
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    scene.happens(*(leaves(queue) for queue in ("support", "sales", "billing")))
    assert scene.agent().stance is Stance.OUT
    assert scene.asked == [SetPause(STRANGER, False, "", "support")]
    assert scene.center.members.get(SUPPORT, STRANGER) is not None


def test_a_logout_frees_a_stranger_of_which_asterisk_has_not_told_yet_that_it_is_paused(
    scene: Scene,
) -> None:
    scene.happens(joins(STRANGER, "Panel"))
    scene.pauses(True, "lunch")
    scene.happens(stranger_is_paused(True, "lunch"))
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    scene.happens(stranger_is_paused(False))
    assert scene.asked[-1] == SetPause(STRANGER, True, "lunch", "support")
    scene.happens(*(leaves(queue) for queue in ("support", "sales", "billing")))
    assert scene.agent().stance is Stance.OUT
    assert scene.asked[-1] == SetPause(STRANGER, False, "", "support")


@pytest.mark.parametrize("comes", [True, False])
def test_who_is_made_ready_by_others_has_no_stranger_that_is_about_to_be_paused(
    scene: Scene, comes: bool
) -> None:
    if not comes:
        scene.happens(joins(STRANGER, "Panel"))
    scene.pauses(True, "lunch")
    if comes:
        scene.happens(joins(STRANGER, "Panel"))
    else:
        scene.happens(stranger_is_paused(True, "lunch"), stranger_is_paused(False))
    assert scene.asked[-1] == SetPause(STRANGER, True, "lunch", "support")
    scene.forget()
    scene.pauses(False)
    assert scene.asked[-1] == SetPause(STRANGER, False, "", "support")


@pytest.mark.parametrize("office", [True, None, False])
@pytest.mark.parametrize("then", ["ready", "out", "tea", "lunch"])
def test_a_pause_that_comes_true_late_gives_way_to_what_holds_by_then(
    scene: Scene, then: str, *, office: bool | None
) -> None:
    """`office` is whether others have paused it meanwhile, or None if they have ended that, too."""
    scene.happens(joins(STRANGER, "Panel"))
    scene.pauses(True, "lunch")
    scene.happens(stranger_is_paused(True, "lunch"))
    scene.forget()
    scene.happens(stranger_is_paused(False))  # xucd asks for "lunch" again
    if office is not False:
        scene.happens(stranger_is_paused(True, "office"))
    if then == "ready":
        scene.pauses(False)
    elif then == "out":
        commanded.begin_logout(scene.center, BRUCE, scene.now)
        scene.happens(*(leaves(queue) for queue in ("support", "sales", "billing")))
    elif then == "tea":  # of a command that was sent before, and reached all members
        if not office:
            scene.happens(stranger_is_paused(True, "tea"))
        scene.pauses(True, "tea")
    if office is None:
        scene.happens(stranger_is_paused(False))
    before = [each for each in scene.asked if isinstance(each, SetPause)]
    scene.forget()
    scene.happens(stranger_is_paused(True, "lunch"))
    reason = {"tea": "tea", "lunch": "lunch"}.get(then, "")
    asked = [*before, *scene.asked]
    assert asked[-1] == SetPause(STRANGER, bool(reason), reason, "support")
    if office is False:
        assert len(asked) == 1 + (reason != "lunch"), "nothing is asked for twice"


def test_what_others_pause_for_the_same_reason_afterwards_is_theirs(scene: Scene) -> None:
    scene.pauses(True, "lunch")
    scene.happens(joins(STRANGER, "Panel"), stranger_is_paused(True, "lunch"))
    scene.pauses(False)
    scene.happens(stranger_is_paused(False))
    scene.forget()
    scene.happens(stranger_is_paused(True, "lunch"))
    assert (scene.asked, scene.agent().stance) == ([], Stance.READY)


def test_what_others_pause_for_a_reason_that_was_the_agents_before_is_theirs(scene: Scene) -> None:
    scene.pauses(True, "lunch")
    scene.happens(joins(STRANGER, "Panel"), stranger_is_paused(True, "lunch"))
    scene.happens(stranger_is_paused(True, "tea"))
    scene.pauses(True, "tea")
    scene.forget()
    scene.happens(stranger_is_paused(True, "lunch"))
    assert scene.asked == []


@pytest.mark.parametrize("queue", ["support", "theirs"])
def test_who_was_to_be_freed_as_the_connection_was_lost_is_freed_after_it(
    scene: Scene, queue: str
) -> None:
    stranger = seen(STRANGER, "Panel", queue)
    lists(scene, *(member for _, member in scene.center.members.all()), stranger)
    scene.pauses(True, "lunch")
    told = ev.MemberPaused(queue, STRANGER, "Panel", True, "lunch")
    scene.happens(told)
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    scene.happens(*(leaves(queue) for queue in ("support", "sales", "billing")))
    scene.forget()  # and Asterisk never hears of it
    listed = msgspec.structs.replace(stranger, paused=True, reason="lunch")
    for _ in range(2):
        scene.rebuilds(Snapshot(QUEUES, (listed,), (), (), {}))
        assert scene.asked == [SetPause(STRANGER, False, "", queue)]
        scene.forget()
    scene.happens(msgspec.structs.replace(told, paused=False, reason=""), told)
    scene.rebuilds(Snapshot(QUEUES, (listed,), (), (), {}))
    assert scene.asked == [], "others have paused it since"


@pytest.mark.parametrize("holder", [None, CAROLINE])
def test_a_logout_that_a_kill_has_interrupted_frees_the_strangers_as_xucd_starts(
    holder: int | None,
) -> None:
    stations = [Station(BRUCE, 1, False, 0.0, paused=True, reason="lunch")]
    if holder is not None:  # of the same phone by now, and on pause itself
        stations.append(Station(holder, 1, True, 1.0, paused=True, reason="lunch"))
    scene = Scene(stations)
    stranger = seen(STRANGER, "Panel", paused=True, reason="lunch")
    office = seen("Local/1001@crm/n", "Crm", "sales", paused=True, reason="office")
    for turn in range(2):
        scene.rebuilds(Snapshot(QUEUES, (stranger, office), (), (), {}))
        freed = [each for each in scene.asked if isinstance(each, SetPause) and not each.paused]
        assert freed == [SetPause(STRANGER, False, "", "support")] * (holder is None)
        scene.happens(stranger_is_paused(False), stranger_is_paused(True, "lunch"))
        station = scene.center.stations[BRUCE]
        assert (station.paused, station.logged_in, station.since) == (False, False, 0.0)
        stored = [each.station for each in scene.told if isinstance(each, ch.StationChanged)]
        assert stored.count(station) == (turn == 0)
        holder = BRUCE if holder is None else holder  # what others pause from now on is theirs
        scene.forget()


@pytest.mark.parametrize("paused", [True, False])
def test_a_logout_goes_on_whatever_becomes_of_a_stranger_and_over_a_list(
    scene: Scene, *, paused: bool
) -> None:
    scene.happens(joins(STRANGER, "Panel"))
    if not paused:
        scene.pauses(True, "lunch")
        scene.happens(stranger_is_paused(True, "lunch"))
    scene.center.expect_station(Station(BRUCE, 1, False, scene.now))
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    scene.happens(leaves("billing"), stranger_is_paused(paused, "office" * paused))
    assert not scene.center.stations[BRUCE].logged_in
    lists(scene, *(member for _, member in scene.center.members.all()))
    assert scene.agent().stance is Stance.OUT
    gone = {each.queue for each in scene.asked if isinstance(each, RemoveMember)}
    assert gone == {"support", "sales"}


def test_a_stranger_that_is_taken_away_and_put_back_is_not_removed() -> None:
    scene = Scene()
    scene.happens(joins(STRANGER, "Panel"))
    commanded.begin_login(scene.center, BRUCE)
    scene.happens(*(joins("PJSIP/1001", "Agent/2501", queue) for queue in ("sales", "billing")))
    commanded.settle(scene.center, BRUCE)
    scene.forget()
    own = [each for _, each in scene.center.members.all() if each.interface != STRANGER]
    lists(scene, *own)  # the event of its going comes behind the list
    scene.happens(ev.MemberRemoved("support", STRANGER, "Panel"), joins(STRANGER, "Panel"))
    assert [each for each in scene.asked if each == RemoveMember("support", STRANGER)] == []


def test_who_is_put_on_pause_by_others_is_rung_by_no_stranger(scene: Scene) -> None:
    scene.happens(joins(STRANGER, "Panel"))
    scene.forget()
    for reason in ("lunch", "meeting"):
        # By another program, which knows nothing of the stranger.
        scene.pauses(True, reason)
        assert (scene.agent().stance, scene.agent().reason) == (Stance.PAUSED, reason)
        assert scene.asked == [SetPause(STRANGER, True, reason, "support")]
        scene.forget()
    asked = strangers.pauses(scene.center, scene.agent(), False)
    assert asked == [SetPause(each, False) for each in ("PJSIP/1001", STRANGER)]
    scene.pauses(False)
    assert scene.asked == [SetPause(STRANGER, False, "", "support")]


@pytest.mark.parametrize("reached", [True, False])
def test_a_stranger_of_the_agents_interface_is_paused_where_a_list_tells_that_it_was_not(
    shared: Scene, *, reached: bool
) -> None:
    own = all_are(True, "lunch")[1:]
    shared.happens(*own)
    assert (shared.asked, shared.agent().stance) == ([RelistMembers()], Stance.PAUSED)
    shared.forget()
    stranger = seen("PJSIP/1001", "Panel", paused=reached, reason="lunch" * reached)
    mine = [seen("PJSIP/1001", "Agent/2501", e.queue, paused=True, reason="lunch") for e in own]
    lists(shared, stranger, *mine)
    assert shared.asked == [SetPause("PJSIP/1001", True, "lunch", "support")][reached:]


def test_a_pause_that_comes_true_late_is_undone_also_when_a_list_came_before(scene: Scene) -> None:
    scene.happens(joins(STRANGER, "Panel"))
    scene.pauses(True, "lunch")
    scene.forget()
    ready = [
        msgspec.structs.replace(each, paused=False, reason="", asked=None)
        for _, each in scene.center.members.all()
    ]
    listed = [msgspec.structs.replace(each, last_pause=int(scene.now)) for each in ready]
    lists(scene, *listed)  # by others, and what was asked for is not yet done
    assert scene.agent().stance is Stance.READY
    scene.forget()
    scene.happens(stranger_is_paused(True, "lunch"))
    assert scene.asked == [SetPause(STRANGER, False, "", "support")]


def test_a_command_pauses_strangers_first_so_that_none_is_asked_for_a_second_time(
    scene: Scene,
) -> None:
    scene.happens(joins(STRANGER, "Panel"))
    asked = strangers.pauses(scene.center, scene.agent(), True, "lunch")
    assert asked == [SetPause(each, True, "lunch") for each in (STRANGER, "PJSIP/1001")]
    scene.happens(stranger_is_paused(True, "lunch"))
    scene.pauses(True, "lunch")
    assert scene.asked == []


def test_a_stranger_that_comes_ends_no_pause_of_an_agent_that_has_strangers_alone() -> None:
    scene = Scene()
    scene.rebuilds(Snapshot(QUEUES, (seen(STRANGER, "Panel"),), (), (), {}))
    commanded.begin_login(scene.center, BRUCE)
    line = scene.center.directory.lines[1]
    log_in_found(scene.center, BRUCE, line, scene.now)
    scene.happens(stranger_is_paused(True, "lunch"))
    scene.forget()
    assert scene.agent().stance is Stance.PAUSED
    scene.happens(joins("Local/1001@crm/n", "Crm", "sales"))
    assert scene.asked == [SetPause("Local/1001@crm/n", True, "lunch", "sales")]
    assert (scene.agent().stance, scene.agent().reason) == (Stance.PAUSED, "lunch")


def test_the_end_of_a_pause_is_asked_of_no_member_that_was_ready(scene: Scene) -> None:
    lists(
        scene,
        *(member for _, member in scene.center.members.all()),
        seen("Local/1001@theirs/n", "Theirs", "theirs"),
    )
    scene.pauses(True, "lunch")
    scene.pauses(False)
    assert scene.asked == []


def test_a_list_after_a_lost_connection_pauses_a_stranger_that_has_lost_its_pause() -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0, paused=True, reason="lunch")])
    own = [
        seen("PJSIP/1001", "Agent/2501", queue, paused=True, reason="lunch", penalty=penalty)
        for penalty, queue in enumerate(("support", "sales", "billing"))
    ]
    scene.rebuilds(Snapshot(QUEUES, (*own, seen(STRANGER, "Panel")), (), (), {}))
    assert scene.agent().stance is Stance.PAUSED
    assert scene.asked == [SetPause(STRANGER, True, "lunch", "support")]


def test_a_strangers_penalty_is_not_changed_to_what_is_configured() -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0, settled=False)])
    stranger = seen("PJSIP/1001", "Panel", penalty=7)
    scene.rebuilds(Snapshot(QUEUES, (stranger,), (), (), {}))
    kinds = [each for each in scene.asked if isinstance(each, SetPenalty | RemoveMember)]
    assert kinds == []
    added = {each.queue for each in scene.asked if isinstance(each, AddMember)}
    assert added == {"sales", "billing"}


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("interface", [NOBODYS, "PJSIP/9999"])
@pytest.mark.parametrize("reason", [LOGOUT_REASON, WRAPUP_REASON])
def test_what_an_earlier_version_left_paused_is_free_at_once(
    reason: str, interface: str, dynamic: bool
) -> None:
    found = seen(interface, "Panel", paused=True, reason=reason, dynamic=dynamic)
    free = [SetPause(interface, False, queue="support")]
    scene = Scene()
    scene.rebuilds(Snapshot(QUEUES, (found,), (), (), {}))
    assert [msgspec.structs.replace(each, reason="") for each in scene.asked] == free
    scene.forget()
    scene.happens(ev.MemberPaused("support", interface, "Panel", True, reason))
    assert scene.asked == free


def test_what_is_left_paused_in_a_queue_that_is_none_of_ours_is_freed_too() -> None:
    scene = Scene()
    found = seen(NOBODYS, "Panel", "theirs", paused=True, reason=LOGOUT_REASON)
    scene.rebuilds(Snapshot(QUEUES, (found,), (), (), {}))
    assert scene.asked == [SetPause(NOBODYS, False, "", "theirs")]


@pytest.mark.parametrize(
    ("interface", "name", "queue"),
    [
        ("PJSIP/1001", "Dan", "theirs"),  # the queue was ours as its agent logged out
        ("PJSIP/1001", "Agent/2501", "theirs"),
        ("PJSIP/1001", "Agent/9", "support"),  # there was an agent 9
        ("PJSIP/9999", "Agent/2501", "support"),  # it was the agent's line
    ],
)
def test_a_member_that_no_login_makes_ready_any_more_is_free_at_once(
    interface: str, name: str, queue: str
) -> None:
    left = seen(interface, name, queue, paused=True, reason=LOGOUT_REASON, dynamic=False)
    free = [SetPause(interface, False, "", queue)]
    scene = Scene([Station(BRUCE, 1, False, 0.0)])
    scene.rebuilds(Snapshot(QUEUES | {"theirs"}, (left,), (), (), {}))
    assert scene.asked == free
    scene.forget()
    scene.happens(ev.MemberPaused(queue, interface, name, True, LOGOUT_REASON))
    assert scene.asked == free


def test_a_pause_of_others_and_a_shelved_member_of_an_agent_stay() -> None:
    scene = Scene([Station(BRUCE, 1, False, 0.0)])
    office = seen(NOBODYS, "Panel", paused=True, reason="office")
    shelved = seen("PJSIP/1001", "Dan", dynamic=False, paused=True, reason=LOGOUT_REASON)
    scene.rebuilds(Snapshot(QUEUES, (office, shelved), (), (), {}))
    assert scene.asked == []


def test_an_agent_whose_only_members_are_strangers_is_out_at_once() -> None:
    scene = Scene()
    scene.logs_in()
    scene.happens(*(joins("PJSIP/1001", "Panel", queue) for queue in ("support",)))
    lists(scene, seen("PJSIP/1001", "Panel"))
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    assert scene.agent().stance is Stance.OUT


# -- what a restart of Asterisk has made ready


DAN = seen("PJSIP/1001", "Dan", dynamic=False)


@pytest.mark.parametrize("again", [True, False])
def test_the_phone_of_who_is_out_stays_quiet_when_asterisk_has_forgotten_its_pause(
    *, again: bool
) -> None:
    scene = Scene([Station(BRUCE, 1, False, 0.0)])
    stranger = seen(STRANGER, "Panel")
    if again:
        lists(scene, DAN, stranger)
    else:
        scene.rebuilds(Snapshot(QUEUES, (DAN, stranger), (), (), {}))
    assert scene.asked == [SetPause("PJSIP/1001", True, LOGOUT_REASON, "support")]


def test_a_member_on_the_phone_that_an_agent_left_rings_who_has_come_there() -> None:
    scene = Scene([Station(BRUCE, 1, False, 0.0), Station(ALICE, 1, True, 0.0)])
    scene.rebuilds(Snapshot(QUEUES, (DAN,), (), (), {}))
    assert scene.asked == []
    assert scene.agent(ALICE).members.keys() == {SUPPORT}


@pytest.mark.parametrize("found", [DAN, seen(STRANGER, "Panel"), seen("PJSIP/1001", "Panel")])
@pytest.mark.parametrize("remembered", [True, False])
def test_an_agent_on_pause_stays_so_when_asterisk_has_forgotten_its_pause(
    found: MemberSeen, *, remembered: bool
) -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0, paused=remembered, reason="lunch" * remembered)])
    if not remembered:
        scene.rebuilds(Snapshot(QUEUES, (msgspec.structs.replace(found, paused=True),), (), (), {}))
        scene.forget()
    scene.rebuilds(Snapshot(QUEUES, (found,), (), (), {}))
    reason = "lunch" * remembered
    assert (scene.agent().stance, scene.agent().reason) == (Stance.PAUSED, reason)
    assert SetPause(found.interface, True, reason, "support") in scene.asked
    assert scene.asked.count(SetPause(found.interface, True, reason, "support")) == 1
    added = [each.paused for each in scene.asked if isinstance(each, AddMember)]
    assert added == [True, True, True][: 3 - len(scene.agent().members)]


def test_who_was_made_ready_by_others_meanwhile_is_ready() -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0, paused=True, reason="lunch")])
    scene.rebuilds(Snapshot(QUEUES, (msgspec.structs.replace(DAN, last_pause=5),), (), (), {}))
    assert scene.agent().stance is Stance.READY


# -- one interface, shared with an agent's own members


SHARED = (("support", "Panel"), ("sales", "Agent/2501"), ("billing", "Agent/2501"))


@pytest.fixture
def shared() -> Scene:
    """Bruce is in two queues, and in the third is a stranger by his phone's own name."""
    scene = Scene()
    scene.happens(joins("PJSIP/1001", "Panel"))
    commanded.begin_login(scene.center, BRUCE)
    for penalty, queue in ((1, "sales"), (2, "billing")):
        scene.happens(joins("PJSIP/1001", "Agent/2501", queue, penalty=penalty))
    scene.forget()
    return scene


def all_are(paused: bool, reason: str = "") -> list[ev.MemberPaused]:
    return [ev.MemberPaused(queue, "PJSIP/1001", name, paused, reason) for queue, name in SHARED]


@pytest.mark.parametrize("reason", ["lunch", WRAPUP_REASON])
def test_an_agent_made_ready_is_so_in_the_queue_of_a_stranger_of_its_interface(
    shared: Scene, reason: str
) -> None:
    shared.talks()
    shared.center.agent_record(BRUCE).owe_wrapup()
    shared.happens(*all_are(True, reason))
    shared.forget()
    shared.happens(*all_are(False))
    assert shared.agent().stance is Stance.READY
    pausing = [each for each in shared.asked if isinstance(each, SetPause) and each.paused]
    assert pausing == []


def test_a_stranger_of_the_agents_interface_that_alone_is_made_ready_is_held_back(
    shared: Scene,
) -> None:
    shared.happens(*all_are(True, "lunch"))
    shared.forget()
    shared.happens(all_are(False)[0])
    assert (shared.asked, shared.agent().stance) == ([RelistMembers()], Stance.PAUSED)
    shared.forget()
    rebuild_members(
        shared.center,
        QueuesSeen(QUEUES, tuple(member for _, member in shared.center.members.all())),
        shared.now,
        again=True,
    )
    shared.happens()
    assert shared.asked == [SetPause("PJSIP/1001", True, "lunch", "support")]


# -- what others have paused


@pytest.mark.parametrize("interface", [STRANGER, "PJSIP/1001"])
def test_a_pause_that_others_gave_a_stranger_outlasts_the_agents(
    shared: Scene, interface: str
) -> None:
    if interface == STRANGER:
        shared.happens(ev.MemberRemoved("support", "PJSIP/1001", "Panel"), joins(STRANGER, "Panel"))
    shared.happens(ev.MemberPaused("support", interface, "Panel", True, "office"))
    for paused, reason in ((True, "lunch"), (False, "")):
        asked = strangers.pauses(shared.center, shared.agent(), paused, reason)
        reached = [each for each in asked if each.interface == interface]
        assert {each.queue for each in reached}.isdisjoint({"support", None})
        for queue in ("sales", "billing"):
            shared.happens(ev.MemberPaused(queue, "PJSIP/1001", "Agent/2501", paused, reason))
    assert shared.agent().stance is Stance.READY
    assert [each for each in shared.asked if isinstance(each, SetPause)] == []


@pytest.mark.parametrize("dynamic", [True, False, None])
def test_a_pause_that_others_gave_a_member_of_a_queue_that_is_none_of_ours_outlasts_the_agents(
    scene: Scene, *, dynamic: bool | None
) -> None:
    if dynamic is None:
        scene.happens(joins("PJSIP/1001", "Dan", "theirs", paused=True, reason="office"))
    else:
        ours = [member for _, member in scene.center.members.all()]
        theirs = seen("PJSIP/1001", "Dan", "theirs", paused=True, reason="office", dynamic=dynamic)
        lists(scene, *ours, theirs)
    for paused, reason in ((True, "lunch"), (False, "")):
        asked = strangers.pauses(scene.center, scene.agent(), paused, reason)
        assert {each.queue for each in asked} == {"support", "sales", "billing"}
        scene.pauses(paused, reason)


def test_a_pause_that_is_chosen_in_a_wrapup_gives_a_stranger_back_what_others_gave_it(
    shared: Scene,
) -> None:
    shared.happens(ev.MemberPaused("support", "PJSIP/1001", "Panel", True, "office"))
    shared.talks()
    shared.happens(*all_are(True, WRAPUP_REASON))
    for paused, reason in ((True, "lunch"), (False, "")):
        asked = strangers.pauses(shared.center, shared.agent(), paused, reason)
        assert {each.queue: each.reason for each in asked if each.paused or not paused} == {
            "support": "office",
            "sales": reason,
            "billing": reason,
        }


def test_a_logout_gives_a_stranger_back_the_pause_that_a_wrapup_has_overwritten(
    scene: Scene,
) -> None:
    scene.happens(joins(STRANGER, "Panel"), stranger_is_paused(True, "office"))
    scene.wraps_up()
    scene.happens(stranger_is_paused(True, WRAPUP_REASON))
    scene.forget()
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    scene.happens(*(leaves(queue) for queue in ("support", "sales", "billing")))
    assert scene.asked == [SetPause(STRANGER, True, "office", "support")]


def test_a_stranger_that_comes_during_a_logout_is_left_there(scene: Scene) -> None:
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    scene.happens(joins(STRANGER, "Panel"))
    assert scene.asked == []


@pytest.mark.parametrize("reason", ["lunch", WRAPUP_REASON])
@pytest.mark.parametrize("out", [True, False])
def test_members_of_queues_that_are_none_of_ours_are_free_once_their_agents_pause_is_over(
    scene: Scene, reason: str, *, out: bool
) -> None:
    phone = scene.talks()
    scene.center.agent_record(BRUCE).owe_wrapup()
    scene.pauses(True, reason)
    scene.happens(ev.MemberPaused("theirs", "PJSIP/1001", "Panel", True, reason))
    scene.hangs_up(phone)
    scene.forget()
    if out:
        commanded.begin_logout(scene.center, BRUCE, scene.now)
        scene.happens(*(leaves(queue) for queue in ("support", "sales", "billing")))
    elif reason == WRAPUP_REASON:
        scene.passes(10)
        asked = [msgspec.structs.replace(each, queue="theirs") for each in scene.asked[:1]]
        assert asked == [SetPause("PJSIP/1001", False, "", "theirs")]
        return
    else:
        scene.pauses(False)
    assert [each for each in scene.asked if isinstance(each, SetPause)] == [
        SetPause("PJSIP/1001", False, "", "theirs")
    ]


def test_who_goes_by_a_list_leaves_no_stranger_paused(scene: Scene) -> None:
    scene.happens(joins(STRANGER, "Panel"))
    scene.pauses(True, "lunch")
    scene.happens(stranger_is_paused(True, "lunch"))
    scene.forget()
    scene.center.expect_station(Station(BRUCE, 1, False, scene.now))
    lists(scene, *(member for _, member in scene.center.members.all()))
    assert scene.agent().stance is Stance.OUT
    assert SetPause(STRANGER, False, "", "support") in scene.asked


def without(before: Directory, goes: str) -> Directory:
    """A directory that lacks an agent, its line, or nothing."""
    return Directory(
        before.groups.values(),
        before.queues.values(),
        [each for each in before.lines.values() if (goes, each.id) != ("line", 1)],
        [each for each in before.agents.values() if (goes, each.id) != ("agent", BRUCE)],
    )


@pytest.mark.parametrize("goes", ["agent", "line"])
def test_who_goes_by_a_reload_leaves_no_stranger_that_is_about_to_be_paused(
    scene: Scene, goes: str
) -> None:
    scene.pauses(True, "lunch")
    scene.happens(joins(STRANGER, "Panel"))
    assert scene.asked[-1] == SetPause(STRANGER, True, "lunch", "support")
    asked = strangers.left_behind(scene.center, without(scene.center.directory, goes))
    assert SetPause(STRANGER, False, "", "support") in asked


@pytest.mark.parametrize("goes", ["agent", "line", "nothing"])
def test_who_goes_by_a_reload_leaves_no_member_paused_that_stays(scene: Scene, goes: str) -> None:
    after = without(scene.center.directory, goes)
    scene.happens(
        joins(STRANGER, "Panel"), joins("PJSIP/1001", "Agent/2501", "billing", dynamic=False)
    )
    scene.pauses(True, "lunch")
    scene.happens(
        stranger_is_paused(True, "lunch"),
        ev.MemberPaused("billing", "PJSIP/1001", "Agent/2501", True, "lunch"),
        joins("Local/1001@crm/n", "Crm", "sales"),
        ev.MemberPaused("sales", "Local/1001@crm/n", "Crm", True, "office"),
    )
    freed = [SetPause(STRANGER, False, "", "support"), SetPause("PJSIP/1001", False, "", "billing")]
    asked = strangers.left_behind(scene.center, after)
    assert [each for each in asked if isinstance(each, SetPause)] == (
        freed if goes != "nothing" else []
    )


@pytest.mark.parametrize("goes", ["line", "queue", "name", "nothing"])
def test_with_a_line_or_a_queue_the_members_go_that_an_agent_has_there(
    scene: Scene, goes: str
) -> None:
    before = scene.center.directory
    named = [
        msgspec.structs.replace(each, name="boats") if (goes, each.id) == ("name", SALES) else each
        for each in before.queues.values()
    ]
    after = Directory(
        before.groups.values(),
        [each for each in named if (goes, each.id) != ("queue", SALES)],
        [each for each in before.lines.values() if (goes, each.id) != ("line", 1)],
        before.agents.values(),
    )
    scene.happens(joins(STRANGER, "Panel", "sales"))
    there = {"line": ["support", "sales", "billing"], "nothing": []}.get(goes, ["sales"])
    assert strangers.left_behind(scene.center, after) == [
        RemoveMember(queue, "PJSIP/1001") for queue in there
    ]


# -- logging in where a stranger is


@pytest.mark.parametrize("interface", [STRANGER, "PJSIP/1001"])
def test_a_pause_of_a_stranger_pauses_no_agent_that_logs_in(interface: str) -> None:
    scene = Scene()
    scene.happens(
        joins(interface, "Panel"), ev.MemberPaused("support", interface, "Panel", True, "office")
    )
    commanded.begin_login(scene.center, BRUCE)
    log_in_found(scene.center, BRUCE, scene.center.directory.lines[1], scene.now)
    scene.happens()
    assert scene.agent().stance is Stance.READY
    scene.happens(joins("PJSIP/1001", "Agent/2501", "sales", penalty=1))
    assert scene.agent().stance is Stance.READY
    assert [each for each in scene.asked if isinstance(each, SetPause)] == []


# -- commands that change an agent's queues


@pytest.mark.parametrize("dynamic", [True, False])
async def test_a_command_changes_what_is_configured_and_no_strangers_member(
    *, dynamic: bool
) -> None:
    scene = Scene()
    scene.logs_in(CAROLINE)
    live, line = scene.agent(CAROLINE), scene.center.directory.lines[4]
    commanded.begin_login(scene.center, CAROLINE)
    scene.center.log_in(scene.center.agent_record(CAROLINE), line, scene.now)
    scene.happens(joins(NOBODYS, "Panel", penalty=7, dynamic=dynamic))
    assert live.members.keys() == {SUPPORT}
    context = a_context(scene, script := Script())
    kept: list[tuple[int, int, int]] = []

    async def keep(agent_id: int, queue_id: int, penalty: int) -> None:
        kept.append((agent_id, queue_id, penalty))

    context.journal = cast(Journal, SimpleNamespace(set_membership=keep))
    queue = scene.center.directory.queues[SUPPORT]
    await add_to_queue(context, live, queue, 2)
    assert live.queues[SUPPORT] == 2
    await remove_from_queue(context, live, queue)
    assert SUPPORT not in live.queues
    assert (script.asked, kept) == ([], [(CAROLINE, SUPPORT, 2), (CAROLINE, SUPPORT, -1)])
