"""The script `may_ring`: whether an agent's phone may ring now, and what to dial for that.

    AGI(agi://127.0.0.1:4573/may_ring,NUMBER,ID)

NUMBER is that of the agent's line. ID is the call's id at another PBX, if its queue is there. After
a yes the agent is kept for the channel that asks. The phone is set as `XUCDPHONE` if it is PJSIP's:
its name, all of whose registrations are to be rung; else what to dial is set as `XUCDRING`. After a
no, nothing is set.
"""

import re
from collections.abc import Awaitable, Callable

from xucd.agi.conversation import Conversation
from xucd.agi.server import Script
from xucd.center.directory import Line
from xucd.center.reservations import Asking

PHONE, RING = "XUCDPHONE", "XUCDRING"

PJSIP = "PJSIP/"

_CALL_ID = re.compile(r"[A-Za-z0-9_.-]{1,149}")
"""A linked id of Asterisk, which may begin with the system's name."""

MayRing = Callable[[Asking, str], Awaitable[Line | None]]
"""The line to ring for a channel of this unique id, or None."""


def script(may_ring: MayRing) -> Script:
    """The script that asks this."""

    async def asked(call: Conversation) -> None:
        number, far_id, *_ = (*call.request.arguments, "", "")
        if far_id and not _CALL_ID.fullmatch(far_id):
            return
        line = await may_ring(Asking(number, far_id), call.request.fields["uniqueid"])
        if line is None:
            return
        dial = line.dial_string
        if dial.startswith(PJSIP):
            await call.set(PHONE, dial.removeprefix(PJSIP))
        else:
            await call.set(RING, dial)

    return asked
