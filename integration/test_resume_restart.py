"""Catching up over a restart: xucd is killed while calls, pauses and penalties go on.

What happened before the kill comes in order, once; what happened while xucd was away is told as
events. In the end each page shows what a page shows that comes anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from integration.client import Client, Refused, token_of
from integration.fixtures import World, end_calls, no_channels
from integration.model.panel import Panel
from integration.phones import NotAnswered
from tests.plugin_proofs import Proof
from tests.resuming_page import ResumingPage, folded
from xucd.client.state import State
from xucd.cti.messages.statistics import QueueStatistic
from xucd.cti.parts import SentCommand

pytestmark = pytest.mark.any_asterisk

CUT = (ConnectionError, ConnectionClosed, Refused, OSError)
QUEUES = {"1": "support", "2": "sales"}
LINES = ["1001", "1002", "1003", "1004"]
EVENTS = (
    "AgentStateEvent",
    "QueueMember",
    "AgentStatistics",
    "QueueStatistics",
    "QueueCalls",
    "PhoneHintStatusEvent",
    "PhoneEvent",
    "LinkStatus",
)
OF_ALL: list[SentCommand] = [
    *(("getList", {"objectType": kind}) for kind in ("agent", "queue", "queuemember")),
    ("subscribeToAgentEvents", {}),
    ("subscribeToAgentStats", {}),
    ("subscribeToQueueStats", {}),
    ("subscribeToQueueCalls", {"queueId": 1}),
    ("subscribeToQueueCalls", {"queueId": 2}),
    ("subscribeToPhoneHints", {"phoneNumbers": LINES}),
    ("getCallbackLists", {}),
    ("getList", {"objectType": "basequeuemember"}),
    ("getAgentStates", {}),
]
OWN_CALLS: SentCommand = ("getCurrentCallsPhoneEvents", {})


def shown(state: State) -> dict[str, Any]:
    """What is compared: all but what counts the time by itself."""
    return {
        "agents": {
            agent.id: (
                agent.state.name,
                agent.state.phone_number,
                sorted(agent.state.queues),
                agent.state.cause,
                agent.state.acd,
                agent.state.monitor_state,
            )
            for agent in state.agents.values()
            if agent.state is not None
        },
        "members": {agent.id: dict(sorted(agent.queues.items())) for agent in _agents(state)},
        "configured": {agent.id: (agent.configured, agent.missing) for agent in _agents(state)},
        "figures": {
            agent.id: {name: n for name, n in agent.statistics.items() if "Calls" in name}
            for agent in _agents(state)
        },
        "queues": {
            queue.id: {
                n: v
                for n, v in queue.statistics.items()
                if "Time" not in n and n != QueueStatistic.EXPECTED_WAIT
            }
            for queue in state.queues.values()
        },
        "waiting": {
            queue.id: [(call.number, call.position) for call in queue.calls]
            for queue in state.queues.values()
        },
        "phones": state.phones,
        "calls": {
            unique_id: (call.event.event_type, call.event.other_number)
            for unique_id, call in state.calls.items()
        },
        "callbacks": state.callbacks,
        "memberships": state.memberships,
        "asterisk": state.asterisk,
        "own": (state.user_status, state.phone_status),
    }


def _agents(state: State) -> list[Any]:
    return sorted(state.agents.values(), key=lambda agent: agent.id)


class Traffic:
    """Callers, and changes by commands and by others, until it is stopped."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._tasks = [
            asyncio.create_task(work)
            for work in (self._calls("3001"), self._calls("3000"), self._changes())
        ]

    async def _calls(self, number: str) -> None:
        while True:
            caller = self.world.phones.dial(number)
            with contextlib.suppress(NotAnswered):
                await asyncio.wait_for(asyncio.shield(caller.answered()), 3)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(caller.ended(), random.uniform(0.1, 1))
            await caller.hang_up()

    async def _changes(self) -> None:
        """Alice pauses and comes back, Jack's penalty goes up and down; xucd may be away."""
        while True:
            with contextlib.suppress(*CUT, TimeoutError):
                async with await self.world.xucd.client("ada") as ada:
                    while True:
                        await ada.ask("pauseAgent", agentid=9, reason="lunch")
                        await ada.ask("setAgentQueue", agentId=10, queueId=2, penalty=1)
                        await ada.ask("unpauseAgent", agentid=9)
                        await ada.ask("setAgentQueue", agentId=10, queueId=2, penalty=2)
            await asyncio.sleep(0.05)  # xucd is away

    async def stop(self) -> None:
        """All is quiet after this."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        async with Panel(self.world.pbx) as panel:
            await end_calls(self.world.phones, panel)


async def while_away(world: World, chance: random.Random) -> None:
    """What others do to Asterisk while xucd is not there to see it."""
    for _ in range(2):
        line = chance.choice(LINES[:3])
        verb = chance.choice(("pause", "unpause"))
        what = f"queue {verb} member PJSIP/{line}"
        await asyncio.to_thread(world.pbx.cli, what)
    if chance.random() < 0.5:
        await asyncio.to_thread(world.pbx.cli, "channel request hangup all")
    line, queue = chance.choice(LINES[:3]), chance.choice(list(QUEUES.values()))
    await asyncio.to_thread(
        world.pbx.cli, f"queue set penalty {chance.randint(3, 9)} on PJSIP/{line} in {queue}"
    )


async def settled(page: ResumingPage, fresh: Client) -> None:
    """Wait until the page shows what a fresh one shows; what is not told stays different."""
    for _ in range(300):
        page.catch_up()
        one = shown(page.state())
        other = shown(folded(frame.message for frame in fresh.frames))
        if one == other:
            return
        await asyncio.sleep(0.1)  # a wrap-up ends, a figure is told with the next interval
    assert one == other


@pytest.mark.timeout(0)  # as long as --resume-kills says; each kill has a deadline of its own
async def test_pages_resume_over_kills_of_xucd_and_end_where_asterisk_is(
    world: World, pytestconfig: pytest.Config, proof: Proof
) -> None:
    kills, chance = pytestconfig.getoption("resume_kills"), random.Random(20261126)
    for login, line in (("bruce", "1001"), ("jack", "1003"), ("alice", "1002")):
        await world.agent(login, line)
        world.phone(line, answer_after=0.05)
    port = world.xucd.port
    boards = [ResumingPage(world.xucd, "ada", await token_of(port, "ada")) for _ in range(2)]
    desk = ResumingPage(world.xucd, "bruce", await token_of(port, "bruce"))
    for board in boards:
        await board.open(*OF_ALL)
    await desk.open(*OF_ALL, OWN_CALLS)
    compared = max(board.position for board in boards)
    events: tuple[str, ...] = EVENTS
    if pytestconfig.getoption("edge"):  # which tells each page by itself that its owner is away
        events = tuple(kind for kind in EVENTS if kind != "LinkStatus")
    for _ in range(kills):
        async with asyncio.timeout(180):
            traffic = Traffic(world)
            await asyncio.sleep(chance.uniform(0.5, 3))
            await boards[1].lose()
            await asyncio.sleep(chance.uniform(0, 0.5))
            await world.xucd.stop(signal.SIGKILL)
            for page in (*boards, desk):
                await page.lose()
                page.forget(chance)
            await while_away(world, chance)
            starting = asyncio.create_task(world.xucd.start())
            await boards[0].resume_when_possible()
            await starting
            await asyncio.gather(boards[1].resume(), desk.resume())
            await traffic.stop()
            for login, page in (("ada", boards[0]), ("ada", boards[1]), ("bruce", desk)):
                fresh = await world.client(login)
                for command, arguments in OF_ALL:
                    await fresh.ask(command, **arguments)
                if page is desk:
                    await fresh.ask(OWN_CALLS[0])
                await settled(page, fresh)
                await fresh.close()
            reached = min(board.position for board in boards)
            told = [board.told(events, compared, reached) for board in boards]
            assert told[0] == told[1]
            compared = reached
    assert desk.told(("PhoneEvent",), 0)
    proof("pages that resume over a SIGKILL of xucd beside Asterisk, calls under way", times=kills)


async def test_what_changed_while_xucd_was_away_is_told_as_events_and_nothing_else(
    world: World,
) -> None:
    for login, line in (("jack", "1003"), ("alice", "1002"), ("bruce", "1001")):
        await world.agent(login, line)
    jack = await world.client("jack")
    await jack.ask("pauseAgent", reason="lunch")
    desk = ResumingPage(world.xucd, "bruce", await token_of(world.xucd.port, "bruce"))
    await desk.open(*OF_ALL, OWN_CALLS)
    caller = world.phones.dial("1001")
    (await world.phone("1001").rings()).answer()
    await caller.answered()
    assert desk.link is not None
    established = await desk.link.until("PhoneEvent", eventType="EventEstablished")
    await desk.link.until("AgentStateEvent", agentId=8, name="AgentOnCall")
    await desk.lose()
    await world.xucd.stop(signal.SIGKILL)
    await caller.hang_up()
    await no_channels(world.pbx)
    cli = world.pbx.cli
    await asyncio.to_thread(cli, "queue pause member PJSIP/1002")
    await asyncio.to_thread(cli, "queue remove member PJSIP/1001 from support")
    await world.xucd.start()
    link = await desk.resume()
    await link.until("LinkStatus", asterisk="current")
    await link.ask("getCallbackPreferredPeriods")
    told = [(frame.type, frame.body) for frame in link.frames]
    calls = [body for kind, body in told if kind == "PhoneEvent"]
    assert calls == [{**established, "eventType": "EventReleased"}]
    states = [(body["agentId"], body["name"]) for kind, body in told if kind == "AgentStateEvent"]
    assert (9, "AgentOnPause") in states
    assert 10 not in {agent_id for agent_id, _ in states}  # nothing has changed for jack
