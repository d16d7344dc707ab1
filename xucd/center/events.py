"""What Asterisk did, as typed facts: the only way in which anything live enters the centre.

Each class names the AMI event it comes from. Field names are the field's own: `channel` is a name
such as ``PJSIP/1001-0000002a``, `unique_id` and `linked_id` are Asterisk's, `interface` is what a
queue rings (``PJSIP/1001``), `member` is the member's name (``Agent/2501``). Every event can be
written to and read from JSON (`Event` is a tagged union), which is how traces are compared.
"""

import enum

import msgspec


class ChannelState(enum.IntEnum):
    """Asterisk's channel states, by their AMI number (`ChannelState`)."""

    DOWN = 0
    RESERVED = 1
    OFFHOOK = 2
    DIALING = 3
    RING = 4  # the phone calls us and hears ringing
    RINGING = 5  # we call the phone and it rings
    UP = 6
    BUSY = 7
    DIALING_OFFHOOK = 8
    PRERING = 9


class DeviceStatus(enum.IntEnum):
    """What a queue holds a member's phone to do, by its AMI number (`Status` of a member)."""

    UNKNOWN = 0  # of a device whose state nobody tells; rung all the same
    NOT_IN_USE = 1
    IN_USE = 2
    BUSY = 3
    INVALID = 4  # there is no such device, or its driver is not loaded
    UNAVAILABLE = 5  # not registered
    RINGING = 6
    RINGING_IN_USE = 7
    ON_HOLD = 8

    @property
    def in_reach(self) -> bool:
        """Whether the phone can be rung at all: it exists and is registered."""
        return self is not DeviceStatus.UNAVAILABLE and self is not DeviceStatus.INVALID


class _Event(msgspec.Struct, frozen=True, tag=True, gc=False):
    pass


class MemberAdded(_Event, frozen=True):
    """A member joined a queue. AMI `QueueMemberAdded`.

    `state_interface` is the device whose state counts for the member (``hint:1001@default``);
    `dynamic` is False for one that the configuration or a database makes: it cannot be removed.
    """

    queue: str
    interface: str
    member: str
    penalty: int
    paused: bool
    reason: str  # "" when not paused or no reason given
    status: DeviceStatus = DeviceStatus.NOT_IN_USE
    state_interface: str = ""
    dynamic: bool = True


class MemberRemoved(_Event, frozen=True):
    """A member left a queue. AMI `QueueMemberRemoved`."""

    queue: str
    interface: str
    member: str


class MemberPenalty(_Event, frozen=True):
    """A member's penalty in a queue changed. AMI `QueueMemberPenalty`."""

    queue: str
    interface: str
    member: str
    penalty: int


class MemberPaused(_Event, frozen=True):
    """A member was paused or unpaused in one queue. AMI `QueueMemberPause`, one per queue."""

    queue: str
    interface: str
    member: str
    paused: bool
    reason: str  # "" when none was given, and always on an unpause


class MemberStatus(_Event, frozen=True):
    """What a queue holds a member's phone to do. AMI `QueueMemberStatus`.

    Comes when the queue itself has taken the device's state in, a little after the device's own
    event: from then on, and not before, the queue acts by it.
    """

    queue: str
    interface: str
    member: str
    status: DeviceStatus


class CallerJoined(_Event, frozen=True):
    """A caller began to wait in a queue. AMI `QueueCallerJoin`.

    `waited` is for how many seconds it waits already, where a snapshot lists it. `at` is where its
    channel is in the dialplan (``context,extension,priority``), as in the events of its end: where
    they differ, it has been sent elsewhere.
    """

    queue: str
    channel: str
    unique_id: str
    position: int
    number: str
    name: str
    waited: int = 0
    at: str = ""


class CallerSent(_Event, frozen=True):
    """The dialplan sends a caller to a queue. AMI `Newexten` of the application `Queue`.

    The only event that names the queue of a caller whom it then turns away.
    """

    queue: str
    unique_id: str


class CallerLeft(_Event, frozen=True):
    """A caller no longer waits in a queue, whatever became of it. AMI `QueueCallerLeave`."""

    queue: str
    unique_id: str
    at: str = ""


class CallerAbandoned(_Event, frozen=True):
    """A caller hung up while waiting. AMI `QueueCallerAbandon`. `waited` is in seconds.

    Comes also of a caller whose time is over, or whom an AMI Redirect takes out of the queue.
    """

    queue: str
    unique_id: str
    waited: int
    at: str = ""


class CallersListed(_Event, frozen=True):
    """A queue's callers in its order, by unique id: AMI `QueueStatus`, since no event tells of it.

    `QueueChangePriorityCaller` changes it.
    """

    queue: str
    unique_ids: tuple[str, ...]


class AgentCalled(_Event, frozen=True):
    """A queue begins to ring a member for a caller. AMI `AgentCalled`."""

    queue: str
    unique_id: str
    member_unique_id: str


class AgentConnected(_Event, frozen=True):
    """A member answered a caller, who had waited `hold_time` seconds. AMI `AgentConnect`.

    `member_unique_id` is the channel's that talks, which may be another's than the member's:
    `interface` is that of the member that was asked.
    """

    queue: str
    unique_id: str
    member_unique_id: str
    hold_time: int
    interface: str


class AgentRangNoAnswer(_Event, frozen=True):
    """A member did not answer a queue's caller. AMI `AgentRingNoAnswer`."""

    unique_id: str


class ChannelCreated(_Event, frozen=True):
    """A channel came to be. AMI `Newchannel`. Caller fields are the channel's own party."""

    channel: str
    unique_id: str
    linked_id: str
    state: ChannelState
    number: str
    name: str
    exten: str


class ChannelMoved(_Event, frozen=True):
    """A channel changed state. AMI `Newstate`. `connected_…` is the other party as known.

    `exten` is where the channel is in the dialplan: the number dialled, as long as it is about to
    enter it.
    """

    unique_id: str
    linked_id: str
    state: ChannelState
    number: str
    name: str
    connected_number: str
    connected_name: str
    exten: str = ""


class ChannelRenamed(_Event, frozen=True):
    """A channel's name changed, its unique id stays. AMI `Rename`."""

    unique_id: str
    old: str
    new: str


class ChannelGone(_Event, frozen=True):
    """A channel was hung up. AMI `Hangup`."""

    channel: str
    unique_id: str


class HangupRequested(_Event, frozen=True):
    """A channel is about to be hung up; the `h` extension that it runs may take a while.

    AMI `HangupRequest`, `SoftHangupRequest`.
    """

    unique_id: str


class PickedUp(_Event, frozen=True):
    """A channel picks up the call of another, which rings. AMI `Pickup`."""

    unique_id: str
    target_unique_id: str


class DialEnded(_Event, frozen=True):
    """A dial attempt ended. AMI `DialEnd`. `status` is Asterisk's `DialStatus`: ``ANSWER``, …

    `unique_id` is the dialling channel's ("" when Asterisk itself dialled), `dest_unique_id` the
    dialled one's.
    """

    unique_id: str
    dest_unique_id: str
    status: str


class BridgeEntered(_Event, frozen=True):
    """A channel entered a bridge: it now talks with whoever else is in it. AMI `BridgeEnter`.

    In a bridge that is `holding` (parking, music) it talks with nobody. In a `conference` each
    keeps its own linked id; in all others they get the oldest.
    """

    bridge: str
    unique_id: str
    linked_id: str
    holding: bool = False
    conference: bool = False


class BridgeLeft(_Event, frozen=True):
    """A channel left a bridge. AMI `BridgeLeave`."""

    bridge: str
    unique_id: str


class Transferred(_Event, frozen=True):
    """A call was transferred. AMI `BlindTransfer`, `AttendedTransfer`; only successes arrive.

    `transferee_unique_ids` are those of whom Asterisk names as handed on. In an attended transfer
    into an application (a queue), the first of them takes the place there of `replaced_unique_id`,
    the transferer's second channel, which is "" otherwise.
    """

    transferer_unique_id: str
    transferee_unique_ids: tuple[str, ...] = ()
    replaced_unique_id: str = ""


class Held(_Event, frozen=True):
    """A phone put its call on hold or took it back. AMI `Hold`, `Unhold`."""

    unique_id: str
    held: bool


class RecordingStarted(_Event, frozen=True):
    """MixMonitor began on a channel. AMI `MixMonitorStart`."""

    channel: str
    unique_id: str


class RecordingStopped(_Event, frozen=True):
    """MixMonitor was stopped by command; at hang-up nothing comes. AMI `MixMonitorStop`."""

    channel: str
    unique_id: str


class RecordingMuted(_Event, frozen=True):
    """A recording was muted or unmuted. AMI `MixMonitorMute`."""

    unique_id: str
    muted: bool


class SpyStarted(_Event, frozen=True):
    """A channel began to listen to another. AMI `ChanSpyStart`."""

    spyer_unique_id: str
    spyee_unique_id: str


class SpyStopped(_Event, frozen=True):
    """A channel stopped listening. AMI `ChanSpyStop`."""

    spyer_unique_id: str


class DeviceChanged(_Event, frozen=True):
    """A device changed state. AMI `DeviceStateChange`. `state` is Asterisk's: ``NOT_INUSE``, …"""

    device: str
    state: str


class VariableSet(_Event, frozen=True):
    """A channel variable of interest was set. AMI `VarSet`; the value is unescaped."""

    unique_id: str
    name: str
    value: str


class ModulesChanged(_Event, frozen=True):
    """Asterisk loaded, unloaded or reloaded modules. AMI `Load`, `Unload`, `Reload`.

    Queues and members may be others now, of which no event tells.
    """

    module: str  # ``app_queue.so``, or ``All``


class OriginateAnswered(_Event, frozen=True):
    """An asynchronous Originate ended. AMI `OriginateResponse`.

    `number` is what it lets the channel dial, "" where it does not say.
    """

    action_id: str
    ok: bool
    unique_id: str = ""
    number: str = ""


Event = (
    MemberAdded
    | MemberRemoved
    | MemberPenalty
    | MemberPaused
    | MemberStatus
    | CallerJoined
    | CallerSent
    | CallerLeft
    | CallerAbandoned
    | CallersListed
    | AgentCalled
    | AgentConnected
    | AgentRangNoAnswer
    | ChannelCreated
    | ChannelMoved
    | ChannelRenamed
    | ChannelGone
    | HangupRequested
    | PickedUp
    | DialEnded
    | BridgeEntered
    | BridgeLeft
    | Transferred
    | Held
    | RecordingStarted
    | RecordingStopped
    | RecordingMuted
    | SpyStarted
    | SpyStopped
    | DeviceChanged
    | VariableSet
    | ModulesChanged
    | OriginateAnswered
)
