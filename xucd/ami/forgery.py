"""Events that a number in the name of a channel, or of its device, has forged.

A dialplan's ``Dial(Local/${EXTEN}@phones)`` makes a channel of that name, with the line ends of the
number. What is forged so has something of the true event behind it: of a channel its description,
of a device its state. So it is found out where it calls itself an event that has no such thing.
Where it calls itself an event of a channel, it tells of the channel that is described: its own.
"""

import re

_NOBODY = frozenset(
    b"Event: " + name
    for name in (
        *(b"FullyBooted", b"Load", b"OriginateResponse", b"Reload", b"Rename", b"Shutdown"),
        *(b"QueueMemberAdded", b"QueueMemberPause", b"QueueMemberPenalty", b"QueueMemberRemoved"),
        *(b"QueueMemberStatus", b"Unload"),
    )
)
"""The first lines of events that describe no channel and no device, of those that xucd reads."""
_DEVICE = b"Event: DeviceStateChange"
_WHOLE_DEVICE = re.compile(rb"\r\nDevice: [^\r\n]*+\r\nState: ")
_DESCRIPTION = b"ChannelStateDesc: "
_STATE = b"\r\nState: "


def is_forged(raw: bytes) -> bool:
    """Whether an event has what belongs to another, or is a part of one."""
    first = raw[: raw.find(b"\r\n")]
    if first in _NOBODY:
        return _DESCRIPTION in raw or _STATE in raw[-40:]
    return first == _DEVICE and (
        _WHOLE_DEVICE.search(raw) is None or raw.count(_STATE) > 1 or _DESCRIPTION in raw
    )
