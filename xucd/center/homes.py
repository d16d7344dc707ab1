"""Where agents are at home, in a centre of several PBXs.

The home of an agent is one PBX: the one where it is logged in, or was last. The owner of that PBX
alone has its state, tells of it, and writes what is kept of it; to all others the agent is *away*.
A row in the database decides where that is, and each change has a higher number than any before.
An agent without a row is at home where its usual line is. With a single PBX all are at home there.
"""

from collections.abc import Iterable, Mapping

import msgspec

from xucd.center.day import AgentDay
from xucd.center.directory import Directory
from xucd.center.station import Station
from xucd.center.under_way import AgentUnderWay, figures_of_ended

USUAL = 0
"""The number of a home that no row names."""


class Home(msgspec.Struct, frozen=True, gc=False):
    """An agent's home: a PBX, since the change of this number."""

    agent_id: int
    pbx: str
    number: int = USUAL


class Returning(msgspec.Struct, frozen=True):
    """What is stored of an agent whose home is this PBX now: what the other ones have left of it.

    `queues` are those of all PBXs, with penalties. `day` are its figures of today; `under_way` is
    what these lack of its state and calls, which lasted until `alive` as far as anybody knows. It
    logged out there at `left`, unless that is None.
    """

    home: Home
    group_id: int
    queues: Mapping[int, int] = {}
    station: Station | None = None
    day: AgentDay = AgentDay()
    under_way: AgentUnderWay | None = None
    alive: float = 0.0
    left: float | None = None

    def figures(self, today_since: float) -> AgentDay:
        """Its figures of today, with what was under way."""
        day, under_way = self.day, self.under_way
        if self.left is not None and self.left > (day.logout_at or 0.0):
            day = msgspec.structs.replace(day, logout_at=self.left)
        if under_way is None or under_way.until < today_since:
            return day
        day = day.spend(under_way.state, max(0.0, self.alive - under_way.until))
        for call in under_way.calls.values():
            if call.ended is None:
                ended = figures_of_ended(call, self.alive)
                day = day.plus(ended.minus(call.counted))
        return day


def at_home(directory: Directory, homes: Iterable[Home]) -> dict[int, int] | None:
    """The agents at home at the PBX of a directory, with the numbers of their homes.

    None with a single PBX: all are. `homes` are those that the database has.
    """
    if directory.pbx is None:
        return None
    known = {home.agent_id: home for home in homes}
    found = {}
    for agent in directory.agents.values():
        home = known.get(agent.id) or Home(agent.id, directory.first_home(agent.id))
        if home.pbx == directory.pbx:
            found[agent.id] = home.number
    return found
