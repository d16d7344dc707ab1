"""Which queues there are: "queue reload all" adds and removes some, and tells nobody.

So Asterisk is asked for their names every `EVERY_S` seconds; only when they are others than those
of the centre are all members listed anew, which is far more work.
"""

import asyncio
from collections.abc import Awaitable, Callable

from xucd.ami import actions
from xucd.ami.actions import Action
from xucd.ami.errors import AmiError
from xucd.ami.framing import Block

EVERY_S = 5.0


class QueueWatch:
    """Asks for the queues' names; `query` sends an action and returns its answer.

    `differ` says whether these names are others than those that the centre takes Asterisk to have,
    and `relist` has the members listed anew. While `busy`, nothing is asked.
    """

    def __init__(
        self,
        query: Callable[[Action], Awaitable[list[Block]]],
        differ: Callable[[list[str]], bool],
        relist: Callable[[], object],
        busy: Callable[[], bool],
    ) -> None:
        self._query = query
        self._differ = differ
        self._relist = relist
        self._busy = busy

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(EVERY_S)
            if not self._busy():
                await self.look()

    async def look(self) -> None:
        """Ask once. An Asterisk that does not answer has no other queues for that."""
        try:
            listed = await self._query(actions.queue_summary())
        except AmiError as error:
            if error.code != "AsteriskLacksAction":
                return
            listed = []  # app_queue is not loaded
        names = [block["Queue"] for block in listed if block.get("Event") == "QueueSummary"]
        if self._differ(names):
            self._relist()
