"""Queues whose dialplan does not pause their agents at the answer: xucd does, and says so once."""

import msgspec

from tests.scene import BRUCE, SALES, SUPPORT, Scene
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import AgentState, Stance
from xucd.center.events import ChannelState
from xucd.center.intents import WRAPUP_REASON, SetPause
from xucd.center.snapshot import ChannelSeen, MemberSeen, Snapshot
from xucd.center.station import Station

PAUSE = SetPause("PJSIP/1001", True, WRAPUP_REASON)
QUEUES = frozenset({"support", "sales", "billing"})
LOCAL = "Local/1001@default"


def unprepared(scene: Scene) -> list[int]:
    return [each.queue_id for each in scene.told if isinstance(each, ch.QueueUnprepared)]


def answered(scene: Scene, queue: str, *, gosub: bool) -> str:
    caller = scene.caller_waits(queue)
    phone = scene.rings(caller, queue)
    scene.answers(caller, phone, queue, gosub=gosub)
    return phone


def test_the_agent_is_paused_as_the_answer_is_read_and_the_queue_told_once(scene: Scene) -> None:
    phone = answered(scene, "support", gosub=False)
    assert scene.asked == [PAUSE]
    scene.pauses(True, WRAPUP_REASON)
    scene.hangs_up(phone)
    assert scene.agent().shown.state is AgentState.ON_WRAPUP
    scene.pauses(False)
    answered(scene, "support", gosub=False)
    assert unprepared(scene) == [SUPPORT]


def test_a_queue_that_pauses_its_agents_is_left_to_it(scene: Scene) -> None:
    answered(scene, "support", gosub=True)
    assert PAUSE not in scene.asked
    assert unprepared(scene) == []


def test_a_queue_without_a_wrapup_pauses_nobody_and_wants_no_template(scene: Scene) -> None:
    phone = answered(scene, "sales", gosub=False)
    scene.hangs_up(phone)
    assert (scene.asked, unprepared(scene)) == ([], [])
    assert scene.agent().stance is Stance.READY
    assert scene.agent().wrapup_s == scene.center.directory.queues[SALES].wrapup == 0


def test_a_call_that_is_over_before_the_pause_comes_has_its_wrapup(scene: Scene) -> None:
    phone = answered(scene, "support", gosub=False)
    scene.hangs_up(phone)
    scene.pauses(True, WRAPUP_REASON)
    assert scene.agent().shown.state is AgentState.ON_WRAPUP


def test_a_pause_chosen_while_it_rang_is_not_overwritten(scene: Scene) -> None:
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.pauses(True, "lunch")
    scene.forget()
    scene.answers(caller, phone, gosub=False)
    assert (scene.asked, unprepared(scene)) == ([], [])


def test_who_answered_through_the_dialplan_is_paused_before_its_channels_are_joined(
    scene: Scene,
) -> None:
    """`AgentConnect` names a half of a Local channel; the phone joins it a moment later."""
    joins = ev.MemberAdded("support", f"{LOCAL}/n", "Bruce", 0, False, "", dynamic=False)
    scene.happens(ev.MemberRemoved("support", "PJSIP/1001", "Agent/2501"), joins)
    scene.forget()
    caller = scene.caller_waits()
    down, up = ChannelState.DOWN, ChannelState.UP
    scene.happens(
        ev.ChannelCreated(f"{LOCAL}-1;1", "one", caller, down, "", "", ""),
        ev.ChannelCreated(f"{LOCAL}-1;2", "two", caller, ChannelState.RING, "", "", "1001"),
        ev.ChannelCreated("PJSIP/1001-1", "phone", caller, down, "1001", "", ""),
        ev.ChannelMoved("phone", caller, ChannelState.RINGING, "1001", "", "0230", ""),
        ev.ChannelMoved("phone", caller, up, "1001", "", "0230", ""),
        ev.AgentConnected("support", caller, "one", 3, f"{LOCAL}/n"),
    )
    assert set(scene.asked) == {PAUSE, SetPause(f"{LOCAL}/n", True, WRAPUP_REASON)}


def test_a_call_that_was_answered_unheard_is_followed_by_its_queues_wrapup() -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0)])
    members = tuple(
        MemberSeen(queue, "PJSIP/1001", "Agent/2501", penalty, False, "", 0, 0)
        for penalty, queue in enumerate(["support", "sales", "billing"])
    )
    caller = ChannelSeen(
        *("PJSIP/trunk-1", "a", "a", ChannelState.UP, "0230", "", "", "", "3000"),
        *("Queue", "support,r", "bridge", 9, "3000"),
    )
    phone = msgspec.structs.replace(
        caller,
        channel="PJSIP/1001-1",
        unique_id="b",
        number="1001",
        application="AppQueue",
        application_data="",
        dialled="",
    )
    scene.rebuilds(Snapshot(QUEUES, members, (), (caller, phone), {}))
    assert PAUSE in scene.asked
    scene.pauses(True, WRAPUP_REASON)
    scene.hangs_up("b", "a")
    assert scene.agent().shown.state is AgentState.ON_WRAPUP
    assert scene.agent().wrapup_s == scene.center.directory.queues[SUPPORT].wrapup
