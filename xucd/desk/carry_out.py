"""Carrying out a command: the door of the desk."""

from xucd.center.refused import Refused
from xucd.cti.asks import Ask
from xucd.cti.session import Session
from xucd.desk import (  # noqa: F401  # imported for the commands they register
    callback_messages,
    callbacks,
    default_memberships,
    dial_from_queue,
    dialing,
    hints,
    listening,
    lists,
    login,
    own_phone,
    pause,
    queue_figures,
    queues,
    recording,
    statuses,
)
from xucd.desk.commands import COMMANDS
from xucd.desk.desk import Desk


async def carry_out(desk: Desk, ask: Ask, who: Session) -> None:
    """Do what a client asks.

    Raises `Refused`; with `NotSupported` where the protocol has the command and this version of
    xucd does not.
    """
    command = COMMANDS.get(type(ask))
    if command is None:
        raise Refused("NotSupported", "This version of xucd does not have this command.")
    await command(desk, ask, who)
