"""Queue statistics, and the calls that wait in queues."""

from xucd.commands.context import Context
from xucd.commands.lookup import find_queue
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
    """Send the day's statistics of every visible queue, now and whenever they change."""
    allowed = who.rights
    for topic in topics.queue_subscriptions(topics.QUEUE_STATS, allowed):
        context.hub.subscribe(who, topic)
    for queue_id in context.center.directory.queues:
        if allowed.queue(queue_id):
            who.send(queue_views.queue_statistics(context.center, queue_id, context.now()))


async def get_queue_statistics(
    context: Context, command: GetQueueStatisticsCommand, who: Session
) -> None:
    """Send a queue's statistics of the command's time window.

    Raises `Refused` with `QueueUnknown` or `NotAuthorized`.
    """
    queue = find_queue(context, command.queue_id, who)
    who.send(
        queue_views.window_statistics(
            context.center, queue.id, command.window, command.xqos, context.now()
        )
    )


async def subscribe_to_queue_calls(
    context: Context, command: SubscribeToQueueCalls, who: Session
) -> None:
    """Send a queue's waiting calls, now and whenever they change.

    Raises `Refused` with `QueueUnknown` or `NotAuthorized`.
    """
    queue = find_queue(context, command.queue_id, who)
    context.hub.subscribe(who, topics.queue_calls(queue.id))
    who.send(queue_views.queue_calls(context.center, queue.id))


async def unsubscribe_from_queue_calls(
    context: Context, command: UnsubscribeFromQueueCalls, who: Session
) -> None:
    """Stop sending a queue's waiting calls; idempotent.

    Raises `Refused` with `QueueUnknown` or `NotAuthorized`.
    """
    context.hub.unsubscribe(who, topics.queue_calls(find_queue(context, command.queue_id, who).id))
