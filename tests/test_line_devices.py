"""A line whose members are called by another interface than its phone."""

import pytest

from tests.scene import BRUCE, SUPPORT, Scene, directory
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import AgentState
from xucd.center.directory import Directory, Line
from xucd.center.events import ChannelState
from xucd.center.intents import WRAPUP_REASON, AddMember, SetPause
from xucd.center.snapshot import ChannelSeen, Snapshot
from xucd.center.station import Station

QUEUES = frozenset({"support", "sales", "billing"})
MEMBER, PHONE = "Local/1001@from-queue/n", "PJSIP/1001"
LINE = Line(1, "1001", MEMBER, device=PHONE)


def centre() -> Directory:
    before = directory()
    return Directory(
        groups=before.groups.values(),
        queues=before.queues.values(),
        lines=[LINE, *(line for line in before.lines.values() if line.id != LINE.id)],
        agents=before.agents.values(),
    )


@pytest.fixture
def scene() -> Scene:
    scene = Scene(centre=centre())
    scene.logs_in()
    scene.forget()
    return scene


@pytest.mark.parametrize("interface", [MEMBER, PHONE])
def test_a_member_of_either_key_logs_its_agent_in_on_the_line(interface: str) -> None:
    scene = Scene(centre=centre())
    scene.happens(ev.MemberAdded("support", interface, "Agent/2501", 0, False, ""))
    assert scene.agent().line == LINE
    assert scene.center.on_device[PHONE] is scene.agent()


def test_the_agents_calls_are_those_of_the_device(scene: Scene) -> None:
    up = ChannelState.UP
    scene.happens(
        ev.ChannelCreated(f"{PHONE}-00000001", "p", "p", ChannelState.RING, "1001", "", "0230"),
        ev.ChannelMoved("p", "p", up, "1001", "", "0230", ""),
    )
    assert scene.states() == [AgentState.DIALING, AgentState.ON_CALL]


def test_a_lines_state_is_that_of_the_device(scene: Scene) -> None:
    scene.happens(ev.DeviceChanged(PHONE, "INUSE"))
    assert ch.PhoneChanged(LINE.id, "INUSE") in scene.told


def test_an_agent_is_put_back_by_the_interface_with_the_state_of_the_device() -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0)], centre=centre())
    scene.rebuilds(Snapshot(QUEUES, (), (), (), {}))
    added = [each for each in scene.asked if isinstance(each, AddMember)]
    assert {(each.interface, each.state_interface) for each in added} == {(MEMBER, PHONE)}


def test_what_is_paused_is_the_member_and_not_the_phone(scene: Scene) -> None:
    caller = scene.caller_waits()
    scene.happens(
        ev.ChannelCreated(f"{PHONE}-1", "p", caller, ChannelState.DOWN, "1001", "", ""),
        ev.ChannelMoved("p", caller, ChannelState.UP, "1001", "", "0230", ""),
        ev.CallerLeft("support", caller),
        ev.AgentConnected("support", caller, "p", 3, MEMBER),
    )
    assert SetPause(MEMBER, True, WRAPUP_REASON) in scene.asked
    assert scene.agent().wrapup_s == scene.center.directory.queues[SUPPORT].wrapup


def test_a_call_of_the_device_is_found_again_after_a_restart() -> None:
    scene = Scene([Station(BRUCE, 1, True, 0.0)], centre=centre())
    channel = ChannelSeen(
        f"{PHONE}-1", "p", "p", ChannelState.UP, "1001", "", "", "", "", "", "", "", age=3
    )
    scene.rebuilds(Snapshot(QUEUES, (), (), (channel,), {}))
    assert scene.agent().shown.state is AgentState.ON_CALL
