"""Where an agent sits: the durable half of being logged in."""

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec


class Station(msgspec.Struct, frozen=True, gc=False):
    """An agent's login, as it must outlive Asterisk and xucd.

    `line_id` is the line the agent is on or, logged out, the one it last used. `since` is when it
    logged in or out, in epoch seconds. `paused` and `reason` are its pause as last seen, put back
    when Asterisk has lost its members; of a logout that is under way, the pause that it ends.
    `settled` is False while the agent's queues are as Asterisk is yet to be made: from the
    beginning of a login until every member is in its queue, and after the agent's queues were
    configured anew. Of a settled agent, Asterisk is right about the queues.
    """

    agent_id: int
    line_id: int
    logged_in: bool
    since: float
    paused: bool = False
    reason: str = ""
    settled: bool = True


class Stations:
    """Stations by agent, and which lines are taken by them. `by_agent` is to be read only."""

    def __init__(self, stations: Iterable[Station] = ()) -> None:
        self._by_agent: dict[int, Station] = {}
        self._taken: Counter[int] = Counter()  # how many are logged in there, by line id
        self.by_agent: Mapping[int, Station] = MappingProxyType(self._by_agent)
        for station in stations:
            self.keep(station)

    def keep(self, station: Station) -> None:
        """Keep a station in the place of its agent's last one."""
        before = self._by_agent.get(station.agent_id)
        if before is not None and before.logged_in:
            self._taken[before.line_id] -= 1
        if station.logged_in:
            self._taken[station.line_id] += 1
        self._by_agent[station.agent_id] = station

    def forget(self, agent_id: int) -> None:
        """Keep nothing of an agent; no error if there is nothing."""
        station = self._by_agent.pop(agent_id, None)
        if station is not None and station.logged_in:
            self._taken[station.line_id] -= 1

    def is_taken(self, line_id: int, but: int) -> bool:
        """Whether another agent than one is logged in on a line."""
        own = self._by_agent.get(but)
        is_own = own is not None and own.logged_in and own.line_id == line_id
        return self._taken[line_id] > is_own

    def shift(self, seconds: float) -> None:
        """The clock was set: every login is so much later by it."""
        for agent_id, station in self._by_agent.items():
            since = station.since + seconds
            self._by_agent[agent_id] = msgspec.structs.replace(station, since=since)
