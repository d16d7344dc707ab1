"""Messages that waiting callers leave: from the dialplan into the callbacks, and to an agent's ear.

A caller is asked by the dialplan of `asterisk-conf`, which also records and plays; here its wish
becomes a request in the list of the queue that it waited in.
"""

import datetime
import re
import secrets
import uuid

from xucd.callbacks.service import Callbacks
from xucd.center.callbacks import CallbackListRow, NewRequest, Request
from xucd.center.intents import PlayMessage
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.center.voice_messages import channel_id, due_date, is_hearing, is_reference
from xucd.commands.own_phone import check_in_reach, own_line
from xucd.config import validation
from xucd.cti.commands import ListenCallbackMessage
from xucd.cti.session import Session

XUCD = Rights(None, None, None)
"""What is done here is done by xucd itself."""

LONGEST_NUMBER = 40
LONGEST_NAME = 100
"""Characters, as in the contact centre's file."""


class Wishes:
    """What callers want, as the dialplan's script hands it in."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._context = callbacks.context

    async def offer(self, queue: str) -> str | None:
        """A fresh reference for a caller of this queue, None when it has no list of callbacks."""
        return uuid.uuid4().hex if await self._list(queue) is not None else None

    async def leave(self, queue: str, number: str, name: str, reference: str | None) -> None:
        """Keep a caller's wish; one whose message is known already is kept once.

        Raises `Refused` with `NumberInvalid`, `ListUnknown` or `StoreUnavailable`.
        """
        work = self._callbacks
        if reference is not None and await self._is_known(reference):
            return
        if len(number) > LONGEST_NUMBER or not re.search(validation.NUMBER, number):
            raise Refused("NumberInvalid", "This is no number to dial.")
        into = await self._list(queue)
        if into is None:
            raise Refused("ListUnknown", "The queue has no list of callbacks.")
        periods = await work.periods()
        moment = datetime.datetime.fromtimestamp(self._context.now(), datetime.UTC).astimezone()
        wish = NewRequest(
            phone_number=number,
            last_name=name if name != number and _is_name(name) else None,
            due_date=due_date(periods, moment),
            voice_message_ref=reference,
        )
        await work.create(into.uuid, [wish], XUCD)

    async def _list(self, queue: str) -> CallbackListRow | None:
        """The list of a queue, the first by its name where there are several."""
        known = self._context.center.directory.queue_by_name.get(queue)
        found = await self._callbacks.lists(XUCD)
        return next((one for one in found if known and one.queue_id == known.id), None)

    async def _is_known(self, reference: str) -> bool:
        try:
            await self._callbacks.with_message(reference, XUCD)
        except Refused as refusal:
            if refusal.code != "CallbackUnknown":
                raise
            return False
        return True


def _is_name(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and re.search(validation.SPOKEN_NAME, name) is not None


async def listen_message(
    callbacks: Callbacks, command: ListenCallbackMessage, who: Session
) -> None:
    """Ring the user's own phone and play a message to whoever answers; again is no error.

    Raises `Refused` with `FeatureDisabled`, `MessageUnknown`, `NotAuthorized`, `LineUnknown`,
    `PhoneUnreachable`, or as asking Asterisk does.
    """
    context = callbacks.context
    if not context.options.features.callbacks:
        raise Refused("FeatureDisabled", "Callbacks are switched off in the settings.")
    request = await _request(callbacks, command.voice_message_ref, who)
    reference = request.voice_message_ref or ""
    if not is_reference(reference):
        raise _unknown()
    line = own_line(context, who)
    calls = context.center.channels
    if is_hearing(calls, line.interface, reference):
        return
    check_in_reach(context, line)
    unique_id = channel_id(reference, secrets.token_hex(4))
    number = request.phone_number or request.mobile_phone_number or line.number
    await context.asterisk.bring_about(
        lambda: unique_id in calls.by_id,
        PlayMessage(line.interface, reference, number, unique_id),
    )


async def _request(callbacks: Callbacks, named: str, who: Session) -> Request:
    """The request that a message is of; clients name it by the message's reference or its own uuid.

    Raises `Refused`.
    """
    try:
        if is_reference(named):
            return await callbacks.with_message(named, who.rights)
        return await callbacks.get(uuid.UUID(named), who.rights)
    except ValueError:
        raise _unknown() from None
    except Refused as refusal:
        raise _unknown() if refusal.code == "CallbackUnknown" else refusal from None


def _unknown() -> Refused:
    return Refused("MessageUnknown", "There is no such message.")
