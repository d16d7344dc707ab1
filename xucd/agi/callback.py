"""The script `callback`: takes down the wish of a caller who would rather be called than wait.

    AGI(agi://127.0.0.1:4573/callback,offer)      before the caller is asked for anything
    AGI(agi://127.0.0.1:4573/callback,leave,SIZE) when it has left a number and maybe a message

The first gives the channel `XUCD_CALLBACK`, the reference under which to record a message, and
nothing where the queue has no list of callbacks. The second is given the bytes of the recording. It
sets `XUCD_CALLBACK_DONE` once the request is durable, so that the dialplan knows: without it, the
caller goes back to the queue. It runs again where the caller has hung up, and leaves one request.
"""

import logging
import re
from collections import deque
from typing import Protocol

from xucd.agi.conversation import Conversation
from xucd.agi.server import Script
from xucd.center.refused import Refused
from xucd.center.voice_messages import is_reference

log = logging.getLogger(__name__)

REFERENCE = "XUCD_CALLBACK"
NUMBER = "XUCD_CALLBACK_NUMBER"
DONE = "XUCD_CALLBACK_DONE"

SHORTEST = 44 + 8000
"""Bytes of a recording that holds anything: the head of a WAV file and half a second."""

REMEMBERED = 1000
"""How many wishes that were taken down last are told from new ones."""


class TakingDown(Protocol):
    """Where callers' wishes go to."""

    async def offer(self, queue: str) -> str | None:
        """A reference for a caller of this queue, None when nobody would call back."""

    async def leave(self, queue: str, number: str, name: str, reference: str | None) -> None:
        """Keep a wish; `reference` is None where no message was left. Raises `Refused`."""


def script(wishes: TakingDown) -> Script:
    """The script that hands wishes to these."""
    done: deque[str] = deque(maxlen=REMEMBERED)

    async def callback(call: Conversation) -> None:
        what, *arguments = call.request.arguments or ("",)
        queue = await call.get("QUEUENAME")
        if what == "offer":
            reference = await wishes.offer(queue)
            if reference is not None:
                await call.set(REFERENCE, reference)
            return
        reference = await call.get(REFERENCE)
        if what != "leave" or not is_reference(reference):
            log.warning("the dialplan asks for a callback in a way that xucd does not know")
            return
        if reference not in done:
            number, name = await call.get(NUMBER), call.request.fields.get("calleridname", "")
            recorded = arguments[:1] and re.fullmatch(r"\d{1,12}", arguments[0])
            spoken = bool(recorded) and int(arguments[0]) >= SHORTEST
            try:
                await wishes.leave(queue, number, name, reference if spoken else None)
            except Refused as refusal:
                log.error("a caller's wish to be called could not be kept: %s", refusal.code)
                return
            done.append(reference)
        await call.set(DONE, "1")

    return callback
