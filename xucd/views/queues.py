"""Messages about a queue's figures and waiting calls.

Counts are whole numbers, times whole seconds, percentages have one decimal. docs/calls.md, "Queue
figures", says what each figure means.
"""

import datetime

from xucd.center.center import Center
from xucd.center.queue_day import QueueDay, percentage
from xucd.cti import messages as msg
from xucd.cti.messages import QueueStatistic

Figures = dict[QueueStatistic, int | float]


def queue_statistics(center: Center, queue_id: int, now: float) -> msg.QueueStatistics:
    """A queue's figures of the day, and its present state."""
    figures = _counted(center.queue_stats.figures(queue_id)) | _present(center, queue_id, now)
    return msg.QueueStatistics(
        queue_id=queue_id,
        counters=[msg.Counter(stat_name=name, value=value) for name, value in figures.items()],
    )


def window_statistics(
    center: Center, queue_id: int, window: int, xqos: int, now: float
) -> msg.GetQueueStatistics:
    """A queue's figures of the last `window` seconds, and its present state.

    `xqos`, in seconds, replaces 15, also in the names: ``PercentageAnsweredBefore20``.
    """
    counted = _counted(center.queue_stats.window(queue_id, window, xqos, now))
    figures = counted | _present(center, queue_id, now)
    return msg.GetQueueStatistics(
        queue_id=queue_id,
        counters=[
            msg.WindowCounter(stat_name=msg.window_name(name, xqos), value=value)
            for name, value in figures.items()
        ],
    )


def queue_calls(center: Center, queue_id: int) -> msg.QueueCalls:
    """The calls that wait in a queue, in its order."""
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


def _counted(day: QueueDay) -> Figures:
    return {
        QueueStatistic.ENTERED: day.entered,
        QueueStatistic.ANSWERED: day.answered,
        QueueStatistic.ABANDONED: day.abandoned,
        QueueStatistic.CLOSED: day.closed,
        QueueStatistic.TIMED_OUT: day.timed_out,
        QueueStatistic.CALLBACKS: day.callbacks,
        QueueStatistic.DIVERTED: day.diverted,
        QueueStatistic.UNSEEN: day.unseen,
        QueueStatistic.ANSWERED_SHARE: percentage(day.answered, day),
        QueueStatistic.ABANDONED_SHARE: percentage(day.abandoned, day),
        QueueStatistic.ANSWERED_SOON_SHARE: percentage(day.answered_soon, day),
        QueueStatistic.ABANDONED_LATE_SHARE: percentage(day.abandoned_late, day),
    }


def _present(center: Center, queue_id: int, now: float) -> Figures:
    stats, agents = center.queue_stats, center.presence.of(queue_id)
    return {
        # With those who left this moment, until the reason is known: entered is always the sum.
        QueueStatistic.WAITING_CALLS: len(stats.figures(queue_id).waiting),
        QueueStatistic.LONGEST_WAIT: int(stats.longest_wait(queue_id, now)),
        QueueStatistic.EXPECTED_WAIT: round(stats.expected_wait(queue_id)),
        QueueStatistic.AVAILABLE_AGENTS: agents.available,
        QueueStatistic.TALKING_AGENTS: agents.talking,
        QueueStatistic.LOGGED_IN_AGENTS: agents.logged_in,
    }


def _moment(at: float) -> str:
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
