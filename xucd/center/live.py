"""What is live about one agent: line, memberships, stance, wrap-up, figures; and who may change it.

Everybody reads a `LiveAgent`, which has no way to be changed: its properties cannot be assigned and
what they return is immutable. The centre alone holds the same object as an `AgentRecord`, whose
methods are the only code that writes; each leaves the agent in a state that makes sense by itself.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from xucd.center.agent import AgentShown, AgentState, Fact, Phone, Stance, after, shown
from xucd.center.day import AgentDay
from xucd.center.directory import Agent, Line
from xucd.center.events import DeviceStatus
from xucd.center.station import Station


class Member(msgspec.Struct, frozen=True):
    """A membership as Asterisk has it; `status` is what the queue holds its phone to do."""

    paused: bool
    reason: str
    status: DeviceStatus = DeviceStatus.NOT_IN_USE

    @property
    def idle(self) -> bool:
        """Whether app_queue takes the phone for free: it rings one of unknown state, too."""
        status = self.status
        return status is DeviceStatus.NOT_IN_USE or status is DeviceStatus.UNKNOWN

    @property
    def in_reach(self) -> bool:
        """Whether the phone can be rung at all: it exists and is registered."""
        status = self.status
        return status is not DeviceStatus.UNAVAILABLE and status is not DeviceStatus.INVALID


class LiveAgent:
    """The live state of one agent, read-only."""

    __slots__ = (
        "_agent",
        "_day",
        "_leaving",
        "_line",
        "_members",
        "_owes_wrapup",
        "_queues",
        "_reason",
        "_settled",
        "_shown",
        "_since",
        "_spent_until",
        "_stance",
        "_station_since",
        "_wrapup_s",
        "members",
        "queues",
    )

    queues: Mapping[int, int]
    """The ids of its queues with penalties, logged in or not."""
    members: Mapping[int, Member]
    """The memberships that Asterisk has now, by the queue's id."""

    def __init__(self, agent: Agent, line: Line | None, queues: Mapping[int, int], now: float):
        self._agent = agent
        self._line = line
        self._queues = dict(queues)
        self._members: dict[int, Member] = {}
        self.queues = MappingProxyType(self._queues)
        self.members = MappingProxyType(self._members)
        self._stance = Stance.OUT
        self._reason = ""
        self._leaving = False
        self._settled = True
        self._wrapup_s = 0
        self._owes_wrapup = False
        self._shown = AgentShown(AgentState.LOGGED_OUT, line.number if line else "")
        self._since = now
        self._station_since = now
        self._day = AgentDay()
        self._spent_until = now

    @property
    def agent(self) -> Agent:
        """The agent as configured."""
        return self._agent

    @property
    def line(self) -> Line | None:
        """The line it is on or, logged out, last used."""
        return self._line

    @property
    def stance(self) -> Stance:
        """What its memberships say of it."""
        return self._stance

    @property
    def reason(self) -> str:
        """The reason of its pause, "" when it is not paused or none was given."""
        return self._reason

    @property
    def leaving(self) -> bool:
        """Whether a logout takes its members away: their going is then no change of queues."""
        return self._leaving

    @property
    def settled(self) -> bool:
        """Whether Asterisk is right about its queues; see `Station`."""
        return self._settled

    @property
    def in_reach(self) -> bool:
        """Whether a queue can ring its phone; an agent without queues is taken to be in reach."""
        members = self._members.values()
        return not members or any(member.in_reach for member in members)

    @property
    def wrapup_s(self) -> int:
        """The wrap-up of the queue whose call it had last, in seconds."""
        return self._wrapup_s

    @property
    def owes_wrapup(self) -> bool:
        """Whether it has, or has had, a queue's call of which the wrap-up is yet to begin."""
        return self._owes_wrapup

    @property
    def shown(self) -> AgentShown:
        """What clients are shown of it."""
        return self._shown

    @property
    def since(self) -> float:
        """When the shown state began, in epoch seconds."""
        return self._since

    def day(self, now: float) -> AgentDay:
        """Its figures of the day, with the time spent in the shown state up to `now`."""
        return self._day.spend(self._shown.state, max(0.0, now - self._spent_until))

    def station(self) -> Station | None:
        """The station to remember, or None for an agent that never had a line."""
        if self._line is None:
            return None
        return Station(
            agent_id=self._agent.id,
            line_id=self._line.id,
            logged_in=self._stance is not Stance.OUT,
            since=self._station_since,
            paused=self._stance is Stance.PAUSED,
            reason=self._reason,
            settled=self._settled,
        )


class AgentRecord(LiveAgent):
    """One agent with the methods that change it, for the rules. Times are epoch seconds."""

    __slots__ = ()

    # -- stance and station

    def change_stance(self, fact: Fact, reason: str) -> Stance:
        """Let a fact change the stance; returns the one before. Only a pause keeps its reason."""
        before = self._stance
        self._stance = after(before, fact)
        if self._stance is not before:
            self._owes_wrapup = False
        self._reason = reason if self._stance is Stance.PAUSED else ""
        return before

    def log_in(self, line: Line, since: float) -> None:
        """Be logged in on a line since this moment; the stance follows by `change_stance`."""
        self._line = line
        self._leaving = False
        self._station_since = since
        self._day = msgspec.structs.replace(self._day, login_at=since)

    def log_out(self, now: float) -> None:
        """Be logged out, of all queues; the stance follows by `change_stance`."""
        self._members.clear()
        self._leaving = False
        self._settled = True
        if self._stance is not Stance.OUT:
            self._station_since = now
            self._day = msgspec.structs.replace(self._day, logout_at=now)

    def restore(self, station: Station, line: Line) -> None:
        """Restore the remembered state, so that nobody appears logged out before a snapshot."""
        self._line = line
        self._stance = Stance.PAUSED if station.paused else Stance.READY
        self._reason, self._settled = station.reason, station.settled
        self._since = self._station_since = station.since
        self._shown = AgentShown(shown(self._stance, Phone.IDLE), line.number, station.reason)
        self._day = msgspec.structs.replace(self._day, login_at=station.since)

    def begin_login(self) -> None:
        """A login was begun: until `settle`, a restart of xucd completes it."""
        self._settled = False
        self._leaving = False

    def settle(self, settled: bool = True) -> None:
        """Record whether Asterisk is right about the queues."""
        self._settled = settled

    def begin_logout(self) -> None:
        """A logout was begun: the going of its members is part of it."""
        self._leaving = True

    def last_line(self, line: Line) -> None:
        """Remember a line as the one last used, after a login on it that failed."""
        if self._stance is Stance.OUT:
            self._line = line

    # -- queues

    def set_penalty(self, queue_id: int, penalty: int) -> bool:
        """Be in a queue with this penalty, with -1 be out of it; returns whether that is new."""
        if self._queues.get(queue_id, -1) == penalty:
            return False
        if penalty < 0:
            del self._queues[queue_id]
        else:
            self._queues[queue_id] = penalty
        return True

    def put_member(self, queue_id: int, member: Member) -> None:
        """Asterisk has this membership."""
        self._members[queue_id] = member

    def drop_member(self, queue_id: int) -> bool:
        """Asterisk has no such membership any more; returns whether it was known."""
        return self._members.pop(queue_id, None) is not None

    def clear_members(self) -> None:
        """Forget all memberships and a logout under way, before a snapshot is read."""
        self._members.clear()
        self._leaving = False

    def set_agent(self, agent: Agent) -> None:
        """Follow a change of the agent's record, such as another group."""
        self._agent = agent

    # -- what is shown, and figures

    def show(self, seen: AgentShown, now: float) -> None:
        """Be shown so from now on; `since` begins anew with another state or reason."""
        self._day, self._spent_until = self.day(now), now
        if (seen.state, seen.cause) != (self._shown.state, self._shown.cause):
            self._since = now
        self._shown = seen

    def set_since(self, since: float) -> None:
        """The shown state is known to have begun at this moment."""
        self._since = since

    def set_wrapup(self, seconds: int) -> None:
        """The wrap-up of the call that it has, or had last."""
        self._wrapup_s = seconds

    def owe_wrapup(self) -> None:
        """A wrap-up was asked for: its pause may come only after the call has ended."""
        self._owes_wrapup = True

    def count(self, added: AgentDay) -> None:
        """Add to the figures of the day: ``count(AgentDay(inbound_calls=1))``."""
        self._day = self._day.plus(added)

    def restore_day(self, day: AgentDay) -> None:
        """Go on from these figures."""
        self._day = day

    def end_day(self, midnight: float) -> AgentDay:
        """End the day at midnight and begin the next; returns the last one's figures."""
        ended, self._spent_until = self.day(midnight), midnight
        self._day = ended.tomorrow()
        return ended

    def inherit(self, before: LiveAgent, now: float) -> None:
        """Go on with what clients were shown of an agent in an older configuration, and figures."""
        self._shown, self._since, self._day = before.shown, before.since, before.day(now)
        self._spent_until = now
