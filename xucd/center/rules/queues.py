"""What the events of callers do: who waits, and the figures of queues.

What each outcome looks like in Asterisk's events stands in docs/calls.md, "Queue figures".
"""

from collections.abc import Iterable

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.changes import QueueCounted
from xucd.center.queue_day import STATUS

TURNED_AWAY = frozenset({"JOINEMPTY", "JOINUNAVAIL", "FULL"})
"""The values of `STATUS` of a caller who never waited."""


def queues_counted(center: Center, queue_ids: Iterable[int], now: float) -> None:
    """Record that figures of these queues moved."""
    center.changes.extend(QueueCounted(queue_id, now) for queue_id in queue_ids)


def caller_sent(center: Center, event: ev.CallerSent, now: float) -> None:
    """Remember which queue the dialplan sends a caller to, which may yet turn it away."""
    queue = center.directory.queue_by_name.get(event.queue)
    center.queue_stats.bound_for(event.unique_id, queue.id if queue is not None else None)


def variable_set(center: Center, event: ev.VariableSet, now: float) -> None:
    """Count a caller whom a queue let go, by the reason that it left on the channel."""
    if event.name != STATUS:
        return
    stats = center.queue_stats
    if event.value in TURNED_AWAY:
        queues_counted(center, stats.turned_away(event.unique_id, now), now)
    else:
        queues_counted(center, stats.left_unanswered(event.unique_id, event.value, now), now)


def caller_joined(center: Center, event: ev.CallerJoined, now: float) -> None:
    """Let a caller wait, and count it as entered."""
    queues_counted(center, center.queue_stats.joined(event, now), now)


def caller_left(center: Center, event: ev.CallerLeft, now: float) -> None:
    """Let a caller wait no longer; why is told by another event."""
    queues_counted(center, center.queue_stats.left(event, now), now)


def caller_abandoned(center: Center, event: ev.CallerAbandoned, now: float) -> None:
    """Let a caller wait no longer who hung up, whose time was over, or who was taken."""
    queues_counted(center, center.queue_stats.gave_up(event, now), now)


def callers_listed(center: Center, event: ev.CallersListed, now: float) -> None:
    """Put callers into the order in which Asterisk has them."""
    queues_counted(center, center.queue_stats.reordered(event.queue, event.unique_ids), now)


def agent_connected(center: Center, event: ev.AgentConnected, now: float) -> None:
    """Count a caller as answered."""
    queues_counted(center, center.queue_stats.answered(event, now), now)


def transferred(center: Center, event: ev.Transferred, now: float) -> None:
    """Let the other party of an attended transfer wait where the transferer waited for it."""
    handed_on = event.transferee_unique_ids[:1] if event.replaced_unique_id else ()
    caller = next((center.channels.by_id.get(unique_id) for unique_id in handed_on), None)
    queues_counted(center, center.queue_stats.exchanged(event.replaced_unique_id, caller), now)


def created(center: Center, event: ev.ChannelCreated, now: float) -> None:
    """See that a caller goes on elsewhere, for whom a phone is called after it has left a queue."""
    if event.unique_id != event.linked_id:
        for channel in center.channels.in_call(event.linked_id):
            queues_counted(center, center.queue_stats.dials(channel.unique_id), now)


def bridge_entered(center: Center, event: ev.BridgeEntered, now: float) -> None:
    """Count a caller as answered with whom somebody talks, without a queue's doing.

    Who talks with the other half of a Local channel that waits in a queue waits there itself.
    """
    stats, inside = center.queue_stats, list(center.channels.in_bridge(event.bridge))
    if event.holding:
        queues_counted(center, stats.parked(event.unique_id, now), now)
        return
    for channel in inside if len(inside) > 1 else ():
        queues_counted(center, stats.talks(channel.unique_id, now), now)
        waiting, behind = center.channels.other_half(channel), center.channels.party(channel)
        if waiting is not None and behind is not None:
            queues_counted(center, stats.stands_behind(waiting.unique_id, behind.own), now)


def called_back(center: Center, unique_id: str, now: float) -> None:
    """Count a caller who left its queue to be called back; FastAGI tells of it, no event."""
    queues_counted(center, center.queue_stats.called_back(unique_id, now), now)


def hanging_up(center: Center, event: ev.HangupRequested, now: float) -> None:
    """Count a caller as abandoned who hangs up while it waits, however long its `h` takes."""
    queues_counted(center, center.queue_stats.hanging_up(event.unique_id, now), now)


def gone(center: Center, event: ev.ChannelGone, now: float) -> None:
    """Count a caller whose channel is gone and who was not answered."""
    queues_counted(center, center.queue_stats.gone(event.unique_id, now), now)
