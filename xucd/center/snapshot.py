"""Everything live in Asterisk, as it is listed after a (re)connection.

The lists that Asterisk answers with, as types: what `rebuild` starts from, where `events` tell what
changes afterwards.
"""

import msgspec

from xucd.center.events import CallerJoined, ChannelState, DeviceStatus
from xucd.center.reservations import Asking


class MemberSeen(msgspec.Struct, frozen=True, gc=False):
    """A queue member as `QueueStatus` lists it. Times are epoch seconds, 0 for never.

    `state_interface` and `dynamic` are as in `MemberAdded`. `overwritten` is no part of the list:
    the reason of the pause that the present one, for a wrap-up, has replaced; None if there was
    none. Nor are the others: `unsaid`, the reason is one that Asterisk has yet to be told; `asked`,
    the reason of a pause that it was asked for, until it tells of that; `freed`, it was asked to
    end the pause, and has not told yet that it has.
    """

    queue: str
    interface: str
    member: str
    penalty: int
    paused: bool
    reason: str
    last_call: int
    last_pause: int
    status: DeviceStatus = DeviceStatus.NOT_IN_USE
    state_interface: str = ""
    dynamic: bool = True
    overwritten: str | None = None
    unsaid: bool = False
    asked: str | None = None
    freed: bool = False

    @property
    def idle(self) -> bool:
        """Whether app_queue takes the phone for free: it rings one of unknown state, too."""
        status = self.status
        return status is DeviceStatus.NOT_IN_USE or status is DeviceStatus.UNKNOWN

    @property
    def in_reach(self) -> bool:
        """Whether the queue holds the phone to be there to be rung."""
        return self.status.in_reach


class ChannelSeen(msgspec.Struct, frozen=True, gc=False):
    """A channel as `CoreShowChannels` lists it. `bridge` is "" when it is in none.

    `age` is the channel's age in seconds. `dialled` is the number that its phone or trunk dialled,
    "" for one that Asterisk created to ring somebody; None where that is not known.
    """

    channel: str
    unique_id: str
    linked_id: str
    state: ChannelState
    number: str
    name: str
    connected_number: str
    connected_name: str
    exten: str
    application: str
    application_data: str
    bridge: str
    age: int
    dialled: str | None = None


class QueuesSeen(msgspec.Struct, frozen=True):
    """The queues that Asterisk knows, and their members."""

    queues: frozenset[str]
    members: tuple[MemberSeen, ...]


class Snapshot(msgspec.Struct, frozen=True):
    """Everything live in Asterisk at one moment, gathered after a (re)connection.

    `devices` maps a device (``PJSIP/1001``) to its state. `recorded` maps the unique id of each
    channel with a recording to whether it is muted. `queues` are the queues that Asterisk knows.

    By a channel's unique id: `queued` is the name of the queue through which a caller was answered,
    where xucd has marked it; `let_go` is the reason (`QUEUESTATUS`) why a queue let go of a channel
    that is idle now; `variables` are its ``USR_`` variables, cut at 1023 bytes; `sheets` is its
    sheet as `xucd.center.sheets` writes it down; `asking` is what a channel of the judging context
    has asked for. `pbx_time` is Asterisk's own clock, in epoch seconds, by which the times of
    `members` are; None where it was not told.
    """

    queues: frozenset[str]
    members: tuple[MemberSeen, ...]
    callers: tuple[CallerJoined, ...]
    channels: tuple[ChannelSeen, ...]
    devices: dict[str, str]
    recorded: dict[str, bool] = {}
    queued: dict[str, str] = {}
    let_go: dict[str, str] = {}
    variables: dict[str, dict[str, str]] = {}
    sheets: dict[str, str] = {}
    asking: dict[str, Asking] = {}
    pbx_time: float | None = None
