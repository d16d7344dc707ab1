"""The script `callback`: creates a callback request for a caller who does not want to wait.

    AGI(agi://127.0.0.1:4573/callback,offer)      before the caller is asked for a number
    AGI(agi://127.0.0.1:4573/callback,leave,SIZE) after the caller has left number and message

`offer` sets the channel variable `XUCD_CALLBACK` to the reference under which to record a message;
it stays unset when the queue has no callback list. `leave` gets the recording's size in bytes, and
sets `XUCD_CALLBACK_DONE` once the request is durable; without it, the dialplan puts the caller back
into the queue. The dialplan may run `leave` again after a hang-up: one request is created.
"""

import asyncio
import re
from collections import deque
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from xucd.agi.conversation import Conversation
from xucd.agi.server import Script
from xucd.center.grammar import name_of
from xucd.center.refused import Refused
from xucd.center.voice_messages import is_reference

log = structlog.get_logger()

REFERENCE = "XUCD_CALLBACK"
NUMBER = "XUCD_CALLBACK_NUMBER"
DONE = "XUCD_CALLBACK_DONE"

MIN_RECORDING = 44 + 8000
"""Bytes of a recording that counts as a message: a WAV header and half a second."""

MAX_REMEMBERED = 1000
"""How many of the latest references are remembered, so that none creates a second request."""


class CallerRequests(Protocol):
    """Creates the callback requests of callers."""

    async def offer(self, queue: str) -> str | None:
        """A new reference for a caller of this queue; None when the queue has no callback list."""

    def count_callback(self, unique_id: str) -> None:
        """The caller of this channel has left its queue to be called back: that is its outcome."""

    async def leave(self, queue: str, number: str, name: str, reference: str | None) -> None:
        """Create a request; `reference` is None when there is no message. Raises `Refused`."""


def script(requests: CallerRequests) -> Script:
    """The script that creates requests in `requests`."""
    done: deque[str] = deque(maxlen=MAX_REMEMBERED)
    # A caller who hangs up amid a request makes it again, at once.
    leaving: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def callback(call: Conversation) -> None:
        what, *arguments = call.request.arguments or ("",)
        queue = await call.get("QUEUENAME")
        if what == "offer":
            reference = await requests.offer(queue)
            if reference is not None:
                requests.count_callback(call.request.fields["uniqueid"])
                await call.set(REFERENCE, reference)
            return
        reference = await call.get(REFERENCE)
        if what != "leave" or not is_reference(reference):
            log.warning("unknown FastAGI request for callbacks", request=what, queue=queue)
            return
        async with leaving.setdefault(reference, asyncio.Lock()):
            if reference not in done:
                number = await call.get(NUMBER)
                name = name_of(call.request.fields.get("calleridname", ""))
                has_message = _size(arguments) >= MIN_RECORDING
                try:
                    await requests.leave(queue, number, name, reference if has_message else None)
                except Refused as refusal:
                    log.error("cannot create a caller's callback", code=refusal.code, queue=queue)
                    return
                done.append(reference)
                # Unless xucd was down before.
                requests.count_callback(call.request.fields["uniqueid"])
        await call.set(DONE, "1")

    return callback


def _size(arguments: list[str]) -> int:
    """The recording's size in bytes; 0 for a missing or malformed one."""
    return int(arguments[0]) if arguments and re.fullmatch(r"\d{1,12}", arguments[0]) else 0
