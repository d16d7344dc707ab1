"""How the figures and callers of queues read as messages.

Counts are whole numbers, times whole seconds, percentages have one decimal. What each means stands
in docs/calls.md, "Queue figures".
"""

import datetime

from xucd.center.center import Center
from xucd.center.queue_stats import SOON_S, QueueDay, percentage
from xucd.cti import messages as msg


def queue_statistics(center: Center, queue_id: int, now: float) -> msg.QueueStatistics:
    """A queue's figures of the day, and how it stands now."""
    counters = [*_counted(center.queue_stats.days[queue_id], int(SOON_S))]
    counters += _present(center, queue_id, now)
    return msg.QueueStatistics(queue_id=queue_id, counters=counters)


def window_statistics(
    center: Center, queue_id: int, window: int, xqos: int, now: float
) -> msg.GetQueueStatistics:
    """A queue's figures of the last `window` seconds, and how it stands now.

    `xqos`, in seconds, stands in for 15, in the names too: ``PercentageAnsweredBefore20``.
    """
    figures = center.queue_stats.window(queue_id, window, xqos, now)
    counters = [*_counted(figures, xqos), *_present(center, queue_id, now)]
    return msg.GetQueueStatistics(queue_id=queue_id, counters=counters)


def queue_calls(center: Center, queue_id: int) -> msg.QueueCalls:
    """Who waits in a queue."""
    return msg.QueueCalls(
        queue_id=queue_id,
        calls=[
            msg.QueueCall(
                position=position,
                name=call.name,
                number=call.number,
                queue_time=_moment(call.since),
            )
            for position, call in enumerate(center.queue_stats.waiting(queue_id), 1)
        ],
    )


def _counted(day: QueueDay, soon: int) -> list[msg.Counter]:
    return _counters(
        {
            "TotalNumberCallsEntered": day.entered,
            "TotalNumberCallsAnswered": day.answered,
            "TotalNumberCallsAbandonned": day.abandoned,
            "TotalNumberCallsClosed": day.closed,
            "TotalNumberCallsTimeout": day.timed_out,
            "PercentageAnsweredTotal": percentage(day.answered, day),
            "PercentageAbandonnedTotal": percentage(day.abandoned, day),
            f"PercentageAnsweredBefore{soon}": percentage(day.answered_soon, day),
            f"PercentageAbandonnedAfter{soon}": percentage(day.abandoned_late, day),
        }
    )


def _present(center: Center, queue_id: int, now: float) -> list[msg.Counter]:
    stats, agents = center.queue_stats, center.presence.of(queue_id)
    return _counters(
        {
            "WaitingCalls": len(stats.waiting(queue_id)),
            "LongestWaitTime": int(stats.longest_wait(queue_id, now)),
            "EWT": round(stats.expected_wait(queue_id)),
            "AvailableAgents": agents.available,
            "TalkingAgents": agents.talking,
            "LoggedAgents": agents.logged_in,
        }
    )


def _counters(values: dict[str, int | float]) -> list[msg.Counter]:
    return [msg.Counter(stat_name=name, value=value) for name, value in values.items()]


def _moment(at: float) -> str:
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
