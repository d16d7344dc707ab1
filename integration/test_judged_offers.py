"""Queues of two PBXs for one agent: its home says which of them may ring its phone, and when.

The members are made by hand, in a queue that no xucd knows; to the home its calls are those of the
south's sales. Its option `ringinuse` lets each queue offer a call whatever it holds the phone to
do, so that all depends on the home.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from integration.client import Client
from integration.edged import Databases
from integration.faults.waiting import until
from integration.fixtures import clear
from integration.legs import Leg
from integration.model.panel import Block, Panel
from integration.nats import Nats
from integration.phones import Phone
from integration.sites import NORTH, SOUTH, TwoPbxs, TwoSites, running_sites
from xucd.cti.messages import AgentStatistic

pytestmark = pytest.mark.any_asterisk

BRUCE, SALES = 8, 2
QUEUE, DIALLED = "o'clock?", "3009"
TONE = 440.0  # Hz: a Local channel is optimised away once there is sound
WRAPUP_S = 5.0  # of the queue support
LINE_OF = {NORTH: "1001", SOUTH: "1005"}
CALLS = (
    AgentStatistic.INBOUND_CALLS,
    AgentStatistic.INBOUND_ANSWERED,
    AgentStatistic.INBOUND_UNANSWERED,
)
AWAY_FROM = {NORTH: SOUTH, SOUTH: NORTH}


class Offers:
    """An agent, ready on a phone of its home, and a queue of each PBX that is to ring it."""

    def __init__(self, sites: TwoSites, home: str, panels: dict[str, Panel], page: Client) -> None:
        self.sites = sites
        self.home = home
        self.panels = panels
        self.page = page
        self.phone: Phone = sites.sites[home].phone(LINE_OF[home])
        self.refused = dict.fromkeys(panels, 0)
        self._news = asyncio.Event()
        for pbx, panel in panels.items():
            panel.listeners.append(self._listener(pbx))

    def _listener(self, pbx: str) -> Callable[[Block], None]:
        def heard(block: Block) -> None:
            if block.event == "AgentRingNoAnswer":
                self.refused[pbx] += 1
                self._news.set()

        return heard

    async def add_members(self) -> None:
        line, away = LINE_OF[self.home], AWAY_FROM[self.home]
        state = f"Custom:by-hand-{line}"
        known = {"Variable": f"DEVICE_STATE({state})", "Value": "NOT_INUSE"}
        assert (await self.panels[away].ask("Setvar", **known)).ok
        for pbx, interface, device in (
            (self.home, f"Local/{line}@xucd-agent", f"PJSIP/{line}"),
            (away, f"Local/{SALES}:{line}:{self.home}@xucd-to-pbx", state),
        ):
            fields = {"Queue": QUEUE, "Interface": interface, "StateInterface": device}
            answer = await self.panels[pbx].ask("QueueAdd", MemberName="judged", **fields)
            assert answer.ok, answer

    async def are_refused(self, *pbxs: str) -> None:
        """Wait until these PBXs' queues have been refused twice from now on."""
        wanted = {pbx: self.refused[pbx] + 2 for pbx in pbxs}
        async with asyncio.timeout(60):
            while any(self.refused[pbx] < wanted[pbx] for pbx in wanted):
                self._news.clear()
                await self._news.wait()

    def callers(self) -> list[Leg]:
        """A caller for the queue of each PBX, at the same moment."""
        return [site.phones.dial(DIALLED, tone=TONE) for site in self.sites.sites.values()]

    async def answers(self) -> Leg:
        """The next call of the agent's phone, which it answers: no other one may be there."""
        leg = await self.phone.rings()
        leg.answer()
        await leg.answered()
        assert self.live() == [leg]
        return leg

    def live(self) -> list[Leg]:
        return [leg for leg in self.phone.legs if leg.ended_at is None]

    async def counted(self) -> dict[AgentStatistic, Any]:
        """The agent's calls of the day: all, answered, and not answered."""
        seen = len(self.page.frames)
        await self.page.ask("subscribeToAgentStats")
        body = await self.page.until("AgentStatistics", after=seen, id=BRUCE)
        told = {each["name"]: each["value"] for each in body["statistics"]}
        return {each: told.get(each, 0) for each in CALLS}

    async def count(self, before: dict[AgentStatistic, Any], answered: int) -> None:
        """These calls alone were counted since: the last may be over before xucd hears of it."""

        async def has_heard() -> bool:
            after = await self.counted()
            counted = [after[each] - before[each] for each in CALLS]
            assert counted[0] <= answered and not counted[2], counted
            return counted[:2] == [answered, answered]

        await until(has_heard)


def met(legs: list[Leg]) -> list[tuple[Leg, Leg]]:
    """Calls of a phone of which one came before the other had ended."""
    return [
        (first, second)
        for first, second in itertools.pairwise(legs)
        if first.ended_at is None or (second.invited_at or 0.0) < first.ended_at
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sites(
    two_pbxs: TwoPbxs, databases: Databases, nats: Nats, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TwoSites]:
    """One centre for all tests here: each leaves its owners running and nobody logged in."""
    folder = tmp_path_factory.mktemp("judged")
    async with running_sites(two_pbxs, databases, nats, folder) as sites:
        yield sites


async def page_of_bruce(sites: TwoSites, pbx: str) -> Client:
    return dict(zip((NORTH, SOUTH), await sites.pages("bruce"), strict=True))[pbx]


@pytest_asyncio.fixture(loop_scope="session")
async def offers(sites: TwoSites) -> AsyncIterator[Offers]:
    """With the agent at home in the north; `test_visitors` has it in the south."""
    home = NORTH
    page = await page_of_bruce(sites, home)
    await page.ask("subscribeToAgentEvents")
    await page.ask("agentLogin", agentphonenumber=LINE_OF[home])
    await page.until_state("AgentReady")
    async with Panel(sites.north.pbx) as north, Panel(sites.south.pbx) as south:
        made = Offers(sites, home, {NORTH: north, SOUTH: south}, page)
        await made.add_members()
        yield made
    for site in sites.sites.values():
        await clear(site)
    page = await page_of_bruce(sites, home)  # a test may have killed the xucd of the first
    await page.ask("agentLogout")


@pytest.mark.timeout(3600)  # a soak has many rounds
async def test_two_queues_of_two_pbxs_never_ring_one_phone_together(
    request: pytest.FixtureRequest, offers: Offers
) -> None:
    rounds = request.config.getoption("offers")
    before = await offers.counted()
    for number in range(1, rounds + 1):
        callers = offers.callers()
        first = await offers.answers()
        await first.hang_up()
        second = await offers.answers()
        await second.hang_up()
        await asyncio.gather(*(caller.ended() for caller in callers))
        await offers.count(before, 2 * number)
    assert len(offers.phone.legs) == 2 * rounds
    assert met(offers.phone.legs) == []


async def test_no_call_comes_in_a_pause_and_a_refusal_is_no_call_that_was_missed(
    offers: Offers,
) -> None:
    before = await offers.counted()
    await offers.page.ask("pauseAgent", reason="lunch")
    await offers.page.until_state("AgentOnPause")
    seen = len(offers.page.frames)
    callers = offers.callers()
    await offers.are_refused(SOUTH)  # in its own, the home has paused the member
    assert offers.phone.legs == []
    assert offers.page.states(BRUCE, seen) == []
    await offers.page.ask("unpauseAgent")
    first = await offers.answers()
    await first.hang_up()
    await (await offers.answers()).hang_up()
    await asyncio.gather(*(caller.ended() for caller in callers))
    await offers.count(before, 2)


async def test_no_call_comes_in_a_wrap_up(offers: Offers) -> None:
    caller = offers.sites.north.phones.dial("3000")
    leg = await offers.answers()
    waiting = offers.callers()
    await offers.are_refused(SOUTH)  # in its own, the home has paused the member
    await leg.hang_up()
    await caller.ended()
    await offers.page.until_state("AgentOnWrapup")
    await offers.are_refused(SOUTH)  # in its own, the home has paused the member
    after = await offers.answers()
    assert after.invited_at is not None and leg.ended_at is not None
    assert after.invited_at > leg.ended_at + WRAPUP_S - 1.0
    await after.hang_up()
    await (await offers.answers()).hang_up()
    await asyncio.gather(*(each.ended() for each in waiting))
    assert met(offers.phone.legs) == []


async def test_an_agent_is_free_once_its_call_was_handed_on_or_picked_up(offers: Offers) -> None:
    far = offers.sites.south.phones
    handed_on = far.dial(DIALLED, tone=TONE)
    leg = await offers.answers()
    other = offers.sites.north.phone("1002", answer_after=0.05)
    await handed_on.answered()
    await leg.transfer("1002")
    talking = await other.rings()
    await talking.answered()
    picked_up = far.dial(DIALLED, tone=TONE)
    await offers.phone.rings()
    picker = offers.sites.north.phones.dial("*81001", phone="1003")
    await picker.answered()
    third = far.dial(DIALLED, tone=TONE)
    last = await offers.answers()
    assert handed_on.ended_at is None and picked_up.ended_at is None
    await last.hang_up()
    await third.ended()
    assert met(offers.phone.legs) == []


async def test_all_registrations_of_a_phone_ring_and_whichever_answers_keeps_the_agent(
    offers: Offers,
) -> None:
    phones = offers.sites.north.phones
    await phones.register("1001", contact="1011")
    try:
        callers = [offers.sites.south.phones.dial(DIALLED, tone=TONE) for _ in range(2)]
        first, second = await asyncio.gather(offers.phone.rings(), phones.phone("1011").rings())
        second.answer()
        await first.ended()
        await offers.are_refused(SOUTH)
        await second.hang_up()
    finally:
        await phones.register("1001", contact="1011", seconds=0)
    await (await offers.answers()).hang_up()
    await asyncio.gather(*(caller.ended() for caller in callers))
    assert met(offers.phone.legs) == []


async def test_a_restart_while_the_phone_rings_or_talks_lets_no_second_call_in(
    offers: Offers,
) -> None:
    north = offers.sites.north.xucd
    first = offers.sites.south.phones.dial(DIALLED, tone=TONE)
    leg = await offers.phone.rings()
    await north.stop(signal.SIGKILL)
    second = offers.sites.north.phones.dial(DIALLED, tone=TONE)
    await north.start()
    await offers.are_refused(NORTH)
    assert offers.live() == [leg]
    leg.answer()
    await leg.answered()
    await north.stop(signal.SIGKILL)
    await north.start()
    await offers.are_refused(NORTH)
    await leg.hang_up()
    await first.ended()
    await (await offers.answers()).hang_up()
    await second.ended()
    assert met(offers.phone.legs) == []


async def test_while_no_xucd_listens_a_queue_is_refused_at_once(offers: Offers) -> None:
    await offers.sites.north.xucd.stop(signal.SIGKILL)
    callers = offers.callers()
    await offers.are_refused(NORTH, SOUTH)
    assert offers.phone.legs == []
    await offers.sites.north.xucd.start()
    await (await offers.answers()).hang_up()
    await (await offers.answers()).hang_up()
    await asyncio.gather(*(caller.ended() for caller in callers))
