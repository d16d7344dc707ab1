"""Dial from a queue: a free agent of the queue is rung, then the destination.

Asterisk does it with one call that has two halves: one waits in the queue, the other dials the
destination as soon as an agent has answered. Where no agent answers, the queue gives up by itself
and nobody is dialled; as agent-api.txt has it, nothing more is then told.
"""

import re
import uuid

from xucd.center.directory import Queue
from xucd.center.intents import DialFromQueue as Intent
from xucd.center.refused import Refused
from xucd.cti.asks import DialFromQueue
from xucd.cti.session import Session
from xucd.desk.commands import carries_out
from xucd.desk.desk import Desk, not_authorized, rights
from xucd.desk.variables import put_by

CALLER_ID = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<name>[^"<>]*?))\s*<(?P<number>[^<>]*)>\s*')
NUMBER = re.compile(r"[0-9*#+.-]{1,40}")
DIALABLE = re.compile(r"[0-9A-Za-z_*#+.-]{1,40}")


@carries_out(DialFromQueue)
async def dial_from_queue(desk: Desk, ask: DialFromQueue, who: Session) -> None:
    """Have a queue's agent rung and then a number dialled, with one caller id on both sides.

    Raises `Refused` with `FeatureDisabled`, `QueueUnknown`, `NotAuthorized`,
    `DestinationNotAllowed`, `InvalidCallerId`, `VariablesTooLarge`, `TooManyCalls`, or as asking
    Asterisk does. Nothing is dialled then.
    """
    if not desk.features.dial:
        raise Refused("FeatureDisabled", "Dialling is switched off in the settings.")
    queue = desk.center.directory.queues.get(ask.queue_id)
    if queue is None:
        raise Refused("QueueUnknown", "There is no such queue.")
    if not rights(who).queue(queue.id):
        raise not_authorized()
    check_destination(desk, ask.destination)
    name, number = caller_id(ask, queue)
    # Said again on each half: by then the agent's own has taken the caller's place.
    shown = {"CALLERID(name)": name, "CALLERID(num)": number}
    request_id = put_by(desk.requests, ask.variables, shown)
    intent = Intent(
        queue=queue.name,
        destination=ask.destination,
        name=name,
        number=number,
        wait=desk.dialing.queue_timeout,
        request_id=request_id,
        unique_id=f"xucd-{uuid.uuid4()}",
    )
    try:
        await desk.ask(intent)
    except Refused:
        desk.requests.drop(request_id)
        raise


def check_destination(desk: Desk, destination: str) -> None:
    """Raise `Refused` with `DestinationNotAllowed` for a number that users may not dial."""
    if re.fullmatch(desk.dialing.allowed, destination) is None:
        raise Refused("DestinationNotAllowed", "The settings do not allow this number.")


def caller_id(ask: DialFromQueue, queue: Queue) -> tuple[str, str]:
    """Name and number to be shown: as given, `"Name" <number>` too, or else the queue's own.

    Raises `Refused` with `InvalidCallerId`.
    """
    given = (ask.caller_id or "").strip()
    if not given and ask.caller_id_number is not None:
        return ask.caller_id_name or "", ask.caller_id_number
    # The original library, given a caller id and variables, sends the one as the caller's name.
    given = given or (ask.caller_id_name or "").strip()
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
