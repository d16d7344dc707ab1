"""What the centre asks of Asterisk, as plain values; `xucd.ami.actions` writes them as actions.

An intent changes nothing by itself: Asterisk answers it, and the event that follows changes the
state.
"""

import msgspec

WRAPUP_REASON = "xucd-wrapup"
"""The pause reason that the dialplan's `xucd-sub-wrap` sets: not one a person would choose."""


class _Intent(msgspec.Struct, frozen=True, tag=True):
    pass


class AddMember(_Intent, frozen=True):
    """Make an interface a member of a queue. AMI `QueueAdd`."""

    queue: str
    interface: str
    member: str
    penalty: int
    paused: bool = False


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


class Nudge(_Intent, frozen=True):
    """Make a waiting caller look for a member now, not at its next second. AMI `PlayDTMF`."""

    channel: str


Intent = AddMember | RemoveMember | SetPenalty | SetPause | Nudge
