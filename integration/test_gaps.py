"""What happens while xucd hears nothing of Asterisk is counted from Asterisk's own log, once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.request import Request, urlopen

import pytest
import pytest_asyncio

from integration import callers
from integration.callers import SALES, SUPPORT
from integration.client import DEADLINE, Client, token_of
from integration.fixtures import MakeXucd, World, clear
from integration.legs import Leg
from integration.phones import Phones
from integration.test_ami_link import Proxy
from integration.test_queue_stats import counted
from tests.cdr_lines import a_record
from tests.plugin_proofs import Proof
from xucd.cti.messages import AgentStatistic
from xucd.cti.messages import QueueStatistic as Figure
from xucd.store.journal import day_of

pytestmark = pytest.mark.any_asterisk

JACK = 10
Away = Callable[[World], Awaitable[None]]


@pytest_asyncio.fixture(loop_scope="session")
async def link(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """The way to Asterisk's manager interface, which can be cut."""
    async with Proxy(phones.pbx.ami_port) as proxy:
        monkeypatch.setenv("XUCD_AMI_PORT", str(proxy.port))
        yield proxy


@pytest_asyncio.fixture(loop_scope="session")
async def world(link: Proxy, make_xucd: MakeXucd, phones: Phones) -> AsyncIterator[World]:
    """An xucd that can read Asterisk's log of its queues, and CDR."""
    pbx = phones.pbx
    # A young Asterisk may have no record of before the gap: it is taken to have been rotated away.
    pbx.cdr.with_name("Master.csv.1").write_text(a_record(0, 1))
    settings = f'[asterisk]\nqueue_log = "{pbx.queue_log}"\ncdr = "{pbx.cdr}"\n'
    world = World(await make_xucd(settings), phones)
    yield world
    await world.close()
    await clear(world)


async def gaps(world: World) -> list[dict[str, Any]]:
    """What REST tells of gaps."""
    token = await token_of(world.xucd.port, "ada")
    address = f"http://127.0.0.1:{world.xucd.port}/xuc/api/2.0/gaps"

    def ask() -> list[dict[str, Any]]:
        request = Request(address, headers={"Authorization": f"Bearer {token}"})
        with urlopen(request, timeout=DEADLINE) as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found

    return await asyncio.to_thread(ask)


async def closed_gap(world: World) -> dict[str, Any]:
    """The last gap, once it is known what was found of it."""
    async with asyncio.timeout(DEADLINE):
        while True:
            found = await gaps(world)
            if found and found[-1]["source"] is not None:
                return found[-1]
            await asyncio.sleep(0.05)  # REST tells nobody of its news


async def watching(world: World) -> Client:
    ada = await world.client("ada")
    await ada.ask("subscribeToQueueStats")
    await ada.ask("subscribeToAgentStats")
    return ada


async def agent_counted(ada: Client, agent_id: int, **figures: float) -> None:
    """Wait until an agent's figures are these."""
    wanted = {AgentStatistic[name].value: value for name, value in figures.items()}
    await ada.frame(
        lambda frame: (
            frame.type == "AgentStatistics"
            and frame.body["id"] == agent_id
            and wanted.items()
            <= {one["name"]: one["value"] for one in frame.body["statistics"]}.items()
        )
    )


async def calls_of_all_kinds(world: World, silence: Awaitable[None], speech: Any) -> dict[int, int]:
    """Calls that begin before, in and after a time that begins with `silence`."""
    logged = callers.logged(world.pbx.queue_log.read_text(errors="replace"))
    dial = world.phones.dial
    world.phone("1003", answer_after=0)
    talking = dial("3001")
    await talking.answered()
    gives_up, waits = dial("3000"), dial("3000", "0230210091")
    ada = await watching(world)
    await counted(ada, SALES, {Figure.ENTERED: 1, Figure.ANSWERED: 1})
    await counted(ada, SUPPORT, {Figure.ENTERED: 2, Figure.WAITING_CALLS: 2})

    await silence
    await asyncio.gather(gives_up.hang_up(), talking.hang_up())
    inside = dial("3001", "0230210092")
    await inside.answered()
    await inside.hang_up()
    short = dial("3000", "0230210093")
    await short.rang()
    await short.hang_up()
    comes = dial("3000", "0230210094")
    await comes.rang()
    goes_on = dial("3001", "0230210095")
    await goes_on.answered()
    await logs(world, logged, {(SUPPORT, "ENTERQUEUE"): 4, (SALES, "CONNECT"): 3})
    await logs(world, logged, {(SUPPORT, "ABANDON"): 2})
    await speech()

    ada = await watching(world)
    await counted(
        ada,
        SUPPORT,
        {Figure.ENTERED: 4, Figure.ABANDONED: 2, Figure.WAITING_CALLS: 2, Figure.UNSEEN: 0},
    )
    await counted(ada, SALES, {Figure.ENTERED: 3, Figure.ANSWERED: 3, Figure.UNSEEN: 0})
    await agent_counted(ada, JACK, INBOUND_CALLS=3, INBOUND_ANSWERED=3, INBOUND_UNANSWERED=0)
    await asyncio.gather(*(call.hang_up() for call in (waits, comes, goes_on)))
    await counted(ada, SUPPORT, {Figure.ABANDONED: 4, Figure.WAITING_CALLS: 0})
    await counted(ada, SALES, {Figure.ENTERED: 3, Figure.ANSWERED: 3})
    after = callers.logged(world.pbx.queue_log.read_text(errors="replace")) - logged
    assert after == {
        (SUPPORT, "ENTERQUEUE"): 4, (SUPPORT, "ABANDON"): 4,
        (SALES, "ENTERQUEUE"): 3, (SALES, "CONNECT"): 3,
    }  # fmt: skip
    return {SUPPORT: 2, SALES: 2}  # who waits at the end was listed


async def logs(world: World, before: callers.Counts, wanted: dict[tuple[int, str], int]) -> None:
    """Wait until Asterisk has logged so much."""
    async with asyncio.timeout(DEADLINE):
        while True:
            found = callers.logged(world.pbx.queue_log.read_text(errors="replace")) - before
            if all(found[key] >= count for key, count in wanted.items()):
                return
            await asyncio.sleep(0.05)  # a file tells nobody of its news


async def test_calls_while_xucd_is_down_are_counted_from_the_log_also_when_killed_again(
    world: World, link: Proxy, proof: Proof
) -> None:
    await world.agent("jack", "1003")

    async def kill() -> None:
        await world.xucd.stop(signal.SIGKILL)

    async def start() -> None:
        link.refuse = True
        await world.xucd.start(hears=False)
        await world.xucd.stop()  # it writes its figures, and has heard nothing of Asterisk
        link.refuse = False
        await world.xucd.start()
        await world.xucd.stop(signal.SIGKILL)  # before or after the log is counted
        await world.xucd.start()

    await calls_of_all_kinds(world, kill(), start)
    await closed_gap(world)
    found = await gaps(world)
    assert {one["why"] for one in found} == {"XucdDown"}
    assert {one["source"] for one in found} == {"both"}
    proof("calls that begin and end while xucd is killed, and killed again at its start", times=7)


async def test_calls_while_the_link_is_lost_are_counted_from_the_log(
    world: World, link: Proxy, proof: Proof
) -> None:
    await world.agent("jack", "1003")
    ada = await world.client("ada")
    begun = len(ada.frames)

    async def lose() -> None:
        link.refuse = True
        link.cut()
        await ada.until("LinkStatus", asterisk="lost", after=begun)

    async def find() -> None:
        link.refuse = False
        await ada.until("LinkStatus", asterisk="current", after=begun)

    expected = await calls_of_all_kinds(world, lose(), find)
    gap = await closed_gap(world)
    assert (gap["why"], gap["source"]) == ("LinkLost", "both")
    assert gap["began"] <= gap["ended"]
    assert {one["queueId"]: one["calls"] for one in gap["calls"]} == expected
    proof("calls that begin and end while the link to Asterisk is lost", times=7)


def records(world: World) -> list[str]:
    """The lines of CDR."""
    cdr = world.pbx.cdr
    return cdr.read_text(errors="replace").splitlines() if cdr.exists() else []


async def has_records(world: World, count: int) -> None:
    """Wait until CDR has so many."""
    async with asyncio.timeout(DEADLINE):
        while True:
            if len(records(world)) >= count:
                return
            await asyncio.sleep(0.05)  # a file tells nobody of its news


async def has_written(world: World, agent_id: int, outbound: int) -> None:
    """Wait until xucd has written that an agent placed so many calls today."""
    with contextlib.closing(world.xucd.store()) as store:
        async with asyncio.timeout(DEADLINE):
            while True:
                days = await asyncio.to_thread(store.agent_days, day_of(time.time()))
                if agent_id in days and days[agent_id].outbound_calls == outbound:
                    return
                await asyncio.sleep(0.05)  # a database tells nobody of its news


async def test_calls_of_an_agents_own_while_xucd_is_down_are_counted_from_cdr(
    world: World, proof: Proof
) -> None:
    dial, outside = world.phones.dial, "0230210099"
    world.phone("1003", answer_after=0)
    world.phone(outside, answer_after=0)
    await world.agent("jack", "1003")
    ada = await watching(world)

    async def calls(number: str, phone: str | None = None) -> Leg:
        call = dial(number, phone=phone)
        await call.answered()
        return call

    before = len(records(world))
    await (await calls("1003")).hang_up()
    cut = await calls(outside, "1003")
    await agent_counted(ada, JACK, INBOUND_CALLS=1, INBOUND_ANSWERED=1, OUTBOUND_CALLS=1)
    await has_written(world, JACK, outbound=1)  # the login is from before the gap, too
    await world.xucd.stop(signal.SIGKILL)
    await cut.hang_up()
    for number, phone in ((outside, "1003"), ("1003", None), ("3001", None)):
        await (await calls(number, phone)).hang_up()
    world.phone("1003").answer_after = None
    missed = dial("1003")
    await missed.rang()
    await missed.hang_up()
    await missed.ended()
    world.phone("1003", answer_after=0)
    lives = await calls("1003")
    await has_records(world, before + 6)
    await world.xucd.start()

    assert (await closed_gap(world))["source"] == "both"
    ada = await watching(world)
    await agent_counted(
        ada, JACK, INBOUND_CALLS=5, INBOUND_ANSWERED=4, INBOUND_UNANSWERED=1, OUTBOUND_CALLS=2
    )
    await lives.hang_up()
    outgoing = await calls(outside, "1003")
    await agent_counted(
        ada, JACK, INBOUND_CALLS=5, INBOUND_ANSWERED=4, INBOUND_UNANSWERED=1, OUTBOUND_CALLS=3
    )
    await outgoing.hang_up()
    proof("calls of an agent, most of them while xucd is killed", times=7)


async def test_without_a_log_the_gap_is_told_with_its_times(
    make_xucd: MakeXucd, phones: Phones
) -> None:
    world = World(await make_xucd(), phones)
    try:
        await world.xucd.stop(signal.SIGKILL)
        await world.xucd.start()
        gap = await closed_gap(world)
        assert (gap["why"], gap["source"], gap["calls"]) == ("XucdDown", "none", [])
    finally:
        await world.close()
        await clear(world)
