"""What queues' figures say of calls whose ends are known, told by a script of forty calls.

All wait at once, in four queues, so the script takes hardly longer than its longest wait. In the
middle of it xucd is killed and started again, with half the callers waiting.
"""

from __future__ import annotations

import asyncio
import datetime
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from integration.client import Client, Frame, Refused
from integration.fixtures import LINES, World
from integration.pbx import Pbx
from integration.phones import Leg, NotAnswered, Phones
from integration.running import DEMO, Xucd
from xucd.cti.messages import QueueStatistic as Figure
from xucd.cti.messages import window_name

SUPPORT, SALES, BILLING, NIGHT = 1, 2, 3, 4
NUMBERS = {SUPPORT: "3000", SALES: "3001", BILLING: "3002", NIGHT: "3003"}
TIMEOUT = 55  # seconds after which a queue lets a caller go
SOON, LATE = 3.0, 20.0  # seconds after which agents begin to answer in SALES, in BILLING
EARLY, LATER = 3.0, 17.0  # seconds after which callers give up, the later ones at the earliest
AGENTS = {  # agent: login, line, the queue it answers
    8: ("bruce", "1001", SALES),
    9: ("alice", "1002", SALES),
    10: ("jack", "1003", SALES),
    11: ("marice", "1004", BILLING),
    12: ("etienne", "1005", BILLING),
    13: ("caroline", "1006", BILLING),
}
NIGHT_QUEUE = '[[queues]]\nid = 4\nname = "night"\ndisplayName = "Night"\nnumber = "3003"\n'
NOTHING: dict[str, float] = dict.fromkeys(Figure, 0)


@pytest_asyncio.fixture(loop_scope="session")
async def impatient(asterisk_image: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world of its own, whose queues let callers go after `TIMEOUT` seconds."""
    pbx = await asyncio.to_thread(Pbx(asterisk_image, queue_timeout=TIMEOUT).start)
    try:
        async with Phones(pbx) as phones:
            await phones.register(*LINES)
            xucd = Xucd(pbx, tmp_path)
            await xucd.prepare()
            (tmp_path / "center.toml").write_text(DEMO.read_text() + NIGHT_QUEUE)
            await xucd.command("center", "apply", str(tmp_path / "center.toml"))
            await xucd.start()
            world = World(xucd, phones)
            yield world
            await world.close()
            await xucd.stop()
    finally:
        await asyncio.to_thread(pbx.stop)


def counters(body: dict[str, Any]) -> dict[str, float]:
    return {one["statName"]: one["value"] for one in body["counters"]}


async def counted(client: Client, queue_id: int, wanted: dict[str, float]) -> None:
    """Wait until a queue is told with these figures, as the latest of all."""

    def fits(frame: Frame) -> bool:
        if frame.type != "QueueStatistics" or frame.body["queueId"] != queue_id:
            return False
        told = counters(frame.body)
        return all(told[name] == value for name, value in wanted.items())

    await client.frame(fits)


async def waiting(client: Client, callers: dict[int, int]) -> None:
    """Wait until so many callers are told to have entered each queue, and to wait there."""
    for queue, count in callers.items():
        await counted(client, queue, {Figure.WAITING_CALLS: count, Figure.ENTERED: count})


def latest(client: Client, queue_id: int) -> dict[str, float]:
    told = [body for body in client.bodies("QueueStatistics") if body["queueId"] == queue_id]
    return counters(told[-1])


async def turned_away(call: Leg) -> None:
    with pytest.raises(NotAnswered):
        await call.answered(TIMEOUT + 15.0)


async def gives_up(call: Leg, moment: float, seen: asyncio.Event | None = None) -> None:
    """Hang up at a moment of the script, but not before something was seen."""
    await until(moment)
    if seen is not None:
        await seen.wait()
    await call.hang_up()


async def station(world: World, ada: Client) -> dict[int, Client]:
    """Every agent at its context, paused, in the one queue that it answers."""
    for agent_id, queue_id in ((8, 1), (9, 1), (11, 2)):
        await ada.ask("removeAgentFromQueue", agentId=agent_id, queueId=queue_id)
    pages = {}
    for agent_id, (login, line, queue_id) in AGENTS.items():
        await ada.ask("setAgentQueue", agentId=agent_id, queueId=queue_id, penalty=0)
        pages[agent_id] = await world.agent(login, line)
        await pages[agent_id].ask("pauseAgent")
        phone = world.phone(line, answer_after=0)
        phone.hang_up_after = 0.2
    return pages


@pytest.mark.any_asterisk
@pytest.mark.timeout(600)
async def test_forty_calls_are_counted_as_they_ended_also_by_an_xucd_killed_in_between(
    impatient: World,
) -> None:
    world = impatient
    ada = await world.client("ada")
    await ada.ask("subscribeToQueueStats")
    assert {queue: latest(ada, queue) for queue in NUMBERS} == dict.fromkeys(NUMBERS, NOTHING)
    pages = await station(world, ada)
    await counted(ada, SALES, {Figure.LOGGED_IN_AGENTS: 3, Figure.AVAILABLE_AGENTS: 0})

    dial = world.phones.dial
    late = [dial(NUMBERS[BILLING]) for _ in range(8)]
    later = [dial(NUMBERS[SUPPORT]) for _ in range(6)]
    timed_out = [dial(NUMBERS[SUPPORT]) for _ in range(6)]
    closed = [dial(NUMBERS[NIGHT]) for _ in range(6)]
    restarted = asyncio.Event()
    ends = [asyncio.create_task(turned_away(call)) for call in (*timed_out, *closed)]
    await waiting(ada, {SUPPORT: 12, BILLING: 8})
    # Whose wait is to be short comes when all others are there, however long forty callers take.
    soon = [dial(NUMBERS[SALES]) for _ in range(8)]
    early = [dial(NUMBERS[SUPPORT]) for _ in range(6)]
    await waiting(ada, {SUPPORT: 18, SALES: 8})
    begun = asyncio.get_running_loop().time()
    ends += [
        *(asyncio.create_task(gives_up(call, begun + EARLY)) for call in early),
        *(asyncio.create_task(gives_up(call, begun + LATER, restarted)) for call in later),
    ]

    await until(begun + SOON)
    for agent_id in (8, 9, 10):
        await pages[agent_id].ask("unpauseAgent")
    await asyncio.gather(*(call.answered() for call in soon))
    await counted(
        ada, SALES, {Figure.ANSWERED: 8, Figure.AVAILABLE_AGENTS: 3, Figure.TALKING_AGENTS: 0}
    )
    await counted(ada, SUPPORT, {Figure.ABANDONED: 6, Figure.WAITING_CALLS: 12})
    await counted(ada, NIGHT, {Figure.CLOSED: 6})

    await kill_once_written(world.xucd)
    await world.xucd.start()
    ada = await world.client("ada")
    await ada.ask("subscribeToQueueStats")
    assert latest(ada, SALES)[Figure.ANSWERED] == 8
    assert latest(ada, SUPPORT)[Figure.WAITING_CALLS] == 12
    assert latest(ada, SUPPORT)[Figure.ENTERED] == 18
    restarted.set()

    await until(begun + LATE)
    for agent_id in (11, 12, 13):
        await (await world.client(AGENTS[agent_id][0])).ask("unpauseAgent")
    await asyncio.gather(*(call.answered() for call in late), *ends)
    await counted(
        ada, BILLING, {Figure.ANSWERED: 8, Figure.AVAILABLE_AGENTS: 3, Figure.TALKING_AGENTS: 0}
    )
    await counted(ada, SUPPORT, {Figure.TIMED_OUT: 6})

    assert latest(ada, SALES) == NOTHING | {
        Figure.ENTERED: 8,
        Figure.ANSWERED: 8,
        Figure.ANSWERED_SHARE: 100,
        Figure.ANSWERED_SOON_SHARE: 100,
        Figure.LOGGED_IN_AGENTS: 3,
        Figure.AVAILABLE_AGENTS: 3,
        Figure.EXPECTED_WAIT: 0,  # xucd expects what it has seen itself
    }
    billing = latest(ada, BILLING)
    assert LATE <= billing[Figure.EXPECTED_WAIT] < TIMEOUT
    assert billing == NOTHING | {
        Figure.EXPECTED_WAIT: billing[Figure.EXPECTED_WAIT],
        Figure.ENTERED: 8,
        Figure.ANSWERED: 8,
        Figure.ANSWERED_SHARE: 100,
        Figure.LOGGED_IN_AGENTS: 3,
        Figure.AVAILABLE_AGENTS: 3,
    }
    assert latest(ada, SUPPORT) == NOTHING | {
        Figure.ENTERED: 18,
        Figure.ABANDONED: 12,
        Figure.TIMED_OUT: 6,
        Figure.ABANDONED_SHARE: 66.7,
        Figure.ABANDONED_LATE_SHARE: 33.3,
    }
    assert latest(ada, NIGHT) == NOTHING | {Figure.CLOSED: 6}

    window = await asked_for(ada, queueId=BILLING, window=120, xqos=TIMEOUT)
    assert window[Figure.ANSWERED] == 8
    assert window[window_name(Figure.ANSWERED_SOON_SHARE, TIMEOUT)] == 100
    window = await asked_for(ada, queueId=SUPPORT, window=3600, xqos=15)
    assert window[Figure.TIMED_OUT] == 6
    assert window[window_name(Figure.ABANDONED_LATE_SHARE, 15)] == 50


async def until(moment: float) -> None:
    """Wait for a moment of the script, by the loop's clock."""
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))


async def kill_once_written(xucd: Xucd) -> None:
    """Kill the daemon without warning, once what the script has done so far is in its store."""
    store = xucd.store()
    async with asyncio.timeout(40):
        while True:
            days = await asyncio.to_thread(store.queue_days, datetime.date.today())
            if (
                len(days) == 4
                and days[SALES].answered == 8
                and days[SUPPORT].abandoned == 6
                and days[NIGHT].closed == 6
                and not days[SALES].waiting
            ):
                break
            await asyncio.sleep(0.1)  # a table tells nobody of its news
    store.close()
    await xucd.stop(signal.SIGKILL)


async def asked_for(client: Client, **arguments: int) -> dict[str, float]:
    begun = len(client.frames)
    await client.ask("getQueueStatistics", **arguments)
    body = await client.until("GetQueueStatistics", after=begun)
    assert body["queueId"] == arguments["queueId"]
    return counters(body)


async def test_who_waits_is_told_now_and_on_change_until_it_is_no_longer_wanted(
    world: World,
) -> None:
    first = world.phones.dial("3000", caller_number="0230210082", name="Alice")
    await first.rang()
    sue = await world.client("sue")
    await sue.ask("subscribeToQueueCalls", queueId=SUPPORT)
    (told,) = (
        await sue.frame(lambda frame: frame.type == "QueueCalls" and bool(frame.body["calls"]))
    ).body["calls"]
    assert (told["position"], told["number"], told["name"]) == (1, "0230210082", "Alice")
    began = datetime.datetime.fromisoformat(told["queueTime"])
    assert abs((datetime.datetime.now(datetime.UTC) - began).total_seconds()) < 30

    second = world.phones.dial("3000", caller_number="0230210083")
    both = await sue.frame(
        lambda frame: frame.type == "QueueCalls" and len(frame.body["calls"]) > 1
    )
    assert [call["number"] for call in both.body["calls"]] == ["0230210082", "0230210083"]
    begun = len(sue.frames)
    await first.hang_up()
    left = await sue.until("QueueCalls", after=begun)
    assert [(call["position"], call["number"]) for call in left["calls"]] == [(1, "0230210083")]

    await sue.ask("unSubscribeToQueueCalls", queueId=SUPPORT)
    await sue.ask("subscribeToQueueStats")
    begun = len(sue.frames)
    await second.hang_up()
    await counted(sue, SUPPORT, {Figure.WAITING_CALLS: 0, Figure.ABANDONED: 2})
    assert sue.bodies("QueueCalls", after=begun) == []


async def test_a_supervisor_is_told_of_its_own_queues_alone(world: World) -> None:
    sue = await world.client("sue")
    await sue.ask("subscribeToQueueStats")
    for command in ("subscribeToQueueCalls", "unSubscribeToQueueCalls", "getQueueStatistics"):
        with pytest.raises(Refused, match="NotAuthorized"):
            await sue.ask(command, queueId=SALES, window=60, xqos=15)
    elsewhere = world.phones.dial("3001")
    await elsewhere.rang()
    here = world.phones.dial("3000")
    await counted(sue, SUPPORT, {Figure.WAITING_CALLS: 1})
    await asyncio.gather(elsewhere.hang_up(), here.hang_up())
    await counted(sue, SUPPORT, {Figure.ABANDONED: 1})
    assert {body["queueId"] for body in sue.bodies("QueueStatistics")} == {SUPPORT}


async def test_the_longest_wait_grows_without_any_event_of_asterisk(world: World) -> None:
    ada = await world.client("ada")
    await ada.ask("subscribeToQueueStats")
    call = world.phones.dial("3001")
    await counted(ada, SALES, {Figure.WAITING_CALLS: 1})

    def long(frame: Frame) -> bool:
        if frame.type != "QueueStatistics" or frame.body["queueId"] != SALES:
            return False
        return counters(frame.body)[Figure.LONGEST_WAIT] >= 2

    found = await ada.frame(long)
    before = ada.frames[: ada.frames.index(found) + 1]
    told = [one for one in before if one.type == "QueueStatistics" and one.body["queueId"] == SALES]
    assert len(told) <= 6
    await call.hang_up()
    await counted(ada, SALES, {Figure.WAITING_CALLS: 0, Figure.ABANDONED: 1})
