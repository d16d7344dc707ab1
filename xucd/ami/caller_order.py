"""The order of a queue's callers, which Asterisk changes without an event.

`QueueChangePriorityCaller` of the AMI, ``queue priority caller`` of the command line and the
dialplan move a caller that waits. So while several callers wait in a queue, Asterisk is asked for
them every `EVERY_S` seconds: one queue at a time, and only such queues.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from xucd.ami import actions
from xucd.ami.actions import Action
from xucd.ami.errors import AmiError, decoding
from xucd.ami.framing import Block
from xucd.center.directory import folded
from xucd.center.events import CallersListed

EVERY_S = 0.5


class CallerOrder:
    """Asks for the order of callers, as long as there is one.

    `query` sends an action and returns its answer, `queues` names the queues in which several
    callers wait by now, `take` gets what Asterisk lists.
    """

    def __init__(
        self,
        query: Callable[[Action], Awaitable[list[Block]]],
        queues: Callable[[], list[str]],
        take: Callable[[CallersListed], None],
    ) -> None:
        self._query = query
        self._queues = queues
        self._take = take
        self._task: asyncio.Task[None] | None = None

    def check(self) -> None:
        """Begin to ask if there is something to ask for; to be called whenever callers moved."""
        if self._task is None and self._queues():
            self._task = asyncio.ensure_future(self._follow())
            self._task.add_done_callback(self._ended)

    def close(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()

    async def _follow(self) -> None:
        while queues := self._queues():
            await asyncio.sleep(EVERY_S)
            for queue in queues:
                try:
                    self._take(
                        callers_listed(queue, await self._query(actions.queue_callers(queue)))
                    )
                except AmiError:
                    return  # no connection: the next snapshot has the order, and begins anew

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.result()


def callers_listed(queue: str, answer: Iterable[Block]) -> CallersListed:
    """The callers that `QueueStatus` lists of a queue, in its order. Raises `DecodeError`."""
    entries = [block for block in answer if block.get("Event") == "QueueEntry"]
    with decoding("QueueEntry"):
        ours = [block for block in entries if folded(block["Queue"]) == folded(queue)]
        ours.sort(key=lambda block: int(block["Position"]))
        return CallersListed(queue, tuple(block["Uniqueid"] for block in ours))
