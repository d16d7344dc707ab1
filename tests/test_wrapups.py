"""Running wrap-ups: each has an end, and what is due is never due for ever."""

from tests.scene import BRUCE, START, Scene
from xucd.center import events as ev
from xucd.center.agent import UNREACHABLE, AgentState, Stance
from xucd.center.center import RETRIES
from xucd.center.intents import RelistMembers, SetPause
from xucd.center.wrapups import Wrapups


def after_a_call() -> Scene:
    """Bruce wraps up a queue call that has just ended."""
    scene = Scene()
    scene.logs_in()
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone)
    scene.hangs_up(phone, caller)
    return scene


def test_a_wrapup_that_is_over_is_given_out_once() -> None:
    wrapups = Wrapups()
    wrapups.begin(8, START + 5)
    wrapups.begin(9, START + 7)
    assert wrapups.next_end(START + 99) == START + 5
    assert wrapups.end_due(START + 5) == [8]
    assert wrapups.end_due(START + 5) == []
    assert wrapups.next_end(START + 99) == START + 7
    wrapups.stop(9)
    wrapups.stop(9)
    assert wrapups.next_end(START + 99) == START + 99


def test_what_is_due_lies_ahead_after_every_tick() -> None:
    scene = after_a_call()
    for _ in range(20):
        due = scene.center.due()
        scene.center.tick(due)
        assert scene.center.due() > due


def test_a_wrapup_that_asterisk_does_not_end_is_asked_for_again_and_not_for_ever() -> None:
    scene = after_a_call()
    scene.forget()
    scene.passes(4.9)
    assert scene.asked == []
    scene.passes(3.2)
    again = [SetPause("PJSIP/1001", False), RelistMembers()]
    assert scene.asked == [SetPause("PJSIP/1001", False), *again, *again]
    scene.passes(3600)
    assert scene.asked == [SetPause("PJSIP/1001", False), *again * RETRIES]


def test_a_wrapup_whose_members_have_gone_is_over_in_its_time() -> None:
    scene = after_a_call()
    for queue in ("support", "sales", "billing"):
        scene.happens(ev.MemberRemoved(queue, "PJSIP/1001", "Agent/2501"))
    scene.forget()
    scene.passes(60)
    assert (scene.agent().stance, scene.asked) == (Stance.READY, [])
    assert scene.states() == [AgentState.ON_PAUSE], "nothing rings it"
    assert scene.agent().shown.cause == UNREACHABLE


def test_a_pause_during_the_wrapup_ends_it_for_good() -> None:
    scene = after_a_call()
    scene.pauses(True, "lunch")
    scene.forget()
    scene.passes(60)
    assert scene.agent().shown.state is AgentState.ON_PAUSE
    assert scene.asked == []


def test_a_wrapup_that_is_held_runs_anew_once_it_is_resumed() -> None:
    scene = Scene()
    scene.logs_in()
    scene.wraps_up()
    assert scene.agent().stance is Stance.WRAPPING
    scene.forget()
    scene.center.hold_wrapup(BRUCE)
    scene.passes(30)
    assert scene.asked == []
    scene.center.resume_wrapup(BRUCE, scene.now)
    scene.happens()
    assert scene.asked == [SetPause("PJSIP/1001", False)]


def test_resuming_the_wrapup_of_an_agent_that_is_configured_no_more_is_no_error() -> None:
    scene = Scene()
    scene.center.resume_wrapup(4711, scene.now)
    scene.happens()
    assert scene.asked == []
