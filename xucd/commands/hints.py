"""Phone hints: the states of other users' phones, never who they talk with.

For a number that is not a line's, the client gets one hint that says so: of several PBXs, by the
default one. All users may watch all
phones, unless `web.hints` is ``own lists``: then whoever has bounded rights sees the phones of the
agents whom it may see, and its own. All others are unknown to it, until such an agent logs in
there. So they are, always, to a user whom `strict_rights` limits to its own agent.
"""

from xucd.center.directory import Line
from xucd.center.lines import agents_of, line_of
from xucd.commands.context import Context
from xucd.cti.commands import SubscribeToPhoneHints, UnsubscribeFromAllPhoneHints
from xucd.cti.session import Session
from xucd.views import topics
from xucd.views.phones import hint


async def subscribe(context: Context, command: SubscribeToPhoneHints, who: Session) -> None:
    """Send the state of each number's phone, now and whenever it changes."""
    bounded = who.rights.group_ids is not None and (
        context.options.hints_by_list or who.user.profile is None
    )
    for number in dict.fromkeys(command.phone_numbers):
        line = context.center.directory.line_by_number.get(number)
        if line is None:
            if _is_unknown_here(context, number):
                who.send(hint(number, None))
            continue
        if not bounded or _is_own(context, who, line):
            context.hub.subscribe(who, topics.phone_hint(number))
        else:
            for topic in topics.agents_phone_hints(number, who.rights):
                context.hub.subscribe(who, topic)
            if not _is_of_visible_agent(context, who, line):
                line = None
        who.send(hint(number, context.center.devices.get(line.phone) if line else None))


async def unsubscribe(
    context: Context, command: UnsubscribeFromAllPhoneHints, who: Session
) -> None:
    """Stop sending phone hints; idempotent."""
    for topic in [topic for topic in who.topics if topics.is_phone_hint(topic)]:
        context.hub.unsubscribe(who, topic)


def _is_unknown_here(context: Context, number: str) -> bool:
    """Whether a number is no line's anywhere, and it is for this PBX to say so."""
    directory = context.center.directory
    if context.center.at_home is None:
        return True
    return directory.pbx == directory.default_pbx and number not in directory.numbers_elsewhere


def _is_own(context: Context, who: Session, line: Line) -> bool:
    """Whether it is the line of a user without an agent; that of an agent may be another's soon."""
    return who.rights.own_agent_id is None and line_of(context.center, who.user) is line


def _is_of_visible_agent(context: Context, who: Session, line: Line) -> bool:
    return any(who.rights.agent(agent) for agent in agents_of(context.center, line))
