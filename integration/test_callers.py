"""The callers of queues: each stays one, has one outcome, and has the place that Asterisk gives it.

`make soak` runs the mixed calls 300 times, with `--mixed-calls`.
"""

from __future__ import annotations

import asyncio
import signal

import pytest

from integration import callers
from integration.callers import BILLING, SUPPORT
from integration.client import DEADLINE, Client
from integration.fixtures import World
from integration.model.panel import Block, Panel
from integration.test_queue_stats import counted, counters
from tests.plugin_proofs import Proof
from tests.scene import OUTCOMES
from xucd.cti.messages import QueueStatistic as Figure

QUEUE_LOG = "/var/log/asterisk/queue_log"


@pytest.mark.timeout(0)
async def test_mixed_calls_are_counted_as_they_ended_and_as_asterisk_logs_them(
    world: World, request: pytest.FixtureRequest, asterisk_version: str, proof: Proof
) -> None:
    count = request.config.getoption("--mixed-calls")
    ada = await world.client("ada")
    await ada.ask("subscribeToQueueStats")
    await world.agent("jack", "1003")  # in sales alone
    world.phone("1003", answer_after=0)
    world.phone(callers.ANSWERS, answer_after=0)
    before = callers.logged(await asyncio.to_thread(world.pbx.read, QUEUE_LOG))
    async with Panel(world.pbx) as panel:
        expected = await callers.run(world, panel, count, seed=count)
    for queue_id in callers.NAMES:
        figures: dict[str, float] = {
            name: expected.figures[queue_id, name] for name in (Figure.ENTERED, *OUTCOMES)
        }
        await counted(ada, queue_id, {**figures, Figure.WAITING_CALLS: 0})
    told = [counters(body) for body in ada.bodies("QueueStatistics")]
    assert [one for one in told if one[Figure.ENTERED] != parts(one)] == []
    after = callers.logged(await asyncio.to_thread(world.pbx.read, QUEUE_LOG))
    assert after - before == expected.logged
    proof(
        f"calls of all outcomes, compared with the log of Asterisk {asterisk_version}", times=count
    )


def parts(told: dict[str, float]) -> float:
    """All who have entered a queue, by what they do or how they ended."""
    return told[Figure.WAITING_CALLS] + sum(told[end] for end in OUTCOMES)


async def test_a_caller_handed_over_or_taken_while_xucd_is_down_stays_one_caller(
    world: World,
) -> None:
    ada = await world.client("ada")
    await ada.ask("subscribeToQueueStats")
    call = world.phones.dial("1005", "0230210082", name="Alice")
    leg = await world.phone("1005").rings()
    leg.answer()
    await call.answered()
    question = world.phones.dial("3102", phone="1005")
    await question.answered()
    numbers = [f"023021009{n}" for n in range(3)]
    taken, gone = (world.phones.dial("3000", number) for number in numbers[:2])
    await counted(ada, SUPPORT, {Figure.ENTERED: 2, Figure.WAITING_CALLS: 2})
    await counted(ada, BILLING, {Figure.ENTERED: 1, Figure.WAITING_CALLS: 1})
    timed_out = world.phones.dial("3200", numbers[2])  # for four seconds
    await counted(ada, SUPPORT, {Figure.ENTERED: 3, Figure.WAITING_CALLS: 3})
    await world.xucd.stop(signal.SIGTERM)
    async with Panel(world.pbx) as panel:
        world.phone(callers.ANSWERS, answer_after=0)
        listed = (await panel.ask("CoreShowChannels")).items
        channel = next(one["Channel"] for one in listed if one["CallerIDNum"] == numbers[0])
        fields = {"Channel": channel, "Context": "default", "Priority": "1"}
        await panel.ask("Redirect", **fields, Exten=callers.ANSWERS)
    await leg.hand_over(question)
    await taken.answered()
    await gone.hang_up()
    await timed_out.ended()
    await world.xucd.start()

    ada = await world.client("ada")
    await ada.ask("subscribeToQueueStats")
    await ada.ask("subscribeToQueueCalls", queueId=BILLING)
    await counted(
        ada,
        SUPPORT,
        {Figure.ENTERED: 3, Figure.ANSWERED: 1, Figure.UNSEEN: 2, Figure.WAITING_CALLS: 0},
    )
    await counted(ada, BILLING, {Figure.ENTERED: 1, Figure.WAITING_CALLS: 1})
    (waiting,) = (await ada.until("QueueCalls", queueId=BILLING))["calls"]
    assert (waiting["number"], waiting["name"]) == ("0230210082", "Alice")
    await call.hang_up()
    await counted(ada, BILLING, {Figure.ENTERED: 1, Figure.ABANDONED: 1, Figure.UNSEEN: 0})


async def test_a_caller_who_hangs_up_has_abandoned_however_long_the_dialplan_takes_to_end_it(
    world: World,
) -> None:
    ada = await world.client("ada")
    await ada.ask("subscribeToQueueStats")
    await asyncio.to_thread(world.pbx.cli, "dialplan add extension h,1,Wait(3) into to-queue")
    try:
        call = world.phones.dial("3000", "0230210090")
        await counted(ada, SUPPORT, {Figure.ENTERED: 1, Figure.WAITING_CALLS: 1})
        await call.hang_up()
        await counted(
            ada,
            SUPPORT,
            {Figure.ENTERED: 1, Figure.WAITING_CALLS: 0, Figure.ABANDONED: 1, Figure.DIVERTED: 0},
        )
    finally:
        await asyncio.to_thread(world.pbx.cli, "dialplan remove extension h@to-queue")


async def test_callers_are_shown_in_the_order_that_another_program_gives_them(
    world: World, asterisk_version: str
) -> None:
    ada = await world.client("ada")
    await ada.ask("subscribeToQueueCalls", queueId=SUPPORT)
    numbers = [f"023021009{n}" for n in range(3)]
    for count, number in enumerate(numbers, 1):
        await world.phones.dial("3000", number).rang()
        await shown(ada, numbers[:count])
    begun = len(ada.frames)
    async with Panel(world.pbx) as panel:
        entries = (await panel.ask("QueueStatus", Queue="support")).items
        last = next(one["Channel"] for one in entries if one["Position"] == "3")
        fields = {"Queue": "support", "Caller": last, "Priority": "30", "Immediate": "true"}
        assert (await panel.ask("QueueChangePriorityCaller", **fields)).ok
        if asterisk_version == "22":
            await shown(ada, [numbers[2], *numbers[:2]], after=begun)
        # 16 moves nobody who waits already, but whoever comes after.
        joined = asyncio.Event()

        def hear(block: Block) -> None:
            if block.event == "QueueCallerJoin":
                joined.set()

        panel.listeners.append(hear)
        world.phones.dial("3000", "0230210099")
        await asyncio.wait_for(joined.wait(), DEADLINE)
        entries = (await panel.ask("QueueStatus", Queue="support")).items
        theirs = [one["CallerIDNum"] for one in entries if one.event == "QueueEntry"]
        assert sorted(theirs) == sorted([*numbers, "0230210099"])
    await shown(ada, theirs, after=begun)


async def shown(client: Client, numbers: list[str], after: int = 0) -> None:
    """Wait until the waiting callers are told so, by their numbers in order."""
    await client.frame(
        lambda frame: (
            frame.type == "QueueCalls"
            and [call["number"] for call in frame.body["calls"]] == numbers
        ),
        after=after,
    )
