"""Looking at queues: their figures, and who waits in them."""

from xucd.commands.context import Context, rights
from xucd.cti.commands import (
    GetQueueStatisticsCommand,
    SubscribeToQueueCalls,
    SubscribeToQueueStats,
    UnsubscribeFromQueueCalls,
)
from xucd.cti.session import Session
from xucd.views import queues as queue_views
from xucd.views import topics


async def subscribe_to_queue_stats(
    context: Context, command: SubscribeToQueueStats, who: Session
) -> None:
    """Send every visible queue's figures of the day, and from now on when they move."""
    seen = rights(who)
    for topic in topics.queues_heard(topics.QUEUE_STATS, seen):
        context.hub.subscribe(who, topic)
    for queue_id in context.center.directory.queues:
        if seen.queue(queue_id):
            who.send(queue_views.queue_statistics(context.center, queue_id, context.now()))


async def get_queue_statistics(
    context: Context, command: GetQueueStatisticsCommand, who: Session
) -> None:
    """Send a queue's figures of the last while. Raises `QueueUnknown`, `NotAuthorized`."""
    queue = context.queue(command.queue_id, who)
    who.send(
        queue_views.window_statistics(
            context.center, queue.id, command.window, command.xqos, context.now()
        )
    )


async def subscribe_to_queue_calls(
    context: Context, command: SubscribeToQueueCalls, who: Session
) -> None:
    """Send who waits in a queue, and from now on when that changes.

    Raises `Refused` with `QueueUnknown` or `NotAuthorized`.
    """
    queue = context.queue(command.queue_id, who)
    context.hub.subscribe(who, topics.queue_calls(queue.id))
    who.send(queue_views.queue_calls(context.center, queue.id))


async def unsubscribe_from_queue_calls(
    context: Context, command: UnsubscribeFromQueueCalls, who: Session
) -> None:
    """Send no more who waits in a queue; no error when that was not sent."""
    context.hub.unsubscribe(who, topics.queue_calls(context.queue(command.queue_id, who).id))
