"""Dial from a queue: first a free agent of the queue is called, then the destination.

In Asterisk it is one Local channel with two halves: one waits in the queue, the other dials the
destination as soon as an agent has answered. When no agent answers, the queue times out and the
destination is not dialled; as agent-api.txt has it, the client gets no message then.
"""

import re
import uuid

from xucd.center.directory import Queue
from xucd.center.grammar import name_of
from xucd.center.intents import DialFromQueueIntent
from xucd.center.refused import Refused
from xucd.commands.context import Context
from xucd.commands.lookup import find_queue
from xucd.commands.variables import store_variables
from xucd.cti.commands import DialFromQueue
from xucd.cti.session import Session

CALLER_ID = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<name>[^"<>]*?))\s*<(?P<number>[^<>]*)>\s*')
NUMBER = re.compile(r"[0-9*#+.-]{1,40}")
DIALABLE = re.compile(r"[0-9A-Za-z_*#+.-]{1,40}")


async def dial_from_queue(context: Context, command: DialFromQueue, who: Session) -> None:
    """Ring an agent of a queue and then dial a number, with the same caller id on both sides.

    Raises `Refused` with `FeatureDisabled`, `QueueUnknown`, `NotAuthorized`,
    `DestinationNotAllowed`, `InvalidCallerId`, `VariablesTooLarge`, `TooManyCalls`, or as asking
    Asterisk does; then nothing is dialled.
    """
    if not context.options.features.dial:
        raise Refused("FeatureDisabled", "Dialling is switched off in the settings.")
    queue = find_queue(context, command.queue_id, who, silent=False)
    check_destination(context, command.destination)
    name, number = caller_id(command, queue)
    # Set again on each half, where the agent's caller id has replaced it.
    functions = {"CALLERID(name)": name, "CALLERID(num)": number}
    request_id = store_variables(context.call_variables, command.variables, functions)
    intent = DialFromQueueIntent(
        queue=queue.name,
        destination=command.destination,
        name=name,
        number=number,
        wait=context.options.dialing.queue_timeout,
        request_id=request_id,
        unique_id=f"xucd-{uuid.uuid4()}",
    )
    try:
        await context.asterisk.ask(intent)
    except Refused:
        context.call_variables.drop(request_id)
        raise


def check_destination(context: Context, destination: str) -> None:
    """Raise `Refused` with `DestinationNotAllowed` for a number that users may not dial."""
    if re.fullmatch(context.options.dialing.allowed, destination) is None:
        raise Refused("DestinationNotAllowed", "The settings do not allow this number.")


def caller_id(command: DialFromQueue, queue: Queue) -> tuple[str, str]:
    """The caller id to show, as (name, number): the command's, otherwise the queue's.

    The name loses what names do not hold.

    The command's may have the form `"Name" <number>`. Raises `Refused` with `InvalidCallerId`.
    """
    given = (command.caller_id or "").strip()
    if not given and command.caller_id_number is not None:
        return name_of(command.caller_id_name or ""), command.caller_id_number
    # The original library, given a caller id and variables, sends the caller id as the name.
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
        raise Refused(
            "InvalidCallerId", "The caller id's number contains characters that cannot be dialled."
        )
    return name_of(name), number
