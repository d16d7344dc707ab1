"""Whose phone is whose, and what its user is told of its calls.

An agent who is logged in works on the phone it sits at: that is its user's phone, whatever line the
user has of its own. Everybody else's phone is the one of its own line. Several users may share a
line; each is told under its own name.
"""

from xucd.center.directory import Line
from xucd.center.lines import line_of
from xucd.center.refused import Refused
from xucd.commands.context import Context
from xucd.cti import messages as msg
from xucd.cti.commands import GetCurrentCallsPhoneEvents
from xucd.cti.session import Session
from xucd.views.phones import phone_event

_OUT_OF_REACH = ("UNAVAILABLE", "INVALID")


def check_in_reach(context: Context, line: Line) -> None:
    """Raise `Refused` with `PhoneUnreachable` when a line's phone cannot be rung."""
    if context.center.devices.get(line.interface, "INVALID") in _OUT_OF_REACH:
        raise Refused("PhoneUnreachable", "The phone is not in reach.")


async def get_current_calls(
    context: Context, command: GetCurrentCallsPhoneEvents, who: Session
) -> None:
    """Send what was last told of each call that the user's phone has now."""
    line = line_of(context.center, who.user)
    legs = context.center.phone_calls.of(line.interface) if line is not None else []
    who.send(
        msg.CurrentCallsPhoneEvents(
            events=[
                phone_event(line, who.user, leg.told)
                for leg in legs
                if line is not None and leg.told is not None
            ]
        )
    )


def own_line(context: Context, who: Session) -> Line:
    """The line of the user's phone. Raises `Refused` with `LineUnknown`."""
    line = line_of(context.center, who.user)
    if line is None:
        raise Refused("LineUnknown", "The user has no phone.")
    return line
