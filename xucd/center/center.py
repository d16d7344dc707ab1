"""The contact centre: takes in what Asterisk did, gives out what became different.

`apply` (in `xucd.center.apply`) takes one event, `rebuild` a whole snapshot, `Center.tick` the
passing of time. Each collects changes, for clients and the store, and intents, for Asterisk; the
caller fetches both with `Center.take()`. Times are epoch seconds, given by the caller, never going
back.

Events may come twice, or tell what a snapshot already held: each handler leaves the same state
when its event is applied again. An event about a queue, member or line that the directory does
not know is somebody else's and changes nothing.
"""

from collections.abc import Callable, Mapping

import msgspec

from xucd.center.agent import AgentShown, AgentState, Fact, Phone, Stance, after, shown
from xucd.center.calls import Calls
from xucd.center.changes import (
    AgentChanged,
    AgentConfigChanged,
    AgentListened,
    AgentStatsChanged,
    Change,
    DayEnded,
    MembershipChanged,
    QueueConfigChanged,
    QueueStatsChanged,
    StationChanged,
)
from xucd.center.day import AgentDay
from xucd.center.directory import Agent, Directory, Line
from xucd.center.intents import Intent, Nudge, SetPause
from xucd.center.live import LiveAgent
from xucd.center.phone_calls import PhoneCalls
from xucd.center.presence import QueuePresence
from xucd.center.queue_stats import QueueDay, QueueStats
from xucd.center.sheets import Sheets
from xucd.center.station import Station
from xucd.center.waiting import Waiting

AGING_S = 1.0
"""How often to tell how long callers have waited."""

RETRY_S = 1.0
"""How long to wait for an unpause to take effect before asking for it again."""


class Center:
    """Everything live, and the rules by which events change it.

    `queues` maps agent ids to {queue id: penalty}; `stations` and `days` are as last remembered;
    `midnight_after` gives the epoch second of the local midnight that follows a moment. While
    `blind`, nothing is told of agents: `rebuild` sets it where it has not yet looked at everything.
    """

    def __init__(
        self,
        directory: Directory,
        now: float,
        *,
        queues: Mapping[int, Mapping[int, int]] | None = None,
        stations: Mapping[int, Station] | None = None,
        days: Mapping[int, AgentDay] | None = None,
        queue_days: Mapping[int, QueueDay] | None = None,
        midnight_after: Callable[[float], float],
    ) -> None:
        self.directory = directory
        self.calls = Calls(directory)
        self.waiting = Waiting()
        self.sheets = Sheets()
        self.queue_stats = QueueStats(directory, queue_days or {})
        self.presence = QueuePresence()
        self._aged_at = now
        self.phone_calls = PhoneCalls()
        self.listeners: dict[str, AgentListened] = {}  # by the listening channel's unique id
        self.devices: dict[str, str] = {}
        self.stations = dict(stations or {})
        self.agents: dict[int, LiveAgent] = {}
        self.on_interface: dict[str, LiveAgent] = {}
        self._wrapping: dict[int, LiveAgent] = {}
        self.blind = False
        self._midnight_after = midnight_after
        self._midnight = midnight_after(now)
        self.changes: list[Change] = []
        self.intents: list[Intent] = []
        for agent in directory.agents.values():
            self.agents[agent.id] = self._new_agent(
                agent, dict((queues or {}).get(agent.id, {})), now
            )
            self.presence.look(self.agents[agent.id])
        for agent_id, day in (days or {}).items():
            if agent_id in self.agents:
                self.agents[agent_id].day = day

    # -- what the caller does with it

    def take(self) -> tuple[list[Change], list[Intent]]:
        """What has come of it since the last call, in order."""
        changes, intents = self.changes, self.intents
        if changes:
            self.changes = []
        if intents:
            self.intents = []
        return changes, intents

    def due(self) -> float:
        """When `tick` has something to do next."""
        wrapups = (live.wrapup_until or 0.0 for live in self._wrapping.values())
        aged = self._aged_at + AGING_S if self.queue_stats.with_callers() else self._midnight
        return min(self._midnight, aged, min(wrapups, default=self._midnight))

    def tick(self, now: float) -> None:
        """Let time pass: end wrap-ups that are over, and begin a new day at midnight."""
        for live in list(self._wrapping.values()):
            if live.wrapup_until is not None and live.wrapup_until <= now:
                self.end_wrapup(live, now)
        if now >= self._aged_at + AGING_S:
            self._aged_at = now
            waited = self.queue_stats.with_callers()
            self.changes.extend(QueueStatsChanged(queue_id) for queue_id in waited)
        if now >= self._midnight:
            ended: dict[int, AgentDay] = {}
            for live in self.agents.values():
                live.spend(self._midnight)
                ended[live.agent.id] = live.day
                live.day = live.day.tomorrow()
                self.tell_stats(live)
            self.changes.append(DayEnded(self._midnight, ended, self.queue_stats.new_day()))
            self.changes.extend(QueueStatsChanged(one) for one in self.directory.queues)
            self._midnight = self._midnight_after(now)

    def inherit(self, before: "Center", now: float) -> None:
        """Go on where a centre of an older configuration left off, and tell what is different.

        What is live comes with the snapshot that is to follow; here it is what clients have been
        shown, the figures of the day, and since when.
        """
        self.calls.inherit(before.calls)
        self.phone_calls = before.phone_calls
        self.queue_stats.inherit(before.queue_stats)
        self.sheets = before.sheets
        self.listeners = before.listeners
        for agent_id, live in self.agents.items():
            old = before.agents.get(agent_id)
            if old is None:
                self.changes.append(AgentConfigChanged(agent_id, live.agent.group_id))
                continue
            old.spend(now)
            live.shown, live.since, live.day = old.shown, old.since, old.day
            live.spent_until = now
            station = self.stations.get(agent_id)
            if station is not None and old.queues != live.queues:
                # Whatever was remembered since they were configured, Asterisk has the old ones.
                self.stations[agent_id] = msgspec.structs.replace(station, settled=False)
            for queue_id in sorted(old.queues.keys() | live.queues.keys()):
                penalty = live.queues.get(queue_id, -1)
                if penalty != old.queues.get(queue_id, -1) and queue_id in self.directory.queues:
                    self.changes.append(MembershipChanged(agent_id, queue_id, penalty))
            if (old.agent, old.queues) != (live.agent, live.queues):
                self.changes.append(AgentConfigChanged(agent_id, live.agent.group_id))
            self.attend(live)
        self.changes.extend(QueueStatsChanged(one) for one in self.directory.queues)
        self.changes.extend(
            QueueConfigChanged(queue.id)
            for queue in self.directory.queues.values()
            if before.directory.queues.get(queue.id) != queue
        )

    # -- what commands tell it, where Asterisk has no event for it

    def begin_login(self, agent_id: int) -> None:
        """A login was begun: until `settle`, a restart of xucd completes it."""
        self.agents[agent_id].settled = False
        self.agents[agent_id].leaving = False

    def settle(self, agent_id: int) -> None:
        """A login is complete: from now on Asterisk is right about the agent's queues."""
        live = self.agents[agent_id]
        live.settled = True
        self.remember(live)

    def log_in_without_queues(self, agent_id: int, line: Line, now: float) -> None:
        """Log in an agent that has no queue, of which Asterisk therefore has no member."""
        live = self.agents[agent_id]
        if not live.queues:
            self.log_in(live, line, now)

    def pause_without_queues(self, agent_id: int, paused: bool, reason: str, now: float) -> None:
        """Pause an agent that has no queue, or make it ready."""
        live = self.agents[agent_id]
        if not live.members:
            self.happen(live, Fact.PAUSED if paused else Fact.UNPAUSED, reason, now)

    def leave(self, agent_id: int, now: float) -> None:
        """A logout was begun: the going of its members is part of it, and ends in logged out."""
        live = self.agents[agent_id]
        live.leaving = True
        if not live.members:
            self.log_out(live, now)

    def assign(self, agent_id: int, queue_id: int, penalty: int) -> None:
        """Change a queue of an agent of which Asterisk has no member; -1 takes it away."""
        live = self.agents[agent_id]
        if queue_id not in live.members:
            self.set_penalty(live, queue_id, penalty)

    def move_to_group(self, agent_id: int, group_id: int) -> None:
        """An agent belongs to another group now."""
        live = self.agents[agent_id]
        live.agent = msgspec.structs.replace(live.agent, group_id=group_id)
        self.directory.put_agent(live.agent)
        self.changes.append(AgentConfigChanged(agent_id, group_id))

    # -- what its rules are made of

    def set_penalty(self, live: LiveAgent, queue_id: int, penalty: int) -> None:
        if live.queues.get(queue_id, -1) == penalty:
            return
        if penalty < 0:
            del live.queues[queue_id]
        else:
            live.queues[queue_id] = penalty
        agent = live.agent
        self.changes.append(MembershipChanged(agent.id, queue_id, penalty))
        self.changes.append(AgentConfigChanged(agent.id, agent.group_id))
        self.attend(live)

    def log_in(self, live: LiveAgent, line: Line, now: float) -> None:
        live.line = line
        live.leaving = False
        live.station_since = now
        live.day.login_at = now
        self.on_interface[line.interface] = live
        self.happen(live, Fact.LOGGED_IN, "", now)

    def log_out(self, live: LiveAgent, now: float) -> None:
        live.leaving = False
        live.settled = True
        live.members.clear()
        if live.stance is Stance.OUT:
            return
        live.station_since = now
        live.day.logout_at = now
        if live.line is not None and self.on_interface.get(live.line.interface) is live:
            del self.on_interface[live.line.interface]
        self.happen(live, Fact.LOGGED_OUT, "", now)

    def happen(self, live: LiveAgent, fact: Fact, reason: str, now: float) -> None:
        before = live.stance
        live.stance = after(before, fact)
        live.reason = reason if live.stance is Stance.PAUSED else ""
        if live.stance is not Stance.WRAPPING:
            live.wrapup_until = None
            self._wrapping.pop(live.agent.id, None)
        if fact is Fact.UNPAUSED and before is not live.stance:
            self.offer(live)
        self.remember(live)
        self.look(live, now)

    def remember(self, live: LiveAgent) -> None:
        station = live.station()
        if station is not None and self.stations.get(live.agent.id) != station:
            self.stations[live.agent.id] = station
            self.changes.append(StationChanged(station))

    def offer(self, live: LiveAgent) -> None:
        """Let those who wait in the agent's queues find it now, not at their next second.

        Not while a queue still takes its phone for in use: that one would not ring it, its callers
        would look away for longer, and the other queues' would be ahead.
        """
        if all(member.idle for member in live.members.values()):
            queues = [self.directory.queues[queue_id].name for queue_id in live.members]
            self.intents.extend(Nudge(channel) for channel in self.waiting.next_in(queues))

    def look(self, live: LiveAgent, now: float) -> None:
        """See what the agent's phone does, and tell if clients are to be shown something else."""
        if self.blind:
            return
        phone, call = Phone.IDLE, None
        if live.stance is not Stance.OUT and live.line is not None:
            phone = self.calls.phone(live.line.interface)
            channel = self.calls.talking(live.line.interface) if phone is Phone.TALKING else None
            call = self.calls.call(channel) if channel is not None else None
            if live.stance is Stance.WRAPPING and phone is Phone.IDLE and not live.wrapup_until:
                self.begin_wrapup(live, now + live.wrapup_s)
                if live.wrapup_s <= 0:
                    self.end_wrapup(live, now)
        state = shown(live.stance, phone)
        cause = live.reason if state is AgentState.ON_PAUSE else ""
        seen = AgentShown(state, live.line.number if live.line else "", cause, call)
        if seen == live.shown:
            return
        live.spend(now)
        if (state, cause) != (live.shown.state, live.shown.cause):
            live.since = now
        live.shown = seen
        self.changes.append(self.told(live))
        self.tell_stats(live)
        self.attend(live)

    def attend(self, live: LiveAgent) -> None:
        """See in which queues an agent counts as what."""
        touched = self.presence.look(live)
        self.changes.extend(QueueStatsChanged(queue_id) for queue_id in touched)

    def told(self, live: LiveAgent) -> AgentChanged:
        """The agent's state as a change tells it."""
        return AgentChanged(
            live.agent.id, live.agent.group_id, live.shown, live.since, tuple(sorted(live.queues))
        )

    def begin_wrapup(self, live: LiveAgent, until: float) -> None:
        """Let a wrap-up run; `tick` ends it."""
        live.wrapup_until = until
        self._wrapping[live.agent.id] = live

    def stop_wrapup(self, agent_id: int) -> None:
        """Let a running wrap-up not end by itself; `look` lets one that is still due run anew."""
        self.agents[agent_id].wrapup_until = None
        self._wrapping.pop(agent_id, None)

    def end_wrapup(self, live: LiveAgent, now: float) -> None:
        if live.line is not None:
            live.wrapup_until = now + RETRY_S
            self.intents.append(SetPause(live.line.interface, False))

    def tell_stats(self, live: LiveAgent) -> None:
        self.changes.append(AgentStatsChanged(live.agent.id, live.agent.group_id))

    def _new_agent(self, agent: Agent, queues: dict[int, int], now: float) -> LiveAgent:
        station = self.stations.get(agent.id)
        line_id = station.line_id if station is not None else agent.line_id
        line = self.directory.lines.get(line_id) if line_id is not None else None
        live = LiveAgent(agent, line, queues, now)
        if station is not None and station.logged_in and line is not None:
            # As last known, until Asterisk has been asked: nobody is to be shown as gone.
            live.stance = Stance.PAUSED if station.paused else Stance.READY
            live.reason, live.settled = station.reason, station.settled
            live.since = live.station_since = station.since
            state = shown(live.stance, Phone.IDLE)
            live.shown = AgentShown(state, line.number, station.reason)
            live.day.login_at = station.since
            self.on_interface[line.interface] = live
        return live
