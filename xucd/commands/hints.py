"""Phone hints: the states of other users' phones.

For a number that is not a line's, the client gets one hint that says so. To a user whom
`strict_rights` limits to its own agent, all phones but its own are unknown.
"""

from xucd.center.directory import Line
from xucd.center.lines import line_of
from xucd.commands.context import Context
from xucd.cti.commands import SubscribeToPhoneHints, UnsubscribeFromAllPhoneHints
from xucd.cti.session import Session
from xucd.views import topics
from xucd.views.phones import hint


async def subscribe(context: Context, command: SubscribeToPhoneHints, who: Session) -> None:
    """Send the state of each number's phone, now and whenever it changes."""
    for number in dict.fromkeys(command.phone_numbers):
        line = context.center.directory.line_by_number.get(number)
        if line is not None and not _may_see(context, who, line):
            line = None
        if line is not None:
            context.hub.subscribe(who, topics.phone_hint(line.number))
        state = context.center.devices.get(line.interface) if line is not None else None
        who.send(hint(number, state))


async def unsubscribe(
    context: Context, command: UnsubscribeFromAllPhoneHints, who: Session
) -> None:
    """Stop sending phone hints; idempotent."""
    for topic in [topic for topic in who.topics if topics.is_phone_hint(topic)]:
        context.hub.unsubscribe(who, topic)


def _may_see(context: Context, who: Session, line: Line) -> bool:
    limited_to_own = who.user.profile is None and who.rights.group_ids is not None
    return not limited_to_own or line_of(context.center, who.user) is line
