"""Messages about queues, throttled: at most one per queue and `MIN_INTERVAL_S`.

A busy queue's statistics change with every event. The first change after a quiet time is published
at the end of the event loop's turn; those that follow are gathered until the interval is over. A
message may equal the one before it, since a client that subscribed in between was sent another.
"""

import asyncio

from xucd.center import changes as ch
from xucd.commands.context import Context
from xucd.views import queues as queue_views
from xucd.views import topics

MIN_INTERVAL_S = 0.2
"""The least time between two messages about one queue, in seconds."""


class QueuePublisher:
    """Publishes queue statistics and waiting calls. One for the whole daemon."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._changed: set[int] = set()  # queue ids
        self._calls_changed: set[int] = set()
        self._scheduled = False
        self._flushed_at = 0.0

    def schedule(self, change: ch.QueueCounted | ch.QueueStatsChanged) -> None:
        """Publish what has changed of a queue as soon as the throttle allows."""
        self._changed.add(change.queue_id)
        if isinstance(change, ch.QueueCounted):
            self._calls_changed.add(change.queue_id)
        if not self._scheduled:
            self._scheduled = True
            loop = asyncio.get_running_loop()
            wait = self._flushed_at + MIN_INTERVAL_S - loop.time()
            if wait <= 0:
                loop.call_soon(self._flush)
            else:
                loop.call_later(wait, self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        self._flushed_at = asyncio.get_running_loop().time()
        changed, self._changed = self._changed, set()
        calls_changed, self._calls_changed = self._calls_changed, set()
        center, hub = self._context.center, self._context.hub
        for queue_id in sorted(changed & center.directory.queues.keys()):
            audience = topics.queue_topics(topics.QUEUE_STATS, queue_id)
            if hub.has_subscribers(audience):
                hub.publish(
                    audience, queue_views.queue_statistics(center, queue_id, self._context.now())
                )
            calls = topics.queue_calls(queue_id)
            if queue_id in calls_changed and hub.has_subscribers([calls]):
                hub.publish([calls], queue_views.queue_calls(center, queue_id))
