"""A reload of queues.conf: it makes members anew, without their pauses' reasons, and brings others.

Asterisk makes all members of a file that has changed anew: paused as before, for no reason, with
the moment of the reload for that of their pause. It tells nobody.
"""

import msgspec
import pytest

from tests.scene import BRUCE, Scene
from tests.test_members_found import QUEUES, lists, seen
from xucd.center import events as ev
from xucd.center.agent import AgentState, Stance
from xucd.center.intents import LOGOUT_REASON, WRAPUP_REASON, Intent, SetPause
from xucd.center.snapshot import MemberSeen, Snapshot
from xucd.center.station import Station

PHONE = "PJSIP/1001"
PENALTIES = {"support": 0, "sales": 1, "billing": 2}
PANEL = "Local/1001@panel/n"


def static(queue: str, **fields: object) -> MemberSeen:
    return seen(PHONE, "Dan", queue, penalty=PENALTIES[queue], dynamic=False, **fields)


def all_static(**fields: object) -> list[MemberSeen]:
    return [static(queue, **fields) for queue in PENALTIES]


def adopted(**remembered: object) -> Scene:
    """Bruce is logged in by the members of queues.conf."""
    scene = Scene([msgspec.structs.replace(Station(BRUCE, 1, True, 0.0), **remembered)])
    scene.rebuilds(Snapshot(QUEUES, tuple(all_static()), (), (), {}))
    scene.forget()
    return scene


def pauses(scene: Scene, reason: str) -> None:
    scene.happens(*(ev.MemberPaused(queue, PHONE, "Dan", True, reason) for queue in PENALTIES))


def carries_out(scene: Scene) -> None:
    """Asterisk does what it was asked for, of members in each queue by itself."""
    asked, scene.asked = scene.asked, []
    for each in asked:
        assert isinstance(each, SetPause)
        assert each.queue is not None
        scene.happens(ev.MemberPaused(each.queue, each.interface, "", each.paused, each.reason))


def is_reloaded(scene: Scene, *more: MemberSeen) -> None:
    lists(scene, *all_static(paused=True, last_pause=int(scene.now)), *more)


def in_each_queue(reason: str) -> list[Intent]:
    return [SetPause(PHONE, True, reason, queue) for queue in PENALTIES]


# -- a pause without its reason


@pytest.mark.parametrize("again", [True, False])
def test_a_pause_keeps_its_reason_and_asterisk_is_told_it_anew(*, again: bool) -> None:
    scene = adopted()
    pauses(scene, "lunch")
    if again:
        is_reloaded(scene)
    else:
        scene.rebuilds(Snapshot(QUEUES, tuple(all_static(paused=True)), (), (), {}))
    assert (scene.agent().shown.state, scene.agent().shown.cause) == (AgentState.ON_PAUSE, "lunch")
    assert scene.asked == in_each_queue("lunch")
    carries_out(scene)
    is_reloaded(scene)
    assert scene.asked == in_each_queue("lunch"), "and after the next reload"
    assert scene.states() == [AgentState.ON_PAUSE]


def test_a_pause_lasts_since_it_began_though_its_members_were_made_anew() -> None:
    scene = adopted()
    pauses(scene, "lunch")
    began = scene.agent().since
    for _ in range(2):
        scene.passes(600)
        is_reloaded(scene)
        carries_out(scene)
        assert scene.agent().since == began


def test_a_wrapup_ends_in_its_time_though_a_reload_has_made_its_members_anew() -> None:
    scene = adopted()
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone, gosub=False)
    pauses(scene, WRAPUP_REASON)
    scene.forget()
    is_reloaded(scene)
    assert scene.asked == in_each_queue(WRAPUP_REASON)
    carries_out(scene)
    scene.hangs_up(phone, caller)
    assert scene.states() == [AgentState.ON_WRAPUP]
    is_reloaded(scene)
    carries_out(scene)
    scene.passes(5)
    assert scene.asked == [SetPause(PHONE, False)]


def test_a_reload_while_xucd_is_stopped_leaves_the_pause_that_it_remembers() -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0, paused=True, reason="lunch")])
    scene.rebuilds(Snapshot(QUEUES, tuple(all_static(paused=True)), (), (), {}))
    assert scene.agent().shown.cause == "lunch"
    assert scene.asked == in_each_queue("lunch")


@pytest.mark.parametrize("reason", ["lunch", "office"])
def test_a_stranger_is_told_anew_what_xucd_has_paused_it_for_and_not_what_others_have(
    reason: str,
) -> None:
    scene = adopted()
    panel = seen(PANEL, "Panel", "theirs", dynamic=False)
    lists(scene, *all_static(), panel)
    pauses(scene, "lunch")
    scene.happens(ev.MemberPaused("theirs", PANEL, "Panel", True, reason))
    is_reloaded(scene, msgspec.structs.replace(panel, paused=True))
    asked = [each for each in scene.asked if each not in in_each_queue("lunch")]
    assert asked == [SetPause(PANEL, True, "lunch", "theirs")][: reason == "lunch"]
    (found,) = scene.center.members.elsewhere(PANEL)
    assert found.reason == reason


def test_who_is_out_stays_out_and_is_told_to_be() -> None:
    scene = Scene([Station(BRUCE, 1, False, 0.0)])
    shelved = tuple(all_static(paused=True, reason=LOGOUT_REASON))
    scene.rebuilds(Snapshot(QUEUES, shelved, (), (), {}))
    assert scene.asked == []
    is_reloaded(scene)
    assert scene.agent().stance is Stance.OUT
    assert scene.asked == in_each_queue(LOGOUT_REASON)


def test_a_pause_for_no_reason_stays_one() -> None:
    scene = adopted()
    pauses(scene, "lunch")
    pauses(scene, "")
    is_reloaded(scene)
    assert (scene.agent().stance, scene.agent().reason, scene.asked) == (Stance.PAUSED, "", [])


# -- members that come


def some(*queues: str, **fields: object) -> list[MemberSeen]:
    return [static(queue, **fields) for queue in queues]


@pytest.mark.parametrize("reason", ["lunch", WRAPUP_REASON])
@pytest.mark.parametrize("before", [["support"], ["support", "sales"]])
def test_who_comes_to_an_agent_on_pause_or_in_its_wrapup_is_paused_too(
    before: list[str], reason: str
) -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0)])
    scene.rebuilds(Snapshot(frozenset(before), tuple(some(*before)), (), (), {}))
    scene.center.agent_record(BRUCE).owe_wrapup()
    scene.center.agent_record(BRUCE).set_wrapup(5)
    scene.happens(*(ev.MemberPaused(queue, PHONE, "Dan", True, reason) for queue in before))
    scene.forget()
    new = sorted(QUEUES - {*before})
    lists(scene, *some(*before, paused=True, last_pause=int(scene.now)), *some(*new))
    assert [each for each in in_each_queue(reason) if each not in scene.asked] == []
    carries_out(scene)
    assert scene.states() == []
    lists(scene, *all_static(paused=True, reason=reason, last_pause=int(scene.now)))
    assert (scene.asked, scene.states()) == ([], [])
    scene.passes(5)
    assert scene.asked == [SetPause(PHONE, False)][: reason == WRAPUP_REASON]


def test_who_comes_is_paused_for_what_the_others_are_by_now() -> None:
    scene = adopted()
    pauses(scene, "lunch")
    others = some("support", "sales", paused=True, reason="meeting")
    scene.rebuilds(Snapshot(QUEUES, (*others, static("billing")), (), (), {}))
    assert scene.agent().shown.cause == "meeting"
    assert scene.asked == [SetPause(PHONE, True, "meeting", "billing")]


def test_who_was_made_ready_in_one_queue_unheard_is_ready_whoever_comes() -> None:
    scene = adopted()
    pauses(scene, "lunch")
    ready = static("sales", last_pause=int(scene.now))
    lists(scene, *some("support", paused=True, reason="lunch"), ready, static("billing"))
    assert (scene.agent().stance, scene.asked) == (Stance.READY, [])


def test_an_agent_who_is_ready_has_its_new_members_ready_whatever_others_pause() -> None:
    scene = adopted()
    scene.happens(ev.MemberPaused("support", PHONE, "Dan", True, "training"))
    lists(scene, static("support", paused=True, reason="training"), *some("sales", "billing"))
    assert (scene.agent().stance, scene.asked) == (Stance.READY, [])


@pytest.mark.parametrize("name", ["Dan", "Panel"])
def test_an_agent_on_pause_is_not_ready_while_a_restarted_asterisk_pauses_its_members(
    name: str,
) -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0, paused=True, reason="lunch")])
    dynamic = name == "Panel"
    found = [msgspec.structs.replace(each, dynamic=dynamic) for each in all_static()]
    scene.rebuilds(Snapshot(QUEUES, tuple(found), (), (), {}))
    assert scene.asked == in_each_queue("lunch")
    scene.forget()
    scene.happens(*(ev.MemberPaused(queue, PHONE, name, True, "lunch") for queue in PENALTIES))
    assert (scene.states(), scene.asked) == ([], [])
