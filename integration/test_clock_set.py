"""The system's clock is set by an hour, forward and back, while agents are paused and talk."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio

from integration.client import DEADLINE
from integration.fixtures import MakeXucd, World, clear
from integration.phones import Phones
from integration.test_ami_link import Proxy
from tests.plugin_proofs import Proof
from xucd.cti.messages.statistics import AgentStatistic

pytestmark = pytest.mark.any_asterisk

HOUR = 3600
LONG = 600  # seconds; longer than anything here lasts, and far less than an hour
BRUCE, JACK = 8, 10


class SystemClock:
    """The clock that xucd reads: so many seconds from the machine's. Its steady one is real."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.seconds = 0

    def set(self, seconds: int) -> None:
        """Set it to so many seconds from the machine's."""
        self.seconds = seconds
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+}\n")
        new.rename(self.file)


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SystemClock:
    """For all programs that are started from now on; it counts when they are."""
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    clock = SystemClock(tmp_path / "clock")
    clock.set(0)
    for name, value in {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock.file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }.items():
        monkeypatch.setenv(name, value)
    return clock


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
    assert 0 <= datetime.now().timestamp() + clock.seconds - login < LONG


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
