"""The script `may_ring`: whether an agent's phone may ring now, and what to dial for that.

    AGI(agi://127.0.0.1:4573/may_ring,NUMBER,ID)

NUMBER is that of the agent's line. ID is that of a call of another PBX's queue: the queue's id, a
colon, and the call's linked id there. After a yes the agent is kept for the channel that asks. What
the other PBX knows of the call is set on the channel: its ``USR_`` variables, and its sheet. Then
the phone is set as `XUCDPHONE` if it is PJSIP's: its name, all of whose registrations are to be
rung; else what to dial is set as `XUCDRING`. After a no, nothing is set.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import msgspec

from xucd.agi.conversation import Conversation
from xucd.agi.server import Script
from xucd.agi.sheet import write_down
from xucd.agi.syntax import Unwritable
from xucd.agi.variables import set_users
from xucd.center.reservations import QUEUE_DIGITS, Asking

PHONE, RING = "XUCDPHONE", "XUCDRING"

PJSIP = "PJSIP/"

_CALL_ID = re.compile(rf"[0-9]{{1,{QUEUE_DIGITS}}}:[A-Za-z0-9_.-]{{1,149}}")
"""A queue's id and a linked id of Asterisk, which may begin with the system's name."""


class Ring(msgspec.Struct, frozen=True):
    """A yes: what to dial, and what goes with the call: variables, and a sheet, written down."""

    dial_string: str
    variables: Mapping[str, str] = {}
    sheet: str = ""


MayRing = Callable[[Asking, str], Awaitable[Ring | None]]
"""What to ring for a channel of this unique id, or None."""


def script(may_ring: MayRing) -> Script:
    """The script that asks this."""

    async def asked(call: Conversation) -> None:
        number, far_id, *_ = (*call.request.arguments, "", "")
        if far_id and not _CALL_ID.fullmatch(far_id):
            return
        ring = await may_ring(Asking(number, far_id), call.request.fields["uniqueid"])
        if ring is None:
            return
        for name, value in ring.variables.items():
            with suppress(Unwritable):  # the customer is to be answered without it
                await set_users(call, {name: value})
        with suppress(Unwritable):
            await write_down(call, ring.sheet)
        dial = ring.dial_string
        if dial.startswith(PJSIP):
            await call.set(PHONE, dial.removeprefix(PJSIP))
        else:
            await call.set(RING, dial)

    return asked
