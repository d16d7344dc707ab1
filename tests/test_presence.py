"""Whom the figures of a queue count: its members as Asterisk has them, and who would be rung."""

import pytest

from tests.scene import ALICE, BILLING, BRUCE, SALES, SUPPORT, Scene
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import MISSED, UNREACHABLE, AgentState
from xucd.center.center import Center
from xucd.center.events import DeviceStatus
from xucd.center.inheriting import inherit
from xucd.center.presence import Present
from xucd.center.rules import commanded
from xucd.center.rules.table import apply
from xucd.center.snapshot import MemberSeen, Snapshot
from xucd.cti.messages import StatusAction, UserStatus
from xucd.views.statuses import status_of, with_own

AWAY, INVALID, IDLE = DeviceStatus.UNAVAILABLE, DeviceStatus.INVALID, DeviceStatus.NOT_IN_USE
READY = Present(logged_in=1, available=1)
IN = Present(logged_in=1)


def present(scene: Scene) -> list[Present]:
    return [scene.center.presence.of(queue_id) for queue_id in (SUPPORT, SALES, BILLING)]


def pause_of(queue: str, paused: bool) -> ev.MemberPaused:
    return ev.MemberPaused(queue, "PJSIP/1001", "Agent/2501", paused, "office" if paused else "")


def told_of(scene: Scene) -> list[int]:
    return [c.queue_id for c in scene.told if isinstance(c, ch.QueueStatsChanged)]


def test_an_agent_paused_in_one_queue_is_available_in_the_others_alone(scene: Scene) -> None:
    scene.happens(pause_of("sales", True))
    assert present(scene) == [READY, IN, READY]
    assert (scene.states(), told_of(scene)) == ([], [SALES])
    scene.happens(pause_of("sales", False))
    assert present(scene) == [READY] * 3
    assert (scene.states(), told_of(scene)) == ([], [SALES, SALES])


def test_the_rest_of_a_pause_counts_when_the_last_queue_has_it(scene: Scene) -> None:
    scene.happens(pause_of("sales", True), pause_of("billing", True), pause_of("support", True))
    assert present(scene) == [IN] * 3
    assert scene.states() == [AgentState.ON_PAUSE]


def test_whose_phone_rings_or_talks_is_available_nowhere(scene: Scene) -> None:
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    assert present(scene) == [IN] * 3
    scene.answers(caller, phone, gosub=False)
    assert present(scene) == [Present(1, 0, 1)] * 3
    scene.hangs_up(phone)
    assert present(scene) == [READY] * 3


@pytest.mark.parametrize("status", DeviceStatus)
def test_who_is_available_is_whom_the_queue_would_ring(scene: Scene, status: DeviceStatus) -> None:
    scene.phone_is(status)
    rung = status in (DeviceStatus.UNKNOWN, DeviceStatus.NOT_IN_USE)
    assert present(scene) == [READY if rung else IN] * 3


def test_a_queue_of_which_asterisk_has_no_member_counts_nobody(scene: Scene) -> None:
    scene.happens(ev.MemberRemoved("sales", "PJSIP/1001", "Agent/2501"))
    assert present(scene) == [READY, Present(), READY]


def test_a_logout_takes_its_agent_out_of_one_queue_after_the_other(scene: Scene) -> None:
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    scene.happens(ev.MemberRemoved("sales", "PJSIP/1001", "Agent/2501"))
    assert present(scene) == [READY, Present(), READY]
    for queue in ("support", "billing"):
        scene.happens(ev.MemberRemoved(queue, "PJSIP/1001", "Agent/2501"))
    assert present(scene) == [Present()] * 3


def test_a_snapshot_tells_who_is_available_in_each_queue(scene: Scene) -> None:
    seen = [
        MemberSeen(queue, "PJSIP/1001", "Agent/2501", 0, paused, "", 0, 0, status)
        for queue, paused, status in (("support", False, AWAY), ("sales", False, IDLE))
    ]
    scene.rebuilds(Snapshot(frozenset({"support", "sales"}), tuple(seen), (), (), {}))
    assert present(scene) == [IN, READY, Present()]


def test_another_configuration_goes_on_with_the_figures_until_the_snapshot(scene: Scene) -> None:
    scene.logs_in(ALICE)
    old = scene.center
    center = Center(old.directory, scene.now, lambda at: at + 1e6)
    inherit(center, old, scene.now)
    assert center.presence.of(SUPPORT) == Present(2, 2)


# -- out of reach


@pytest.mark.parametrize("status", [AWAY, INVALID])
def test_an_agent_whose_phone_cannot_ring_is_shown_paused_until_it_can(
    scene: Scene, status: DeviceStatus
) -> None:
    scene.passes(10)
    scene.phone_is(status)
    shown = scene.agent().shown
    assert (scene.states(), shown.cause) == ([AgentState.ON_PAUSE], UNREACHABLE)
    scene.passes(30)
    scene.phone_is(IDLE)
    assert scene.states() == [AgentState.ON_PAUSE, AgentState.READY]
    assert scene.asked == []  # Asterisk's members are left as they are
    day = scene.agent().day(scene.now)
    assert (day.ready_s, day.paused_s) == (10, 30)


def test_a_login_on_a_phone_out_of_reach_is_never_shown_as_ready() -> None:
    scene = Scene()
    for queue in ("support", "sales", "billing"):
        scene.happens(ev.MemberAdded(queue, "PJSIP/1001", "Agent/2501", 0, False, "", AWAY))
    assert scene.states() == [AgentState.ON_PAUSE]
    assert scene.agent().shown.cause == UNREACHABLE


def test_a_pause_that_was_chosen_hides_that_the_phone_cannot_ring(scene: Scene) -> None:
    scene.pauses(True, "lunch")
    scene.phone_is(AWAY)
    assert scene.agent().shown.cause == "lunch"
    scene.pauses(False)
    assert scene.agent().shown.cause == UNREACHABLE
    scene.pauses(True, "meeting")
    assert scene.agent().shown.cause == "meeting"
    scene.phone_is(IDLE)
    scene.pauses(False)
    assert scene.states()[-1] is AgentState.READY


def test_a_call_hides_that_no_other_can_ring(scene: Scene) -> None:
    talk = scene.talks()
    scene.phone_is(AWAY)
    assert scene.states() == [AgentState.DIALING, AgentState.ON_CALL]
    scene.hangs_up(talk)
    assert scene.states()[-1] is AgentState.ON_PAUSE


def test_since_when_a_phone_is_out_of_reach_outlasts_a_reconnection(scene: Scene) -> None:
    scene.phone_is(AWAY)
    since = scene.now
    scene.passes(60)
    scene.forget()
    seen = [
        MemberSeen(queue, "PJSIP/1001", "Agent/2501", 0, False, "", 0, 7, AWAY)
        for queue in ("support", "sales", "billing")
    ]
    queues = frozenset({"support", "sales", "billing"})
    scene.rebuilds(Snapshot(queues, tuple(seen), (), (), {}))
    assert (scene.states(), scene.agent().since) == ([], since)


# -- statuses


def status(name: str, action: str) -> UserStatus:
    actions = [StatusAction(name=action, parameters="true")]
    return UserStatus(name=name, long_name=name.title(), color="#123456", actions=actions)


CONFIGURED = (status("available", "queueunpause_all"), status("lunch", "queuepause_all"))


def test_what_xucd_shows_is_a_status_whatever_is_configured() -> None:
    names = [each.name for each in with_own(CONFIGURED)]
    assert names == ["available", "lunch", MISSED, UNREACHABLE]
    own = status(UNREACHABLE, "queuepause_all")
    assert [each for each in with_own((*CONFIGURED, own)) if each.name == UNREACHABLE] == [own]


def test_an_agent_out_of_reach_has_that_status_and_no_other_reason_leads_to_it(
    scene: Scene,
) -> None:
    statuses = with_own(CONFIGURED)
    assert status_of(statuses, scene.agent()) == "available"
    scene.phone_is(AWAY)
    assert status_of(statuses, scene.agent()) == UNREACHABLE
    scene.pauses(True, "whatever")
    assert status_of(statuses, scene.agent()) == "lunch"
    assert status_of(with_own(CONFIGURED[:1]), scene.agent()) == "available"
    scene.pauses(True, MISSED)
    assert status_of(statuses, scene.agent()) == MISSED


def test_what_moves_twice_before_it_is_told_is_told_once(scene: Scene) -> None:
    told = []
    for _ in range(2):
        apply(scene.center, pause_of("sales", True), scene.now)
        apply(scene.center, pause_of("sales", False), scene.now)
        changes, _intents = scene.center.drain()
        told.append([each for each in changes if isinstance(each, ch.QueueStatsChanged)])
    assert told == [[ch.QueueStatsChanged(SALES)]] * 2
