"""Answers whether an agent's phone may ring, as the dialplan asks by FastAGI."""

from collections.abc import Callable

from xucd.center.directory import Line
from xucd.center.reservations import Asking
from xucd.center.rules import reservations
from xucd.commands.context import Context


async def may_ring(
    context: Context, is_ours: Callable[[], bool], asking: Asking, channel: str
) -> Line | None:
    """The line to ring for a channel, or None: also while nobody knows what the agent does.

    The question may come before the events of its channel, which are then read first. `is_ours`
    says whether this node owns the PBX at this moment.
    """
    if channel not in context.center.channels.by_id:
        await context.asterisk.catch_up()
    if not (context.asterisk.current and is_ours()):
        return None
    return reservations.may_ring(context.center, asking, channel, context.now())
