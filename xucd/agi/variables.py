"""The script `variables`: sets the variables that a command has stored for a call.

The channel variable `XUCD_REQ` is their request id. Those of users are set with two underscores, so
that all channels that this one creates inherit them; others, and a function such as
`CALLERID(name)`, are set on this channel only. A value that is too long for one AGI command is sent
in pieces, which the dialplan's `xucd-join` joins.
"""

from collections.abc import Mapping

from xucd.agi import syntax
from xucd.agi.call_variables import CallVariables
from xucd.agi.conversation import Conversation
from xucd.agi.server import Script
from xucd.center.leg import is_users

REQUEST = "XUCD_REQ"
PIECE = "XUCDPIECE"
"""Pieces are ``XUCDPIECE0``, …; without the underscore that manager.conf's eventfilter matches."""

MAX_PIECES = 11
"""Maximum number of pieces that `xucd-join` joins."""

MAX_LENGTH = 4096
"""Maximum characters of a value, which fit into `MAX_PIECES` pieces."""

MAX_BYTES = 8000
"""Maximum bytes of a value in UTF-8, which the dialplan can join in one step."""


def script(call_variables: CallVariables) -> Script:
    """The script that serves these variables."""

    async def variables(call: Conversation) -> None:
        await set_users(call, call_variables.peek(await call.get(REQUEST)) or {})

    return variables


async def set_users(call: Conversation, variables: Mapping[str, str]) -> None:
    """Set variables on a channel; those of users so that all that it creates inherit them.

    Raises `Unwritable`.
    """
    for name, value in variables.items():
        await _set(call, f"__{name}" if is_users(name) else name, value)


async def _set(call: Conversation, name: str, value: str) -> None:
    pieces = syntax.pieces(value)
    if len(pieces) == 1:
        await call.set(name, value)
        return
    if len(pieces) > MAX_PIECES:
        raise syntax.Unwritable("a value is too long")
    for number in range(MAX_PIECES):  # also those left from a longer value
        await call.set(f"{PIECE}{number}", pieces[number] if number < len(pieces) else "")
    await call.gosub("xucd-join", name)
