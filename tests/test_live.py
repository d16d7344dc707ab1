"""Who may change an agent: the centre alone, by the methods of its record."""

import ast
from pathlib import Path

import pytest

import xucd
from tests.scene import ALICE, BRUCE, DAY, SALES, SUPPORT, Scene, directory
from xucd.center.agent import Stance
from xucd.center.center import Center, Remembered
from xucd.center.live import AgentRecord

ROOT = Path(xucd.__file__).parent
OUTSIDE = sorted(path for path in ROOT.rglob("*.py") if ROOT / "center" not in path.parents)
WRITERS = {name for name in vars(AgentRecord) if not name.startswith("_")}
READ = ("agent", "line", "stance", "reason", "leaving", "settled", "wrapup_s", "shown", "since")


@pytest.mark.parametrize("name", READ)
def test_what_is_read_of_an_agent_cannot_be_assigned(name: str) -> None:
    live = Scene().agent()
    with pytest.raises(AttributeError):
        setattr(live, name, getattr(live, name))


def test_an_agents_queues_and_memberships_cannot_be_changed_from_outside() -> None:
    scene = Scene()
    scene.logs_in()
    with pytest.raises(TypeError):
        scene.agent().queues[1] = 5  # type: ignore[index]  # it is a mapping to be read
    with pytest.raises(TypeError):
        scene.agent().members[1] = scene.agent().members[2]  # type: ignore[index]
    with pytest.raises(AttributeError):
        scene.agent().members[1].paused = True  # type: ignore[misc]
    assert scene.agent().stance is Stance.READY


def test_the_centres_tables_of_agents_cannot_be_changed_from_outside() -> None:
    center = Scene().center
    with pytest.raises(TypeError):
        center.agents[8] = center.agents[9]  # type: ignore[index]
    with pytest.raises(TypeError):
        center.on_device["PJSIP/1001"] = center.agents[8]  # type: ignore[index]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_room_but_the_centre_gets_hold_of_a_record(path: Path) -> None:
    tree = ast.parse(path.read_text())
    reached = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
        for name in (alias.name, f"{getattr(node, 'module', '')}.{alias.name}")
    }
    assert reached & {"agent_record", "agent_records", "agent_record_on", "_records"} == set()
    assert "AgentRecord" not in imported
    assert not any(name == "xucd.center.live" for name in imported)


def test_the_writers_of_an_agent_are_these() -> None:
    assert AgentRecord.__slots__ == ()
    assert {
        "begin_elsewhere", "begin_login", "begin_logout", "change_stance", "configure", "count",
        "end_day", "end_logout", "forget_differences", "inherit", "last_line", "log_in", "log_out",
        "lose", "owe_wrapup", "restore", "restore_day", "restore_spending", "set_agent",
        "set_changing", "set_elsewhere", "set_line", "set_members", "set_since", "set_told",
        "set_wrapup", "settle", "shift", "show", "take_out",
    } == WRITERS  # fmt: skip


def test_agents_with_the_same_queues_share_them_until_one_is_configured_otherwise() -> None:
    scene = Scene()
    same = Remembered(queues={BRUCE: {SUPPORT: 0, SALES: 1}, ALICE: {SUPPORT: 0, SALES: 1}})
    center = Center(directory(), scene.now, lambda at: at + DAY, same)
    bruce, alice = center.agent_record(BRUCE), center.agent_record(ALICE)
    assert bruce._queues is alice._queues
    bruce.configure(SUPPORT, 3)
    alice.configure(SALES, -1)
    assert (bruce.queues, alice.queues) == ({SUPPORT: 3, SALES: 1}, {SUPPORT: 0})
