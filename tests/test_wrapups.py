"""Running wrap-ups: each has an end, and what is due is never due for ever."""

import pytest

from tests.scene import BRUCE, SALES, START, SUPPORT, Scene
from xucd.center import events as ev
from xucd.center.agent import UNREACHABLE, AgentState, Stance
from xucd.center.intents import WRAPUP_REASON, RelistMembers, SetPause
from xucd.center.rules.rebuild import rebuild_members
from xucd.center.snapshot import MemberSeen, QueuesSeen, Snapshot
from xucd.center.wrapup_ends import HALF_PAUSED_S
from xucd.center.wrapups import RETRIES, Wrapups


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
    wrapups = Wrapups(1.0)
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
    unpause = SetPause("PJSIP/1001", False)
    assert scene.asked == [unpause, unpause, unpause, RelistMembers()]
    scene.passes(3600)
    assert scene.asked == [unpause, unpause, *[unpause, RelistMembers()] * (RETRIES - 1)]


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


# -- pauses of others, in one queue alone, which a wrap-up's overwrites


def paused_in_sales(reason: str = "training") -> Scene:
    """Bruce is logged in, and paused by somebody in sales alone."""
    scene = Scene()
    scene.logs_in()
    scene.happens(pause("sales", reason))
    scene.forget()
    return scene


def pause(queue: str, reason: str | None) -> ev.MemberPaused:
    """Bruce is paused in a queue for this reason, or with None made ready."""
    return ev.MemberPaused(queue, "PJSIP/1001", "Agent/2501", reason is not None, reason or "")


def takes_a_call(scene: Scene) -> None:
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.answers(caller, phone)
    scene.hangs_up(phone, caller)


def reset(queue: str, reason: str | None) -> SetPause:
    return SetPause("PJSIP/1001", reason is not None, reason or "", queue)


def by_queue(scene: Scene) -> list[SetPause]:
    """What pauses were asked for, in the order of the queues."""
    asked = [each for each in scene.asked if isinstance(each, SetPause)]
    return sorted(asked, key=lambda each: each.queue or "")


@pytest.mark.parametrize("reason", ["training", ""])
def test_a_wrapup_ends_with_the_pause_in_one_queue_that_was_there_before(reason: str) -> None:
    scene = paused_in_sales(reason)
    takes_a_call(scene)
    scene.passes(5)
    asked = [each for each in scene.asked if isinstance(each, SetPause)]
    ends = [reset("sales", reason), reset("support", None), reset("billing", None)]
    assert asked == ends
    scene.happens(pause("sales", reason), pause("billing", None), pause("support", None))
    assert scene.agent().shown.state is AgentState.READY
    assert scene.agent().members[SALES].reason == reason
    scene.forget()
    scene.passes(600)
    assert by_queue(scene) == []


def test_a_pause_in_one_queue_outlives_a_list_in_the_middle_of_the_wrapup() -> None:
    scene = paused_in_sales()
    takes_a_call(scene)
    members = tuple(
        MemberSeen(queue, "PJSIP/1001", "Agent/2501", penalty, True, WRAPUP_REASON, 0, 0)
        for queue, penalty in (("support", 0), ("sales", 1), ("billing", 2))
    )
    seen = QueuesSeen(frozenset({"support", "sales", "billing"}), members)
    rebuild_members(scene.center, seen, scene.now, again=True)
    scene.passes(5)
    assert reset("sales", "training") in scene.asked


def test_a_pause_in_one_queue_outlives_a_wrapup_begun_by_xucd_and_one_that_stays_half() -> None:
    scene = paused_in_sales()
    phone = scene.talks()
    scene.happens(pause("support", WRAPUP_REASON))
    scene.hangs_up(phone)
    scene.passes(HALF_PAUSED_S)
    assert by_queue(scene) == [reset("support", None)]


def test_what_somebody_pauses_or_ends_during_the_wrapup_stays_so() -> None:
    scene = paused_in_sales()
    takes_a_call(scene)
    scene.happens(pause("sales", None), pause("billing", "office"))
    scene.forget()
    assert scene.agent().shown.state is AgentState.READY, "it was made ready in sales"
    scene.passes(HALF_PAUSED_S)
    assert by_queue(scene) == [reset("support", None)]


def test_who_was_rung_in_vain_keeps_its_pause_in_one_queue() -> None:
    scene = paused_in_sales()
    scene.happens(*(pause(queue, WRAPUP_REASON) for queue in ("support", "sales", "billing")))
    ends = [reset("billing", None), reset("sales", "training"), reset("support", None)]
    assert by_queue(scene) == ends


def test_a_wrapup_ends_in_queues_of_which_xucd_knows_nothing_and_leaves_their_pauses() -> None:
    scene = paused_in_sales()
    scene.happens(pause("doctors", None), pause("nurses", "office"))
    phone = scene.talks()
    for queue in ("support", "sales", "billing", "doctors", "nurses"):
        scene.happens(pause(queue, WRAPUP_REASON))
    scene.hangs_up(phone)
    scene.passes(60)
    assert reset("doctors", None) in scene.asked
    assert reset("nurses", "office") in scene.asked


@pytest.mark.parametrize("there", [True, False])
def test_a_wrapup_that_others_end_in_our_queues_ends_in_those_of_which_xucd_knows_nothing(
    *, there: bool
) -> None:
    scene = Scene()
    scene.logs_in()
    scene.happens(pause("doctors", None), pause("nurses", "office"))
    phone = scene.talks()
    for queue in ("support", "sales", "billing", "doctors", "nurses"):
        scene.happens(pause(queue, WRAPUP_REASON))
    scene.hangs_up(phone)
    ended = ("support", "sales", "billing", *(("doctors", "nurses") if there else ()))
    scene.happens(*(pause(queue, None) for queue in ended))
    assert scene.agent().stance is Stance.READY
    scene.forget()
    scene.passes(3600 if there else HALF_PAUSED_S)
    assert scene.asked == ([] if there else [reset("nurses", "office"), reset("doctors", None)])


def test_a_stray_wrapup_of_no_agent_leaves_its_pauses_in_other_queues() -> None:
    scene = Scene()
    members = tuple(
        MemberSeen(queue, "PJSIP/9999", "Ext", 0, True, reason, 0, 0)
        for queue, reason in (("support", WRAPUP_REASON), ("sales", "lunch"))
    )
    queues = frozenset({"support", "sales", "billing"})
    scene.rebuilds(Snapshot(queues, members, (), (), {}))
    assert scene.asked == [SetPause("PJSIP/9999", False, queue="support")]


# -- ends that do not come about


def test_a_pause_of_who_has_nothing_to_wrap_up_is_ended_again_and_not_for_ever() -> None:
    scene = Scene()
    scene.logs_in()
    scene.forget()
    for queue in ("support", "sales", "billing"):
        scene.happens(pause(queue, WRAPUP_REASON))
    assert scene.agent().members[SUPPORT].paused
    assert scene.center.presence.of(SUPPORT).available == 0
    scene.forget()
    scene.passes(HALF_PAUSED_S)
    assert scene.asked == [SetPause("PJSIP/1001", False)]
    scene.happens(pause("support", WRAPUP_REASON), ev.MemberPenalty("sales", "PJSIP/1001", "", 1))
    scene.forget()
    scene.passes(3600)
    unpause = SetPause("PJSIP/1001", False)
    assert scene.asked == [unpause, *[unpause, RelistMembers()] * (RETRIES - 1)]
    assert scene.states() == []


def test_a_half_pause_that_has_ended_is_not_asked_for_again() -> None:
    scene = Scene()
    scene.logs_in()
    scene.talks()
    scene.happens(pause("sales", WRAPUP_REASON))
    scene.passes(HALF_PAUSED_S)
    scene.happens(pause("sales", None))
    scene.forget()
    scene.passes(3600)
    assert scene.asked == []


def found(reason: str, **more: str) -> Snapshot:
    """Bruce's members as they are listed after a connection, paused for this reason."""
    queues = {"support": reason, "sales": reason, "billing": reason} | more
    members = tuple(
        MemberSeen(queue, "PJSIP/1001", "Agent/2501", penalty, True, why, 0, int(START))
        for penalty, (queue, why) in enumerate(queues.items())
    )
    return Snapshot(frozenset(queues), members, (), (), {"PJSIP/1001": "NOT_INUSE"})


def test_a_wrapup_whose_end_was_asked_for_in_vain_ends_after_a_restart_of_asterisk() -> None:
    scene = after_a_call()
    scene.passes(3600)
    scene.rebuilds(Snapshot(frozenset({"support", "sales", "billing"}), (), (), (), {}))
    for queue, penalty in (("support", 0), ("sales", 1), ("billing", 2)):
        scene.happens(ev.MemberAdded(queue, "PJSIP/1001", "Agent/2501", penalty, True, ""))
        scene.happens(ev.MemberPaused(queue, "PJSIP/1001", "Agent/2501", True, WRAPUP_REASON))
    scene.forget()
    scene.passes(10)
    assert scene.asked[0] == SetPause("PJSIP/1001", False)


def test_a_pause_without_a_reason_that_was_not_heard_is_no_wrapup() -> None:
    scene = after_a_call()
    scene.rebuilds(found(""))
    assert (scene.agent().shown.state, scene.agent().reason) == (AgentState.ON_PAUSE, "")
    scene.forget()
    scene.passes(60)
    assert scene.asked == []


def test_a_wrapup_that_is_found_in_a_queue_of_others_alone_is_ended() -> None:
    scene = after_a_call()
    scene.rebuilds(found("lunch", others=WRAPUP_REASON))
    assert SetPause("PJSIP/1001", False, "", "others") in scene.asked
