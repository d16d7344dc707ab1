"""Messages that waiting callers leave: adding them to the callbacks, and playing them.

The dialplan of `asterisk-conf` asks the caller, records the message and plays it. Here it
becomes a callback request in the list of the queue in which the caller waited.
"""

import datetime
import secrets
import uuid
from typing import Any

import msgspec

from xucd.callbacks.service import XUCD, Callbacks
from xucd.center.callbacks import CallbackListRow, NewRequest, Request
from xucd.center.intents import PlayMessage
from xucd.center.parties import spoken_name_of
from xucd.center.refused import Refused
from xucd.center.rules.queues import called_back
from xucd.center.voice_messages import channel_id, due_date, is_hearing, is_reference
from xucd.commands.own_phone import check_in_reach, own_line
from xucd.config.entries import Number
from xucd.cti.commands import ListenCallbackMessage
from xucd.cti.session import Session


class CallerCallbacks:
    """Adds the callbacks that waiting callers request in the dialplan; see `xucd.agi.callback`."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._context = callbacks.context

    async def offer(self, queue: str) -> str | None:
        """A fresh reference for a caller of this queue, None when it has no list of callbacks."""
        return uuid.uuid4().hex if await self._list(queue) is not None else None

    def count_callback(self, unique_id: str) -> None:
        """Count the caller as a callback in the figures of the queue that it has left."""
        called_back(self._context.center, unique_id, self._context.now())
        self._context.publish()

    async def leave(self, queue: str, number: str, name: str, reference: str | None) -> None:
        """Store a caller's request, unless there is one with the same message already.

        Raises `Refused` with `NumberInvalid`, `ListUnknown` or `StoreUnavailable`.
        """
        callbacks = self._callbacks
        if reference is not None and await self._is_known(reference):
            return
        if not _is_valid(number, Number):
            raise Refused(
                "NumberInvalid",
                "The number holds a character that cannot be dialled, or is too long.",
            )
        into = await self._list(queue)
        if into is None:
            raise Refused("ListUnknown", "The queue has no list of callbacks.")
        periods = await callbacks.periods()
        moment = datetime.datetime.fromtimestamp(self._context.now(), datetime.UTC).astimezone()
        new = NewRequest(
            phone_number=number,
            last_name=spoken_name_of(name) or None if name != number else None,
            due_date=due_date(periods, moment),
            voice_message_ref=reference,
        )
        await callbacks.create(into.uuid, [new], XUCD)

    async def _list(self, queue: str) -> CallbackListRow | None:
        """The list of a queue, the first by its name where there are several."""
        known = self._context.center.directory.queue_by_name.get(queue)
        found = await self._callbacks.lists(XUCD)
        return next((row for row in found if known and row.queue_id == known.id), None)

    async def _is_known(self, reference: str) -> bool:
        try:
            await self._callbacks.with_message(reference, XUCD)
        except Refused as refusal:
            if refusal.code != "CallbackUnknown":
                raise
            return False
        return True


def _is_valid(text: str, kind: Any) -> bool:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True


async def listen_message(
    callbacks: Callbacks, command: ListenCallbackMessage, who: Session
) -> None:
    """Ring the user's own phone and play a message to whoever answers. Idempotent.

    Raises `Refused` with `FeatureDisabled`, `MessageUnknown`, `NotAuthorized`, `LineUnknown`,
    `PhoneUnreachable`, `StoreUnavailable`, or as asking Asterisk does.
    """
    context = callbacks.context
    if not context.options.features.callbacks:
        raise Refused(
            "FeatureDisabled", "Callbacks are disabled in the settings (features.callbacks)."
        )
    request = await _request(callbacks, command.voice_message_ref, who)
    reference = request.voice_message_ref or ""
    if not is_reference(reference):
        raise _unknown()
    line = own_line(context, who)
    channels = context.center.channels
    if is_hearing(channels, line.phone, reference):
        return
    check_in_reach(context, line)
    await context.announce(command, who)
    # The rights may have ended meanwhile.
    await _request(callbacks, command.voice_message_ref, who)
    unique_id = channel_id(reference, secrets.token_hex(4))
    number = request.number or line.number
    await context.asterisk.bring_about(
        lambda: unique_id in channels.by_id,
        PlayMessage(line.dial_string, reference, number, unique_id),
    )


async def _request(callbacks: Callbacks, named: str, who: Session) -> Request:
    """The request with a message, by the message's reference or by the request's uuid.

    Raises `Refused`.
    """
    try:
        if is_reference(named):
            return await callbacks.with_message(named, who)
        return await callbacks.get(uuid.UUID(named), who)
    except ValueError:
        raise _unknown() from None
    except Refused as refusal:
        raise _unknown() if refusal.code == "CallbackUnknown" else refusal from None


def _unknown() -> Refused:
    return Refused("MessageUnknown", "There is no such message.")
