"""Calls of phones whose drivers name channels, and tell of states, in other ways than PJSIP.

Written by hand: no DAHDI card and no Cisco phone is at hand. What the drivers do is read off their
sources. `chan_dahdi.c` names channels ``DAHDI/<channel>-<number>``, and those of ISDN
``DAHDI/i<span>/<number>-<number>``. `sig_analog.c` and `sig_pri.c` request channels in the state
``RESERVED``, as `sig_analog.c` does for a phone off the hook; both ring by ``RINGING``, a phone
that has dialled is in ``RING``, and one of ISDN may be ``DIALING`` before it rings. `chan-sccp`
names channels ``SCCP/<line>-%08X``, always begins with ``DOWN``, sets a phone off the hook to
``OFFHOOK``, to ``RINGING`` when it is called, and to ``RING`` when it hears ringing. Of a phone of
DAHDI that does nothing, Asterisk says ``UNKNOWN``.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.scene import BRUCE, Scene, directory
from xucd.ami.events import decode
from xucd.center import changes as ch
from xucd.center.agent import AgentState
from xucd.center.changes import Stage
from xucd.center.directory import Agent, Directory, Group, Line
from xucd.center.events import DeviceStatus, MemberStatus
from xucd.center.snapshot import Snapshot
from xucd.views.phones import hint

DOWN, RESERVED, OFFHOOK, DIALING, RING, RINGING, UP = range(7)


@dataclass(frozen=True)
class Kind:
    """How a driver names a line's channels, and their states: when called, and when it calls."""

    interface: str
    channel: str
    called: tuple[int, ...]
    calls: tuple[int, ...]


KINDS = [
    Kind("PJSIP/204", "PJSIP/204-0000001a", (DOWN, RINGING, UP), (RING, UP)),
    Kind("SIP/204", "SIP/204-0000000a", (DOWN, RINGING, UP), (RING, UP)),
    Kind("IAX2/phone", "IAX2/phone-1234", (DOWN, RINGING, UP), (RING, UP)),
    Kind("DAHDI/1", "DAHDI/1-1", (RESERVED, RINGING, UP), (RESERVED, RING, UP)),
    Kind("DAHDI/i1/204", "DAHDI/i1/204-3", (RESERVED, DIALING, RINGING, UP), (RING, UP)),
    Kind("SCCP/204", "SCCP/204-0000001A", (DOWN, RINGING, UP), (DOWN, OFFHOOK, RING, UP)),
]
LINE = 1


def centre(kind: Kind) -> Scene:
    """Bruce, logged in on such a phone."""
    scene = Scene(
        centre=Directory(
            groups=[Group(1, "default")],
            queues=directory().queues.values(),
            lines=[Line(LINE, "204", kind.interface)],
            agents=[Agent(BRUCE, "2501", "Bruce", "Wail", 1, 1, LINE)],
        )
    )
    scene.logs_in()
    scene.happens(MemberStatus("support", kind.interface, "Agent/2501", DeviceStatus.UNKNOWN))
    scene.forget()
    return scene


def says(scene: Scene, event: str, **fields: str | int) -> None:
    """Asterisk sends an event; what it does not say is empty."""
    known = {
        **dict.fromkeys(("CallerIDNum", "CallerIDName"), "<unknown>"),
        **dict.fromkeys(("ConnectedLineNum", "ConnectedLineName"), "<unknown>"),
        **{"Exten": "", "Context": "default", "Priority": "1", **fields},
    }
    lines = "".join(f"{key}: {value}\r\n" for key, value in known.items())
    decoded = decode(f"Event: {event}\r\n{lines}\r\n".encode())
    assert decoded is not None
    scene.happens(decoded)


def goes_through(
    scene: Scene, kind: Kind, states: tuple[int, ...], linked_id: str, **fields: str
) -> None:
    """The phone's channel comes to be, in the first of these states, and takes on the others."""
    for state, event in zip(states, ("Newchannel", *["Newstate"] * len(states)), strict=False):
        ids = {"Channel": kind.channel, "Uniqueid": "phone", "Linkedid": linked_id}
        told = fields if event == "Newstate" or state == RING else {}
        says(scene, event, ChannelState=state, **ids, **told)


def stages(scene: Scene) -> list[tuple[Stage, str, bool]]:
    calls = [each.call for each in scene.told if isinstance(each, ch.PhoneCallChanged)]
    return [(call.stage, call.number, call.incoming) for call in calls]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.interface)
def test_a_queues_call_rings_its_member(kind: Kind) -> None:
    scene = centre(kind)
    caller = scene.caller_waits()
    fields = {"ConnectedLineNum": "0230210082"}
    goes_through(scene, kind, kind.called[:1], caller)
    assert scene.center.channels.by_id["phone"].called
    says(scene, "AgentCalled", Queue="support", Uniqueid=caller, DestUniqueid="phone")
    ids = {"Channel": kind.channel, "Uniqueid": "phone", "Linkedid": caller}
    for state in kind.called[1:-1]:
        says(scene, "Newstate", ChannelState=state, **ids, **fields)
    assert stages(scene) == [(Stage.RINGING, "0230210082", True)]
    says(scene, "Newstate", ChannelState=UP, **ids, **fields)
    assert scene.states() == [AgentState.RINGING, AgentState.ON_CALL]
    says(scene, "Hangup", **ids)
    assert [stage for stage, *_ in stages(scene)] == [
        Stage.RINGING,
        Stage.ESTABLISHED,
        Stage.RELEASED,
    ]
    assert all(incoming for *_, incoming in stages(scene))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.interface)
def test_a_call_that_the_phone_places_is_outgoing_to_the_number_dialled(kind: Kind) -> None:
    scene = centre(kind)
    off_the_hook = kind.calls[: kind.calls.index(RING)]
    goes_through(scene, kind, off_the_hook, "phone")
    assert (scene.states(), stages(scene)) == ([], [])
    goes_through(scene, kind, kind.calls, "phone", Exten="0230210082")
    assert stages(scene) == [
        (Stage.DIALING, "0230210082", False),
        (Stage.ESTABLISHED, "0230210082", False),
    ]
    assert scene.states() == [AgentState.DIALING, AgentState.ON_CALL]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.interface)
def test_a_phone_that_xucd_rings_to_dial_is_dialing(kind: Kind) -> None:
    scene = centre(kind)
    ids = {"Channel": kind.channel, "Uniqueid": "xucd-dial-1", "Linkedid": "xucd-dial-1"}
    says(scene, "Newchannel", ChannelState=kind.called[0], **ids)
    says(scene, "VarSet", Variable="XUCD_DIAL", Value="0230210082", **ids)
    says(scene, "Newstate", ChannelState=RINGING, **ids)
    assert stages(scene) == [(Stage.DIALING, "0230210082", False)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.interface)
def test_a_phone_of_which_asterisk_says_nothing_is_free_unless_it_lists_all(kind: Kind) -> None:
    scene = centre(kind)
    scene.rebuilds(Snapshot(frozenset({"support"}), (), (), (), {}))
    there = not kind.interface.startswith("PJSIP/")
    assert hint("204", scene.center.devices[kind.interface]).status == (0 if there else -2)


def test_registrations_of_a_phone_that_all_ring_to_dial_are_one_call_that_dials() -> None:
    scene = centre(KINDS[0])
    asked: dict[str, str | int] = {"Linkedid": "xucd-dial-1", "ChannelState": DOWN}
    for half, unique_id in enumerate(("xucd-dial-1", "xucd-dial-1-2"), start=1):
        name = f"Local/s@xucd-ring-00000001;{half}"
        says(scene, "Newchannel", Channel=name, Uniqueid=unique_id, Exten="s", **asked)
    for registration in ("desk", "soft"):
        ids = {"Channel": f"PJSIP/204-{registration}", "Uniqueid": registration}
        says(scene, "Newchannel", **ids, **asked)
        says(scene, "VarSet", Variable="XUCD_DIAL", Value="0230210082", **ids)
    for registration, state in (("desk", RINGING), ("soft", RINGING), ("soft", UP)):
        ids = {"Channel": f"PJSIP/204-{registration}", "Uniqueid": registration}
        says(scene, "Newstate", **ids, **{**asked, "ChannelState": state})
    says(scene, "Hangup", Channel="PJSIP/204-desk", Uniqueid="desk")
    calls = [each.call for each in scene.told if isinstance(each, ch.PhoneCallChanged)]
    assert {(call.unique_id, call.number, call.incoming) for call in calls} == {
        ("xucd-dial-1", "0230210082", False)
    }
