"""Traces: what was heard replays to what the link reported."""

from pathlib import Path

import pytest

from xucd.ami.errors import DecodeError
from xucd.center.events import CallerJoined, ChannelState, DeviceStatus, Event, Held
from xucd.center.snapshot import ChannelSeen, MemberSeen, Snapshot
from xucd.tools.trace import Recorder, replay

GREETING = "Asterisk Call Manager/11.0.0"
HOLD = "Event: Hold\nChannel: PJSIP/1001-1\nUniqueid: 2.6"
UNHOLD = "Event: Unhold\nChannel: PJSIP/1001-1\nUniqueid: 2.6"
CHANNEL = """Event: CoreShowChannel
ActionID: xucd-resync/1/channels
Channel: {channel}
ChannelState: 6
CallerIDNum: 0230
CallerIDName: Zoé
ConnectedLineNum: <unknown>
ConnectedLineName: <unknown>
Context: default
Exten: 3000
Uniqueid: {unique_id}
Linkedid: 2.5
Application: {application}
ApplicationData: support
Duration: 01:02:03
BridgeId: {bridge}"""
VARIABLE = """Response: Success
ActionID: xucd-resync/1/{name}/{unique_id}
Variable: {name}
Value: {value}"""
RESYNC = (
    "Response: Success\nActionID: xucd-resync/1/begin\nPing: Pong",
    "Response: Success\nActionID: xucd-resync/1/queues\nEventList: start",
    "Event: QueueParams\nQueue: support\nActionID: xucd-resync/1/queues",
    "Event: QueueMember\nQueue: support\nName: Agent/2501\nLocation: PJSIP/1001\nPenalty: 2\n"
    "LastCall: 7\nLastPause: 8\nInCall: 1\nStatus: 2\nPaused: 1\nPausedReason: lunch\n"
    "ActionID: xucd-resync/1/queues",
    "Event: QueueEntry\nQueue: support\nPosition: 1\nChannel: PJSIP/trunk-2\nUniqueid: 2.7\n"
    "CallerIDNum: unknown\nCallerIDName: unknown\nActionID: xucd-resync/1/queues",
    CHANNEL.format(channel="PJSIP/trunk-1", unique_id="2.5", application="Queue", bridge="b"),
    CHANNEL.format(channel="PJSIP/1001-1", unique_id="2.6", application="AppQueue", bridge="b"),
    CHANNEL.format(channel="PJSIP/trunk-2", unique_id="2.7", application="Queue", bridge=""),
    "Event: DeviceStateChange\nActionID: xucd-resync/1/devices\nDevice: PJSIP/1001\nState: INUSE",
    "Event: DeviceStateChange\nActionID: xucd-resync/1/devices\nDevice: Queue:a\nState: INUSE",
    VARIABLE.format(name="MIXMONITOR_FILENAME", unique_id="2.5", value="/a/2.5.wav"),
    VARIABLE.format(name="XUCD_MUTED", unique_id="2.5", value="1"),
    VARIABLE.format(name="MIXMONITOR_FILENAME", unique_id="2.6", value=""),
    VARIABLE.format(name="XUCD_MUTED", unique_id="2.6", value=""),
    "Response: Error\nActionID: xucd-resync/1/XUCD_MUTED/2.7\nMessage: No such channel",
)
END = "Response: Success\nActionID: xucd-resync/1/end\nPing: Pong"


def seen(channel: str, unique_id: str, application: str, bridge: str) -> ChannelSeen:
    return ChannelSeen(
        channel,
        unique_id,
        "2.5",
        ChannelState.UP,
        "0230",
        "Zoé",
        "",
        "",
        "3000",
        application,
        "support",
        bridge,
        3723,
    )


SNAPSHOT = Snapshot(
    queues=frozenset({"support"}),
    members=(
        MemberSeen(
            "support", "PJSIP/1001", "Agent/2501", 2, True, "lunch", 7, 8, DeviceStatus.IN_USE
        ),
    ),
    callers=(CallerJoined("support", "PJSIP/trunk-2", "2.7", 1, "", ""),),
    channels=(
        seen("PJSIP/trunk-1", "2.5", "Queue", "b"),
        seen("PJSIP/1001-1", "2.6", "AppQueue", "b"),
        seen("PJSIP/trunk-2", "2.7", "Queue", ""),
    ),
    devices={"PJSIP/1001": "INUSE"},
    recorded={"2.5": True},
    marked=frozenset({"2.5"}),
)


def wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def recorded(path: Path, *blocks: str) -> list[tuple[float, Snapshot | Event]]:
    """Record these blocks, one a second from 1000.0 on, and replay them."""
    times = (1000.0 + number for number in range(len(blocks) + 1))
    with path.open("wb") as file:
        recorder = Recorder(file, lambda: next(times))
        for block in blocks:
            recorder.write(wire(block))
    return list(replay(path))


def test_a_trace_yields_its_snapshot_then_what_was_held_then_the_rest(tmp_path: Path) -> None:
    blocks = (GREETING, HOLD, *RESYNC[:5], UNHOLD, *RESYNC[5:], END, HOLD)
    now = 1000.0 + len(blocks)
    held, unheld = Held("2.6", True), Held("2.6", False)
    assert recorded(tmp_path / "trace", *blocks) == [
        (now - 1, SNAPSHOT),
        (now - 1, held),
        (now - 1, unheld),
        (now, held),
    ]


def test_a_link_that_was_lost_in_its_questions_begins_anew(tmp_path: Path) -> None:
    lost = (GREETING, HOLD, *RESYNC[:6])
    steps = recorded(tmp_path / "trace", *lost, GREETING, *RESYNC, END)
    assert [step for _, step in steps] == [SNAPSHOT]


def test_a_plain_capture_replays_without_times(tmp_path: Path) -> None:
    path = tmp_path / "capture.ami"
    path.write_bytes(
        wire(f"{GREETING}\nResponse: Success\nMessage: Authentication accepted\n\n")
        + wire(f"{HOLD}\n\nEvent: RTCPSent\nSSRC: 1\n\n{UNHOLD}\n\nEvent: Hold\nChan")
    )
    (first, held), (second, unheld) = replay(path)
    assert (held, unheld) == (Held("2.6", True), Held("2.6", False))
    assert 0 < first < second


def test_a_trace_with_an_event_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="Hold"):
        recorded(tmp_path / "trace", GREETING, *RESYNC, END, "Event: Hold\nChannel: x")
