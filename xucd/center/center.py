"""The contact centre: takes in what Asterisk did, gives out what changed.

`apply` (in `rules.table`) takes one event, `rebuild` a whole snapshot, `Center.tick` the passing
of time. Each collects changes, for clients and the store, and intents, for Asterisk; the caller
fetches both with `Center.drain()`. Times are epoch seconds, given by the caller, never going back.

Events may come twice, or tell what a snapshot already held: each rule leaves the same state when
its event is applied again. An event about a queue, member or line that the directory does not know
is somebody else's and changes nothing.
"""

import math
from collections import Counter
from collections.abc import Callable, Container, Mapping
from types import MappingProxyType

import msgspec

from xucd.center.agent import (
    UNREACHABLE,
    AgentShown,
    AgentState,
    CallShown,
    Fact,
    Phone,
    Stance,
    shown,
)
from xucd.center.changes import (
    AgentChanged,
    AgentConfigChanged,
    AgentListened,
    AgentStatsChanged,
    Change,
    DayEnded,
    MembershipChanged,
    QueueCounted,
    QueueStatsChanged,
    QueueUnprepared,
    StationChanged,
)
from xucd.center.channels import Channels
from xucd.center.day import AgentDay
from xucd.center.directory import Agent, Directory, Line
from xucd.center.homes import Returning
from xucd.center.intents import (
    LOGOUT_REASON,
    Intent,
    Nudge,
    RelistMembers,
    RemoveMember,
    SetPause,
)
from xucd.center.live import AgentRecord, LiveAgent, MembershipShown
from xucd.center.memberships import Memberships, is_shelved
from xucd.center.offers import Offers
from xucd.center.owners import Owners
from xucd.center.phone_calls import PhoneCalls
from xucd.center.presence import QueuePresence
from xucd.center.queue_day import QueueDay
from xucd.center.queue_stats import QueueStats
from xucd.center.recalls import Recalls
from xucd.center.reservations import Reservations
from xucd.center.sheets import Sheets
from xucd.center.snapshot import MemberSeen
from xucd.center.station import Station, Stations
from xucd.center.under_way import AgentUnderWay, Lately, Resumed, UnderWay
from xucd.center.visitors import Visitors
from xucd.center.waiting import Waiting
from xucd.center.wrapup_ends import WrapupEnds

AGING_S = 1.0
"""How often to tell how long callers have waited."""

BEFORE_TODAY_S = 26 * 3600.0
"""So long before a midnight it is always yesterday, however long a day summer time makes."""

NO_MEMBER = MembershipShown(-1)


class Remembered(msgspec.Struct, frozen=True):
    """What the store has kept: memberships ({agent id: {queue id: penalty}}), stations, figures.

    `resumed` is what was under way; None for a database that has no such memory. `at_home` are the
    agents whose home is this PBX, as `homes.at_home` has them.
    """

    queues: Mapping[int, Mapping[int, int]] = {}
    stations: Mapping[int, Station] = {}
    days: Mapping[int, AgentDay] = {}
    queue_days: Mapping[int, QueueDay] = {}
    resumed: Resumed | None = None
    at_home: Mapping[int, int] | None = None


class Center:
    """Everything live, and what its rules are made of.

    In a centre of several PBXs it has the agents whose home is this one, and no others: what it
    tells, what it keeps and what commands find is of these.

    `midnight_after` gives the epoch second of the local midnight that follows a moment. `agents`
    and `on_device` (logged-in agents by the device of their line) are read-only; only the
    rules change an agent, by its `agent_record`. While `suppressed` is set, no change of an agent
    is reported: `rebuild` sets it until it has read all of an agent.
    """

    def __init__(
        self,
        directory: Directory,
        now: float,
        midnight_after: Callable[[float], float],
        remembered: Remembered | None = None,
    ) -> None:
        remembered = remembered or Remembered()
        self.directory = directory
        self.members = Memberships(directory)
        self.channels = Channels()
        self.waiting = Waiting()
        self.queue_stats = QueueStats(directory, remembered.queue_days, self.waiting)
        self.sheets = Sheets()
        self.phone_calls = PhoneCalls(directory, self.channels, self.waiting)
        self.presence = QueuePresence()
        self.offers = Offers()
        self.visitors = Visitors(directory)
        self.listeners: dict[str, AgentListened] = {}  # by the listening channel's unique id
        self.devices: dict[str, str] = {}
        self.at_home = dict(remembered.at_home) if remembered.at_home is not None else None
        """The agents whose home is this PBX, with the numbers of their homes; None: all are."""
        self._stations = Stations(
            station
            for station in remembered.stations.values()
            if self._is_at_home(station.agent_id)
        )
        self._unkept = Stations()
        self.stations = self._stations.by_agent
        self._records: dict[int, AgentRecord] = {}
        self._on_device: dict[str, AgentRecord] = {}
        self.agents: Mapping[int, LiveAgent] = MappingProxyType(self._records)
        self.on_device: Mapping[str, LiveAgent] = MappingProxyType(self._on_device)
        self.owners = Owners(directory, self.members, self._records, self._on_device)
        self.suppressed = False
        self.wrapup_ends = WrapupEnds(self.members, self.owners)
        self.recalls = Recalls()
        self.reservations = Reservations()
        self._aged_at = now
        self._midnight_after = midnight_after
        self._midnight = midnight_after(now)
        self.changes: list[Change] = []
        self.intents: list[Intent | RelistMembers] = []
        resumed = remembered.resumed
        agents = [agent for agent in directory.agents.values() if self._is_at_home(agent.id)]
        self.under_way = UnderWay([agent.id for agent in agents], resumed)
        self.unprepared: set[int] = set()
        """The queues, by id, that were seen not to pause their agents at the answer."""
        self.calls_of_others: Counter[tuple[int, str]] = Counter()
        """Today's calls that members answered who are no agent's, by queue id and interface."""
        # Agents of whom nobody knows whether Asterisk has changed a queue, as it was asked to.
        self.doubted: set[int] = set()
        self.touched: set[int] = set()
        """The agents whose members or stance may be others than `take_touched` has told of."""
        if resumed is not None:
            self.queue_stats.lately.update(resumed.lately.callers)
            self.phone_calls.lately.update(resumed.lately.rung)
        queues = _each_once(remembered.queues, directory.queues)
        for agent in agents:
            elsewhere = self._elsewhere(remembered.queues.get(agent.id, {}))
            record = self._new_record(agent, queues.get(agent.id, {}), elsewhere, now)
            self._add_agent(record, remembered, now)

    # -- what the caller does with it

    def drain(self) -> tuple[list[Change], list[Intent | RelistMembers]]:
        """The changes and intents collected since the last call, in order."""
        changes, intents = self.changes, self.intents
        if changes:
            self.changes = []
            self.presence.told.clear()
        if intents:
            self.intents = []
        return changes, intents

    def take_touched(self) -> set[int]:
        """The agents whose members or stance may have changed since this was asked."""
        touched, self.touched = self.touched, set()
        return touched

    def due(self) -> float:
        """When `tick` has something to do next."""
        stats = self.queue_stats
        callers = stats.with_callers() or stats.undecided()
        aged = self._aged_at + AGING_S if callers else self._midnight
        late = self.offers.next_late(self._midnight)
        return min(self._midnight, aged, late, self.wrapup_ends.next_end(self._midnight))

    @property
    def today_until(self) -> float:
        """The midnight that ends the day of the figures, as epoch second."""
        return self._midnight

    @property
    def today_since(self) -> float:
        """The midnight that began the day of the figures."""
        return self._midnight_after(self._midnight - BEFORE_TODAY_S)

    def take_unwritten(self, now: float) -> dict[int, tuple[AgentDay, AgentUnderWay]]:
        """What is to be written of the agents whose figures have moved since this was asked."""
        return self.under_way.take(
            self._records, self.phone_calls.legs.values(), min(now, self._midnight)
        )

    def lately(self, since: float) -> Lately:
        """Who was counted to the end since a moment; the others are forgotten."""
        for known in (self.queue_stats.lately, self.phone_calls.lately):
            old = [key for key, one in known.items() if one.at < since]
            for key in old:
                del known[key]
        return Lately(dict(self.queue_stats.lately), dict(self.phone_calls.lately))

    def tick(self, now: float) -> None:
        """Let time pass: end wrap-ups that are over, and begin a new day at midnight."""
        for agent_id in self.wrapup_ends.over(now):
            self._end_wrapup(self._records[agent_id], now)
        for agent_id in self.wrapup_ends.half_over(now):
            self.intents += self.wrapup_ends.ask_for_half(self._records[agent_id], now)
        self.nudge(self.offers.late_due(now), now)
        if now >= self._aged_at + AGING_S:
            self._aged_at = now
            settled = self.queue_stats.settle(self.channels.by_id, now)
            self.changes.extend(QueueCounted(queue_id, now) for queue_id in settled)
            waited = self.queue_stats.with_callers()
            self.changes.extend(QueueStatsChanged(queue_id) for queue_id in waited)
        if now >= self._midnight:
            ended = {
                agent_id: live.end_day(self._midnight) for agent_id, live in self._records.items()
            }
            for live in self._records.values():
                self.stats_changed(live)
            self.changes.append(DayEnded(self._midnight, ended, self.queue_stats.new_day()))
            self.changes.extend(QueueStatsChanged(queue_id) for queue_id in self.directory.queues)
            self.calls_of_others.clear()
            self._midnight = self._midnight_after(now)
            carried = sorted(self.queue_stats.with_unended())
            self.changes.extend(QueueCounted(queue_id, now) for queue_id in carried)

    def shift(self, seconds: float) -> None:
        """The clock was set: every moment is now so much later by it, and as long ago as before.

        A midnight stays: the day ends when the clock gets there, or got there by being set. Clients
        are told the moments that they show.
        """
        for record in self._records.values():
            record.shift(seconds)
            self.stats_changed(record)
        for each in (
            *(self.channels, self.queue_stats, self.offers, self.wrapup_ends, self.under_way),
            *(self.recalls, self._stations, self._unkept),
        ):
            each.shift(seconds)
        lately = self.phone_calls.lately
        lately.update({key: one.later(seconds) for key, one in lately.items()})
        self._aged_at += seconds
        waited = self.queue_stats.with_callers()
        self.changes.extend(QueueCounted(queue_id, self._aged_at) for queue_id in waited)

    def continue_day(self, before: "Center") -> None:
        """Let the day of the figures go on as that of a centre of an older configuration."""
        self._midnight, self._aged_at = before._midnight, before._aged_at

    # -- what commands tell it, where Asterisk has no event for it

    def expect_station(self, station: Station) -> None:
        """A login or logout was begun and is in the store: what a snapshot is to bring about."""
        self._stations.keep(station)

    def is_expected(self, line: Line, but: int) -> bool:
        """Whether any agent but one is, by its station, logged in on a line, or about to be."""
        return self._stations.is_taken(line.id, but)

    def is_away(self, agent_id: int | None) -> bool:
        """Whether the home of an agent is another PBX."""
        return agent_id in self.directory.agents and agent_id not in self._records

    def hold_wrapup(self, agent_id: int) -> None:
        """Let a running wrap-up not end by itself, until `resume_wrapup`."""
        self.wrapup_ends.stop(agent_id)

    def resume_wrapup(self, agent_id: int, now: float) -> None:
        """Let a wrap-up that is still due run anew; no error for an agent that is gone."""
        record = self._records.get(agent_id)
        if record is not None:
            self.update_shown(record, now)

    # -- what its rules are made of

    def add_agent(self, back: Returning, now: float) -> AgentRecord:
        """Have an agent whose home is this PBX now."""
        agent_id = back.home.agent_id
        assert self.at_home is not None
        self.at_home[agent_id] = back.home.number
        agent = self.directory.agents[agent_id]
        if agent.group_id != back.group_id:
            agent = msgspec.structs.replace(agent, group_id=back.group_id)
            self.directory.put_agent(agent)
        if back.station is not None:
            self._stations.keep(back.station)
        known = self.directory.queues
        queues = {key: penalty for key, penalty in back.queues.items() if key in known}
        days = {agent_id: back.figures(self.today_since)}
        self.intents += self.visitors.came_home(agent_id)
        self.changes.extend(QueueStatsChanged(each) for each in self.presence.forget(agent_id))
        record = self._new_record(agent, queues, self._elsewhere(back.queues), now)
        self._add_agent(record, Remembered(days=days), now)
        return record

    def drop_agent(self, agent_id: int) -> None:
        """Have an agent no longer whose home is another PBX now: nothing is told or kept of it."""
        assert self.at_home is not None
        self.at_home.pop(agent_id, None)
        record = self._records.pop(agent_id)
        if record.line is not None and self._on_device.get(record.line.phone) is record:
            del self._on_device[record.line.phone]
        for stations in (self._stations, self._unkept):
            stations.forget(agent_id)
        self.recalls.end(agent_id)
        self.wrapup_ends.forget(agent_id)
        self.under_way.forget(agent_id)
        self.phone_calls.forget(agent_id)
        self.doubted.discard(agent_id)
        self.changes.extend(QueueStatsChanged(each) for each in self.presence.forget(agent_id))

    def _elsewhere(self, queues: Mapping[int, int]) -> dict[int, int]:
        """Those of an agent's queues that are on other PBXs, where a row says who is at home."""
        known = self.directory.queues_elsewhere if self.at_home is not None else ()
        return {queue_id: penalty for queue_id, penalty in queues.items() if queue_id in known}

    def _is_at_home(self, agent_id: int) -> bool:
        return self.at_home is None or agent_id in self.at_home

    def _add_agent(self, record: AgentRecord, remembered: Remembered, now: float) -> None:
        self._restore(record, remembered, now)
        self._records[record.agent.id] = record
        self.presence.remember(record)

    def agent_record(self, agent_id: int) -> AgentRecord:
        """An agent, to be changed by a rule. Raises KeyError."""
        return self._records[agent_id]

    def agent_records(self) -> list[AgentRecord]:
        """All agents, to be changed by a rule."""
        return list(self._records.values())

    def has_worked(self, live: LiveAgent) -> bool:
        """Whether an agent talks, or has talked with a queue's caller and is still to wrap up."""
        if live.stance is Stance.WRAPPING or live.owes_wrapup:
            return True
        return live.line is not None and self.phone_calls.talking(live.line.phone) is not None

    def agent_record_on(self, device: str) -> AgentRecord | None:
        """The agent logged in on a device, to be changed by a rule."""
        return self._on_device.get(device)

    def hold_line(self, live: AgentRecord, line: Line) -> None:
        """Let an agent hold a line that it is logged in on already."""
        self._on_device[line.phone] = live

    def free_lines(self) -> None:
        """Clear who holds which line, before a snapshot is read."""
        self._on_device.clear()

    def report_memberships(self, live: AgentRecord) -> None:
        """Tell which of an agent's memberships are others than clients were told last."""
        if self.suppressed or live.leaving or not live.moved:
            return
        before, agent = live.told, live.agent
        told = live.memberships()
        live.set_told(told)
        if told == before:
            return
        for queue_id in sorted(before.keys() | told.keys()):
            shown = told.get(queue_id, NO_MEMBER)
            if shown != before.get(queue_id, NO_MEMBER):
                self.changes.append(
                    MembershipChanged(
                        agent.id, queue_id, shown.penalty, shown.configured, shown.missing
                    )
                )
        self.changes.append(AgentConfigChanged(agent.id, agent.group_id))
        self.update_presence(live)

    def report_unprepared(self, queue: str) -> None:
        """Tell once of a queue whose dialplan does not pause its agents for their wrap-up."""
        queue_id = self.directory.queue_by_name[queue].id
        if queue_id not in self.unprepared:
            self.unprepared.add(queue_id)
            self.changes.append(QueueUnprepared(queue_id))

    def undo(self, queue_id: int, member: MemberSeen) -> None:
        """Have a member of an agent of ours ring no phone."""
        queue = self.directory.queues[queue_id].name
        if member.dynamic:
            self.intents.append(RemoveMember(queue, member.interface))
        elif not is_shelved(member):
            self.intents.append(SetPause(member.interface, True, LOGOUT_REASON, queue))

    def log_in(self, live: AgentRecord, line: Line, now: float, since: float | None = None) -> None:
        """Log an agent in on a line, since this moment or now."""
        live.log_in(line, now if since is None else since)
        self._on_device[line.phone] = live
        self.change_stance(live, Fact.LOGGED_IN, now)

    def log_out(self, live: AgentRecord, now: float) -> None:
        """Log an agent out; no error if it is out."""
        out = live.stance is Stance.OUT
        live.log_out(now)
        self.recalls.expect_nothing(live.agent.id, now)
        if out:
            return
        if live.line is not None and self._on_device.get(live.line.phone) is live:
            del self._on_device[live.line.phone]
        self.change_stance(live, Fact.LOGGED_OUT, now)

    def change_stance(self, live: AgentRecord, fact: Fact, now: float, reason: str = "") -> None:
        """Let a fact change an agent's stance, with all that follows from it.

        `reason` is that of a pause; other stances have none.
        """
        self.touched.add(live.agent.id)
        before = live.change_stance(fact, reason)
        if live.stance is not Stance.WRAPPING:
            self.wrapup_ends.stop(live.agent.id)
            if live.wrapup_s and not (live.owes_wrapup or self.phone_calls.of_queues(live.line)):
                live.set_wrapup(0)  # that of the next call is none of the calls before
        self.save_station(live)
        unpaused = fact is Fact.UNPAUSED and before is not live.stance
        self.update_shown(live, now, unpaused=unpaused)
        self.report_memberships(live)

    def save_station(self, live: LiveAgent) -> None:
        """Have an agent's station remembered, if it differs from what is.

        That of an agent whom Asterisk's configuration alone has logged in, which does so again, is
        told to clients only. One that leaves is remembered as out already.
        """
        station, agent_id = live.station(), live.agent.id
        if station is None or live.leaving or self.stations.get(agent_id) == station:
            return
        members = live.members.values()
        static = bool(members) and not any(member.dynamic for member in members)
        kept = not static or agent_id in self.stations
        known = self._stations if kept else self._unkept
        if known.by_agent.get(agent_id) != station:
            known.keep(station)
            self.changes.append(StationChanged(station, kept))

    def offer_to_callers(self, live: LiveAgent, now: float, *, unpaused: bool = False) -> None:
        """Nudge callers who wait in queues where an agent has become free; see `Offers`."""
        freed = self.offers.freed(live, now, unpaused=unpaused)
        if freed:
            self.nudge(dict.fromkeys(freed, 1), now)

    def nudge(self, free: Mapping[int, int], now: float) -> None:
        """Have callers look for a member at once, where so many agents have become free."""
        by_name = {self.directory.queues[queue_id].name: free[queue_id] for queue_id in free}
        for call in self.waiting.next_in(by_name) if by_name else ():
            self.intents.append(Nudge(call.channel))
            self.offers.nudged(self.directory.queue_by_name[call.queue].id, now)

    def update_shown(self, live: AgentRecord, now: float, *, unpaused: bool = False) -> None:
        """Read off an agent's stance and phone what clients are shown, and tell what changed.

        `unpaused` says that it has been made ready in all its queues.
        """
        if self.suppressed:
            return
        stance, line = live.stance, live.line
        phone, call = Phone.IDLE, None
        if stance is not Stance.OUT and line is not None:
            phone = self.phone_calls.phone(line.phone)
            if phone is Phone.TALKING and (leg := self.phone_calls.talking(line.phone)) is not None:
                call = CallShown(bool(leg.queue), leg.incoming, leg.internal, leg.recording)
        if stance is Stance.WRAPPING and phone is Phone.IDLE:
            self._begin_wrapup(live, now)
            stance = live.stance  # one of no length has ended
        state = shown(stance, phone, in_reach=live.in_reach)
        cause = ""
        if state is AgentState.ON_PAUSE:
            cause = live.reason if stance is Stance.PAUSED else UNREACHABLE
        seen = AgentShown(state, line.number if line is not None else "", cause, call)
        changed = seen != live.shown
        if changed:
            live.show(seen, now)
            self.changes.append(self.state_change(live))
            self.stats_changed(live)
        self.update_presence(live)
        if changed or unpaused:
            self.offer_to_callers(live, now, unpaused=unpaused)

    def update_presence(self, live: LiveAgent) -> None:
        """Count an agent anew in its queues."""
        for queue_id in self.presence.update(live):
            if queue_id in self.directory.queues and queue_id not in self.presence.told:
                self.presence.told.add(queue_id)
                self.changes.append(QueueStatsChanged(queue_id))

    def stats_changed(self, live: LiveAgent) -> None:
        """Record that an agent's figures of the day moved."""
        self.under_way.unwritten.add(live.agent.id)
        self.changes.append(AgentStatsChanged(live.agent.id, live.agent.group_id))

    @staticmethod
    def state_change(live: LiveAgent) -> AgentChanged:
        """An agent's state as a change tells it."""
        shown = live.memberships() if live.moved else live.told
        queue_ids = tuple([queue_id for queue_id in sorted(shown) if shown[queue_id].penalty >= 0])
        agent = live.agent
        return AgentChanged(agent.id, agent.group_id, live.shown, live.since, queue_ids)

    def _begin_wrapup(self, live: AgentRecord, now: float) -> None:
        """Let a wrap-up run, unless it does already; one of no length ends at once."""
        if self.wrapup_ends.begin(live, now) and live.wrapup_s <= 0:
            self._end_wrapup(live, now)

    def _end_wrapup(self, live: AgentRecord, now: float) -> None:
        """Have a wrap-up ended; one without a member has nobody to ask for it: it is over."""
        if live.members:
            self.intents += self.wrapup_ends.ask(live, now)
        else:
            self.change_stance(live, Fact.UNPAUSED, now)

    def _restore(self, record: AgentRecord, remembered: Remembered, now: float) -> None:
        """Let an agent's day go on. What is still true as it was written is not written anew."""
        agent_id, resumed = record.agent.id, remembered.resumed
        has_day = agent_id in remembered.days
        if has_day:
            record.restore_day(remembered.days[agent_id])
        if resumed is None or agent_id not in resumed.agents:
            return
        before = resumed.agents[agent_id]
        self._restore_wrapup(record, before, now)
        record.restore_spending(before.state, before.since, max(resumed.at, self.today_since))
        # The clock, or its zone, may have been set meanwhile.
        is_of_today = has_day and self.today_since <= before.until <= now
        if is_of_today and before.state is record.shown.state:
            self.under_way.unwritten.discard(agent_id)

    def _restore_wrapup(self, record: AgentRecord, before: AgentUnderWay, now: float) -> None:
        """Let an agent whose queues are all on other PBXs wrap up to the end: no member says so.

        Of which queue its call was is not remembered: the longest wrap-up is taken.
        """
        is_there = record.stance is Stance.READY and record.elsewhere and not record.queues
        if not is_there or before.state is not AgentState.ON_WRAPUP:
            return
        known = self.directory.queues_elsewhere
        longest = max(known[queue_id].wrapup for queue_id in record.elsewhere)
        left = math.ceil(before.since + longest - now)
        if left > 0:
            record.change_stance(Fact.PAUSED_FOR_WRAPUP, "")
            record.set_wrapup(left)

    def _new_record(
        self, agent: Agent, queues: Mapping[int, int], elsewhere: Mapping[int, int], now: float
    ) -> AgentRecord:
        station = self.stations.get(agent.id)
        line_id = station.line_id if station is not None else agent.line_id
        line = self.directory.lines.get(line_id) if line_id is not None else None
        record = AgentRecord(agent, line, queues, now)
        if elsewhere:
            record.begin_elsewhere(elsewhere)
        if station is not None and station.logged_in and line is not None:
            record.restore(station, line)
            self._on_device[line.phone] = record
        return record


def _each_once(
    queues: Mapping[int, Mapping[int, int]], here: Container[int]
) -> dict[int, Mapping[int, int]]:
    """Agents' queues here with penalties, with one mapping for all who have the same ones."""
    known: dict[tuple[tuple[int, int], ...], Mapping[int, int]] = {}
    found = {}
    for agent_id, each in queues.items():
        own = {queue_id: penalty for queue_id, penalty in each.items() if queue_id in here}
        found[agent_id] = known.setdefault(tuple(own.items()), own)
    return found
