"""Calls of two queues that one agent takes at once, or one in the wrap-up of another."""

import msgspec
import pytest

from tests.scene import BRUCE, Scene, directory
from tests.test_rebuild import queue_call
from xucd.center import events as ev
from xucd.center.agent import AgentState, Stance
from xucd.center.directory import Directory
from xucd.center.events import ChannelState
from xucd.center.intents import WRAPUP_REASON, SetPause
from xucd.center.snapshot import MemberSeen, Snapshot
from xucd.center.station import Station

SECOND = "PJSIP/1001-second"
END = SetPause("PJSIP/1001", False)


def centre(support: int, sales: int) -> Directory:
    """A centre in which these queues have wrap-ups of so many seconds."""
    known, seconds = directory(), {"support": support, "sales": sales}
    queues = [
        msgspec.structs.replace(queue, wrapup=seconds.get(queue.name, 0))
        for queue in known.queues.values()
    ]
    return Directory(known.groups.values(), queues, known.lines.values(), known.agents.values())


def begun(support: int, sales: int) -> Scene:
    scene = Scene(centre=centre(support, sales))
    scene.logs_in()
    scene.forget()
    return scene


def takes(scene: Scene, queue: str) -> tuple[str, str]:
    """Bruce takes a queue's call; the dialplan or xucd has paused him by then, or will."""
    caller = scene.caller_waits(queue)
    phone = scene.rings(caller, queue)
    return answers(scene, caller, phone, queue)


def answers(scene: Scene, caller: str, phone: str, queue: str) -> tuple[str, str]:
    scene.answers(caller, phone, queue, gosub=False)
    if scene.agent().stance is Stance.READY and scene.agent().owes_wrapup:
        scene.pauses(True, WRAPUP_REASON)
    return phone, caller


def rings_beside(scene: Scene, queue: str) -> tuple[str, str]:
    """A queue rings Bruce's phone, which talks already: its `ringinuse` is set."""
    caller, phone = scene.caller_waits(queue), "second"
    scene.happens(
        ev.ChannelCreated(SECOND, phone, caller, ChannelState.DOWN, "1001", "", ""),
        ev.AgentCalled(queue, caller, phone),
        ev.ChannelMoved(phone, caller, ChannelState.RINGING, "1001", "", "0230", ""),
    )
    return caller, phone


def wraps_up_for(scene: Scene, seconds: int) -> None:
    assert scene.agent().shown.state is AgentState.ON_WRAPUP
    scene.forget()
    scene.passes(seconds - 0.1)
    assert scene.asked == []
    scene.passes(0.1)
    assert scene.asked == [END]


@pytest.mark.parametrize(("support", "sales"), [(5, 0), (0, 5), (5, 3), (3, 5)])
@pytest.mark.parametrize("later_first", [True, False])
def test_of_two_calls_at_once_the_longer_wrapup_follows(
    support: int, sales: int, *, later_first: bool
) -> None:
    scene = begun(support, sales)
    first = takes(scene, "support")
    second = answers(scene, *rings_beside(scene, "sales"), "sales")
    for ended in (second, first) if later_first else (first, second):
        scene.hangs_up(*ended)
        scene.passes(0)
    wraps_up_for(scene, 5)


def test_two_calls_are_taken_before_the_pause_for_the_first_has_come() -> None:
    scene = begun(5, 0)
    caller = scene.caller_waits("support")
    phone = scene.rings(caller, "support")
    scene.answers(caller, phone, "support", gosub=False)
    second, channel = rings_beside(scene, "sales")
    scene.answers(second, channel, "sales", gosub=False)
    scene.pauses(True, WRAPUP_REASON)
    scene.hangs_up(phone, caller, channel, second)
    wraps_up_for(scene, 5)


@pytest.mark.parametrize("pause_is_late", [True, False])
def test_a_call_that_rang_as_the_one_before_it_ended_is_followed_by_that_ones_wrapup(
    *, pause_is_late: bool
) -> None:
    scene = begun(5, 0)
    caller = scene.caller_waits("support")
    phone = scene.rings(caller, "support")
    scene.answers(caller, phone, "support", gosub=not pause_is_late)
    second, channel = rings_beside(scene, "sales")
    scene.hangs_up(phone, caller)
    scene.answers(second, channel, "sales", gosub=False)
    if pause_is_late:
        scene.pauses(True, WRAPUP_REASON)
    scene.hangs_up(channel, second)
    wraps_up_for(scene, 5)


@pytest.mark.parametrize(("support", "sales"), [(5, 30), (30, 5)])
def test_a_call_that_is_taken_in_a_wrapup_is_followed_by_its_own(support: int, sales: int) -> None:
    scene = begun(support, sales)
    scene.hangs_up(*takes(scene, "support"))
    scene.passes(2)
    scene.forget()
    second = takes(scene, "sales")
    scene.passes(60)
    assert (scene.agent().shown.state, scene.asked) == (AgentState.ON_CALL, [])
    scene.hangs_up(*second)
    wraps_up_for(scene, sales)


def test_a_call_without_a_wrapup_leaves_the_one_in_which_it_is_taken() -> None:
    scene = begun(5, 0)
    scene.hangs_up(*takes(scene, "support"))
    scene.passes(2)
    scene.hangs_up(*takes(scene, "sales"))
    wraps_up_for(scene, 3)


@pytest.mark.parametrize("pause_outlasts", [True, False])
def test_a_pause_chosen_in_a_call_neither_takes_its_wrapup_nor_adds_it_to_the_next(
    *, pause_outlasts: bool
) -> None:
    scene = begun(30, 5)
    call = takes(scene, "support")
    scene.pauses(True, "lunch")
    if pause_outlasts:
        scene.hangs_up(*call)
        scene.pauses(False)
        call = takes(scene, "sales")
    else:  # it is ended as `unpauseAgent` does in a call
        scene.pauses(False)
        scene.pauses(True, WRAPUP_REASON)
    scene.hangs_up(*call)
    wraps_up_for(scene, 5 if pause_outlasts else 30)


@pytest.mark.parametrize("others", [0, 1])
def test_a_pause_chosen_as_the_phone_rang_and_ended_in_the_call_leaves_the_wrapup(
    others: int,
) -> None:
    scene = begun(5, 0)
    caller = scene.caller_waits("support")
    phone = scene.rings(caller, "support")
    scene.pauses(True, "lunch")
    calls = [answers(scene, caller, phone, "support")]
    calls += [answers(scene, *rings_beside(scene, "sales"), "sales") for _ in range(others)]
    scene.pauses(False)
    scene.pauses(True, WRAPUP_REASON)
    for call in calls:
        scene.hangs_up(*call)
    wraps_up_for(scene, 5)


def test_a_wrapup_that_is_over_does_not_lengthen_the_next() -> None:
    scene = begun(30, 5)
    scene.hangs_up(*takes(scene, "support"))
    scene.pauses(True, "lunch")
    scene.pauses(False)
    caller = scene.caller_waits("sales")
    phone = scene.rings(caller, "sales")
    scene.answers(caller, phone, "sales", gosub=True)  # paused before the answer is told
    scene.hangs_up(phone, caller)
    wraps_up_for(scene, 5)


def test_a_call_that_is_found_has_its_own_wrapup_and_none_of_the_one_before() -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0)], centre=centre(5, 30))
    members = tuple(
        MemberSeen(queue, "PJSIP/1001", "Agent/2501", penalty, True, WRAPUP_REASON, at, at)
        for penalty, (queue, at) in enumerate((("support", 0), ("sales", int(scene.now) - 60)))
    )
    devices = {"PJSIP/1001": "INUSE"}
    scene.rebuilds(Snapshot(frozenset({"support", "sales"}), members, (), queue_call(), devices))
    scene.hangs_up("m", "c")
    wraps_up_for(scene, 5)
