"""Who may change an agent: the centre alone, by the methods of its record."""

import ast
from pathlib import Path

import pytest

import xucd
from tests.scene import Scene
from xucd.center.agent import Stance
from xucd.center.live import AgentRecord, Member

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
        scene.agent().members[1] = Member(True, "")  # type: ignore[index]
    with pytest.raises(AttributeError):
        scene.agent().members[1].paused = True  # type: ignore[misc]
    assert scene.agent().stance is Stance.READY


def test_the_centres_tables_of_agents_cannot_be_changed_from_outside() -> None:
    center = Scene().center
    with pytest.raises(TypeError):
        center.agents[8] = center.agents[9]  # type: ignore[index]
    with pytest.raises(TypeError):
        center.on_interface["PJSIP/1001"] = center.agents[8]  # type: ignore[index]


def _is_record_of_center(node: ast.Attribute) -> bool:
    return node.attr in {"record", "records"} and ast.unparse(node.value).endswith("center")


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_room_but_the_centre_gets_hold_of_a_record(path: Path) -> None:
    reached = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and (node.attr in {"record_on", "_records"} or _is_record_of_center(node))
    }
    names = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert reached == set()
    assert "AgentRecord" not in names


def test_a_record_adds_no_state_of_its_own() -> None:
    assert AgentRecord.__slots__ == ()
    assert {"change_stance", "log_in", "set_penalty", "show"} <= WRITERS
