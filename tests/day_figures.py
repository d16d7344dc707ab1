"""Figures of days, written as the daemon writes a day that has ended."""

import datetime
from collections.abc import Mapping

from xucd.center.day import AgentDay
from xucd.center.queue_day import QueueDay
from xucd.center.under_way import Lately
from xucd.store import Store, figures
from xucd.store.figures import EndedDay, Figures
from xucd.store.pulse import ClockReading, Pulse


def put_days(
    store: Store,
    day: datetime.date,
    agents: Mapping[int, AgentDay] | None = None,
    queues: Mapping[int, QueueDay] | None = None,
) -> None:
    """Write the figures of one day, in place of earlier ones."""
    pulse = Pulse(ClockReading(0.0, 0.0, "a boot"), Lately())
    ended = EndedDay(day, agents or {}, queues or {})
    figures.put_figures(store, Figures(day, pulse, ended=(ended,)))
