"""A burst of AMI leaves others their turns; lists are read as they come, actions sent together."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from typing import Any, NamedTuple

import pytest

from tests.ami_wire import Wire
from xucd.ami import actions, protocol
from xucd.ami.connection import Connection
from xucd.ami.errors import ConnectionLost, Deadline, DecodeError, Rejected
from xucd.ami.framing import name_of
from xucd.ami.protocol import BUSY_READS, SMALL, TURN, ManagerProtocol, connect
from xucd.center.intents import SetPause
from xucd.config.settings import Ami

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
EVENT = b"Event: DeviceStateChange\r\nDevice: PJSIP/1001\r\nState: INUSE\r\n\r\n"
IN_A_TURN = TURN // len(EVENT) + 1
FORGING = "1\r\nPriority: 1\r\nUniqueid: a\r\nLinkedid: b\r\n\r\n"
"""A number that somebody has dialled, and that looks like the end of a block."""


def newchannel(number: str) -> bytes:
    """What Asterisk says of a channel that has called this number."""
    return (
        "Event: Newchannel\r\nPrivilege: call,all\r\nChannel: PJSIP/x-1\r\nChannelState: 0\r\n"
        "ChannelStateDesc: Down\r\nCallerIDNum: 1\r\nCallerIDName: a\r\n"
        "ConnectedLineNum: <unknown>\r\nConnectedLineName: <unknown>\r\nLanguage: en\r\n"
        f"AccountCode: \r\nContext: d\r\nExten: {number}\r\nPriority: 1\r\n"
        "Uniqueid: 1795000000.1\r\nLinkedid: 1795000000.1\r\n\r\n"
    ).encode()


class Address(NamedTuple):
    """Where a manager listens."""

    host: str
    port: int
    action_timeout: float = 10.0


class Manager:
    """A protocol on a wire, and what it has heard."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.fails = False
        self.wire = Wire()
        self.protocol = ManagerProtocol(self._hear)
        self.protocol.connection_made(self.wire)
        self.protocol.data_received(GREETING)

    def _hear(self, raw: bytes) -> None:
        if self.fails:
            raise ZeroDivisionError
        self.heard.append(raw)

    def answers(self, *blocks: str) -> None:
        """Answer the action that was sent last."""
        action_id = self.wire.written.rpartition(b"ActionID: ")[2].partition(b"\r\n")[0].decode()
        text = "".join(f"{block}\r\nActionID: {action_id}\r\n\r\n" for block in blocks)
        self.protocol.data_received(text.encode())


async def test_nothing_more_is_read_before_what_is_due_by_then_was_done() -> None:
    manager, order = Manager(), []
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(lambda: order.append(manager.wire.reads))
    manager.protocol.data_received(EVENT)
    asyncio.get_running_loop().call_soon(lambda: order.append(manager.wire.reads))
    assert not manager.wire.reads
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == [False, True]


async def test_under_load_events_gather_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "SOON_S", 3600.0)
    monkeypatch.setattr(protocol, "GATHER_S", 3600.0)
    manager = Manager()
    manager.protocol.received_at = asyncio.get_running_loop().time()
    for number in range(1, BUSY_READS):
        manager.protocol.data_received(EVENT)
        await asyncio.sleep(0)
        assert manager.wire.reads, f"read {number} is followed at once"
    manager.protocol.data_received(EVENT)
    assert len(manager.heard) == BUSY_READS  # what was read does not wait
    for _ in range(4):
        await asyncio.sleep(0)
    assert not manager.wire.reads


async def test_what_has_gathered_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SOON_S", 3600.0)
    manager, reads = Manager(), asyncio.Event()
    monkeypatch.setattr(manager.wire, "resume_reading", reads.set)
    await reads.wait()
    for _ in range(2 * BUSY_READS):
        reads.clear()
        manager.protocol.data_received(EVENT)
        async with asyncio.timeout(10):
            await reads.wait()
    assert len(manager.heard) == 2 * BUSY_READS


async def test_after_a_pause_nothing_gathers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SOON_S", -1.0)  # each read is after one
    monkeypatch.setattr(protocol, "GATHER_S", 3600.0)
    manager = Manager()
    for _ in range(2 * BUSY_READS):
        manager.protocol.data_received(EVENT)
        await asyncio.sleep(0)
        assert manager.wire.reads


async def test_large_reads_follow_each_other_at_once_under_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "SOON_S", 3600.0)
    monkeypatch.setattr(protocol, "GATHER_S", 3600.0)
    manager = Manager()
    for _ in range(2 * BUSY_READS):
        manager.protocol.data_received(EVENT * (SMALL // len(EVENT) + 1))
        await asyncio.sleep(0)
        assert manager.wire.reads


@pytest.fixture
async def loaded(monkeypatch: pytest.MonkeyPatch) -> Manager:
    """A manager under load, whose events gather for an hour."""
    monkeypatch.setattr(protocol, "SOON_S", 3600.0)
    monkeypatch.setattr(protocol, "GATHER_S", 3600.0)
    manager = Manager()
    for _ in range(BUSY_READS + 1):
        manager.protocol.data_received(EVENT)
    await asyncio.sleep(0)
    assert not manager.wire.reads
    return manager


def connection_by(manager: Manager) -> Connection:
    """A connection that is up, by this manager."""
    listener: Any = None
    connection = Connection(Ami(port=1, secret="nobody-listens"), listener)
    connection._manager, connection._up = manager.protocol, True
    return connection


async def test_nothing_gathers_for_a_command_that_waits(loaded: Manager) -> None:
    pause = SetPause("PJSIP/1001", True, "lunch", "support")
    asked = asyncio.ensure_future(connection_by(loaded).ask(pause))
    await asyncio.sleep(0)
    assert loaded.wire.reads
    loaded.answers("Response: Success")
    await asked
    for _ in range(4):  # the events that show its effect
        loaded.protocol.data_received(EVENT)
        await asyncio.sleep(0)
        assert loaded.wire.reads


async def test_what_xucd_asks_by_itself_lets_events_gather(loaded: Manager) -> None:
    asked = asyncio.ensure_future(connection_by(loaded).query(actions.ping()))
    await asyncio.sleep(0)
    assert not loaded.wire.reads
    loaded.answers("Response: Success")
    await asked


async def test_nothing_gathers_while_the_rest_of_a_block_may_follow(loaded: Manager) -> None:
    loaded.protocol.data_received(newchannel("100"))  # what such a block has at its end
    await asyncio.sleep(0)
    assert not loaded.wire.reads
    forged, end, rest = newchannel(FORGING).partition(b"\r\n\r\n")
    before = len(loaded.heard)
    loaded.protocol.data_received(forged + end)
    await asyncio.sleep(0)
    assert loaded.wire.reads
    assert len(loaded.heard) == before
    loaded.protocol.data_received(rest)
    assert len(loaded.heard) == before + 1


def stand_still() -> None:
    """Keep the loop from all else for longer than a block is held."""
    time.sleep(2 * protocol.DOUBTED_S)  # the time itself is what is tested


async def test_the_rest_of_a_block_that_came_while_the_loop_stood_still_is_not_left_out() -> None:
    forged, end, rest = newchannel(FORGING).partition(b"\r\n\r\n")
    heard: list[bytes] = []
    told = asyncio.Event()

    def hears(raw: bytes) -> None:
        heard.append(raw)
        if len(heard) == 2:
            told.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        manager = await connect(Address(*listener.getsockname()), hears)
        peer, _ = listener.accept()
        with peer:
            manager.data_received(GREETING + newchannel("100") + forged + end)
            peer.sendall(rest)
            stand_still()
            async with asyncio.timeout(10):
                await told.wait()
            assert heard[1].endswith(b"Linkedid: 1795000000.1")
            manager.close()


async def test_a_connection_that_ends_while_events_gather_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "SOON_S", 3600.0)
    manager = Manager()
    for _ in range(2 * BUSY_READS):
        manager.protocol.data_received(EVENT)
    await asyncio.sleep(0)
    manager.protocol.drop(ConnectionLost("x"))
    await asyncio.sleep(2 * protocol.GATHER_S)  # the time itself is what is tested
    assert not manager.wire.reads


async def test_a_large_read_is_processed_in_turns_between_which_others_have_theirs() -> None:
    manager = Manager()
    await asyncio.sleep(0)
    manager.protocol.data_received(EVENT * 4 * IN_A_TURN)
    counts = []
    while not manager.wire.reads:
        counts.append(len(manager.heard))
        await asyncio.sleep(0)
    assert len(counts) >= 4
    assert counts == sorted(counts)
    assert all(
        later - sooner <= IN_A_TURN for sooner, later in zip([0, *counts], counts, strict=False)
    )
    assert len(manager.heard) == 4 * IN_A_TURN


async def test_a_burst_over_a_socket_lets_everybody_have_a_turn_after_each_part() -> None:
    burst = GREETING + EVENT * (100 * IN_A_TURN)
    sent = asyncio.Event()

    async def pbx(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(burst)
        await sent.wait()
        writer.close()

    server = await asyncio.start_server(pbx, "127.0.0.1", 0)
    heard: list[bytes] = []
    at = Address(*server.sockets[0].getsockname()[:2])
    async with server:
        manager = await connect(at, heard.append)
        turns, most = 0, 0
        async with asyncio.timeout(60):
            while (before := len(heard)) < 100 * IN_A_TURN:
                await asyncio.sleep(0)
                turns += len(heard) > before
                most = max(most, len(heard) - before)
        sent.set()
        await manager.lost
    assert turns >= 50
    assert most <= 2 * IN_A_TURN


async def test_a_connection_ends_with_an_event_that_cannot_be_processed() -> None:
    manager = Manager()
    manager.protocol.data_received(EVENT * 2 * IN_A_TURN)
    manager.fails = True
    errors: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: errors.append(context["exception"]))
    async with asyncio.timeout(10):
        await manager.protocol.lost
    loop.set_exception_handler(None)
    assert manager.wire.closing
    assert [type(error) for error in errors] == [ZeroDivisionError]


async def test_a_lost_connection_has_ended_though_its_last_events_cannot_be_processed() -> None:
    manager = Manager()
    asked = asyncio.create_task(manager.protocol.query(actions.ping(), 30))
    await asyncio.sleep(0)
    told = manager.protocol.processed_at
    manager.protocol.data_received(EVENT * 2 * IN_A_TURN)
    manager.fails = True
    with pytest.raises(ZeroDivisionError):
        manager.protocol.connection_lost(None)
    assert isinstance(manager.protocol.lost.result(), ConnectionLost)
    assert manager.protocol.processed_at == told
    with pytest.raises(ConnectionLost):
        await asked


async def test_what_is_not_processed_yet_does_not_count_as_told() -> None:
    manager = Manager()
    await asyncio.sleep(0.01)
    told = manager.protocol.processed_at
    manager.protocol.data_received(EVENT * 2 * IN_A_TURN)
    assert manager.protocol.received_at > told
    assert manager.protocol.processed_at == told
    for _ in range(4):
        await asyncio.sleep(0)
    assert manager.protocol.processed_at == manager.protocol.received_at


async def test_what_came_before_the_end_of_a_connection_has_happened() -> None:
    manager = Manager()
    manager.protocol.data_received(EVENT * 3 * IN_A_TURN)
    manager.protocol.connection_lost(None)
    assert len(manager.heard) == 3 * IN_A_TURN
    assert isinstance(manager.protocol.lost.result(), ConnectionLost)
    await asyncio.sleep(0)
    assert not manager.wire.reads  # nothing is asked of a connection that has ended


async def test_the_items_of_a_list_are_taken_as_they_come() -> None:
    manager, taken = Manager(), list[bytes]()
    listing = asyncio.ensure_future(
        manager.protocol.list_each(actions.queue_status(), taken.append, 5)
    )
    await asyncio.sleep(0)
    manager.answers("Response: Success\r\nEventList: start\r\nMessage: Queue status will follow")
    manager.answers("Event: QueueParams\r\nQueue: a", "Event: QueueMember\r\nQueue: a")
    assert [name_of(raw) for raw in taken] == [b"QueueParams", b"QueueMember"]
    assert not listing.done()
    manager.answers("Event: QueueStatusComplete\r\nEventList: Complete\r\nListItems: 2")
    await listing
    assert not manager.heard
    assert not manager.protocol.responses


async def test_a_list_without_items_ends() -> None:
    manager, taken = Manager(), list[bytes]()
    listing = asyncio.ensure_future(
        manager.protocol.list_each(actions.core_show_channels("x"), taken.append, 5)
    )
    await asyncio.sleep(0)
    manager.answers(
        "Response: Success\r\nEventList: start\r\nMessage: Channels will follow",
        "Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nListItems: 0",
    )
    await listing
    assert not taken


async def test_a_list_that_is_refused_says_why() -> None:
    manager = Manager()
    listing = asyncio.ensure_future(
        manager.protocol.list_each(actions.queue_status(), lambda raw: None, 5)
    )
    await asyncio.sleep(0)
    manager.answers("Response: Error\r\nMessage: Permission denied")
    with pytest.raises(Rejected):
        await listing


async def test_an_item_that_cannot_be_read_fails_its_list_alone() -> None:
    def fail(raw: bytes) -> None:
        raise DecodeError("QueueMember", "no field 'Queue'")

    manager = Manager()
    listing = asyncio.ensure_future(manager.protocol.list_each(actions.queue_status(), fail, 5))
    await asyncio.sleep(0)
    manager.answers("Response: Success\r\nEventList: start\r\nMessage: Queue status will follow")
    manager.answers("Event: QueueMember\r\nName: x", "Event: QueueMember\r\nName: y")
    with pytest.raises(DecodeError):
        await listing
    manager.protocol.data_received(EVENT)
    assert len(manager.heard) == 1


async def test_nothing_in_the_midst_of_a_list_is_an_event() -> None:
    manager, taken = Manager(), list[bytes]()
    listing = asyncio.ensure_future(
        manager.protocol.list_each(actions.core_show_channels("x"), taken.append, 5)
    )
    await asyncio.sleep(0)
    manager.protocol.data_received(EVENT)
    manager.answers("Response: Success\r\nEventList: start\r\nMessage: Channels will follow")
    manager.answers("Event: CoreShowChannel\r\nApplicationData: 1")
    manager.protocol.data_received(b"Event: Shutdown\r\nPrivilege: x\r\n\r\n" + EVENT)
    manager.answers("Event: QueueMember\r\nQueue: a", "Event: CoreShowChannel\r\nChannel: b")
    manager.answers("Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nListItems: 2")
    await listing
    assert [name_of(raw) for raw in taken] == [b"CoreShowChannel", b"CoreShowChannel"]
    assert manager.heard == [EVENT.strip()]
    manager.protocol.data_received(EVENT)
    assert len(manager.heard) == 2
    assert not manager.wire.closing


async def test_events_are_heard_again_after_a_list_that_did_not_end_in_time() -> None:
    manager = Manager()
    listing = asyncio.ensure_future(
        manager.protocol.list_each(actions.queue_status(), lambda raw: None, 0.01)
    )
    await asyncio.sleep(0)
    manager.answers("Response: Success\r\nEventList: start\r\nMessage: Queue status will follow")
    with pytest.raises(Deadline):
        await listing
    manager.protocol.data_received(EVENT)
    assert len(manager.heard) == 1


async def test_a_list_ends_with_its_connection() -> None:
    manager = Manager()
    listing = asyncio.ensure_future(
        manager.protocol.list_each(actions.queue_status(), lambda raw: None, 5)
    )
    await asyncio.sleep(0)
    manager.protocol.connection_lost(None)
    with pytest.raises(ConnectionLost):
        await listing


async def test_the_actions_of_a_turn_are_written_in_two_goes_in_their_order() -> None:
    manager = Manager()
    sent = [manager.protocol.send(actions.ping(str(number))) for number in range(100)]
    assert len(manager.wire.writes) == 1  # the first one does not wait for others
    await asyncio.sleep(0)
    assert len(manager.wire.writes) == 2
    ids = re.findall(rb"ActionID: (\S+)", manager.wire.written)
    assert ids == [each.id.encode() for each in sent]
    manager.protocol.send(actions.ping("next"))
    assert len(manager.wire.writes) == 3
    for each in sent:
        manager.protocol.data_received(f"Response: Success\r\nActionID: {each.id}\r\n\r\n".encode())
    assert [each.future.result()["ActionID"] for each in sent] == [each.id for each in sent]


@pytest.mark.parametrize(("end", "count"), [("close", 3), ("drop", 1)])
async def test_what_was_sent_before_a_connection_is_closed_is_written(end: str, count: int) -> None:
    manager = Manager()
    sent = [manager.protocol.send(actions.ping()) for _ in range(3)]
    if end == "close":
        manager.protocol.close()
    else:
        manager.protocol.drop(ConnectionLost("x"))
    await asyncio.sleep(0)
    assert manager.wire.written.count(b"Action: Ping\r\n") == count
    assert all(isinstance(each.future.exception(), ConnectionLost) for each in sent)
