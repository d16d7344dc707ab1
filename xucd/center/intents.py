"""What the centre asks of Asterisk, as plain values; `xucd.ami.actions` writes them as actions.

An intent changes nothing by itself: Asterisk answers it, and the event that follows changes the
state.
"""

from typing import Literal

import msgspec

WRAPUP_REASON = "xucd-wrapup"
"""The pause reason that the dialplan's `xucd-sub-wrap` sets: not one a person would choose."""


LOGOUT_REASON = "xucd-logout"
"""The pause reason of a static member whose agent is logged out: it cannot be removed."""

MUTED_MARK = "XUCD_MUTED"
"""The variable by which xucd notes on a channel what Asterisk cannot tell of its recording."""

QUEUE_MARK = "XUCD_QUEUE"
"""The variable by which xucd notes on a caller's channel through which queue it was answered.

Its value is the queue's name, with `HANDED_ON` behind it once the caller was transferred.
"""

HANDED_ON = ",transferred"
"""No queue's name holds a comma: the dialplan could not name it."""

Mark = Literal["0", "1", "stopped"]
"""What stands there: "1" while the recording is muted, "stopped" once it was stopped for good."""


class _Intent(msgspec.Struct, frozen=True, tag=True):
    pass


class AddMember(_Intent, frozen=True):
    """Make an interface a member of a queue. AMI `QueueAdd`.

    `state_interface` is the device whose state counts for it, "" for the interface itself.
    """

    queue: str
    interface: str
    member: str
    penalty: int
    paused: bool = False
    state_interface: str = ""


class RemoveMember(_Intent, frozen=True):
    """Take an interface out of a queue. AMI `QueueRemove`."""

    queue: str
    interface: str


class SetPenalty(_Intent, frozen=True):
    """Change a member's penalty. AMI `QueuePenalty`."""

    queue: str
    interface: str
    penalty: int


class SetPause(_Intent, frozen=True):
    """Pause or unpause an interface, in one queue or (`queue` None) in all. AMI `QueuePause`.

    `reason` must be "" on an unpause: Asterisk 22 would keep it as the reason of a pause.
    """

    interface: str
    paused: bool
    reason: str = ""
    queue: str | None = None


class SetDeviceState(_Intent, frozen=True):
    """Set the state of a device of our making. AMI `Setvar` of `DEVICE_STATE`.

    `device` is ``Custom:`` and a name; `state` is a device state of Asterisk's, ``INUSE``.
    """

    device: str
    state: str


class Nudge(_Intent, frozen=True):
    """Make a waiting caller look for a member now, not at its next second. AMI `PlayDTMF`."""

    channel: str


class Mute(_Intent, frozen=True):
    """Mute a channel's recording, or go on with it. AMI `MixMonitorMute`."""

    channel: str
    muted: bool


class MarkRecording(_Intent, frozen=True):
    """Note on a channel how its recording stands. AMI `Setvar` of `MUTED_MARK`."""

    channel: str
    mark: Mark


class MarkCaller(_Intent, frozen=True):
    """Note on a queue's caller through which queue it was answered. AMI `Setvar` of `QUEUE_MARK`.

    It goes with the caller through transfers, and is how a restarted xucd knows. `transferred` says
    that the caller was handed on since then.
    """

    channel: str
    queue: str
    transferred: bool = False


class Listen(_Intent, frozen=True):
    """Ring an interface and let whoever answers hear a channel, unheard. AMI `Originate`.

    `number` is what the phone shows; `unique_id` becomes the listening channel's.
    """

    interface: str
    channel: str
    number: str
    unique_id: str


class PlayMessage(_Intent, frozen=True):
    """Ring an interface and play a message to whoever answers. AMI `Originate`.

    `number` is what the phone shows, that of who left the message; `unique_id` becomes the
    channel's.
    """

    interface: str
    reference: str
    number: str
    unique_id: str


class DialOut(_Intent, frozen=True):
    """Ring a user's phone, and let it dial a number once it is answered. AMI `Originate`.

    `context` is where the phone dials, `number` what it shows while it rings: the phone's own.
    `unique_id` becomes the phone's channel's, and is the action's id. With `request_id`, the
    dialplan of `asterisk-conf` fetches the call's variables by it before the number is dialled.
    With `everywhere`, all registrations of a phone of PJSIP ring, through that dialplan: then a
    Local channel has the unique id.
    """

    interface: str
    context: str
    destination: str
    number: str
    unique_id: str
    request_id: str = ""
    everywhere: bool = False


class HangUp(_Intent, frozen=True):
    """End a channel's call. AMI `Hangup`."""

    channel: str


class FindNumber(_Intent, frozen=True):
    """Make sure that a context of the dialplan has a number. Nothing rings, and nothing changes.

    Refused with `NumberUnknown`. AMI `Getvar` of `DIALPLAN_EXISTS`, or `ShowDialPlan`.
    """

    context: str
    number: str


class SendOn(_Intent, frozen=True):
    """Transfer the other party of a channel's call to a number, blindly. AMI `BlindTransfer`."""

    channel: str
    context: str
    destination: str


class DialFromQueueIntent(_Intent, frozen=True):
    """Let a queue ring an agent and, once one has answered, dial a number. AMI `Originate`.

    `extension` stands for the queue in the dialplan. The destination is dialled in `context`. Name
    and number are the caller id on both sides. `wait` is for how many seconds the queue looks for
    an agent; `request_id` is that of the call's variables; `unique_id` begins those of the call's
    two halves.
    """

    extension: str
    destination: str
    context: str
    name: str
    number: str
    wait: int
    request_id: str
    unique_id: str


class RelistMembers(_Intent, frozen=True):
    """List the queues and members anew: they may be others than the events have told."""


Intent = (
    AddMember
    | RemoveMember
    | SetPenalty
    | SetPause
    | SetDeviceState
    | Nudge
    | Mute
    | MarkRecording
    | MarkCaller
    | Listen
    | PlayMessage
    | DialOut
    | HangUp
    | FindNumber
    | SendOn
    | DialFromQueueIntent
)
