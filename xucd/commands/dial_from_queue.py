"""Dial from a queue: a free agent of the queue is rung, then the destination.

Asterisk does it with one call that has two halves: one waits in the queue, the other dials the
destination as soon as an agent has answered. Where no agent answers, the queue gives up by itself
and nobody is dialled; as agent-api.txt has it, nothing more is then told.
"""

import re
import uuid

from xucd.center.directory import Queue
from xucd.center.intents import DialFromQueueIntent
from xucd.center.refused import Refused
from xucd.commands.context import Context, not_authorized, rights
from xucd.commands.variables import put_by
from xucd.cti.commands import DialFromQueue
from xucd.cti.session import Session

CALLER_ID = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<name>[^"<>]*?))\s*<(?P<number>[^<>]*)>\s*')
NUMBER = re.compile(r"[0-9*#+.-]{1,40}")
DIALABLE = re.compile(r"[0-9A-Za-z_*#+.-]{1,40}")


async def dial_from_queue(context: Context, command: DialFromQueue, who: Session) -> None:
    """Have a queue's agent rung and then a number dialled, with one caller id on both sides.

    Raises `Refused` with `FeatureDisabled`, `QueueUnknown`, `NotAuthorized`,
    `DestinationNotAllowed`, `InvalidCallerId`, `VariablesTooLarge`, `TooManyCalls`, or as asking
    Asterisk does. Nothing is dialled then.
    """
    if not context.features.dial:
        raise Refused("FeatureDisabled", "Dialling is switched off in the settings.")
    queue = context.center.directory.queues.get(command.queue_id)
    if queue is None:
        raise Refused("QueueUnknown", "There is no such queue.")
    if not rights(who).queue(queue.id):
        raise not_authorized()
    check_destination(context, command.destination)
    name, number = caller_id(command, queue)
    # Said again on each half: by then the agent's own has taken the caller's place.
    shown = {"CALLERID(name)": name, "CALLERID(num)": number}
    request_id = put_by(context.requests, command.variables, shown)
    intent = DialFromQueueIntent(
        queue=queue.name,
        destination=command.destination,
        name=name,
        number=number,
        wait=context.dialing.queue_timeout,
        request_id=request_id,
        unique_id=f"xucd-{uuid.uuid4()}",
    )
    try:
        await context.ask(intent)
    except Refused:
        context.requests.drop(request_id)
        raise


def check_destination(context: Context, destination: str) -> None:
    """Raise `Refused` with `DestinationNotAllowed` for a number that users may not dial."""
    if re.fullmatch(context.dialing.allowed, destination) is None:
        raise Refused("DestinationNotAllowed", "The settings do not allow this number.")


def caller_id(command: DialFromQueue, queue: Queue) -> tuple[str, str]:
    """Name and number to be shown: as given, `"Name" <number>` too, or else the queue's own.

    Raises `Refused` with `InvalidCallerId`.
    """
    given = (command.caller_id or "").strip()
    if not given and command.caller_id_number is not None:
        return command.caller_id_name or "", command.caller_id_number
    # The original library, given a caller id and variables, sends the one as the caller's name.
    given = given or (command.caller_id_name or "").strip()
    if not given:
        return queue.display_name, queue.number
    if found := CALLER_ID.fullmatch(given):
        name, number = found["quoted"] or found["name"] or "", found["number"].strip()
    elif NUMBER.fullmatch(given):
        name, number = "", given
    else:
        name, number = given, queue.number
    if number and not DIALABLE.fullmatch(number):
        raise Refused("InvalidCallerId", "The caller's number holds what cannot be dialled.")
    return name, number
