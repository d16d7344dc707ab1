"""A user's own phone, and its current calls.

The phone of a user whose agent is logged in is the one that the agent is logged in on; every other
user's is that of its own line. Several users may share a line; each gets events in its own name.
"""

from xucd.center.directory import Line
from xucd.center.lines import line_of, speaks_for
from xucd.center.refused import Refused
from xucd.commands.context import Context
from xucd.commands.lookup import away
from xucd.cti import messages as msg
from xucd.cti.commands import GetCurrentCallsPhoneEvents
from xucd.cti.session import Session
from xucd.views.phones import phone_event

_UNREACHABLE = ("UNAVAILABLE", "INVALID")


def check_in_reach(context: Context, line: Line) -> None:
    """Raise `Refused` with `PhoneUnreachable` when a line's phone is not registered."""
    if context.center.devices.get(line.phone, "INVALID") in _UNREACHABLE:
        raise Refused("PhoneUnreachable", "The phone cannot be reached.")


async def get_current_calls(
    context: Context, command: GetCurrentCallsPhoneEvents, who: Session
) -> None:
    """Send the latest phone event of each call that the user's phone has now.

    Raises `Refused` with `PbxUnavailable` for a user for whom another PBX speaks.
    """
    _check_ours(context, who)
    line = line_of(context.center, who.user)
    legs = context.center.phone_calls.of(line.phone) if line is not None else []
    who.send(
        msg.CurrentCallsPhoneEvents(
            events=[
                phone_event(line, who.user, leg.sent)
                for leg in legs
                if line is not None and leg.sent is not None
            ]
        )
    )


def own_line(context: Context, who: Session) -> Line:
    """The line of the user's phone.

    Raises `Refused` with `LineUnknown` or `NotAuthorized`, or with `PbxUnavailable` for a user for
    whom another PBX speaks.
    """
    who.check()
    _check_ours(context, who)
    line = line_of(context.center, who.user)
    if line is None:
        raise Refused("LineUnknown", "The user has no phone.")
    return line


def _check_ours(context: Context, who: Session) -> None:
    if not speaks_for(context.center, who.user):
        raise away()
