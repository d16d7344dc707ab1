"""What the events of callers do: who waits, and the figures of queues.

What each outcome looks like in Asterisk's events stands in docs/calls.md, "Queue figures".
"""

from collections.abc import Iterable

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.changes import QueueCounted

STATUS = "QUEUESTATUS"
"""The channel variable in which Queue() leaves why it let a caller go who was not connected."""

TURNED_AWAY = frozenset({"JOINEMPTY", "JOINUNAVAIL", "FULL"})
"""The values of `STATUS` of a caller who never waited."""


def queues_counted(center: Center, queue_ids: Iterable[int], now: float) -> None:
    """Record that figures of these queues moved."""
    for queue_id in queue_ids:
        center.changes.append(QueueCounted(queue_id, now, center.queue_stats.day(queue_id)))


def caller_sent(center: Center, event: ev.CallerSent, now: float) -> None:
    """Remember which queue the dialplan sends a caller to, which may yet turn it away."""
    queue = center.directory.queue_by_name.get(event.queue)
    if queue is not None:
        center.queue_stats.bound_for(event.unique_id, queue.id)


def variable_set(center: Center, event: ev.VariableSet, now: float) -> None:
    """Count a caller whom a queue let go, by the reason that it left on the channel."""
    if event.name != STATUS:
        return
    if event.value in TURNED_AWAY:
        queues_counted(center, center.queue_stats.turned_away(event.unique_id, now), now)
    else:
        queues_counted(center, center.queue_stats.left_unanswered(event.unique_id, now), now)


def caller_joined(center: Center, event: ev.CallerJoined, now: float) -> None:
    """Let a caller wait, and count it as entered."""
    queues_counted(center, center.queue_stats.joined(event, now), now)


def caller_left(center: Center, event: ev.CallerLeft, now: float) -> None:
    """Let a caller wait no longer; why is told by another event."""
    queues_counted(center, center.queue_stats.left(event.unique_id, event.queue, now), now)


def caller_abandoned(center: Center, event: ev.CallerAbandoned, now: float) -> None:
    """Let a caller wait no longer who hung up, or whose time was over."""
    queues_counted(center, center.queue_stats.gave_up(event, now), now)


def agent_connected(center: Center, event: ev.AgentConnected, now: float) -> None:
    """Count a caller as answered."""
    queues_counted(center, center.queue_stats.answered(event, now), now)


def gone(center: Center, event: ev.ChannelGone, now: float) -> None:
    """Count a caller whose channel is gone and who was not answered."""
    queues_counted(center, center.queue_stats.gone(event.unique_id, now), now)
