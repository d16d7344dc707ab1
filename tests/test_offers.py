"""Who is offered to waiting callers, and when: never after a ring that nobody answered."""

from collections.abc import Callable

import pytest

from tests.scene import ALICE, BRUCE, SALES, Scene
from xucd.center import events as ev
from xucd.center.events import DeviceStatus

IDLE, IN_USE, RINGING = DeviceStatus.NOT_IN_USE, DeviceStatus.IN_USE, DeviceStatus.RINGING
BUSY, AWAY = DeviceStatus.BUSY, DeviceStatus.UNAVAILABLE
FIRST, SECOND, THIRD = (f"PJSIP/trunk-{number:08x}" for number in (1, 2, 3))


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.logs_in()
    scene.logs_in(ALICE)
    scene.passes(10)
    scene.forget()
    return scene


def refuses(scene: Scene, caller: str, *, shown_as: DeviceStatus = RINGING) -> None:
    """Bruce's phone rings for a caller and refuses."""
    phone = scene.rings(caller)
    scene.phone_is(shown_as)
    scene.happens(ev.AgentRangNoAnswer(caller))
    scene.hangs_up(phone)
    scene.phone_is(IDLE)


@pytest.mark.parametrize("shown_as", [RINGING, BUSY, IN_USE])
def test_a_phone_that_refuses_is_left_to_the_queue(scene: Scene, shown_as: DeviceStatus) -> None:
    caller = scene.caller_waits()
    for _ in range(20):
        refuses(scene, caller, shown_as=shown_as)
    assert scene.nudged() == []


def test_a_status_that_is_late_makes_no_refusal_an_offer(scene: Scene) -> None:
    caller = scene.caller_waits()
    phone = scene.rings(caller)
    scene.hangs_up(phone)
    scene.phone_is(RINGING)
    scene.phone_is(IDLE)
    assert scene.nudged() == []


def test_a_refusal_after_a_talk_is_no_second_offer(scene: Scene) -> None:
    caller = scene.caller_waits()
    scene.hangs_up(scene.talks())
    assert scene.nudged() == [FIRST]
    scene.passes(5)
    refuses(scene, caller)
    assert scene.nudged() == [FIRST]


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (lambda scene: scene.pauses(True, "lunch"), lambda scene: scene.pauses(False)),
        (lambda scene: scene.wraps_up(), lambda scene: scene.pauses(False)),
        (lambda scene: scene.phone_is(AWAY), lambda scene: scene.phone_is(IDLE)),
        (lambda scene: scene.phone_is(DeviceStatus.INVALID), lambda scene: scene.phone_is(IDLE)),
    ],
    ids=["pause", "wrap-up", "unregistered", "no device"],
)
def test_whoever_can_be_rung_again_is_offered_once(
    scene: Scene, begin: Callable[[Scene], None], end: Callable[[Scene], None]
) -> None:
    scene.caller_waits()
    begin(scene)
    assert scene.nudged() == []
    end(scene)
    assert scene.nudged() == [FIRST]
    scene.passes(5)
    assert scene.nudged() == [FIRST]


def test_whoever_logs_in_is_offered_in_each_of_its_queues() -> None:
    scene = Scene()
    scene.caller_waits()
    scene.caller_waits("sales")
    scene.logs_in()
    assert scene.nudged() == [FIRST, SECOND]


def test_whoever_logs_in_on_a_phone_out_of_reach_is_offered_when_it_is_there() -> None:
    scene = Scene()
    scene.caller_waits()
    for queue in ("support", "sales", "billing"):
        scene.happens(ev.MemberAdded(queue, "PJSIP/1001", "Agent/2501", 0, False, "", AWAY))
    assert scene.nudged() == []
    scene.phone_is(IDLE)
    assert scene.nudged() == [FIRST]


def test_the_end_of_a_pause_in_one_queue_is_offered_there_alone(scene: Scene) -> None:
    scene.caller_waits()
    scene.caller_waits("sales")
    scene.happens(ev.MemberPaused("sales", "PJSIP/1001", "Agent/2501", True, "Auto-Pause"))
    assert scene.nudged() == []
    scene.happens(ev.MemberPaused("sales", "PJSIP/1001", "Agent/2501", False, ""))
    assert scene.nudged() == [SECOND]


def test_a_phone_whose_state_nobody_tells_is_offered_too(scene: Scene) -> None:
    scene.phone_is(DeviceStatus.UNKNOWN)
    scene.caller_waits()
    scene.hangs_up(scene.talks())
    assert scene.nudged() == [FIRST]


def test_pauses_that_end_again_and_again_nudge_once_a_second(scene: Scene) -> None:
    scene.caller_waits()
    for _ in range(10):
        scene.pauses(True, "lunch")
        scene.pauses(False)
    assert scene.nudged() == [FIRST]
    scene.passes(0.9)
    assert scene.nudged() == [FIRST]
    scene.passes(0.2)
    assert scene.nudged() == [FIRST, FIRST]
    scene.passes(60)
    assert scene.nudged() == [FIRST, FIRST]


def test_an_agent_who_is_back_within_the_second_of_another_is_offered_after_it(
    scene: Scene,
) -> None:
    scene.caller_waits()
    scene.caller_waits()
    scene.caller_waits()
    scene.pauses(True, "lunch")
    scene.pauses(True, "lunch", ALICE)
    scene.pauses(False)
    assert scene.nudged() == [FIRST, SECOND]
    scene.passes(0.3)
    scene.pauses(False, agent_id=ALICE)
    scene.rings("caller1")
    assert scene.nudged() == [FIRST, SECOND]
    scene.passes(0.7)
    assert scene.nudged() == [FIRST, SECOND, SECOND, THIRD]


def test_an_agent_who_was_rung_meanwhile_is_not_offered_late(scene: Scene) -> None:
    caller = scene.caller_waits()
    scene.caller_waits()
    for _ in range(2):
        scene.pauses(True, "lunch")
        scene.pauses(False)
    scene.rings(caller)
    scene.passes(5)
    assert scene.nudged() == [FIRST, SECOND]


def test_talks_that_end_at_once_are_each_offered_at_once(scene: Scene) -> None:
    for _ in range(3):
        scene.caller_waits()
    talks = [scene.talks(BRUCE), scene.talks(ALICE)]
    scene.hangs_up(talks[0])
    scene.rings("caller1")
    scene.hangs_up(talks[1])
    assert scene.nudged() == [FIRST, SECOND, SECOND, THIRD]


def test_one_queues_nudge_does_not_delay_anothers(scene: Scene) -> None:
    scene.caller_waits()
    scene.pauses(True, "lunch", ALICE)
    scene.pauses(False, agent_id=ALICE)
    scene.caller_waits("sales")
    scene.pauses(True, "lunch")
    scene.pauses(False)
    assert scene.nudged() == [FIRST, SECOND]
    assert SALES in scene.agent().members
