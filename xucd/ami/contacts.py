"""Ringing a phone that dials for its user wherever it is registered.

Of a phone of PJSIP with several registrations, Asterisk rings one, unless the dialplan lists them
all by ``PJSIP_DIAL_CONTACTS``. The context `xucd-ring` of `asterisk-conf` does; where it is
missing, one registration is rung as before. Seen on Asterisk 16.28 and 22.10.
"""

from collections.abc import Awaitable, Callable

import msgspec

from xucd.ami.actions import RING_CONTEXT, Action, getvar, show_dialplan
from xucd.ami.errors import Rejected
from xucd.ami.framing import Block
from xucd.center.intents import DialOut

Query = Callable[[Action], Awaitable[list[Block]]]


async def everywhere(intent: DialOut, query: Query) -> DialOut:
    """The intent, to ring all registrations if its phone has several. Raises as `query` does."""
    technology, _, name = intent.interface.partition("/")
    if technology != "PJSIP":
        return intent
    try:
        (answer, *_) = await query(getvar(f"PJSIP_DIAL_CONTACTS({name})"))
        if "&" not in answer.get("Value", ""):
            return intent
        await query(show_dialplan(RING_CONTEXT, "s"))
    except Rejected:  # Asterisk has no such function, or no such context
        return intent
    return msgspec.structs.replace(intent, everywhere=True)
