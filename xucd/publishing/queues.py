"""Telling clients of queues: what one turn of the loop brought about, at once and in one message.

A busy queue's figures move with every event, and nobody reads a hundred messages a second. What
moves after a quiet while is told when the turn ends; what moves soon after is gathered for
`GATHER_S`. What is told may be what was told before: whoever subscribed in between was told else.
"""

import asyncio

from xucd.center import changes as ch
from xucd.commands.context import Context
from xucd.views import queues as queue_views
from xucd.views import topics

GATHER_S = 0.2
"""The least time between two messages about one queue, in seconds."""


class QueueTeller:
    """One for the whole daemon. `note` takes what the centre says of queues."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._moved: set[int] = set()
        self._counted: set[int] = set()
        self._flushing = False
        self._flushed_at = 0.0

    def note(self, change: ch.QueueCounted | ch.QueueStatsChanged) -> None:
        """A queue has something new to tell."""
        self._moved.add(change.queue_id)
        if isinstance(change, ch.QueueCounted):
            self._counted.add(change.queue_id)
        if not self._flushing:
            self._flushing = True
            loop = asyncio.get_running_loop()
            wait = self._flushed_at + GATHER_S - loop.time()
            if wait <= 0:
                loop.call_soon(self._flush)
            else:
                loop.call_later(wait, self._flush)

    def _flush(self) -> None:
        self._flushing = False
        self._flushed_at = asyncio.get_running_loop().time()
        moved, self._moved = self._moved, set()
        counted, self._counted = self._counted, set()
        center, hub = self._context.center, self._context.hub
        for queue_id in sorted(moved & center.directory.queues.keys()):
            heard = topics.queue_told(topics.QUEUE_STATS, queue_id)
            if hub.heard(heard):
                hub.publish(
                    heard, queue_views.queue_statistics(center, queue_id, self._context.now())
                )
            called = topics.queue_calls(queue_id)
            if queue_id in counted and hub.heard([called]):
                hub.publish([called], queue_views.queue_calls(center, queue_id))
