"""xucd is killed in the middle of calls, its database stops, its clock is set: all sides agree."""

from __future__ import annotations

import asyncio
import datetime
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.client import http
from integration.clock import SystemClock, remove_shared
from integration.faults.conftest import MakeShift
from integration.faults.shift import Shift
from integration.faults.waiting import until
from integration.faults.way import Mishap
from integration.legs import Leg
from integration.model.answers import ADMIN
from tests.plugin_proofs import Proof
from tests.postgres_server import PostgresServer
from xucd.cti.messages import AgentStatistic
from xucd.cti.messages import QueueStatistic as Figure

pytestmark = pytest.mark.timeout(0)  # each thing that is awaited has its own deadline

QUEUES = ("3000", "3001", "3002")


async def test_a_kill_in_the_middle_of_calls_loses_and_doubles_none(
    shift: Shift, proof: Proof, long_faults: bool, asterisk_version: str
) -> None:
    count, kills = (50, 5) if long_faults else (10, 1)
    await shift.begin(callers=0)
    for number in range(1, kills + 1):
        calls = place(shift, count)
        await asyncio.gather(*(call.rang() for call in calls))
        await until_stored(shift, number * count)
        await shift.scene.kill()
        await shift.stand_still()
        await shift.agree("a kill")
        # No time is left out of the comparison with queue_log: each is counted once.
        await shift.rest()
        shift.go_on()
    for _ in range(kills):
        # Now calls are on their way to a queue meanwhile, and some of them are not counted.
        calls = place(shift, count)
        async with shift.unheard():
            await asyncio.gather(*(call.rang() for call in calls[::3]))
            await shift.scene.kill()
            await asyncio.gather(*(call.rang() for call in calls))
        await shift.stand_still()
        await shift.agree("a kill")
        await shift.rest()
        shift.go_on()
    beside = f"of {count} calls, beside Asterisk {asterisk_version}"
    proof(f"SIGKILL of xucd in the middle {beside}", times=kills)
    placed, counted = 2 * kills * count, await shift.stored_calls()
    assert counted <= placed
    proof(
        f"SIGKILL of xucd at the beginning {beside}",
        times=kills,
        lost=f"{placed - counted} of {kills * count} calls in the figures: some of the last"
        " second, and of those meanwhile",
    )


def place(shift: Shift, count: int) -> list[Leg]:
    """So many calls into the queues."""
    return [shift.dial(QUEUES[number % 3], f"02303{number:05d}") for number in range(count)]


async def until_stored(shift: Shift, entered: int) -> None:
    """Wait until the store has counted so many calls."""

    async def are() -> bool:
        return await shift.stored_calls() == entered

    await until(are)


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


async def until_store_is(shift: Shift, word: str) -> None:
    """Wait until xucd says so of its store."""

    async def is_so() -> bool:
        _, health = await asyncio.to_thread(http, shift.scene.xucd.port, "/health")
        return bool(health["store"] == word)

    await until(is_so)


@pytest.mark.any_asterisk
async def test_what_is_done_while_postgresql_is_stopped_is_in_it_afterwards(
    make_shift: MakeShift, postgres: PostgresServer, proof: Proof, long_faults: bool
) -> None:
    rounds = 20 if long_faults else 1
    shift = await make_shift(url=postgres.create("shift"))
    await shift.begin()
    for number in range(rounds):
        # Both in order and as in a crash; at once, and after a while.
        at_once = number % 2 == 1
        await shift.calls(2)
        await asyncio.to_thread(postgres.stop, (signal.SIGINT, signal.SIGQUIT)[number // 2 % 2])
        if not at_once:
            await until_store_is(shift, "failed")
            await shift.calls(3)
            # Nothing that is done afterwards makes up for a change that was not written.
            await shift.stand_still()
        await asyncio.to_thread(postgres.start)
        await until_store_is(shift, "ok")
        await shift.stand_still()
        await shift.agree("PostgreSQL was stopped")
        shift.go_on()
    await shift.rest()
    proof("PostgreSQL stopped under xucd, at work, and started at once or later", times=rounds)


HOUR = 3600
HALF = 1800
"""Everything here takes less, so that an hour too much or too little shows."""


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[SystemClock]:
    yield SystemClock(tmp_path / "clock")
    remove_shared()


@pytest.mark.any_asterisk
async def test_a_clock_set_by_an_hour_changes_no_duration_and_dates_all_by_itself(
    make_shift: MakeShift, clock: SystemClock, proof: Proof, long_faults: bool
) -> None:
    rounds = 10 if long_faults else 1
    # The other way round in the last hour of a day, since figures are those of a day.
    hour = -HOUR if time.localtime().tm_hour == 23 else HOUR
    shift = await make_shift(**clock.environment, XUCD_WEB_TOKEN_TTL="86400")
    shift.clock = clock
    await shift.begin()
    for ahead in (hour, 0) * rounds:
        await shift.calls(2)
        await shift.stand_still()
        clock.set(ahead)
        await shift.current_again(shift.way.meet(Mishap("cut", "to xucd", 1)))
        await shift.agree("the clock was set")
        assert [each for each in durations(shift) if not 0 <= each < HALF] == []
        await until(lambda: all_are_of(clock, shift))
        shift.go_on()
    await shift.rest()
    assert [each for each in durations(shift) if not 0 <= each < HALF] == []
    proof("xucd's clock one hour forward, and back, at work", times=rounds)


def durations(shift: Shift) -> list[float]:
    """Every duration that an administrator's page was told since the beginning."""
    page = shift.scene.pages[ADMIN]
    found = [float(body["since"]) for body in page.bodies("AgentStateEvent")]
    for body in page.bodies("QueueStatistics"):
        counters = {one["statName"]: one["value"] for one in body["counters"]}
        found += [counters[Figure.LONGEST_WAIT], counters[Figure.EXPECTED_WAIT]]
    for agent in shift.steady[ADMIN].state.agents.values():
        found += [float(value) for name, value in agent.statistics.items() if name.endswith("Time")
                  and name not in DATES]  # fmt: skip
    return found


DATES = (AgentStatistic.LOGIN_AT, AgentStatistic.LOGOUT_AT)


async def all_are_of(clock: SystemClock, shift: Shift) -> bool:
    """Whether all moments that are told are of this clock's last half hour."""
    return all(abs(clock() - moment) < HALF for moment in await moments(shift))


async def moments(shift: Shift) -> list[float]:
    """Every moment that is told now, in epoch seconds."""
    fresh = await shift.fresh(ADMIN)
    texts = [
        str(agent.statistics[name])
        for agent in fresh.state.agents.values()
        for name in DATES
        if name in agent.statistics
    ]
    texts += [call.queue_time for queue in fresh.state.queues.values() for call in queue.calls]
    await fresh.close()
    assert texts
    return [datetime.datetime.fromisoformat(text).timestamp() for text in texts]
