"""What a list has asked for, and the events that were held back meanwhile have made pointless."""

import msgspec
import pytest

from tests.scene import Scene
from tests.test_members_found import QUEUES, seen
from tests.test_queues_conf_reloaded import (
    PENALTIES,
    PHONE,
    adopted,
    all_static,
    carries_out,
    in_each_queue,
    pauses,
    static,
)
from xucd.app.held import apply_held
from xucd.center import events as ev
from xucd.center.agent import AgentState, Stance
from xucd.center.intents import WRAPUP_REASON, AddMember, SetPause
from xucd.center.rules.rebuild import rebuild_members
from xucd.center.snapshot import MemberSeen, QueuesSeen


def lists_while(scene: Scene, members: list[MemberSeen], *held: ev.Event) -> None:
    """List the members anew; these events came while they were listed."""
    rebuild_members(scene.center, QueuesSeen(QUEUES, tuple(members)), scene.now, again=True)
    apply_held(scene.center, held, scene.now)
    scene.happens()


def unpauses() -> list[ev.MemberPaused]:
    return [ev.MemberPaused(queue, PHONE, "Dan", False, "") for queue in PENALTIES]


def test_an_agent_made_ready_while_a_reload_is_listed_stays_ready() -> None:
    scene = adopted()
    pauses(scene, "lunch")
    scene.forget()
    lists_while(scene, all_static(paused=True, last_pause=int(scene.now)), *unpauses())
    assert scene.agent().stance is Stance.READY
    assert scene.asked == []


@pytest.mark.parametrize("told", [0, 1])
def test_a_queue_that_is_new_to_an_agent_made_ready_meanwhile_is_ready_too(told: int) -> None:
    scene = adopted()
    pauses(scene, "lunch")
    scene.forget()
    others = [static(queue, paused=True, reason="lunch") for queue in list(PENALTIES)[1:]]
    newcomer = next(iter(PENALTIES))
    held = [each for each in unpauses() if told or each.queue != newcomer]
    lists_while(scene, [static(newcomer), *others], *held)
    assert scene.agent().shown.state is AgentState.READY
    assert scene.asked == []
    assert not any(member.paused for _, member in scene.center.members.all())


def test_a_pause_that_still_holds_is_asked_for() -> None:
    scene = adopted()
    pauses(scene, "lunch")
    scene.forget()
    lists_while(scene, all_static(paused=True, last_pause=int(scene.now)))
    assert scene.asked == in_each_queue("lunch")
    carries_out(scene)
    assert scene.agent().stance is Stance.PAUSED


def test_the_pause_of_a_call_that_began_meanwhile_is_asked_for() -> None:
    scene = adopted()
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone, gosub=False)
    asked = [each for each in scene.asked if isinstance(each, SetPause) and each.paused]
    assert asked
    scene.center.intents = list(asked)
    apply_held(scene.center, [], scene.now)
    assert scene.center.intents == asked


def test_what_a_wrapup_has_overwritten_in_another_queue_is_given_back_after_a_list() -> None:
    scene = adopted()
    theirs = seen(PHONE, "Dan", "theirs", paused=True, reason="office")
    lists_while(scene, [*all_static(), theirs])
    scene.happens(ev.MemberPaused("theirs", PHONE, "Dan", True, WRAPUP_REASON))
    scene.forget()
    lists_while(scene, [*all_static(), static_wrapup(theirs)])
    assert scene.agent().stance is Stance.READY
    assert scene.asked == [SetPause(PHONE, True, "office", "theirs")]


def static_wrapup(member: MemberSeen) -> MemberSeen:
    return msgspec.structs.replace(member, paused=True, reason=WRAPUP_REASON)


def test_a_queue_that_was_lost_is_ready_once_it_is_there_for_an_agent_made_ready_meanwhile() -> (
    None
):
    scene = Scene()
    scene.logs_in()
    scene.pauses(True, "lunch")
    scene.forget()
    there = [member for _, member in scene.center.members.all() if member.queue != "billing"]
    held = [ev.MemberPaused(each.queue, each.interface, each.member, False, "") for each in there]
    lists_while(scene, there, *held)
    assert scene.agent().stance is Stance.READY
    assert [each.paused for each in scene.asked if isinstance(each, AddMember)] == [False]
