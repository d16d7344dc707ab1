"""The script `variables`: gives a channel the variables that a command has put by for its call.

The channel's `XUCD_REQ` names them. They are set with the two underscores that hand them on to
every channel that this one creates; a function such as `CALLERID(name)` is set on this one alone.
A value that is too long for one AGI command goes over in pieces, which the dialplan's `xucd-join`
puts together.
"""

from xucd.agi import syntax
from xucd.agi.call_variables import Requests
from xucd.agi.conversation import Conversation
from xucd.agi.server import Script

REQUEST = "XUCD_REQ"
PIECE = "XUCDPIECE"
"""Pieces are ``XUCDPIECE0``, … : without the underscore by which xucd hears of its variables."""

MOST_PIECES = 11
"""How many pieces `xucd-join` joins."""

LONGEST = 4096
"""Characters of a value: what `MOST_PIECES` pieces hold, and a little less."""

LONGEST_BYTES = 8000
"""Bytes of a value, as UTF-8: what the dialplan can put together in one step."""


def script(requests: Requests) -> Script:
    """The script that serves these requests."""

    async def variables(call: Conversation) -> None:
        for name, value in (requests.peek(await call.get(REQUEST)) or {}).items():
            await _set(call, name if name.endswith(")") else f"__{name}", value)

    return variables


async def _set(call: Conversation, name: str, value: str) -> None:
    cut = syntax.pieces(value)
    if len(cut) == 1:
        await call.set(name, value)
        return
    if len(cut) > MOST_PIECES:
        raise syntax.Unwritable("a value is too long")
    for number in range(MOST_PIECES):  # those left over from a longer value too
        await call.set(f"{PIECE}{number}", cut[number] if number < len(cut) else "")
    await call.gosub("xucd-join", name)
