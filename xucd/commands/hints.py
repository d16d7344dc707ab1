"""What other people's phones do, for those who want to see it: phone hints.

A number is a line's. Of one that is no line's, that alone is said, once. A user whom
`strict_rights` limits to its own is told of its own phone only, and all others do not exist.
"""

from xucd.center.directory import Line
from xucd.center.lines import line_of
from xucd.commands.context import Context
from xucd.cti.commands import SubscribeToPhoneHints, UnsubscribeFromAllPhoneHints
from xucd.cti.session import Session
from xucd.views import topics
from xucd.views.phones import hint


async def subscribe(context: Context, command: SubscribeToPhoneHints, who: Session) -> None:
    """Send what each number's phone does, and from now on whenever it does something else."""
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
    """Send no more of them."""
    for topic in [one for one in who.topics if topics.is_phone_hint(one)]:
        context.hub.unsubscribe(who, topic)


def _may_see(context: Context, who: Session, line: Line) -> bool:
    bounded_to_own = who.user.profile is None and who.rights.group_ids is not None
    return not bounded_to_own or line_of(context.center, who.user) is line
