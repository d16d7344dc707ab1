"""Dial from a queue: first a free agent of the queue is called, then the destination.

In Asterisk it is one Local channel with two halves: one waits in the queue, the other dials the
destination as soon as an agent has answered. When no agent answers, the queue times out and the
destination is not dialled; as agent-api.txt has it, the client gets no message then.

The queue's half begins at an extension. A queue's name that can be one is the extension itself, so
that the dialplan of an older `asterisk-conf` finds the queue, too; any other goes by its id, and
the dialplan gets its name by FastAGI.
"""

import re
import uuid

from xucd.center.directory import Queue
from xucd.center.grammar import name_of
from xucd.center.intents import DialFromQueueIntent
from xucd.center.lines import line_of
from xucd.center.refused import Refused
from xucd.commands.context import Context
from xucd.commands.lookup import find_queue
from xucd.commands.variables import store_variables
from xucd.cti.commands import DialFromQueue
from xucd.cti.session import Session

CALLER_ID = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<name>[^"<>]*?))\s*<(?P<number>[^<>]*)>\s*')
NUMBER = re.compile(r"[0-9*#+.-]{1,40}")
DIALABLE = re.compile(r"[0-9A-Za-z_*#+.-]{1,40}")
EXTENSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]+")
"""Names that the pattern of `xucd-dial-from-queue` matches as they are."""

QUEUE_VARIABLE = "XUCDQUEUE"
"""The variable that names the queue to the dialplan, read in `xucd-dial-from-queue` alone."""


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
    own = {
        QUEUE_VARIABLE: queue.name,
        # Set again on each half, where the agent's caller id has replaced it.
        "CALLERID(name)": name,
        "CALLERID(num)": number,
    }
    request_id = store_variables(context.call_variables, command.variables, own)
    line = line_of(context.center, who.user)
    intent = DialFromQueueIntent(
        extension=extension_of(queue),
        destination=command.destination,
        context=queue.context if line is None else line.context,
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


def extension_of(queue: Queue) -> str:
    """The extension that stands for a queue in `xucd-dial-from-queue`: its name, or its id."""
    return queue.name if EXTENSION.fullmatch(queue.name) else f"queue_{queue.id}"


def check_destination(context: Context, destination: str) -> None:
    """Raise `Refused` with `DestinationNotAllowed` for a number that users may not dial.

    The number of one of our lines may be dialled always: the setting is for those outside.
    """
    if destination in context.center.directory.line_by_number:
        return
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
