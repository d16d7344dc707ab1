"""Members that are no agent's own, on phones of agents and of others: what is done to them."""

import msgspec
import pytest

from tests.scene import BRUCE, SUPPORT, Scene
from tests.test_members_found import QUEUES, joins, leaves, lists, seen
from xucd.center import events as ev
from xucd.center.agent import Stance
from xucd.center.intents import (
    LOGOUT_REASON,
    WRAPUP_REASON,
    AddMember,
    RemoveMember,
    SetPause,
    SetPenalty,
)
from xucd.center.rules import commanded
from xucd.center.snapshot import Snapshot
from xucd.center.station import Station

STRANGER = "Local/1001@panel/n"
NOBODYS = "PJSIP/1004"  # a line that no agent has


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.logs_in()
    scene.forget()
    return scene


def stranger_is_paused(paused: bool, reason: str = "") -> ev.MemberPaused:
    return ev.MemberPaused("support", STRANGER, "Panel", paused, reason)


def test_a_stranger_that_comes_while_its_agent_is_on_pause_is_paused_with_it(scene: Scene) -> None:
    scene.pauses(True, "lunch")
    scene.happens(joins(STRANGER, "Panel"))
    assert scene.asked == [SetPause(STRANGER, True, "lunch", "support")]
    assert (scene.agent().stance, scene.agent().reason) == (Stance.PAUSED, "lunch")


def test_a_stranger_that_another_program_makes_ready_rings_no_agent_on_pause(scene: Scene) -> None:
    scene.happens(joins(STRANGER, "Panel"))
    scene.pauses(True, "lunch")
    scene.happens(stranger_is_paused(True, "lunch"))
    scene.forget()
    scene.happens(stranger_is_paused(False))
    assert scene.asked == [SetPause(STRANGER, True, "lunch", "support")]
    assert scene.agent().stance is Stance.PAUSED


def test_an_agent_that_ends_its_pause_is_ready_whatever_the_stranger_is(scene: Scene) -> None:
    scene.happens(joins(STRANGER, "Panel"))
    scene.pauses(True, "lunch")
    scene.happens(stranger_is_paused(True, "lunch"))
    scene.forget()
    scene.pauses(False)
    assert scene.agent().stance is Stance.READY
    scene.happens(stranger_is_paused(False))
    assert [each for each in scene.asked if isinstance(each, SetPause)] == []


def test_a_pause_that_another_program_gave_a_stranger_pauses_no_agent(scene: Scene) -> None:
    scene.happens(joins(STRANGER, "Panel"), stranger_is_paused(True, "office"))
    assert (scene.agent().stance, scene.asked) == (Stance.READY, [])


def test_a_logout_leaves_a_stranger_in_its_queue_and_frees_it(scene: Scene) -> None:
    scene.happens(joins(STRANGER, "Panel"))
    scene.pauses(True, "lunch")
    scene.happens(stranger_is_paused(True, "lunch"))
    scene.forget()
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    scene.happens(*(leaves(queue) for queue in ("support", "sales", "billing")))
    assert scene.agent().stance is Stance.OUT
    assert scene.asked == [SetPause(STRANGER, False, "", "support")]
    assert scene.center.members.get(SUPPORT, STRANGER) is not None


def test_a_list_after_a_lost_connection_pauses_a_stranger_that_has_lost_its_pause() -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0, paused=True, reason="lunch")])
    own = [
        seen("PJSIP/1001", "Agent/2501", queue, paused=True, reason="lunch", penalty=penalty)
        for penalty, queue in enumerate(("support", "sales", "billing"))
    ]
    scene.rebuilds(Snapshot(QUEUES, (*own, seen(STRANGER, "Panel")), (), (), {}))
    assert scene.agent().stance is Stance.PAUSED
    assert scene.asked == [SetPause(STRANGER, True, "lunch", "support")]


def test_a_strangers_penalty_is_not_changed_to_what_is_configured() -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0, settled=False)])
    stranger = seen("PJSIP/1001", "Panel", penalty=7)
    scene.rebuilds(Snapshot(QUEUES, (stranger,), (), (), {}))
    kinds = [each for each in scene.asked if isinstance(each, SetPenalty | RemoveMember)]
    assert kinds == []
    added = {each.queue for each in scene.asked if isinstance(each, AddMember)}
    assert added == {"sales", "billing"}


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("interface", [NOBODYS, "PJSIP/9999"])
@pytest.mark.parametrize("reason", [LOGOUT_REASON, WRAPUP_REASON])
def test_what_an_earlier_version_left_paused_is_free_at_once(
    reason: str, interface: str, dynamic: bool
) -> None:
    found = seen(interface, "Panel", paused=True, reason=reason, dynamic=dynamic)
    free = [SetPause(interface, False, queue="support")]
    scene = Scene()
    scene.rebuilds(Snapshot(QUEUES, (found,), (), (), {}))
    assert [msgspec.structs.replace(each, reason="") for each in scene.asked] == free
    scene.forget()
    scene.happens(ev.MemberPaused("support", interface, "Panel", True, reason))
    assert scene.asked == free


def test_what_is_left_paused_in_a_queue_that_is_none_of_ours_is_freed_too() -> None:
    scene = Scene()
    found = seen(NOBODYS, "Panel", "theirs", paused=True, reason=LOGOUT_REASON)
    scene.rebuilds(Snapshot(QUEUES, (found,), (), (), {}))
    assert scene.asked == [SetPause(NOBODYS, False, "", "theirs")]


def test_a_pause_of_others_and_a_shelved_member_of_an_agent_stay() -> None:
    scene = Scene([Station(BRUCE, 1, False, 0.0)])
    office = seen(NOBODYS, "Panel", paused=True, reason="office")
    shelved = seen("PJSIP/1001", "Dan", dynamic=False, paused=True, reason=LOGOUT_REASON)
    scene.rebuilds(Snapshot(QUEUES, (office, shelved), (), (), {}))
    assert scene.asked == []


def test_an_agent_whose_only_members_are_strangers_is_out_at_once() -> None:
    scene = Scene()
    scene.logs_in()
    scene.happens(*(joins("PJSIP/1001", "Panel", queue) for queue in ("support",)))
    lists(scene, seen("PJSIP/1001", "Panel"))
    commanded.begin_logout(scene.center, BRUCE, scene.now)
    assert scene.agent().stance is Stance.OUT
