"""A queue gets another name in the centre's file, as it did in queues.conf, and xucd reloads."""

import msgspec
import pytest

from tests.scene import BRUCE, SALES, SUPPORT, Scene, directory
from xucd.center import events as ev
from xucd.center.center import Center, Remembered
from xucd.center.directory import Directory
from xucd.center.inheriting import inherit
from xucd.center.intents import AddMember, RemoveMember
from xucd.center.rules import strangers
from xucd.center.snapshot import MemberSeen, Snapshot
from xucd.store.journal import midnight_after

PHONE, NAME = "PJSIP/1001", "Agent/2501"


def member(queue: str, penalty: int) -> MemberSeen:
    return MemberSeen(queue, PHONE, NAME, penalty, False, "", 0, 0, dynamic=True)


def renamed(name: str) -> Directory:
    known = directory()
    queues = [
        msgspec.structs.replace(each, name=name) if each.id == SUPPORT else each
        for each in known.queues.values()
    ]
    return Directory(known.groups.values(), queues, known.lines.values(), known.agents.values())


def logged_in(queues: dict[int, int]) -> Scene:
    scene = Scene()
    scene.center = at(scene, directory(), queues, Scene().center)
    scene.logs_in()
    scene.forget()
    return scene


def at(scene: Scene, known: Directory, queues: dict[int, int], before: Center) -> Center:
    remembered = Remembered(queues={BRUCE: queues}, stations=dict(before.stations))
    return Center(known, scene.now, midnight_after, remembered)


@pytest.mark.parametrize("queues", [{SUPPORT: 0}, {SUPPORT: 0, SALES: 1}])
@pytest.mark.parametrize("heard", [True, False])
def test_its_agents_are_put_into_the_queue_of_the_new_name(
    queues: dict[int, int], *, heard: bool
) -> None:
    scene = logged_in(queues)
    after = renamed("helpdesk")
    assert strangers.left_behind(scene.center, after) == [RemoveMember("support", PHONE)]
    if heard:  # before xucd goes on with the new configuration, or after
        scene.happens(ev.MemberRemoved("support", PHONE, NAME))
    before, scene.center = scene.center, at(scene, after, queues, scene.center)
    inherit(scene.center, before, scene.now)
    scene.forget()
    others = (member("sales", 1),) if SALES in queues else ()
    there = frozenset({"helpdesk", "sales", "billing"})
    scene.rebuilds(Snapshot(there, others, (), (), {PHONE: "NOT_INUSE"}))
    assert scene.asked == [AddMember("helpdesk", PHONE, NAME, 0)]


def test_a_name_in_other_letters_is_the_same_queue() -> None:
    scene = logged_in({SUPPORT: 0, SALES: 1})
    scene.happens(ev.MemberRemoved("support", PHONE, NAME))  # by an operator
    before = scene.center
    scene.center = at(scene, renamed("Support"), {SUPPORT: 0, SALES: 1}, before)
    inherit(scene.center, before, scene.now)
    scene.forget()
    scene.rebuilds(Snapshot(frozenset({"support", "sales"}), (member("sales", 1),), (), (), {}))
    assert scene.asked == []
