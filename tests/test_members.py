"""What the memberships of an agent's queues add up to, event by event."""

from tests.scene import ALICE, BILLING, BRUCE, SALES, SUPPORT, Scene
from xucd.center import events as ev
from xucd.center.agent import AgentState, Stance
from xucd.center.changes import StationChanged
from xucd.center.events import DeviceStatus
from xucd.center.intents import WRAPUP_REASON, Nudge, RelistMembers, SetPause
from xucd.center.rules import commanded

FREE = DeviceStatus.NOT_IN_USE
QUEUES = ("support", "sales", "billing")


def pause_of(scene: Scene, queue_id: int) -> tuple[bool, str, DeviceStatus]:
    """Whether Bruce is paused in a queue, and why, and what his phone does."""
    member = scene.agent().members[queue_id]
    return member.paused, member.reason, member.status


def joins(queue: str, *, paused: bool, reason: str = "") -> tuple[ev.Event, ...]:
    """Bruce leaves a queue and is put into it again."""
    return (
        ev.MemberRemoved(queue, "PJSIP/1001", "Agent/2501"),
        ev.MemberAdded(queue, "PJSIP/1001", "Agent/2501", 0, paused, reason),
    )


def is_paused(queue: str, reason: str) -> ev.MemberPaused:
    return ev.MemberPaused(queue, "PJSIP/1001", "Agent/2501", True, reason)


def test_an_agent_is_logged_in_on_the_line_that_its_first_member_names() -> None:
    scene = Scene()
    scene.happens(ev.MemberAdded("support", "PJSIP/1004", "Agent/2501", 0, False, ""))
    assert scene.agent().shown.phone_number == "1004"
    assert scene.center.on_device["PJSIP/1004"] is scene.agent()


def test_a_member_on_another_line_does_not_pause_the_agent(scene: Scene) -> None:
    for queue in QUEUES:
        scene.happens(ev.MemberPaused(queue, "PJSIP/1004", "Agent/2501", True, "lunch"))
        scene.happens(ev.MemberPenalty(queue, "PJSIP/1004", "Agent/2501", 9))
        scene.happens(ev.MemberRemoved(queue, "PJSIP/1004", "Agent/2501"))
    assert scene.told == []


def test_a_paused_member_without_a_reason_has_that_of_its_agent(scene: Scene) -> None:
    scene.pauses(True, "lunch")
    scene.happens(*joins("billing", paused=True))
    assert pause_of(scene, BILLING) == (True, "lunch", FREE)
    scene.happens(*joins("billing", paused=True, reason="meeting"))
    assert pause_of(scene, BILLING) == (True, "meeting", FREE)
    scene.happens(*joins("billing", paused=False))
    assert pause_of(scene, BILLING) == (False, "", FREE)


def test_a_paused_member_without_a_reason_leaves_a_wrapping_agent_wrapping(scene: Scene) -> None:
    scene.wraps_up()
    scene.happens(*joins("billing", paused=True))
    assert pause_of(scene, BILLING) == (True, WRAPUP_REASON, FREE)
    assert scene.agent().stance is Stance.WRAPPING


def test_a_login_is_complete_once_every_queue_has_its_member() -> None:
    scene = Scene()
    commanded.begin_login(scene.center, BRUCE)
    settled = []
    for penalty, queue in enumerate(QUEUES):
        scene.happens(ev.MemberAdded(queue, "PJSIP/1001", "Agent/2501", penalty, False, ""))
        settled.append(scene.center.stations[BRUCE].settled)
    assert settled == [False, False, True]
    stations = [change for change in scene.told if isinstance(change, StationChanged)]
    assert [change.station.settled for change in stations] == settled[1:]


def test_a_member_that_appears_during_a_logout_is_passed_over(scene: Scene) -> None:
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    scene.happens(ev.MemberAdded("sales", "PJSIP/1001", "Agent/2501", 7, True, "lunch"))
    assert scene.told == []
    assert pause_of(scene, SALES) == (False, "", FREE)


def test_a_logout_is_over_with_the_last_member_and_not_before(scene: Scene) -> None:
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    stances = []
    for queue in QUEUES:
        scene.happens(ev.MemberRemoved(queue, "PJSIP/1001", "Agent/2501"))
        stances.append(scene.agent().stance)
    assert stances == [Stance.READY, Stance.READY, Stance.OUT]
    assert "PJSIP/1001" not in scene.center.on_device


def test_whoever_is_left_with_paused_queues_for_several_reasons_is_paused_without_one(
    scene: Scene,
) -> None:
    scene.happens(is_paused("support", "lunch"), is_paused("sales", "meeting"))
    scene.happens(ev.MemberRemoved("billing", "PJSIP/1001", "Agent/2501"))
    assert scene.states() == [AgentState.ON_PAUSE]
    assert scene.agent().shown.cause == ""


def test_of_several_reasons_of_a_ready_agents_queues_the_last_one_counts(scene: Scene) -> None:
    for number in range(10):
        first, last = f"lunch {number}", f"meeting {number}"
        scene.happens(is_paused("support", first), is_paused("sales", first))
        scene.happens(is_paused("billing", last))
        assert scene.agent().shown.cause == last
        scene.pauses(False)


def test_a_pause_for_another_reason_waits_until_every_queue_has_it(scene: Scene) -> None:
    scene.pauses(True, "lunch")
    causes = []
    for queue in QUEUES:
        scene.happens(is_paused(queue, "meeting"))
        causes.append(scene.agent().shown.cause)
    assert causes == ["lunch", "lunch", "meeting"]


def test_what_a_pause_overwrote_is_asked_for_again_and_the_agent_stays_paused(
    scene: Scene,
) -> None:
    scene.pauses(True, "lunch")
    scene.forget()
    scene.wraps_up()
    assert scene.asked == [SetPause("PJSIP/1001", True, "lunch")]
    assert (scene.told, scene.agent().stance) == ([], Stance.PAUSED)


def test_a_queue_that_takes_a_free_phone_for_free_once_more_offers_nothing(scene: Scene) -> None:
    scene.caller_waits()
    scene.happens(ev.MemberStatus("support", "PJSIP/1001", "Agent/2501", FREE))
    assert scene.asked == []


def test_a_pause_leaves_what_the_queue_takes_the_phone_for_as_it_is(scene: Scene) -> None:
    scene.happens(ev.MemberStatus("support", "PJSIP/1001", "Agent/2501", DeviceStatus.IN_USE))
    scene.pauses(True, "lunch")
    assert pause_of(scene, SUPPORT) == (True, "lunch", DeviceStatus.IN_USE)
    scene.happens(ev.MemberStatus("support", "PJSIP/1001", "Agent/2501", FREE))
    assert pause_of(scene, SUPPORT) == (True, "lunch", FREE)


def test_callers_for_whom_no_phone_rings_any_more_are_offered_again(scene: Scene) -> None:
    scene.logs_in(ALICE)
    scene.pauses(True, "lunch")
    caller = scene.caller_waits()
    scene.rings(caller, agent_id=ALICE)
    scene.happens(ev.AgentRangNoAnswer(caller))
    scene.forget()
    scene.pauses(False)
    assert scene.asked == [Nudge(scene.center.channels.by_id[caller].name)]


def test_a_member_that_was_never_there_is_neither_changed_nor_removed(scene: Scene) -> None:
    scene.logs_in(ALICE)
    scene.forget()
    scene.happens(
        ev.MemberPaused("sales", "PJSIP/1002", "Agent/2502", True, "lunch"),
        ev.MemberStatus("sales", "PJSIP/1002", "Agent/2502", FREE),
        ev.MemberPenalty("sales", "PJSIP/1002", "Agent/2502", 3),
        ev.MemberRemoved("sales", "PJSIP/1002", "Agent/2502"),
    )
    # The pause is that of a member which came without an event: the queues are listed anew.
    assert (scene.told, scene.asked) == ([], [RelistMembers()])
    assert set(scene.agent(ALICE).members) == {SUPPORT}
