"""Looking at queues: their figures, and who waits in them."""

from xucd.cti import queue_views, topics
from xucd.cti.asks import (
    GetQueueStatistics,
    SubscribeToQueueCalls,
    SubscribeToQueueStats,
    UnsubscribeFromQueueCalls,
)
from xucd.cti.session import Session
from xucd.desk.commands import carries_out
from xucd.desk.desk import Desk, rights


@carries_out(SubscribeToQueueStats)
async def subscribe_to_queue_stats(desk: Desk, ask: SubscribeToQueueStats, who: Session) -> None:
    """Send every visible queue's figures of the day, and from now on when they move."""
    seen = rights(who)
    for topic in topics.queues_heard(topics.QUEUE_STATS, seen):
        desk.hub.subscribe(who, topic)
    for queue_id in desk.center.directory.queues:
        if seen.queue(queue_id):
            who.send(queue_views.queue_statistics(desk.center, queue_id, desk.now()))


@carries_out(GetQueueStatistics)
async def get_queue_statistics(desk: Desk, ask: GetQueueStatistics, who: Session) -> None:
    """Send a queue's figures of the last while. Raises `QueueUnknown`, `NotAuthorized`."""
    queue = desk.queue(ask.queue_id, who)
    who.send(queue_views.window_statistics(desk.center, queue.id, ask.window, ask.xqos, desk.now()))


@carries_out(SubscribeToQueueCalls)
async def subscribe_to_queue_calls(desk: Desk, ask: SubscribeToQueueCalls, who: Session) -> None:
    """Send who waits in a queue, and from now on when that changes.

    Raises `Refused` with `QueueUnknown` or `NotAuthorized`.
    """
    queue = desk.queue(ask.queue_id, who)
    desk.hub.subscribe(who, topics.queue_calls(queue.id))
    who.send(queue_views.queue_calls(desk.center, queue.id))


@carries_out(UnsubscribeFromQueueCalls)
async def unsubscribe_from_queue_calls(
    desk: Desk, ask: UnsubscribeFromQueueCalls, who: Session
) -> None:
    """Send no more who waits in a queue; no error when that was not sent."""
    desk.hub.unsubscribe(who, topics.queue_calls(desk.queue(ask.queue_id, who).id))
