"""Which commands are audited, and what their entries say."""

from __future__ import annotations

import typing

import msgspec
import pytest

from tests.scene import Scene
from xucd.app.audited import AUDITED, entry_of
from xucd.center.audit import Kind, Target
from xucd.center.directory import User
from xucd.center.rights import rights_of
from xucd.cti import commands as cmd
from xucd.cti.commands import COMMANDS
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey

REFERENCE = "0123456789abcdef0123456789abcdef"
BRUCE_TARGET = Target("agent", 8, "2501 Bruce Wail")
ALICE_TARGET = Target("agent", 9, "2502 Alice Johnson")


@pytest.fixture
def who() -> Session:
    """A session of bruce's user."""
    user = User(1, "bruce", "Bruce", "Wail", line_id=1, agent_id=8, profile="Admin")
    return Session(user, SignInKey("one", "first"), rights_of(user, strict=False), writer=None)


def test_every_command_says_whether_it_is_audited() -> None:
    assert AUDITED.keys() == set(COMMANDS.values())


def test_every_commands_targets_and_detail_can_be_read_off_it(who: Session) -> None:
    center = Scene().center
    for kind, row in AUDITED.items():
        if row is None:
            continue
        assert set(row.detail) <= set(kind.__struct_fields__)
        fields = msgspec.structs.fields(kind)
        values: dict[str, typing.Any] = {
            each.name: _any_value(each) for each in fields if each.required
        }
        entry = entry_of(center, kind(**values | _others_agent(kind)), who, 1.0)
        assert entry is not None
        assert entry.targets
        assert msgspec.json.encode(entry)


def _any_value(field: msgspec.structs.FieldInfo) -> object:
    """A value that a field can have, where only its rough kind matters."""
    text = str(field.type)
    if "list" in text:
        return [cmd.DefaultQueue(1, 0)] if "DefaultQueue" in text else [1]
    return REFERENCE if field.name in ("phone_number", "voice_message_ref") else 1


def _others_agent(kind: type[cmd.Command]) -> dict[str, typing.Any]:
    return {"agent_id": 9} if "agent_id" in kind.__struct_fields__ else {}


@pytest.mark.parametrize("agent_id", [None, 8])
@pytest.mark.parametrize(
    "kind", [cmd.AgentLogout, cmd.PauseAgent, cmd.UnpauseAgent, cmd.RemoveAgentFromQueue]
)
def test_what_users_do_with_their_own_agent_is_their_days_work(
    who: Session, kind: type[typing.Any], agent_id: int | None
) -> None:
    more = {"queue_id": 1} if kind is cmd.RemoveAgentFromQueue else {}
    command = kind(agent_id=agent_id, **more)
    assert entry_of(Scene().center, command, who, 1.0) is None


def test_pausing_a_recording_is_told_of_ones_own_agent_too(who: Session) -> None:
    entry = entry_of(Scene().center, cmd.MonitorPause(), who, 1.0)
    assert entry is not None
    assert (entry.kind, entry.targets) == (Kind.PAUSE_RECORDING, (BRUCE_TARGET,))


def test_pausing_another_says_whom_and_why(who: Session) -> None:
    command = cmd.PauseAgent(agent_id=9, reason="coaching")
    entry = entry_of(Scene().center, command, who, 1.0)
    assert entry is not None
    assert entry.targets == (ALICE_TARGET,)
    assert entry.detail == {"command": "pauseAgent", "reason": "coaching"}
    assert entry.actor.login == "bruce"


def test_taking_a_line_over_logs_another_out_and_says_whom(who: Session) -> None:
    scene = Scene()
    scene.logs_in(9)
    entry = entry_of(scene.center, cmd.AgentLogin(phone_number="1002"), who, 1.0)
    assert entry is not None
    assert entry.targets == (BRUCE_TARGET, ALICE_TARGET)
    assert entry_of(scene.center, cmd.AgentLogin(phone_number="1001"), who, 1.0) is None
