"""Answers whether an agent's phone may ring, as the dialplan asks by FastAGI."""

from collections.abc import Awaitable, Callable

from xucd.agi.may_ring import Ring
from xucd.center.leg import is_users
from xucd.center.reservations import Asking
from xucd.center.rules import reservations
from xucd.cluster.visits import CallData
from xucd.commands.context import Context

AskElsewhere = Callable[[str, str], Awaitable[CallData | None]]
"""Asks the owner of a PBX, by its name, what it knows of a call, by its linked id there."""


class MayRing:
    """Answers for the agents at home here, as long as `is_ours` says that this node owns the PBX.

    Of a call of another PBX's queue, what is known there comes here with it.
    """

    def __init__(
        self, context: Context, is_ours: Callable[[], bool], elsewhere: AskElsewhere
    ) -> None:
        self._context = context
        self._is_ours = is_ours
        self._elsewhere = elsewhere

    async def answer(self, asking: Asking, channel: str) -> Ring | None:
        """What to ring for a channel, or None: also while nobody knows what the agent does.

        The question may come before the events of its channel, which are then read first.
        """
        context = self._context
        if channel not in context.center.channels.by_id:
            await context.asterisk.catch_up()
        if not (context.asterisk.current and self._is_ours()):
            return None
        center = context.center
        line = reservations.may_ring(center, asking, channel, context.now())
        if line is None:
            return None
        context.publish()
        queue = center.directory.queues_elsewhere.get(asking.queue_id)
        known = await self._elsewhere(queue.pbx, asking.linked_id) if queue is not None else None
        if not (self._is_ours() and reservations.still_may_ring(context.center, line, channel)):
            return None
        if known is None:
            return Ring(line.dial_string)
        caller = context.center.channels.by_id.get(channel)
        if caller is not None and known.sheet:
            context.center.sheets.restore(channel, caller.name, known.sheet)
        users = {name: value for name, value in known.variables.items() if is_users(name)}
        return Ring(line.dial_string, users, known.sheet)
