"""A wrap-up over a restart, reconnection or reload of xucd: how long it is, and when it ends."""

import pytest

from tests.scene import BRUCE, SALES, SUPPORT, Scene, directory
from tests.test_members_found import QUEUES, lists
from tests.test_queues_conf_reloaded import PENALTIES, PHONE, adopted, all_static, static
from tests.test_rebuild import queue_call
from tests.test_two_queues_calls import centre
from xucd.center import events as ev
from xucd.center.agent import AgentState, Stance
from xucd.center.center import Center, Remembered
from xucd.center.directory import Directory
from xucd.center.inheriting import inherit
from xucd.center.intents import WRAPUP_REASON, SetPause
from xucd.center.rules.rebuild import rebuild
from xucd.center.snapshot import MemberSeen, Snapshot
from xucd.center.station import Station
from xucd.store.journal import midnight_after

END = SetPause(PHONE, False)


def found(scene: Scene, *first: str, ago: int = 0) -> Snapshot:
    """Bruce wraps up a call that has ended so long ago; all his members have it for their last."""
    at = int(scene.now) - ago
    names = dict.fromkeys((*first, *PENALTIES))
    return listed(
        *(static(queue, paused=True, reason=WRAPUP_REASON, last_call=at) for queue in names)
    )


def listed(*members: MemberSeen) -> Snapshot:
    return Snapshot(QUEUES, members, (), (), {PHONE: "NOT_INUSE"})


def after_a_call(scene: Scene) -> Scene:
    """Bruce has had a call of support, which has a wrap-up of five seconds."""
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone, gosub=False)
    scene.happens(
        *(ev.MemberPaused(queue, PHONE, "Dan", True, WRAPUP_REASON) for queue in PENALTIES)
    )
    scene.hangs_up(phone, caller)
    assert scene.agent().shown.state is AgentState.ON_WRAPUP
    scene.forget()
    return scene


def reloads(scene: Scene, known: Directory | None = None) -> None:
    """xucd reads its configuration anew."""
    old = scene.center
    remembered = Remembered(queues={BRUCE: {SUPPORT: 0, SALES: 1}}, stations=dict(old.stations))
    scene.center = Center(known or directory(), scene.now, midnight_after, remembered)
    inherit(scene.center, old, scene.now)


@pytest.mark.parametrize("first", PENALTIES)
def test_a_restart_finds_the_wrapup_whichever_of_the_queues_is_listed_first(first: str) -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0)])
    scene.rebuilds(found(scene, first))
    scene.passes(4.9)
    assert scene.asked == []
    scene.passes(0.1)
    assert scene.asked == [END]


@pytest.mark.parametrize("reload", [False, True])
@pytest.mark.parametrize("name", ["Dan", "Agent/2501"])
def test_a_wrapup_ends_in_its_time_over_a_reconnection_and_a_reload(
    name: str, *, reload: bool
) -> None:
    """Its queue is not the one of which a member had a call last, by what Asterisk lists.

    By the agent's name, the members alone have logged it in, which is not remembered.
    """
    scene = adopted()
    if name != "Dan":
        scene = Scene()
        scene.rebuilds(listed(*all_static(member=name)))
    after_a_call(scene)
    scene.passes(2)
    if reload:
        reloads(scene)
    at = int(scene.now) - 2
    pause = {"member": name, "paused": True, "reason": WRAPUP_REASON, "last_pause": at}
    members = [static(queue, **pause) for queue in ("support", "billing")]
    scene.rebuilds(listed(static("sales", **pause, last_call=at), *members))
    assert scene.agent().shown.state is AgentState.ON_WRAPUP
    assert scene.asked == []
    scene.passes(2.9)
    assert scene.asked == []
    scene.passes(0.1)
    assert scene.asked == [END]
    assert scene.states() == []


def test_a_wrapup_that_was_asked_for_is_still_owed_after_a_reload() -> None:
    scene = adopted()
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone, gosub=False)
    reloads(scene)
    assert (scene.agent().owes_wrapup, scene.agent().wrapup_s) == (True, 5)


def test_a_wrapup_that_somebody_ended_while_nobody_listened_is_over_after_a_reload() -> None:
    scene = after_a_call(adopted())
    reloads(scene)
    scene.rebuilds(listed(*all_static(last_pause=int(scene.now))))
    assert (scene.agent().stance, scene.asked) == (Stance.READY, [])


def test_a_wrapup_goes_on_when_asterisk_restarts_and_has_forgotten_when_it_began() -> None:
    scene = after_a_call(adopted())
    since = scene.agent().since
    scene.passes(2)
    scene.rebuilds(listed(*all_static()))
    assert scene.agent().since == since
    assert scene.asked == [SetPause(PHONE, True, WRAPUP_REASON, queue) for queue in PENALTIES]
    scene.forget()
    scene.passes(2.9)
    assert scene.asked == []
    scene.passes(0.1)
    assert scene.asked == [END]


@pytest.mark.parametrize("reload", [False, True])
def test_a_wrapup_in_which_the_agent_dials_keeps_its_length(*, reload: bool) -> None:
    scene = after_a_call(adopted())
    scene.talks()
    if reload:
        reloads(scene)
    last = static("sales", paused=True, reason=WRAPUP_REASON, last_call=int(scene.now))
    members = [static(each, paused=True, reason=WRAPUP_REASON) for each in ("support", "billing")]
    scene.rebuilds(listed(last, *members))
    assert (scene.agent().shown.state, scene.agent().wrapup_s) == (AgentState.ON_WRAPUP, 5)


@pytest.mark.parametrize("reload", [False, True])
def test_a_wrapup_does_not_begin_anew_because_a_reload_has_paused_its_members_later(
    *, reload: bool
) -> None:
    scene = wrapping(30, 0)
    ended = int(scene.now)
    scene.passes(20)
    lists(scene, *all_static(paused=True, last_call=ended, last_pause=int(scene.now)))
    paused_at = int(scene.now)
    scene.passes(5)
    if reload:
        reloads(scene, centre(30, 0))
    scene.rebuilds(
        listed(
            *all_static(paused=True, reason=WRAPUP_REASON, last_call=ended, last_pause=paused_at)
        )
    )
    scene.forget()
    scene.passes(4.9)
    assert scene.asked == []
    scene.passes(0.1)
    assert scene.asked == [END]


# -- calls that came unheard


def wrapping(support: int, sales: int) -> Scene:
    """Bruce wraps up a call of support, by members of queues.conf, as the connection is lost."""
    scene = Scene([Station(BRUCE, 1, True, 0.0)], centre=centre(support, sales))
    scene.rebuilds(listed(*all_static()))
    scene.forget()
    return after_a_call(scene)


@pytest.mark.parametrize("unheard", [True, False])
def test_a_call_that_ended_unheard_has_the_wrapup_of_its_own_queue(*, unheard: bool) -> None:
    scene = wrapping(5, 30)
    lost = scene.now
    scene.passes(1)
    ended = int(lost) + 1 if unheard else int(lost)
    of_sales = {"reason": WRAPUP_REASON, "last_call": ended}
    others = {"reason": WRAPUP_REASON, "last_call": int(lost) - (0 if unheard else 1)}
    members = [
        static(queue, paused=True, **(of_sales if queue == "sales" else others))
        for queue in PENALTIES
    ]
    rebuild(scene.center, listed(*members), scene.now, lost)
    assert scene.agent().wrapup_s == (30 if unheard else 5)


def test_a_call_that_began_unheard_has_the_wrapup_of_its_own_queue() -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0)], centre=centre(5, 30))
    scene.rebuilds(listed(*all_static()))
    caller = scene.caller_waits("sales")
    phone = scene.rings(caller, "sales")
    scene.answers(caller, phone, "sales", gosub=False)
    assert scene.agent().wrapup_s == 30
    lost = scene.now
    scene.now += 600
    members = [
        static(queue, paused=True, reason=WRAPUP_REASON, last_call=int(lost) - 9)
        for queue in PENALTIES
    ]
    there = Snapshot(QUEUES, tuple(members), (), queue_call(), {PHONE: "INUSE"})
    rebuild(scene.center, there, scene.now, lost)
    assert scene.agent().wrapup_s == 5


def test_a_call_is_not_taken_for_the_last_ones_wrapup_over_a_reconnection() -> None:
    scene = adopted()
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone, gosub=False)
    since = scene.agent().since
    scene.passes(20)
    members = all_static(last_call=int(since) - 60)
    scene.rebuilds(Snapshot(QUEUES, tuple(members), (), queue_call(), {PHONE: "INUSE"}))
    assert (scene.agent().shown.state, scene.agent().wrapup_s) == (AgentState.ON_CALL, 5)
    assert scene.agent().since == since
