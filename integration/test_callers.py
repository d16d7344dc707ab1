"""The callers of queues: each stays one, has one outcome, and has the place that Asterisk gives it.

`make soak` runs the mixed calls 300 times, with `--mixed-calls`.
"""

from __future__ import annotations

import asyncio

import pytest

from integration import callers
from integration.fixtures import World
from integration.model.panel import Panel
from integration.test_queue_stats import counted, counters
from xucd.cti.messages import QueueStatistic as Figure

QUEUE_LOG = "/var/log/asterisk/queue_log"
ENDS = (
    Figure.ANSWERED,
    Figure.ABANDONED,
    Figure.TIMED_OUT,
    Figure.CALLBACKS,
    Figure.DIVERTED,
    Figure.UNSEEN,
)


@pytest.mark.timeout(0)
async def test_mixed_calls_are_counted_as_they_ended_and_as_asterisk_logs_them(
    world: World, request: pytest.FixtureRequest
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
            name: expected.figures[queue_id, name] for name in (Figure.ENTERED, *ENDS)
        }
        await counted(ada, queue_id, {**figures, Figure.WAITING_CALLS: 0})
    told = [counters(body) for body in ada.bodies("QueueStatistics")]
    assert [one for one in told if one[Figure.ENTERED] != parts(one)] == []
    after = callers.logged(await asyncio.to_thread(world.pbx.read, QUEUE_LOG))
    assert after - before == expected.logged
    assert sum(expected.logged[queue_id, "ENTERQUEUE"] for queue_id in callers.NAMES) >= count


def parts(told: dict[str, float]) -> float:
    """All who have entered a queue, by what they do or how they ended."""
    return told[Figure.WAITING_CALLS] + sum(told[end] for end in ENDS)
