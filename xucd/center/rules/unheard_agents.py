"""What is found of agents' calls of a gap: added to today's figures, and to those of earlier days.

A call that was cut by the gap is counted to its end, in place of to the gap.
"""

import datetime
from collections.abc import Callable

import msgspec

from xucd.center.center import Center
from xucd.center.day import AgentDay
from xucd.center.under_way import CallUnderWay, CutCall, Rung, figures_of_ended

SLACK_S = 3.0
"""By how many seconds a time of a log may be off: it is cut to whole ones."""

DayOf = Callable[[float], datetime.date]

AgentDays = dict[tuple[datetime.date, int], AgentDay]
"""Figures by day and agent's id."""


class AgentsFound:
    """What is found of the agents' calls of one gap."""

    def __init__(self, center: Center, day_of: DayOf) -> None:
        self._center = center
        self._day_of = day_of
        self._today = day_of(center.today_until - 1)
        self._added: AgentDays = {}

    def is_today(self, at: float) -> bool:
        """Whether a moment is of the day of the centre's figures."""
        return self._day_of(at) >= self._today

    def add(self, agent_id: int, added: AgentDay, at: float) -> None:
        """An agent's figures have so much more, on the day of this moment."""
        key = (self._today if self.is_today(at) else self._day_of(at), agent_id)
        self._added[key] = self._added.get(key, AgentDay()).plus(added)

    def recount(self, phone: str, cut: CutCall, call: CallUnderWay, end: float) -> CutCall:
        """Count a call that was cut to its end, in place of what is counted of it."""
        counted = figures_of_ended(call, end)
        self.add(cut.agent_id, counted.minus(cut.call.counted), end)
        rung = Rung(cut.agent_id, end, call.answered is not None, call.channel)
        self.counted(phone, rung)
        self._center.under_way.unwritten.add(cut.agent_id)
        return CutCall(cut.agent_id, msgspec.structs.replace(call, counted=counted))

    def counted(self, phone: str, ring: Rung) -> None:
        """A ring is counted: another gap that follows at once may see it in the log, too."""
        self._center.phone_calls.lately[phone] = ring

    def publish(self) -> AgentDays:
        """Tell whose figures of today have moved; returns what is added to earlier days."""
        earlier: AgentDays = {}
        for (day, agent_id), added in self._added.items():
            live = self._center.agents.get(agent_id)
            if live is None:
                continue
            if day == self._today:
                self._center.agent_record(agent_id).count(added)
                self._center.stats_changed(live)
            else:
                earlier[day, agent_id] = added
        return earlier


def is_cut_by(cut: CutCall, heard_from: float) -> bool:
    """Whether a call was cut by a gap that ended then, and not by a later one."""
    return cut.call.ended is None or cut.call.ended <= heard_from
