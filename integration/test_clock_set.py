"""The system's clock is set by an hour, forward and back, while agents are paused and talk."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio

from integration.client import DEADLINE
from integration.clock import SystemClock, remove_shared
from integration.fixtures import MakeXucd, World, clear
from integration.phones import Phones
from integration.test_ami_link import Proxy
from tests.plugin_proofs import Proof
from xucd.cti.messages.statistics import AgentStatistic

pytestmark = pytest.mark.any_asterisk

HOUR = 3600
LONG = 600  # seconds; longer than anything here lasts, and far less than an hour
BRUCE, JACK = 8, 10


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SystemClock]:
    """For all programs that are started from now on; it counts when they are."""
    clock = SystemClock(tmp_path / "clock")
    for name, value in clock.environment.items():
        monkeypatch.setenv(name, value)
    yield clock
    remove_shared()


@pytest_asyncio.fixture(loop_scope="session")
async def link(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """The way to Asterisk's manager interface, which can be cut."""
    async with Proxy(phones.pbx.ami_port) as proxy:
        monkeypatch.setenv("XUCD_AMI_PORT", str(proxy.port))
        yield proxy


@pytest_asyncio.fixture(loop_scope="session")
async def world(
    clock: SystemClock, link: Proxy, make_xucd: MakeXucd, phones: Phones
) -> AsyncIterator[World]:
    """An xucd whose clock can be set."""
    world = World(await make_xucd(), phones)
    yield world
    await world.close()
    await clear(world)


async def check(world: World, clock: SystemClock) -> None:
    """States are as long as they are, and moments have the date that the clock gives."""
    ada = await world.client("ada")
    await ada.ask("getAgentStates")
    for agent_id, name in ((BRUCE, "AgentOnPause"), (JACK, "AgentOnCall")):
        state = await ada.until("AgentStateEvent", agentId=agent_id, name=name)
        assert 0 <= state["since"] < LONG
    await ada.ask("subscribeToAgentStats")
    told = await ada.until("AgentStatistics", id=BRUCE)
    figures = {one["name"]: one["value"] for one in told["statistics"]}
    assert 0 <= figures[AgentStatistic.PAUSED_TIME] < LONG
    login = datetime.fromisoformat(figures[AgentStatistic.LOGIN_AT]).timestamp()
    assert 0 <= datetime.now().timestamp() + clock.ahead - login < LONG


async def noticed(world: World, times: int) -> None:
    """Wait until xucd has noticed that its clock was set."""
    async with asyncio.timeout(DEADLINE):
        while True:
            if world.xucd.log.read_text().count("the system's clock was set") >= times:
                return
            await asyncio.sleep(0.05)  # a log tells nobody of its news


@pytest.mark.timeout(300)
async def test_durations_go_on_and_dates_follow_a_clock_that_is_set(
    world: World, clock: SystemClock, link: Proxy, proof: Proof
) -> None:
    bruce = await world.agent("bruce", "1001")
    await bruce.ask("pauseAgent", reason="lunch")
    await world.agent("jack", "1003")
    world.phone("1003", answer_after=0)
    call = world.phones.dial("3001")
    await call.answered()

    async def cut() -> None:
        watcher = await world.client("ada")
        begun = len(watcher.frames)
        link.cut()
        await watcher.until("LinkStatus", asterisk="lost", after=begun)
        await watcher.until("LinkStatus", asterisk="current", after=begun)

    async def restart(seconds: int) -> None:
        await world.xucd.stop(signal.SIGKILL)
        clock.set(seconds)
        await world.xucd.start()

    clock.set(HOUR)
    await noticed(world, 1)
    await check(world, clock)
    await cut()
    await check(world, clock)
    await restart(0)  # set back while xucd is down
    await check(world, clock)
    clock.set(-HOUR)
    await noticed(world, 2)
    await cut()
    await check(world, clock)
    await restart(-HOUR)
    await check(world, clock)
    await call.hang_up()
    proof("clock set by an hour, forward and back, in a pause and a call", times=3)
