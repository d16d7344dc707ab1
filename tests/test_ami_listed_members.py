"""Queue members as `QueueStatus` lists them, read by one pattern or parsed."""

from pathlib import Path

import pytest

from xucd.ami.errors import DecodeError
from xucd.ami.framing import Framer
from xucd.ami.listed_members import MemberReader
from xucd.ami.resync import SnapshotBuilder
from xucd.center.events import DeviceStatus
from xucd.center.snapshot import MemberSeen

RECORDED = [
    block
    for trace in sorted((Path(__file__).parent / "traces").glob("*.ami"))
    for block in Framer(greeted=False).feed(trace.read_bytes())
    if block.startswith(b"Event: QueueMember\r\n")
]
PAUSED = (
    "Event: QueueMember\nQueue: support\nName: Agent/2501\nLocation: Local/1001@from-queue/n\n"
    "StateInterface: PJSIP/1001\nMembership: dynamic\nPenalty: 3\nCallsTaken: 2\n"
    "LastCall: 1795671800\nLastPause: 1795671810\nLoginTime: 1795671700\nInCall: 0\nStatus: 1\n"
    "Paused: 1\nPausedReason: lunch\nWrapuptime: 0\nActionID: 1"
)


def raw(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def mixed_up(item: bytes) -> bytes:
    """The same headers in an order in which no Asterisk writes them."""
    first, *others = item.split(b"\r\n")
    return b"\r\n".join([first, *reversed(others)])


def test_a_members_headers_say_what_it_is() -> None:
    assert MemberReader().read(raw(PAUSED)) == MemberSeen(
        queue="support",
        interface="Local/1001@from-queue/n",
        member="Agent/2501",
        penalty=3,
        paused=True,
        reason="lunch",
        last_call=1795671800,
        last_pause=1795671810,
        status=DeviceStatus.NOT_IN_USE,
        state_interface="PJSIP/1001",
        dynamic=True,
    )


def test_recorded_members_are_the_same_in_whatever_order_their_headers_come() -> None:
    assert len(RECORDED) > 100
    for item in RECORDED:
        assert MemberReader().read(item) == MemberReader().read(mixed_up(item))


@pytest.mark.parametrize("left_out", ["", "LoginTime: 1795671700\n"])
def test_what_any_asterisk_lists_needs_no_parsing(
    monkeypatch: pytest.MonkeyPatch, left_out: str
) -> None:
    parsed: list[bytes] = []
    monkeypatch.setattr("xucd.ami.listed_members.parse", parsed.append)
    for item in (*RECORDED, raw(PAUSED.replace(left_out, ""))):
        MemberReader().read(item)
    assert not parsed


@pytest.mark.parametrize(("renamed", "reason"), [("Reason", "lunch"), ("Why", "")])
def test_a_member_of_another_asterisk_may_have_its_reason_elsewhere(
    renamed: str, reason: str
) -> None:
    assert MemberReader().read(raw(PAUSED.replace("PausedReason", renamed))).reason == reason


def test_a_member_that_is_ready_has_no_reason() -> None:
    assert MemberReader().read(raw(PAUSED.replace("Paused: 1", "Paused: 0"))).reason == ""


def test_an_agents_members_have_their_texts_and_moments_in_common() -> None:
    reader = MemberReader()
    one, other = (reader.read(raw(PAUSED.replace("support", queue))) for queue in ("q1", "q2"))
    assert one.queue != other.queue
    for name in ("interface", "member", "state_interface", "last_call", "last_pause", "reason"):
        assert getattr(one, name) is getattr(other, name)


@pytest.mark.parametrize(
    ("header", "instead", "problem"),
    [
        ("Penalty: 3", "Penalty: three", "invalid literal"),
        ("LastCall: 1795671800", f"LastCall: {1 << 40}", "a number is out of range"),
        ("Status: 1", "Status: 99", "99 is not a valid DeviceStatus"),
        ("Location: Local/1001@from-queue/n\n", "", "no field 'Location'"),
    ],
)
def test_a_malformed_member_is_an_error_that_names_the_list(
    header: str, instead: str, problem: str
) -> None:
    with pytest.raises(DecodeError, match=f"QueueMember: {problem}"):
        SnapshotBuilder().take(raw(PAUSED.replace(header, instead)))
