r"""Which of Asterisk's fields hold C escapes (``O\'Neill``, ``Who\?``), and which do not.

Seen on Asterisk 16.28 and 22.10, which agree: an event about a channel escapes the names of its two
parties and nothing else of it, and so does the list `CoreShowChannels`, which is made of the same
text. `VarSet` escapes the value. All else is raw: numbers, extensions, channels, queues, members,
reasons, the data of an application, the list of `QueueStatus`, `Getvar`, and all of AGI.

A test beside Asterisk holds `ESCAPED` and `RAW` against what both versions send.
"""

import re
from typing import Final

from xucd.ami.framing import Headers

ESCAPED: Final = {
    "Newchannel": ("CallerIDName",),
    "Newstate": ("CallerIDName", "ConnectedLineName"),
    "QueueCallerJoin": ("CallerIDName",),
    "CoreShowChannel": ("CallerIDName", "ConnectedLineName"),
    "Status": ("CallerIDName", "ConnectedLineName"),
    "VarSet": ("Value",),
}
"""The fields with escapes, by event or item of a list."""

RAW: Final = {
    "Newchannel": ("Channel", "CallerIDNum", "Exten"),
    "Newstate": ("CallerIDNum", "ConnectedLineNum"),
    "Newexten": ("AppData",),
    "CoreShowChannel": ("Channel", "CallerIDNum", "ConnectedLineNum", "Exten", "ApplicationData"),
    "Status": ("CallerIDNum", "EffectiveConnectedLineNum", "Data", "Variable"),
    "QueueCallerJoin": ("Queue", "CallerIDNum"),
    "QueueEntry": ("Queue", "CallerIDNum", "CallerIDName"),
    "QueueMemberAdded": ("Queue", "Interface", "MemberName"),
    "QueueMemberPause": ("Queue", "Interface", "MemberName", "PausedReason"),
    "QueueMember": ("Queue", "Location", "Name", "PausedReason"),
    "AgentCalled": ("Queue", "Interface", "MemberName"),
    "AgentConnect": ("Queue", "Interface", "MemberName"),
    "Getvar": ("Value",),
}
"""Fields that people fill in and that arrive as they are."""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def text_of(block: Headers, event: str, field: str) -> str:
    """A field's text as it was before Asterisk wrote it down. Raises `KeyError`."""
    value = block[field]
    return unescape(value) if field in ESCAPED.get(event, ()) else value


def unescape(value: str) -> str:
    """Undo the C escapes in a value."""
    if "\\" not in value:
        return value
    return _ESCAPE.sub(lambda found: _LETTERS.get(found[1], found[1]), value)
