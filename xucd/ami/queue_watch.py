"""What Asterisk changes of its queues without an event, noticed by asking for a summary.

"queue reload all" adds and removes queues and members; a database's members come and go with the
calls. So Asterisk is asked for a summary every `EVERY_S` seconds. Only when it contradicts the
centre, and still does after `AGAIN_S`, in which an event may have been on its way, are all members
listed anew, which is far more work.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from xucd.ami import actions
from xucd.ami.actions import Action
from xucd.ami.errors import AmiError, decoding
from xucd.ami.framing import Block

EVERY_S = 5.0
AGAIN_S = 0.5


class QueueWatch:
    """Asks for a summary of the queues; `query` sends an action and returns its answer.

    A summary says how many members of each queue can be reached. `differs` tells whether it is
    another than what the centre takes Asterisk to have, and `relist` has the members listed anew.
    While `busy`, nothing is asked.
    """

    def __init__(
        self,
        query: Callable[[Action], Awaitable[list[Block]]],
        differs: Callable[[Mapping[str, int]], bool],
        relist: Callable[[], object],
        busy: Callable[[], bool],
    ) -> None:
        self._query = query
        self._differs = differs
        self._relist = relist
        self._busy = busy
        self._explained: Mapping[str, int] | None = None

    async def watch(self) -> None:
        """Ask for ever."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.ask()

    async def ask(self) -> None:
        """Ask once, and again if the answer is a contradiction.

        An Asterisk that does not answer contradicts nothing, nor does the same answer that a list
        has not explained.
        """
        summary = await self._contradiction()
        if summary is None:
            return
        await asyncio.sleep(AGAIN_S)
        summary = await self._contradiction()
        if summary is not None and summary != self._explained:
            self._explained = summary
            self._relist()

    async def _contradiction(self) -> Mapping[str, int] | None:
        if self._busy():
            return None
        try:
            summary = _summary(await self._query(actions.queue_summary()))
        except AmiError as error:
            if error.code != "AsteriskLacksAction":
                return None
            summary = {}  # app_queue is not loaded
        if self._differs(summary):
            return summary
        self._explained = None
        return None


def _summary(listed: Iterable[Block]) -> Mapping[str, int]:
    """The members in reach of each queue that `QueueSummary` lists. Raises `DecodeError`."""
    with decoding("QueueSummary"):
        return {
            block["Queue"]: int(block["LoggedIn"])
            for block in listed
            if block.get("Event") == "QueueSummary"
        }
