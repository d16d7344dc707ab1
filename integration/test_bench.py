"""What is measured beside a real Asterisk can be measured: tiny, each part finds figures and ends.

A measurement keeps its thread on one core and has a loop of its own: so a thread of its own, too.
"""

import asyncio

import pytest

from bench import commands, start
from bench.figures import Figure
from bench.played import CalmSize, WideSize
from integration.pages.busy import Place

pytestmark = pytest.mark.any_asterisk


def values(figures: list[Figure]) -> dict[str, float]:
    return {figure.what: figure.value for figure in figures}


async def test_commands_are_measured_beside_the_same_actions_raw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = CalmSize(agents=5, queues=3, groups=2)
    raw = [
        Place(40_000 + each.number, tuple(queue + 3 for queue in each.queues))
        for each in size.places
    ]
    for name, value in {
        "SIZE": size, "RAW": raw, "AT_ONCE": 4, "ALONE": 3, "TOGETHER": 8, "APART": 2,
        "COMMITS": 5,
    }.items():  # fmt: skip
        monkeypatch.setattr(commands, name, value)
    found = values(await asyncio.to_thread(commands.measure, 1))
    assert found["setAgentQueue, a commit less: p50, of raw"] > 0
    assert found["pauseAgent, 4 at once: of raw"] > 0
    assert found["raw, 4 at once"] > 0
    assert found["raw QueueMemberPause, as seldom as commands: p50"] > 0


async def test_a_start_is_measured_beside_asterisks_own_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(start, "STARTS", 2)
    found = values(await asyncio.to_thread(start.measure, [WideSize(10, 4, 3)]))
    assert found["10 agents in 3 queues: resynchronised, of Asterisk's own answers"] > 0
    assert found["10 agents in 3 queues: the first command after a later one"] > 0
