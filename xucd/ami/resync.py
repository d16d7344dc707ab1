"""Asterisk's whole live state, queried after each connection and made into one `Snapshot`.

`take_snapshot` sends the queries between two pings. Every action id names its query, so that the
received blocks are enough to rebuild the snapshot: `Resync` does that for a recorded connection.

The lists are read one after the other while calls go on, so a snapshot is not of one instant.
Events that arrive meanwhile are held and applied after it. A change that is in the snapshot already
is then applied twice, which is harmless: an event carries a new state, not a difference.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from xucd.ami import actions
from xucd.ami.actions import Action
from xucd.ami.errors import DecodeError, Rejected
from xucd.ami.events import is_dynamic, known, reason_of, state_of, status_of
from xucd.ami.framing import Block, parse
from xucd.center.events import CallerJoined
from xucd.center.intents import MUTED_MARK
from xucd.center.snapshot import ChannelSeen, MemberSeen, QueuesSeen, Snapshot

PREFIX = "xucd-resync"
"""The beginning of a resynchronisation's action ids, ``xucd-resync/N/…``; N counts them."""

FILENAME = "MIXMONITOR_FILENAME"
"""Set by MixMonitor on the channel that it records; outlives StopMixMonitor."""


class SnapshotBuilder:
    """Builds a snapshot from the answers, in any order. No I/O."""

    def __init__(self) -> None:
        self._queues: set[str] = set()
        self._members: list[MemberSeen] = []
        self._callers: list[Block] = []
        self._channels: list[ChannelSeen] = []
        self._devices: dict[str, str] = {}
        self._recorded: set[str] = set()
        self._marks: dict[str, str] = {}

    def feed(self, block: Block) -> None:
        """Add one block of an answer; blocks that are neither list item nor variable are ignored.

        Raises `DecodeError` when a field is missing or malformed.
        """
        name = block.get("Event", "")
        try:
            match name:
                case "QueueParams":
                    self._queues.add(block["Queue"])
                case "QueueMember":
                    self._members.append(_member(block))
                case "QueueEntry":
                    self._callers.append(block)
                case "CoreShowChannel":
                    self._channels.append(_channel(block))
                case "DeviceStateChange":
                    if not block["Device"].startswith("Queue:"):
                        self._devices[block["Device"]] = block["State"]
                case "":
                    self._variable(block)
        except KeyError as error:
            raise DecodeError(name or "Getvar", f"no field {error}") from None
        except ValueError as error:
            raise DecodeError(name or "Getvar", str(error)) from None

    def _variable(self, block: Block) -> None:
        variable = block.get("Variable", "")
        if block.get("Response") != "Success" or variable not in (FILENAME, MUTED_MARK):
            return
        unique_id = block["ActionID"].rsplit("/", 1)[1]
        if variable == FILENAME and block["Value"]:
            self._recorded.add(unique_id)
        elif variable == MUTED_MARK:
            self._marks[unique_id] = block["Value"]

    def channels(self) -> Iterator[tuple[str, str]]:
        """Channel name and unique id of every channel listed so far."""
        for channel in self._channels:
            yield channel.channel, channel.unique_id

    def queues(self) -> QueuesSeen:
        """The queues and members alone."""
        return QueuesSeen(frozenset(self._queues), tuple(self._members))

    def snapshot(self) -> Snapshot:
        """The snapshot. Raises `DecodeError` for a malformed caller."""
        try:
            callers = tuple(_caller(block) for block in self._callers)
        except KeyError as error:
            raise DecodeError("QueueEntry", f"no field {error}") from None
        except ValueError as error:
            raise DecodeError("QueueEntry", str(error)) from None
        return Snapshot(
            frozenset(self._queues),
            tuple(self._members),
            callers,
            tuple(self._channels),
            self._devices,
            {
                unique_id: self._marks.get(unique_id) == "1"
                for unique_id in sorted(self._recorded)
                if self._marks.get(unique_id) != "stopped"
            },
            frozenset(unique_id for unique_id, mark in self._marks.items() if mark),
        )


def _member(block: Block) -> MemberSeen:
    return MemberSeen(
        queue=block["Queue"],
        interface=block["Location"],
        member=block["Name"],
        penalty=int(block["Penalty"]),
        paused=block["Paused"] == "1",
        reason=reason_of(block),
        last_call=int(block["LastCall"]),
        last_pause=int(block["LastPause"]),
        status=status_of(block["Status"]),
        state_interface=block["StateInterface"],
        dynamic=is_dynamic(block),
    )


def _channel(block: Block) -> ChannelSeen:
    return ChannelSeen(
        channel=block["Channel"],
        unique_id=block["Uniqueid"],
        linked_id=block["Linkedid"],
        state=state_of(block["ChannelState"]),
        number=known(block["CallerIDNum"]),
        name=known(block["CallerIDName"]),
        connected_number=known(block["ConnectedLineNum"]),
        connected_name=known(block["ConnectedLineName"]),
        exten=block["Exten"],
        application=block["Application"],
        application_data=block["ApplicationData"],
        bridge=block["BridgeId"],
        age=_seconds(block["Duration"]),
    )


def _caller(block: Block) -> CallerJoined:
    return CallerJoined(
        queue=block["Queue"],
        channel=block["Channel"],
        unique_id=block["Uniqueid"],
        position=int(block["Position"]),
        number=known(block["CallerIDNum"]),
        name=known(block["CallerIDName"]),
        waited=int(block.get("Wait", "0")),
    )


def _seconds(duration: str) -> int:
    """Seconds of ``HH:MM:SS``; the hours may have more digits."""
    hours, minutes, seconds = duration.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


async def take_snapshot(serial: int, query: Callable[[Action], Awaitable[list[Block]]]) -> Snapshot:
    """Query everything. `query` sends one action and returns its answer.

    `serial` numbers the resynchronisation. Raises what `query` raises, and `DecodeError`.
    """
    prefix = f"{PREFIX}/{serial}"
    builder = SnapshotBuilder()
    await query(actions.ping(f"{prefix}/begin"))
    for answer in await asyncio.gather(
        _queue_status(query, f"{prefix}/queues"),
        query(actions.core_show_channels(f"{prefix}/channels")),
        query(actions.device_state_list(f"{prefix}/devices")),
    ):
        for block in answer:
            builder.feed(block)
    # Read from every channel: nothing else shows that a transferred call came through a queue.
    variables = [
        actions.getvar(variable, channel, f"{prefix}/{variable}/{unique_id}")
        for channel, unique_id in builder.channels()
        for variable in (FILENAME, MUTED_MARK)
    ]
    for variable_answer in await asyncio.gather(
        *(query(variable) for variable in variables), return_exceptions=True
    ):
        if isinstance(variable_answer, Rejected) and variable_answer.code == "ChannelGone":
            continue  # hung up since it was listed
        if isinstance(variable_answer, BaseException):
            raise variable_answer
        builder.feed(variable_answer[0])
    await query(actions.ping(f"{prefix}/end"))
    return builder.snapshot()


async def take_queues(query: Callable[[Action], Awaitable[list[Block]]]) -> QueuesSeen:
    """Query the queues and members alone. Raises as `take_snapshot` does."""
    builder = SnapshotBuilder()
    for block in await _queue_status(query, None):
        builder.feed(block)
    return builder.queues()


async def _queue_status(
    query: Callable[[Action], Awaitable[list[Block]]], action_id: str | None
) -> list[Block]:
    """All queues; none of an Asterisk that has not loaded app_queue."""
    try:
        return await query(actions.queue_status(action_id))
    except Rejected as error:
        if error.code != "AsteriskLacksAction":
            raise
        return []


class Resync:
    """Rebuilds snapshots from the recorded blocks of resynchronisations."""

    def __init__(self) -> None:
        self._builder = SnapshotBuilder()

    def feed(self, raw: bytes) -> Snapshot | None:
        """Add a raw block; return the snapshot when it was the resynchronisation's last."""
        block = parse(raw)
        step = block.get("ActionID", "").split("/")[2:3]
        if step == ["begin"]:
            self._builder = SnapshotBuilder()
        elif step == ["end"]:
            return self._builder.snapshot()
        else:
            self._builder.feed(block)
        return None

    @staticmethod
    def owns(raw: bytes) -> bool:
        """Whether a block is part of an answer to a resynchronisation."""
        return _MARK in raw


_MARK = f"\r\nActionID: {PREFIX}/".encode()
