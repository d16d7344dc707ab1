"""The centre beside a small Asterisk, and all who act, as a state machine of Hypothesis's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
)

from tests.center_truths import AGREEMENTS, INVARIANTS, waited_for
from tests.scene import ALICE, BILLING, BRUCE, CAROLINE, SALES, START, SUPPORT, directory
from tests.sim_asterisk import SimAsterisk, SimChannel
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import Stance
from xucd.center.center import Center, Remembered
from xucd.center.directory import Line
from xucd.center.events import ChannelState
from xucd.center.intents import (
    WRAPUP_REASON,
    Intent,
    RelistMembers,
)
from xucd.center.live import MembershipShown
from xucd.center.queue_day import QueueDay
from xucd.center.rules import commanded, strangers
from xucd.center.rules.members import log_in_found
from xucd.center.rules.rebuild import rebuild, rebuild_members
from xucd.center.rules.table import apply
from xucd.center.snapshot import QueuesSeen
from xucd.center.station import Station
from xucd.store.journal import midnight_after

QUEUES = ["support", "sales", "billing", "others"]
PHONES = ["PJSIP/1001", "PJSIP/1002", "PJSIP/1003", "PJSIP/1004"]
AGENTS = [BRUCE, ALICE, CAROLINE]
CONFIGURED = {BRUCE: {SUPPORT: 0, SALES: 1, BILLING: 2}, ALICE: {SUPPORT: 0}}
BEGINS = midnight_after(START) - 300
"""When a game begins: so long before a midnight that most games pass it, with calls under way."""
REST_S = 40
"""How long it may take until everything has come to rest, in seconds."""
ROUNDS = 60
"""How often what is asked for may lead to more that is asked for."""

queues = st.sampled_from(QUEUES)
phones = st.sampled_from(PHONES)
agents = st.sampled_from(AGENTS)
places = st.integers(0, 7)
some = st.integers(1, 12)
choices = st.integers(0, 2**16)
Step = tuple[Any, ...]
"""What is done, and with which arguments."""


STRANGERS: tuple[ev.Event, ...] = (
    ev.MemberAdded("nowhere", "PJSIP/1001", "Agent/2501", 0, False, ""),
    ev.MemberAdded("support", "PJSIP/9999", "Agent/9999", 0, False, ""),
    ev.MemberRemoved("support", "PJSIP/9999", "Agent/9999"),
    ev.MemberPenalty("support", "PJSIP/9998", "Agent/9999", 3),
    ev.MemberStatus("nowhere", "PJSIP/1001", "Agent/2501", ev.DeviceStatus.BUSY),
    ev.CallerJoined("nowhere", "PJSIP/x-1", "0.1", 1, "", ""),
    ev.CallerLeft("nowhere", "0.1"),
    ev.AgentCalled("support", "0.2", "0.3"),
    ev.ChannelMoved("0.4", "0.4", ChannelState.UP, "", "", "", ""),
    ev.BridgeEntered("nowhere", "0.5", "0.5"),
    ev.BridgeLeft("nowhere", "0.5"),
    ev.Transferred("0.6", ("0.7",), "0.8"),
    ev.PickedUp("0.9", "0.10"),
    ev.SpyStopped("0.11"),
    ev.RecordingMuted("0.12", True),
)
"""Of queues, members and channels that the centre does not know; the second is to be undone."""


class Told:
    """What clients and the store have been told, and nothing else."""

    def __init__(self, center: Center) -> None:
        self.agents = {key: live.shown for key, live in center.agents.items()}
        self.members = {
            (key, queue_id): each
            for key, live in center.agents.items()
            for queue_id, each in live.told.items()
        }
        self.calls: dict[tuple[int, str], ch.PhoneCall] = {}
        self.devices: dict[int, str] = {}
        self.queue_days: dict[int, QueueDay] = {}
        self.stations: dict[int, Station] = {}

    def hear(self, change: ch.Change, center: Center) -> None:
        match change:
            case ch.AgentChanged():
                self.agents[change.agent_id] = change.shown
            case ch.MembershipChanged(agent_id, queue_id, penalty, configured, missing):
                shown = MembershipShown(penalty, configured, missing)
                self.members[agent_id, queue_id] = shown
            case ch.PhoneCallChanged(line_id, call):
                key = line_id, call.unique_id
                if call.stage is ch.Stage.RELEASED:
                    assert self.calls.pop(key, None) is not None, f"{key} is released twice"
                else:
                    assert self.calls.get(key) != call, f"{key} is told twice"
                    self.calls[key] = call
            case ch.PhoneChanged(line_id, state):
                assert self.devices.get(line_id) != state, f"line {line_id} is told twice"
                self.devices[line_id] = state
            case ch.QueueCounted(queue_id, _):
                self.queue_days[queue_id] = center.queue_stats.day(queue_id)
            case ch.StationChanged(station, True):
                self.stations[station.agent_id] = station
            case ch.DayEnded():
                self.queue_days = {}


class Beside(RuleBasedStateMachine):
    """xucd's centre beside Asterisk, and all who act."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGINS
        self.carried: dict[int, int] = {}  # who entered a queue before midnight and had not ended
        self.asterisk = SimAsterisk(QUEUES, PHONES, {"support"}, self.now)
        self.configured = {key: dict(value) for key, value in CONFIGURED.items()}
        self.eager = False
        self.begin_center(Remembered(queues=self.configured))

    def begin_center(self, remembered: Remembered) -> None:
        self.center = Center(directory(), self.now, midnight_after, remembered)
        self.told = Told(self.center)
        self.told.stations = dict(remembered.stations)
        self.told.queue_days = dict(remembered.queue_days)
        self.asked: list[Intent | RelistMembers] = []
        self.past: list[ev.Event] = []
        self.logins: dict[int, tuple[Line, set[int]]] = {}
        self.counted: dict[object, dict[str, float]] = {}

    @initialize(eager=st.booleans(), static=st.booleans())
    def begins(self, eager: bool, static: bool) -> None:
        if static:
            self.asterisk.configure_member("billing", "PJSIP/1003", "Agent/2506")
        self.reads_snapshot(held=False)
        self.eager = True
        self.logs_in(BRUCE, 1)
        self.logs_in(ALICE, 2)
        self.eager = eager

    # -- what everybody does in Asterisk

    @rule(choice=choices)
    def calls_go_on(self, choice: int) -> None:
        self.does_one_of(self.steps_of_calls(), choice)

    @rule(choice=choices)
    def queue_calls_go_on(self, choice: int) -> None:
        self.does_one_of(self.steps_of_queue_calls(), choice)

    @rule(choice=choices)
    def a_queue_call_is_answered(self, choice: int) -> None:
        """All steps from the first to the answer, where some agent is free."""
        free = [
            each
            for each in self.asterisk.all_members()
            if each.status.value == 1 and not each.paused
        ]
        if free:
            member = free[choice % len(free)]
            caller = self.asterisk.call_in(member.queue)
            self.asterisk.ring(caller, member.interface)
            self.asterisk.answer(list(self.asterisk.channels)[-1])
        self.happened()

    @rule(queue=queues)
    def a_caller_goes_on_elsewhere(self, queue: str) -> None:
        """All of it is heard: a leave that is lost could follow no join that comes late."""
        if queue in self.asterisk.members:
            self.asterisk.press_key(self.asterisk.call_in(queue))
            self.delivers(len(self.asterisk.wire))
        self.happened()

    @rule(choice=choices)
    def a_call_ends(self, choice: int) -> None:
        joined = [each for each in self.asterisk.channels.values() if each.bridge]
        if joined:
            self.asterisk.hang_up(joined[choice % len(joined)].unique_id)
        self.happened()

    @rule(choice=choices)
    def others_act(self, choice: int) -> None:
        self.does_one_of(self.steps_of_others(), choice)

    def does_one_of(self, steps: Iterator[Step], choice: int) -> None:
        legal = list(steps)
        does, *arguments = legal[choice % len(legal)]
        note(f"    {does.__name__}{tuple(arguments)}")
        does(*arguments)
        self.happened()

    def steps_of_queue_calls(self) -> Iterator[Step]:
        asterisk = self.asterisk
        for queue in QUEUES:
            yield asterisk.call_in, queue
        for queue, callers in asterisk.callers.items():
            for caller in callers:
                for interface in asterisk.members[queue]:
                    yield asterisk.ring, caller, interface
                yield asterisk.hang_up, caller
                yield asterisk.time_over, caller
                yield asterisk.press_key, caller
        for channel in asterisk.channels.values():
            if channel.state is ChannelState.RINGING:
                yield asterisk.answer, channel.unique_id
                yield asterisk.refuse, channel.unique_id

    def steps_of_calls(self) -> Iterator[Step]:
        asterisk = self.asterisk
        for phone in PHONES:
            if not asterisk.on(phone):
                for to in PHONES:
                    yield asterisk.dial, phone, to
        for unique_id, channel in asterisk.channels.items():
            yield asterisk.hang_up, unique_id
            if channel.state is ChannelState.RINGING:
                yield asterisk.answer, unique_id
                yield asterisk.refuse, unique_id
            elif channel.bridge:
                yield asterisk.hold, unique_id, not channel.held
                yield asterisk.record, unique_id
                yield asterisk.mute, unique_id, not channel.recorded
                for to in PHONES:
                    yield asterisk.transfer, unique_id, to

    def steps_of_others(self) -> Iterator[Step]:
        asterisk = self.asterisk
        for phone in PHONES:
            yield asterisk.unregister, phone, False
            yield asterisk.unregister, phone, True
            for queue in QUEUES:
                for live in self.center.agents.values():
                    yield asterisk.add_member, queue, phone, live.agent.member_name, 3
                yield asterisk.add_member, queue, phone, phone, 0
        for member in asterisk.all_members():
            yield asterisk.remove_member, member.queue, member.interface
            yield asterisk.pause, member.interface, not member.paused, "panel", member.queue
            yield asterisk.pause, member.interface, not member.paused, "panel"
            yield asterisk.set_penalty, member.queue, member.interface, 4
        for queue in QUEUES:
            yield asterisk.bring_queue, queue
            yield asterisk.drop_queue, queue

    # -- what users of xucd do

    @rule(agent=agents, line_id=st.integers(1, 4))
    def logs_in(self, agent: int, line_id: int) -> None:
        center, live = self.center, self.center.agents[agent]
        line = center.directory.lines[line_id]
        if live.stance is not Stance.OUT or agent in self.logins:
            return
        if line.interface in center.on_device or any(
            line is each for each, _ in self.logins.values()
        ):
            return
        commanded.begin_login(center, agent)
        self.expects(Station(agent, line.id, True, self.now, settled=False))
        commanded.log_in_without_queues(center, agent, line, self.now)
        log_in_found(center, agent, line, self.now)
        missing = set()
        for queue_id, penalty in live.queues.items():
            queue = center.directory.queues[queue_id].name
            if queue not in self.asterisk.members:
                missing.add(queue_id)
            self.asterisk.add_member(queue, line.interface, live.agent.member_name, penalty)
        for _, member in center.owners.shelved(live, line):
            self.asterisk.pause(member.interface, False, "", member.queue)
        self.logins[agent] = line, missing
        self.happened()

    @rule(agent=agents)
    def logs_out(self, agent: int) -> None:
        center, live = self.center, self.center.agents[agent]
        if live.stance is Stance.OUT or live.line is None:
            return
        self.logins.pop(agent, None)
        self.expects(Station(agent, live.line.id, False, self.now))
        members = center.owners.members(live)
        commanded.begin_logout(center, agent, self.now)
        for queue_id, member in members:
            center.undo(queue_id, member)
        self.carries_out(len(self.asked) + len(center.intents))
        self.happened()

    @rule(agent=agents, reason=st.sampled_from(["", "lunch", "meeting"]), paused=st.booleans())
    def pauses(self, agent: int, reason: str, paused: bool) -> None:
        live = self.center.agents[agent]
        if live.stance is Stance.OUT:
            return
        commanded.pause_without_queues(self.center, agent, paused, reason, self.now)
        for intent in strangers.pauses(self.center, live, paused, reason if paused else ""):
            self.asterisk.carry_out(intent)
        self.happened()

    @rule(agent=agents, queue_id=st.integers(1, 3), penalty=st.integers(-1, 3))
    def sets_queue(self, agent: int, queue_id: int, penalty: int) -> None:
        center, live = self.center, self.center.agents[agent]
        if agent in self.logins or live.leaving:
            return
        queue = center.directory.queues[queue_id].name
        theirs = self.configured.setdefault(agent, {})
        theirs[queue_id] = penalty
        if penalty < 0:
            del theirs[queue_id]
        commanded.begin_change(center, agent, queue_id)
        if live.stance is not Stance.OUT and live.line is not None:
            interface, name = live.line.interface, live.agent.member_name
            paused = live.stance is not Stance.READY
            if penalty < 0:
                self.asterisk.remove_member(queue, interface)
            elif not self.asterisk.add_member(queue, interface, name, penalty, paused):
                self.asterisk.set_penalty(queue, interface, penalty)
            elif paused:
                wraps = live.stance is Stance.WRAPPING
                reason = WRAPUP_REASON if wraps else live.reason
                self.asterisk.pause(interface, True, reason, queue)
        self.delivers(len(self.asterisk.wire))
        commanded.configure(center, agent, queue_id, penalty, self.now)
        commanded.end_change(center, agent, queue_id, self.now)
        self.happened()

    # -- what befalls the events, and what the centre asks for

    @rule(number=some)
    def delivers(self, number: int) -> None:
        for _ in range(min(number, len(self.asterisk.wire))):
            self.takes_in(self.asterisk.wire.pop(0))

    @rule(place=places)
    def arrives_twice(self, place: int) -> None:
        if self.past:
            self.takes_in(self.past[-1 - place % len(self.past)])

    @rule(place=places)
    def overtakes(self, place: int) -> None:
        wire = self.asterisk.wire
        if len(wire) > 1:
            place %= len(wire) - 1
            wire[place], wire[place + 1] = wire[place + 1], wire[place]

    @rule(place=places)
    def is_lost(self, place: int) -> None:
        if self.asterisk.wire:
            del self.asterisk.wire[place % len(self.asterisk.wire)]

    @rule(number=st.integers(0, 14))
    def comes_of_strangers(self, number: int) -> None:
        self.takes_in(STRANGERS[number % len(STRANGERS)])

    @rule(number=some)
    def carries_out(self, number: int) -> None:
        self.drain()
        for _ in range(min(number, len(self.asked))):
            intent = self.asked.pop(0)
            if isinstance(intent, RelistMembers):
                self.lists_members()
            elif not self.asterisk.carry_out(intent):
                self.asked.append(RelistMembers())

    @rule()
    def lists_members(self) -> None:
        """What was said before the list arrives before it."""
        self.delivers(len(self.asterisk.wire))
        seen = QueuesSeen(frozenset(self.asterisk.members), tuple(self.asterisk.all_members()))
        rebuild_members(self.center, seen, self.now, again=True)
        self.drain()

    @rule(seconds=st.sampled_from([0.5, 1.0, 3.0, 7.0, 20.0, 300.0]))
    def passes(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.center.due()) <= end:
            self.now = max(self.now, due)
            self.center.tick(self.now)
            self.drain()
            assert self.center.due() > self.now, "what was due is due for ever"
        self.now = self.asterisk.now = end
        self.happened()

    @rule(held=st.booleans())
    def reconnects(self, held: bool) -> None:
        """The link was lost: logins fail, what was asked for is forgotten, and all is read anew."""
        self.fails_logins()
        self.asked.clear()
        self.reads_snapshot(held=held)
        self.comes_to_rest()

    @rule()
    def asterisk_restarts(self) -> None:
        self.fails_logins()
        self.asterisk.restart()
        self.asterisk.wire.clear()
        self.asked.clear()
        self.reads_snapshot(held=False)
        self.comes_to_rest()

    @rule()
    def xucd_restarts(self) -> None:
        days = {key: live.day(self.now) for key, live in self.center.agents.items()}
        self.begin_center(
            Remembered(self.configured, self.told.stations, days, self.told.queue_days)
        )
        self.reads_snapshot(held=False)
        self.comes_to_rest()

    def teardown(self) -> None:
        self.fails_logins()
        self.asked.clear()
        self.reads_snapshot(held=False)
        self.comes_to_rest()

    # -- parts

    def channel(self, place: int, state: ChannelState | None = None) -> SimChannel | None:
        found = [
            each for each in self.asterisk.channels.values() if state is None or each.state is state
        ]
        return found[place % len(found)] if found else None

    def expects(self, station: Station) -> None:
        self.center.expect_station(station)
        self.told.stations[station.agent_id] = station

    def takes_in(self, event: ev.Event) -> None:
        self.past = [*self.past[-20:], event]
        before = waited_for(self.center)
        self.center.take_touched()
        apply(self.center, event, self.now)
        after, touched = waited_for(self.center), self.center.take_touched()
        unseen = {each for each in after if after[each] != before[each]} - touched
        assert not unseen, f"whoever waits for these agents is not asked: {unseen}"
        self.drain()

    def happened(self) -> None:
        """Something was done; when all is prompt, everybody learns of it at once."""
        self.drain()
        while self.eager and (self.asterisk.wire or self.asked):
            self.delivers(len(self.asterisk.wire))
            self.carries_out(len(self.asked))

    def drain(self) -> None:
        changes, intents = self.center.drain()
        for change in changes:
            self.told.hear(change, self.center)
            if isinstance(change, ch.DayEnded):
                self.carried = {key: len(day.waiting) for key, day in change.queues.items()}
                self.counted = {}
        self.asked += intents
        for agent, (_, missing) in list(self.logins.items()):
            live = self.center.agents[agent]
            if (
                live.stance is not Stance.OUT
                and live.queues.keys() - missing <= live.members.keys()
            ):
                del self.logins[agent]
                commanded.settle(self.center, agent, missing)
                self.drain()
        found = [each for holds in INVARIANTS for each in holds(self)]
        assert not found, found

    def fails_logins(self) -> None:
        logins, self.logins = self.logins, {}
        for agent, (line, _) in logins.items():
            commanded.fail_login(self.center, agent, line)
            self.expects(Station(agent, line.id, False, self.now))
            commanded.recall(self.center, agent)

    def reads_snapshot(self, *, held: bool) -> None:
        """With `held`, what was not delivered arrives after it, though it tells nothing new."""
        if not held:
            self.asterisk.wire.clear()
        rebuild(self.center, self.asterisk.snapshot(), self.now)
        self.drain()

    def comes_to_rest(self) -> None:
        """Do all that is asked for, tell all of it, and let time pass until nothing is to come."""
        end = self.now + REST_S
        while True:
            self.does_all()
            due = self.center.due()
            if due > end:
                break
            self.now = self.asterisk.now = max(self.now, due)
            self.center.tick(self.now)
            self.drain()
        self.now = self.asterisk.now = end
        found = [each for agrees in AGREEMENTS for each in agrees(self)]
        assert not found, found

    def does_all(self) -> None:
        self.drain()
        for _ in range(ROUNDS):
            if not self.asterisk.wire and not self.asked:
                return
            self.delivers(len(self.asterisk.wire))
            self.carries_out(len(self.asked))
        raise AssertionError(f"what is asked for leads to no end: {self.asked}")
