"""A small contact centre for tests of the pure rules, and words to say what Asterisk did."""

import datetime
from collections.abc import Iterable

from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import AgentState
from xucd.center.center import Center, Remembered
from xucd.center.directory import Agent, Directory, Group, Line, Queue
from xucd.center.events import ChannelState, DeviceStatus
from xucd.center.homes import Home, at_home
from xucd.center.intents import WRAPUP_REASON, Intent, MarkCaller, Nudge, RelistMembers
from xucd.center.live import LiveAgent
from xucd.center.rules import commanded
from xucd.center.rules.rebuild import rebuild
from xucd.center.rules.table import apply
from xucd.center.snapshot import Snapshot
from xucd.center.station import Station
from xucd.cti.messages import QueueStatistic
from xucd.store.journal import midnight_after

OUTCOMES = (
    QueueStatistic.ANSWERED,
    QueueStatistic.ABANDONED,
    QueueStatistic.TIMED_OUT,
    QueueStatistic.CALLBACKS,
    QueueStatistic.DIVERTED,
    QueueStatistic.UNSEEN,
)
"""The figures of which each caller is counted in one, once it waits no more."""

START = datetime.datetime(2026, 11, 18, 11, 6, 40).astimezone().timestamp()
"""Far from midnight wherever the tests run, since days are local."""
SUPPORT, SALES, BILLING = 1, 2, 3
BRUCE, ALICE, CAROLINE = 8, 9, 13
DAY = 86_400.0


def directory() -> Directory:
    return Directory(
        groups=[Group(1, "default"), Group(2, "boats")],
        queues=[
            Queue(SUPPORT, "support", "Support", "3000", wrapup=5),
            Queue(SALES, "sales", "Sales", "3001"),
            Queue(BILLING, "billing", "Billing", "3002"),
        ],
        lines=[Line(n, f"100{n}", f"PJSIP/100{n}") for n in range(1, 5)],
        agents=[
            Agent(BRUCE, "2501", "Bruce", "Wail", group_id=1, user_id=1, line_id=1),
            Agent(ALICE, "2502", "Alice", "Johnson", group_id=1, user_id=2, line_id=2),
            Agent(CAROLINE, "2506", "Caroline", "Heronde", group_id=2, user_id=6, line_id=3),
        ],
    )


class Scene:
    """A centre with a clock of its own; each word below is one or more events."""

    def __init__(
        self,
        stations: Iterable[Station] = (),
        *,
        centre: Directory | None = None,
        homes: Iterable[Home] = (),
    ) -> None:
        centre = centre or directory()
        self.now = START
        self.told: list[ch.Change] = []
        # All but the marks that each answered caller gets.
        self.asked: list[Intent | RelistMembers] = []
        self.marked: list[MarkCaller] = []
        self._calls = 0
        self.center = Center(
            centre,
            self.now,
            midnight_after,
            Remembered(
                queues={BRUCE: {SUPPORT: 0, SALES: 1, BILLING: 2}, ALICE: {SUPPORT: 0}},
                stations={station.agent_id: station for station in stations},
                at_home=at_home(centre, homes),
            ),
        )

    def agent(self, agent_id: int = BRUCE) -> LiveAgent:
        return self.center.agents[agent_id]

    def states(self, agent_id: int = BRUCE) -> list[AgentState]:
        """The states that clients were told of an agent, in order."""
        return [
            change.shown.state
            for change in self.told
            if isinstance(change, ch.AgentChanged) and change.agent_id == agent_id
        ]

    def memberships(self) -> list[tuple[int, int, int]]:
        return [
            (change.agent_id, change.queue_id, change.penalty)
            for change in self.told
            if isinstance(change, ch.MembershipChanged)
        ]

    def forget(self) -> None:
        self.told, self.asked, self.marked = [], [], []

    def happens(self, *events: ev.Event) -> None:
        for event in events:
            apply(self.center, event, self.now)
        self._take()

    def rebuilds(self, snapshot: Snapshot) -> None:
        rebuild(self.center, snapshot, self.now)
        self._take()

    def passes(self, seconds: float) -> None:
        """Let time pass, stopping wherever the centre has something due."""
        end = self.now + seconds
        while (due := self.center.due()) <= end:
            self.now = max(self.now, due)
            self.center.tick(self.now)
            assert self.center.due() > self.now, "what was due is due for ever"
            self._take()
        self.now = end

    def _take(self) -> None:
        changes, intents = self.center.drain()
        self.told += changes
        self.marked += [each for each in intents if isinstance(each, MarkCaller)]
        self.asked += [each for each in intents if not isinstance(each, MarkCaller)]

    # -- words

    def logs_in(self, agent_id: int = BRUCE) -> None:
        live = self.agent(agent_id)
        line = self.center.directory.lines[live.agent.line_id or 0]
        commanded.begin_login(self.center, agent_id)
        for queue_id, penalty in list(live.queues.items()):
            queue = self.center.directory.queues[queue_id].name
            name = live.agent.member_name
            self.happens(ev.MemberAdded(queue, line.interface, name, penalty, False, ""))

    def pauses(self, paused: bool, reason: str = "", agent_id: int = BRUCE) -> None:
        live = self.agent(agent_id)
        assert live.line is not None
        for queue_id in list(live.members):
            queue = self.center.directory.queues[queue_id].name
            name = live.agent.member_name
            self.happens(ev.MemberPaused(queue, live.line.interface, name, paused, reason))

    def wraps_up(self, agent_id: int = BRUCE) -> None:
        """The pause comes as late as the end of a call for which it was asked."""
        self.center.agent_record(agent_id).owe_wrapup()
        self.pauses(True, WRAPUP_REASON, agent_id)

    def phone_is(self, status: DeviceStatus, agent_id: int = BRUCE) -> None:
        """All of an agent's queues take its phone for this."""
        live = self.agent(agent_id)
        assert live.line is not None
        for queue_id in list(live.members):
            queue = self.center.directory.queues[queue_id].name
            name = live.agent.member_name
            self.happens(ev.MemberStatus(queue, live.line.interface, name, status))

    def nudged(self) -> list[str]:
        """The channels of the callers that were nudged, in order."""
        return [one.channel for one in self.asked if isinstance(one, Nudge)]

    def caller_waits(self, queue: str = "support", number: str = "0230210082") -> str:
        self._calls += 1
        caller = f"caller{self._calls}"
        channel = f"PJSIP/trunk-{self._calls:08x}"
        position = len(self.center.waiting.calls(queue)) + 1
        self.happens(
            ev.ChannelCreated(channel, caller, caller, ChannelState.RING, number, "", "3000"),
            ev.CallerJoined(queue, channel, caller, position, number, ""),
        )
        return caller

    def rings(self, caller: str, queue: str = "support", agent_id: int = BRUCE) -> str:
        live = self.agent(agent_id)
        assert live.line is not None
        phone, interface = f"{caller}at{agent_id}", live.line.interface
        channel = f"{interface}-{phone}"
        number = live.line.number
        down, ringing = ChannelState.DOWN, ChannelState.RINGING
        self.happens(
            ev.ChannelCreated(channel, phone, caller, down, number, "", ""),
            ev.AgentCalled(queue, caller, phone),
            ev.ChannelMoved(phone, caller, ringing, number, "", "0230210082", ""),
        )
        return phone

    def answers(self, caller: str, phone: str, queue: str = "support", gosub: bool = True) -> None:
        channel = self.center.channels.by_id[phone]
        live = self.center.on_device[channel.interface]
        up = ChannelState.UP
        self.happens(
            ev.ChannelMoved(phone, caller, up, "1001", "", "0230210082", ""),
            ev.CallerLeft(queue, caller),
        )
        if gosub:
            self.pauses(True, WRAPUP_REASON, live.agent.id)
        self.happens(ev.AgentConnected(queue, caller, phone, 3, channel.interface))

    def talks(self, agent_id: int = BRUCE) -> str:
        """An agent's phone dials and is answered."""
        live = self.agent(agent_id)
        assert live.line is not None
        self._calls += 1
        phone, number = f"talk{self._calls}", live.line.number
        self.happens(
            ev.ChannelCreated(
                f"{live.line.interface}-{phone}",
                phone,
                phone,
                ChannelState.RING,
                number,
                "",
                "0230",
            ),
            ev.ChannelMoved(phone, phone, ChannelState.UP, number, "", "0230", ""),
        )
        return phone

    def hangs_up(self, *unique_ids: str) -> None:
        for unique_id in unique_ids:
            channel = self.center.channels.by_id[unique_id]
            self.happens(ev.ChannelGone(channel.name, unique_id))
