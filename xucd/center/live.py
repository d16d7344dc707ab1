"""What is live about one agent, held together: station, memberships, stance, wrap-up, figures."""

from xucd.center.agent import AgentShown, AgentState, Stance
from xucd.center.day import AgentDay
from xucd.center.directory import Agent, Line
from xucd.center.station import Station


class Member:
    """A membership as Asterisk has it; `idle` is False while the queue takes it for in use."""

    __slots__ = ("idle", "paused", "reason")

    def __init__(self, paused: bool, reason: str) -> None:
        self.paused = paused
        self.reason = reason
        self.idle = True


class LiveAgent:
    """One agent, live. Only `xucd.center.center` changes it.

    `line` is the line it is on or, logged out, last used. `queues` maps the ids of its queues to
    penalties, logged in or not; `members` are those which Asterisk has now. `leaving` is set while
    a logout takes its members away, so that their going is not taken for a change of queues.
    `wrapup_until` is the epoch second at which its wrap-up ends, None when none runs.
    """

    __slots__ = (
        "agent",
        "day",
        "leaving",
        "line",
        "members",
        "queues",
        "reason",
        "settled",
        "shown",
        "since",
        "spent_until",
        "stance",
        "station_since",
        "wrapup_s",
        "wrapup_until",
    )

    def __init__(self, agent: Agent, line: Line | None, queues: dict[int, int], now: float) -> None:
        self.agent = agent
        self.line = line
        self.queues = queues
        self.members: dict[int, Member] = {}
        self.stance = Stance.OUT
        self.reason = ""
        self.leaving = False
        self.settled = True
        self.wrapup_s = 0
        self.wrapup_until: float | None = None
        self.shown = AgentShown(AgentState.LOGGED_OUT, line.number if line else "")
        self.since = now
        self.station_since = now
        self.day = AgentDay()
        self.spent_until = now

    def spend(self, now: float) -> None:
        """Count the time up to `now` for the state shown until now."""
        self.day.spend(self.shown.state, max(0.0, now - self.spent_until))
        self.spent_until = now

    def station(self) -> Station | None:
        """The station to remember, or None for an agent that never had a line."""
        if self.line is None:
            return None
        return Station(
            agent_id=self.agent.id,
            line_id=self.line.id,
            logged_in=self.stance is not Stance.OUT,
            since=self.station_since,
            paused=self.stance is Stance.PAUSED,
            reason=self.reason if self.stance is Stance.PAUSED else "",
            settled=self.settled,
        )
