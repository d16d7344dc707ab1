"""Asterisk's whole live state, queried after each connection and made into one `Snapshot`.

`take_snapshot` sends the queries between two pings. Every action id names its query, so that the
received blocks are enough to rebuild the snapshot: `Resync` does that for a recorded connection.

The lists are read one after the other while calls go on, so a snapshot is not of one instant.
Events that arrive meanwhile are held and applied after it. A change that is in the snapshot already
is then applied twice, which is harmless: an event carries a new state, not a difference.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from xucd.ami import actions
from xucd.ami.actions import Action
from xucd.ami.errors import Rejected, decoding
from xucd.ami.events import (
    HOLDING,
    caller_of,
    connected_of,
    count_of,
    known,
    seconds_of,
    state_of,
)
from xucd.ami.framing import Block, parse
from xucd.ami.listed_members import MemberReader, ReadOnce
from xucd.ami.pbx_clock import SLOW_S
from xucd.center.events import CallerJoined
from xucd.center.grammar import text_of
from xucd.center.intents import MUTED_MARK, QUEUE_MARK
from xucd.center.leg import is_users
from xucd.center.queue_day import STATUS
from xucd.center.reservations import ID_MARK, NUMBER_MARK, Asking
from xucd.center.sheets import SHEET_MARKS
from xucd.center.snapshot import ChannelSeen, MemberSeen, QueuesSeen, Snapshot

PREFIX = "xucd-resync"
"""The beginning of a resynchronisation's action ids, ``xucd-resync/N-R/…``.

N counts them. R is random: nobody who can put a text into a list knows what an item of it says.
"""

FILENAME = "MIXMONITOR_FILENAME"
"""Set by MixMonitor on the channel that it records; outlives StopMixMonitor."""

CUT = 500
"""The list `Status` cuts values at 511 bytes: one of at least so many is asked for by itself."""


_MEMBER = b"Event: QueueMember\r\n"
_DEVICE = b"Event: DeviceStateChange\r\n"
_OF_QUEUE = b"\r\nDevice: Queue:"
_READ = frozenset({FILENAME, STATUS, MUTED_MARK, QUEUE_MARK, NUMBER_MARK, ID_MARK, *SHEET_MARKS})


class Asked(Protocol):
    """Asterisk, as a snapshot asks it: `query` for one answer, `each` for the items of a list."""

    async def query(self, action: Action, /) -> list[Block]: ...
    async def each(self, action: Action, take: Callable[[bytes], None], /) -> None: ...


class SnapshotBuilder:
    """Builds a snapshot from the answers, in any order. No I/O.

    Members, of which there are tens of thousands, are kept as they will be, never as blocks.
    """

    def __init__(self) -> None:
        self._reader = MemberReader()
        self._queues: set[str] = set()
        self._members: list[MemberSeen] = []
        self._callers: list[Block] = []
        self._channels: list[ChannelSeen] = []
        self._devices: dict[str, str] = {}
        self._states = ReadOnce(str)
        self._holding: set[str] = set()  # bridges in which nobody talks
        self._dialled: dict[str, str] = {}  # by unique id
        self._variables: dict[str, dict[str, str]] = {}  # by unique id

    def take(self, raw: bytes) -> None:
        """Add one item of a list, as it came. Raises as `feed` does."""
        if raw.startswith(_MEMBER):
            with decoding("QueueMember"):
                self._members.append(self._reader.read(raw))
        elif raw.startswith(_DEVICE) and _OF_QUEUE in raw:
            pass  # app_queue's own, one for each member
        else:
            self.feed(parse(raw))

    def feed(self, block: Block) -> None:
        """Add one block of an answer that is no member, or ignore it: most have another meaning.

        Raises `DecodeError` when a field is missing or malformed.
        """
        name = block.get("Event", "")
        with decoding(name or "Getvar"):
            self._add(name, block)

    def _add(self, name: str, block: Block) -> None:
        match name:
            case "QueueParams":
                self._queues.add(block["Queue"])
            case "QueueEntry":
                self._callers.append(block)
            case "CoreShowChannel":
                self._channels.append(_channel(block))
            case "DeviceStateChange":
                self._devices[block["Device"]] = self._states[block["State"]]
            case "BridgeListItem" if block["BridgeTechnology"] == HOLDING:
                self._holding.add(block["BridgeUniqueid"])
            case "Status":
                self._status(block)
            case "":
                self._variable(block)

    def _status(self, block: Block) -> None:
        if "DNID" in block:
            self._dialled[block["Uniqueid"]] = known(block["DNID"])
        for line in block.get("Variable", "").split("\r\n"):
            name, mark, value = line.partition("=")
            if mark and (name in _READ or is_users(name)):
                self._variables.setdefault(block["Uniqueid"], {})[name] = value

    def _variable(self, block: Block) -> None:
        if block.get("Response") == "Success" and "Variable" in block:
            name, unique_id = block["ActionID"].split("/")[-2:]
            self._variables.setdefault(unique_id, {})[name] = block["Value"]

    def cut(self) -> Iterator[tuple[str, str, str]]:
        """Channel name, unique id and variable of each value that `Status` may have cut."""
        for channel in self._channels:
            for name, value in self._variables.get(channel.unique_id, {}).items():
                if is_users(name) and len(value.encode()) >= CUT:
                    yield channel.channel, channel.unique_id, name

    def _each_with(self, variable: str) -> Iterator[tuple[str, str]]:
        """Unique id and value of every channel on which a variable is set."""
        for unique_id, variables in self._variables.items():
            if variables.get(variable):
                yield unique_id, variables[variable]

    def _joined(self) -> Iterator[ChannelSeen]:
        """The channels; those who are parked are joined to nobody."""
        for channel in self._channels:
            parked = channel.bridge in self._holding
            yield msgspec.structs.replace(
                channel,
                bridge="" if parked else channel.bridge,
                dialled=self._dialled.get(channel.unique_id),
            )

    def _let_go(self) -> dict[str, str]:
        """Why a queue let go of each channel that now neither talks nor is in a queue."""
        idle = {
            channel.unique_id
            for channel in self._channels
            if not channel.bridge and channel.application != "Queue"
        }
        return {key: reason for key, reason in self._each_with(STATUS) if key in idle}

    def queues(self) -> QueuesSeen:
        """The queues and members alone."""
        return QueuesSeen(frozenset(self._queues), tuple(self._members))

    def snapshot(self) -> Snapshot:
        """The snapshot. Raises `DecodeError` for a malformed caller."""
        with decoding("QueueEntry"):
            callers = tuple(_caller(block) for block in self._callers)
        marks = dict(self._each_with(MUTED_MARK))
        return Snapshot(
            frozenset(self._queues),
            tuple(self._members),
            callers,
            tuple(self._joined()),
            {k: state for k, state in self._devices.items() if not k.startswith("Queue:")},
            {
                unique_id: marks.get(unique_id) == "1"
                for unique_id, _ in sorted(self._each_with(FILENAME))
                if marks.get(unique_id) != "stopped"
            },
            dict(self._each_with(QUEUE_MARK)),
            self._let_go(),
            {
                unique_id: found
                for unique_id, variables in self._variables.items()
                if (found := {k: text_of(v) for k, v in variables.items() if is_users(k)})
            },
            {
                unique_id: "".join(v for k, v in sorted(variables.items()) if k in SHEET_MARKS)
                for unique_id, variables in self._variables.items()
                if SHEET_MARKS[0] in variables
            },
            {
                unique_id: Asking(number, self._variables[unique_id].get(ID_MARK, ""))
                for unique_id, number in self._each_with(NUMBER_MARK)
            },
        )


def _channel(block: Block) -> ChannelSeen:
    number, name = caller_of(block, "CoreShowChannel")
    connected_number, connected_name = connected_of(block, "CoreShowChannel")
    return ChannelSeen(
        channel=block["Channel"],
        unique_id=block["Uniqueid"],
        linked_id=block["Linkedid"],
        state=state_of(block["ChannelState"]),
        number=number,
        name=name,
        connected_number=connected_number,
        connected_name=connected_name,
        exten=block["Exten"],
        application=block["Application"],
        application_data=block["ApplicationData"],
        bridge=block["BridgeId"],
        age=_seconds(block["Duration"]),
    )


def _caller(block: Block) -> CallerJoined:
    number, name = caller_of(block, "QueueEntry")
    return CallerJoined(
        queue=block["Queue"],
        channel=block["Channel"],
        unique_id=block["Uniqueid"],
        position=count_of(block["Position"]),
        number=number,
        name=name,
        waited=seconds_of(block.get("Wait", "0")),
    )


def _seconds(duration: str) -> int:
    """Seconds of ``HH:MM:SS``; the hours may have more digits.

    0 for what began later than now, by a clock that was set back: each part is negative then.
    """
    hours, minutes, seconds = duration.split(":")
    whole = count_of(hours) * 3600 + count_of(minutes) * 60 + count_of(seconds)
    return seconds_of(str(whole))


async def take_snapshot(serial: int, asterisk: Asked) -> Snapshot:
    """Query everything. `serial` numbers the resynchronisation.

    Raises what `asterisk` raises, and `DecodeError`.
    """
    prefix = f"{PREFIX}/{serial}-{secrets.token_hex(8)}"
    builder, query = SnapshotBuilder(), asterisk.query
    await query(actions.ping(f"{prefix}/begin"))
    await asyncio.gather(
        _queue_status(asterisk, builder, f"{prefix}/queues"),
        asterisk.each(actions.core_show_channels(f"{prefix}/channels"), builder.take),
        asterisk.each(actions.device_state_list(f"{prefix}/devices"), builder.take),
        # Nothing else shows that a transferred call came through a queue.
        asterisk.each(actions.bridge_list(f"{prefix}/bridges"), builder.take),
        asterisk.each(actions.channel_variables(f"{prefix}/variables"), builder.take),
    )
    variables = [
        actions.getvar(variable, channel, f"{prefix}/{variable}/{unique_id}")
        for channel, unique_id, variable in builder.cut()
    ]
    for variable_answer in await asyncio.gather(
        *(query(variable) for variable in variables), return_exceptions=True
    ):
        if isinstance(variable_answer, Rejected) and variable_answer.code == "ChannelGone":
            continue  # hung up since it was listed
        if isinstance(variable_answer, BaseException):
            raise variable_answer
        builder.feed(variable_answer[0])
    asked = time.monotonic()
    (pong, *_) = await query(actions.ping(f"{prefix}/end"))
    was_late = time.monotonic() - asked > SLOW_S
    pbx_now = None if was_late else pbx_time(pong)
    return msgspec.structs.replace(builder.snapshot(), pbx_time=pbx_now)


def pbx_time(pong: Block) -> float | None:
    """Asterisk's clock, from its answer to a ping; None if it does not tell."""
    try:
        return float(pong["Timestamp"])
    except (KeyError, ValueError):
        return None


async def list_queues(asterisk: Asked) -> QueuesSeen:
    """Query the queues and members alone. Raises as `take_snapshot` does."""
    builder = SnapshotBuilder()
    await _queue_status(asterisk, builder, None)
    return builder.queues()


async def _queue_status(asterisk: Asked, builder: SnapshotBuilder, action_id: str | None) -> None:
    """Add all queues; none of an Asterisk that has not loaded app_queue."""
    try:
        await asterisk.each(actions.queue_status(action_id), builder.take)
    except Rejected as error:
        if error.code != "AsteriskLacksAction":
            raise


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
            return msgspec.structs.replace(self._builder.snapshot(), pbx_time=pbx_time(block))
        else:
            self._builder.take(raw)
        return None

    @staticmethod
    def owns(raw: bytes) -> bool:
        """Whether a block is part of an answer to a resynchronisation."""
        return _MARK in raw


_MARK = f"\r\nActionID: {PREFIX}/".encode()
