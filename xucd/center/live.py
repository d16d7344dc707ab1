"""What is live about one agent: line, memberships, stance, wrap-up, figures; who may change it.

Its queues are two things. `queues` is what is configured: xucd's own commands and configuration
change it, and the next login gives it. `members` is what Asterisk has at this moment: its events
and lists change it, whoever was behind them. `memberships` is what clients are told of both.

Everybody reads a `LiveAgent`, which has no way to be changed: its properties cannot be assigned and
what they return is immutable. The centre alone holds the same object as an `AgentRecord`, whose
methods are the only code that writes; each leaves the agent in a state that makes sense by itself.
"""

import functools
from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from xucd.center.agent import AgentShown, AgentState, Fact, Phone, Stance, after, shown
from xucd.center.day import AgentDay
from xucd.center.directory import Agent, Line
from xucd.center.snapshot import MemberSeen
from xucd.center.station import Station

NOWHERE: frozenset[int] = frozenset()
NO_MEMBERS: Mapping[int, MemberSeen] = MappingProxyType({})
NO_QUEUES: Mapping[int, int] = MappingProxyType({})


class MembershipShown(msgspec.Struct, frozen=True, gc=False):
    """What clients are told of an agent in a queue, by the penalty; -1 when it is not in it.

    `configured` is the configured penalty (-1 for none) where it is another one. `missing` says
    that the agent is configured for the queue and not in it, but is to be: Asterisk does not have
    the queue, or another program logged the agent in elsewhere.
    """

    penalty: int
    configured: int | None = None
    missing: bool = False


class WayToPhone(NamedTuple):
    """What a member is called by, and the device whose state counts, "" for the same."""

    interface: str
    state_interface: str


@functools.cache
def as_configured(penalty: int) -> MembershipShown:
    """A membership that is as it is configured; one object for all with this penalty."""
    return MembershipShown(penalty)


def _shown(queues: Mapping[int, int]) -> dict[int, MembershipShown]:
    return {queue_id: as_configured(penalty) for queue_id, penalty in queues.items()}


class LiveAgent:
    """The live state of one agent, read-only."""

    __slots__ = (
        "_agent",
        "_asked",
        "_changing",
        "_day",
        "_elsewhere",
        "_joining",
        "_leaving",
        "_line",
        "_lost",
        "_members",
        "_moved",
        "_owes_wrapup",
        "_queues",
        "_reached",
        "_reason",
        "_settled",
        "_shown",
        "_since",
        "_spent_since",
        "_spent_until",
        "_stance",
        "_station_since",
        "_taken",
        "_told",
        "_wrapup_s",
    )

    def __init__(self, agent: Agent, line: Line | None, queues: Mapping[int, int], now: float):
        self._agent = agent
        self._line = line
        self._queues = queues  # replaced when it changes: agents may have the same one
        self._elsewhere = NO_QUEUES
        self._members = NO_MEMBERS
        self._reached = False
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
        self._spent_since = self._spent_until = now
        # Empty, nearly always: frozen, so that all agents have the same empty one.
        self._changing = self._taken = self._lost = self._asked = self._joining = NOWHERE
        self._moved = False
        self._told: Mapping[int, MembershipShown] | None = None  # None: as configured, mostly

    @property
    def agent(self) -> Agent:
        """The agent as configured."""
        return self._agent

    @property
    def queues(self) -> Mapping[int, int]:
        """The ids of the queues that are configured for it with penalties, logged in or not."""
        return MappingProxyType(self._queues)

    @property
    def elsewhere(self) -> Mapping[int, int]:
        """Its queues on other PBXs, by id with penalties, as configured.

        Its home tells of these, too, and judges each call of theirs.
        """
        return self._elsewhere

    def way_to(self, line: Line) -> WayToPhone:
        """How queues are to ring it on a line.

        While it has queues on another PBX, xucd is asked before anything rings it.
        """
        if self._elsewhere:
            return WayToPhone(line.judged_interface, line.phone)
        return WayToPhone(line.interface, line.device)

    @property
    def members(self) -> Mapping[int, MemberSeen]:
        """What Asterisk has now, by the queue's id; it is another object if anything changes."""
        return self._members

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
        """Whether a queue can ring its phone.

        An agent without queues is taken to be in reach, and so is one whose only queue a command is
        changing, that is just being put back into its queues, or that has some on other PBXs; one
        whose queues have all gone from Asterisk, or lost it, is not.
        """
        if not self._members:
            others = bool(self._joining or self._elsewhere)
            return self._queues.keys() <= self._changing or others
        return self._reached

    @property
    def taken(self) -> frozenset[int]:
        """Configured queues out of which others have taken it since it logged in."""
        return self._taken

    @property
    def lost(self) -> frozenset[int]:
        """Configured queues that lack it by no one's will; it is put in as soon as they can."""
        return self._lost

    @property
    def lacking(self) -> frozenset[int]:
        """Configured queues that lack it although it is logged in, and nobody took it out."""
        if self._stance is Stance.OUT or not self._settled:
            return frozenset()
        return frozenset(self._queues.keys() - self._members.keys() - self._taken)

    @property
    def changing(self) -> frozenset[int]:
        """Queues in which a command is changing its membership."""
        return self._changing

    @property
    def told(self) -> Mapping[int, MembershipShown]:
        """Its memberships as clients were told last."""
        return self._as_configured() if self._told is None else self._told

    @property
    def moved(self) -> bool:
        """Whether `memberships` may be others than `told`: a pause, and most else, moves none."""
        return self._moved

    def memberships(self) -> dict[int, MembershipShown]:
        """Its memberships as clients are to be told, by the queue's id.

        Logged out, they are the configured ones, and so they are while a login or a configuration
        takes effect; else those in Asterisk and what is to be. Of one that a command is changing,
        only what Asterisk has is told.
        """
        if self._stance is Stance.OUT or not self._settled:
            return self._as_configured()
        shown = {}
        for queue_id in sorted(self._queues.keys() | self._members.keys()):
            member, configured = self._members.get(queue_id), self._queues.get(queue_id, -1)
            if member is not None:
                same = queue_id in self._changing or member.penalty == configured
                shown[queue_id] = (
                    as_configured(member.penalty)
                    if same
                    else MembershipShown(member.penalty, configured)
                )
            elif queue_id in self._taken:
                shown[queue_id] = MembershipShown(-1, configured)
            elif queue_id not in self._changing:
                missing = queue_id not in self._joining
                shown[queue_id] = MembershipShown(configured, missing=missing)
        return shown | _shown(self._elsewhere) if self._elsewhere else shown

    def _as_configured(self) -> dict[int, MembershipShown]:
        shown = _shown(self._queues)
        return shown | _shown(self._elsewhere) if self._elsewhere else shown

    @property
    def wrapup_s(self) -> int:
        """The wrap-up that it has, or is to have once its calls are over, in seconds."""
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

    def unspent(self, now: float) -> AgentDay:
        """The time in the shown state up to `now` that is not in the figures yet."""
        return AgentDay().spend(self._shown.state, max(0.0, now - self._spent_until))

    @property
    def spent_since(self) -> float:
        """Since when the time in the shown state is counted, in epoch seconds."""
        return self._spent_since

    def spent(self, since: float, now: float) -> AgentDay:
        """The time in the shown state since a moment of today, as far as it is counted."""
        return AgentDay().spend(self._shown.state, max(0.0, now - max(since, self._spent_since)))

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
            self._moved |= Stance.OUT in (before, self._stance)
        self._reason = reason if self._stance is Stance.PAUSED else ""
        return before

    def log_in(self, line: Line, since: float) -> None:
        """Be logged in on a line since this moment; the stance follows by `change_stance`."""
        self._line = line
        self._leaving = False
        self.forget_differences()
        self._station_since = since
        self._day = msgspec.structs.replace(self._day, login_at=since)

    def log_out(self, now: float) -> None:
        """Be logged out, of all queues; the stance follows by `change_stance`."""
        self._members = NO_MEMBERS
        self._leaving = False
        self._settled = True
        self.forget_differences()
        if self._stance is not Stance.OUT:
            self._station_since = now
            self._day = msgspec.structs.replace(self._day, logout_at=now)

    def restore(self, station: Station, line: Line) -> None:
        """Restore the remembered state, so that nobody appears logged out before a snapshot."""
        self._moved = True
        self._line = line
        self._stance = Stance.PAUSED if station.paused else Stance.READY
        self._reason, self._settled = station.reason, station.settled
        self._since = self._station_since = station.since
        self._shown = AgentShown(shown(self._stance, Phone.IDLE), line.number, station.reason)
        self._day = msgspec.structs.replace(self._day, login_at=station.since)

    def set_line(self, line: Line) -> None:
        """Be on a line, before it is known with which members."""
        self._line = line

    def begin_login(self) -> None:
        """A login was begun: until `settle`, a restart of xucd completes it."""
        self._moved = True
        self._settled = False
        self._leaving = False

    def settle(self, settled: bool = True) -> None:
        """Record whether Asterisk is right about the queues."""
        self._moved = True
        self._settled = settled

    def begin_logout(self) -> None:
        """A logout was begun: the going of its members is part of it."""
        self._leaving = True

    def end_logout(self) -> None:
        """A logout has failed: it stays logged in with the members that are left."""
        self._leaving = False

    def last_line(self, line: Line) -> None:
        """Remember a line as the one last used, after a login on it that failed."""
        if self._stance is Stance.OUT:
            self._line = line

    # -- queues

    def configure(self, queue_id: int, penalty: int) -> None:
        """Be configured for a queue with this penalty, with -1 for none."""
        self._moved, self._told = True, self.told
        if penalty < 0:
            self._queues = {key: each for key, each in self._queues.items() if key != queue_id}
            self._lost -= {queue_id}
        else:
            self._queues = {**self._queues, queue_id: penalty}
        self._taken -= {queue_id}

    def begin_elsewhere(self, queues: Mapping[int, int]) -> None:
        """Have been configured for these queues on other PBXs before anything was told of it."""
        self._elsewhere = MappingProxyType(dict(queues))

    def set_elsewhere(self, queues: Mapping[int, int]) -> None:
        """Have these queues on other PBXs, with penalties, and no others there."""
        self._moved, self._told = True, self.told
        self._elsewhere = MappingProxyType(dict(queues)) if queues else NO_QUEUES

    def set_changing(self, queue_id: int, changing: bool) -> None:
        """Record whether a command is changing a membership."""
        self._moved = True
        if changing:
            self._changing |= {queue_id}
        else:
            self._changing -= {queue_id}

    def set_members(self, members: Mapping[int, MemberSeen]) -> None:
        """Asterisk has these memberships, and no others."""
        before = self._members
        if self._joining:
            self._moved = True
        if before != members:
            self._moved |= members.keys() != before.keys() or any(
                each.penalty != before[queue_id].penalty for queue_id, each in members.items()
            )
            self._know_members(members)
        if self._taken or self._lost or self._asked:
            self._taken = self._taken.difference(members) or NOWHERE
            self._lost = self._lost.difference(members) or NOWHERE
            self._asked = self._asked.difference(members) or NOWHERE
        if members:
            self._joining = NOWHERE

    def _know_members(self, members: Mapping[int, MemberSeen]) -> None:
        self._members = MappingProxyType(dict(members))
        self._reached = any(member.in_reach for member in members.values())

    def take_out(self, queue_id: int) -> None:
        """Somebody has taken it out of a queue; one that a command is changing does not count."""
        self._moved = True
        if queue_id in self._queues and queue_id not in self._changing:
            self._taken |= {queue_id}
            self._lost -= {queue_id}
            self._joining -= {queue_id}

    def lose(self, queue_ids: Iterable[int], known: frozenset[int]) -> None:
        """Lack these queues by no one's will, and ask for those of them that Asterisk has."""
        self._moved = True
        self._lost = frozenset(queue_ids).intersection(self._queues) or NOWHERE
        lacking = self._lost & known or NOWHERE
        # What was asked for in vain does not make it ready.
        self._joining = lacking - self._asked or NOWHERE
        self._asked = self._asked | lacking or NOWHERE

    def forget_differences(self) -> None:
        """Forget what others did to its queues: a login begins with the configured ones."""
        self._moved = True
        self._taken = self._lost = self._asked = self._joining = NOWHERE

    def set_told(self, told: Mapping[int, MembershipShown]) -> None:
        """Remember what clients have been told of its memberships."""
        self._told = None if told == self._as_configured() else told
        self._moved = False

    def set_agent(self, agent: Agent) -> None:
        """Follow a change of the agent's record, such as another group."""
        self._agent = agent

    # -- what is shown, and figures

    def show(self, seen: AgentShown, now: float) -> None:
        """Be shown so from now on; `since` begins anew with another state or reason."""
        self._day, self._spent_until = self.day(now), now
        if (seen.state, seen.cause) != (self._shown.state, self._shown.cause):
            self._since = now
        if seen.state is not self._shown.state:
            self._spent_since = now
        self._shown = seen

    def set_since(self, since: float) -> None:
        """The shown state is known to have begun at this moment."""
        self._since = since

    def set_wrapup(self, seconds: int) -> None:
        """The wrap-up of the calls that it has, or had last."""
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

    def restore_spending(self, state: AgentState, since: float, until: float) -> None:
        """The time in this state is counted between these: go on from there, if it still is."""
        if state is self._shown.state:
            self._spent_since, self._spent_until = since, until

    def shift(self, seconds: float) -> None:
        """The clock was set: every moment is now so much later by it, and as long ago as before."""
        self._since += seconds
        self._station_since += seconds
        self._spent_since += seconds
        self._spent_until += seconds
        moments = {name: getattr(self._day, name) for name in ("login_at", "logout_at")}
        self._day = msgspec.structs.replace(
            self._day,
            **{name: at + seconds for name, at in moments.items() if at is not None},
        )

    def end_day(self, midnight: float) -> AgentDay:
        """End the day at midnight and begin the next; returns the last one's figures."""
        ended = self.day(midnight)
        # Later than midnight where the clock was set over it: what it left out was not spent.
        self._spent_until = max(midnight, self._spent_until)
        self._day = ended.tomorrow()
        return ended

    def inherit(self, before: LiveAgent, now: float, known: Container[int]) -> None:
        """Go on with what clients were shown of an agent in an older configuration, and figures.

        `known` are the queues that there are by now.
        """
        self._moved = True
        self._shown, self._since, self._day = before.shown, before.since, before.day(now)
        self._know_members({key: each for key, each in before.members.items() if key in known})
        self._taken |= before.taken.intersection(self._queues)
        self._lost |= before.lost.intersection(self._queues)
        self._told = {key: each for key, each in before.told.items() if key in known}
        self._spent_since, self._spent_until = before._spent_since, now
