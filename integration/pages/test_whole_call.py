"""A whole queue call on a real Asterisk, seen by three people in three browsers.

Bruce and Alice are agents at their desks, Sue supervises them on her board. The callers and all
three phones are real SIP phones, and who hears whom is heard.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio
from playwright.async_api import Locator, expect

from integration.fixtures import MakeXucd, World, a_world
from integration.pages.boards import Board, OpensBoard
from integration.pages.browsers import toast
from integration.pages.desks import Desk, OpensDesk
from integration.phones import Leg, Phones
from integration.running import DEMO

CALLER, AGENT, LISTENER = 440.0, 700.0, 1100.0  # Hz: who says what
TALKED = re.compile(r"0:(0[2-9]|[1-5]\d)|[1-9]\d*:\d\d")  # long enough to show in the day's figures
CENTER = DEMO.read_text().replace("wrapup = 5", "wrapup = 60")
SHEET = """
[[sheets]]
name = "customer"
[[sheets.items]]
name = "Customer"
type = "url"
order = 10
value = "https://crm.example.org/?tel={caller_number}"
"""


@pytest_asyncio.fixture(loop_scope="session")
async def world(make_xucd: MakeXucd, phones: Phones) -> AsyncIterator[World]:
    """The demo's centre, whose calls have sheets, and a wrap-up that lasts until it was seen."""
    async with a_world(make_xucd, phones, SHEET, CENTER) as world:
        yield world


@dataclass
class Floor:
    """Everybody who has a part in it."""

    world: World
    bruce: Desk
    alice: Desk
    sue: Board

    @property
    def support(self) -> Locator:
        """The queue's row on the board."""
        return self.sue.queue("Support")


async def test_two_agents_and_a_supervisor_go_through_a_whole_call(
    world: World, opens_desk: OpensDesk, opens_board: OpensBoard
) -> None:
    bruce, alice = await opens_desk("bruce"), await opens_desk("alice")
    floor = Floor(world, bruce, alice, await opens_board("sue"))
    await bruce.log_in("1001")
    await alice.log_in("1002")
    await expect(floor.support.locator(".staff .unseen")).to_have_text(
        "2 ready, 0 talking, 2 logged in"
    )
    await alice.press("Lunch")
    await expect(floor.sue.agent("Alice Johnson")).to_contain_text("Lunch")
    caller, agent = await a_call_rings_with_its_sheet(floor)
    await it_is_answered(floor, caller, agent)
    await the_agent_pauses_the_recording_and_the_supervisor_resumes_it(floor)
    await the_supervisor_listens_until_the_caller_hangs_up(floor, caller, agent)
    await the_other_agent_is_brought_back_and_has_the_next_call(floor)
    await the_figures_say_so(floor)


async def a_call_rings_with_its_sheet(floor: Floor) -> tuple[Leg, Leg]:
    floor.world.phone("1001").tone = AGENT
    caller = floor.world.phones.dial("3000", "0230210082", "Bob Yard", tone=CALLER)
    agent = await floor.world.phone("1001").rings()
    await expect(floor.bruce.state).to_have_text("Ringing")
    await expect(floor.bruce.call).to_contain_text("Bob Yard")
    await expect(floor.bruce.sheet.get_by_role("link")).to_have_attribute(
        "href", "https://crm.example.org/?tel=0230210082"
    )
    await expect(floor.alice.row("Bruce Wail")).to_contain_text("Ringing")
    await expect(floor.sue.agent("Bruce Wail")).to_contain_text("Ringing")
    await expect(floor.support.locator(".waiting .figure")).to_have_text("1")
    return caller, agent


async def it_is_answered(floor: Floor, caller: Leg, agent: Leg) -> None:
    agent.answer()
    await caller.answered()
    await expect(floor.bruce.state).to_have_text("On call")
    await expect(floor.alice.row("Bruce Wail")).to_contain_text("On call")
    await expect(floor.sue.agent("Bruce Wail")).to_contain_text("On call")
    await expect(floor.support.locator(".waiting .figure")).to_have_text("0")
    await expect(floor.support.locator(".answered .figure")).to_have_text("1")


async def the_agent_pauses_the_recording_and_the_supervisor_resumes_it(floor: Floor) -> None:
    bruce, sue = floor.bruce, floor.sue
    await bruce.press("Pause recording")
    await expect(bruce.call.locator(".recording")).to_have_text("Recording paused")
    await expect(sue.agent("Bruce Wail")).to_contain_text("recording paused")
    await sue.agent("Bruce Wail").click()
    await sue.press("Resume recording")
    await expect(bruce.call.locator(".recording")).to_have_text("Recording")
    await expect(sue.agent("Bruce Wail")).not_to_contain_text("recording paused")


async def the_supervisor_listens_until_the_caller_hangs_up(
    floor: Floor, caller: Leg, agent: Leg
) -> None:
    sue, phone = floor.sue, floor.world.phone("1007")
    phone.tone = LISTENER
    await sue.press("Listen")
    listening = await phone.rings()
    listening.answer()
    await listening.answered()
    await toast(sue.page, "You are listening to Bruce Wail.")
    assert listening.sound is not None
    await listening.sound.hears(CALLER, AGENT)
    await expect(sue.agent("Bruce Wail").locator(".timer")).to_have_text(TALKED)
    await caller.hang_up()
    await listening.ended()
    await agent.ended()
    await expect(floor.bruce.state).to_have_text("Wrap-up")
    await expect(sue.agent("Bruce Wail")).to_contain_text("Wrap-up")
    await toast(sue.page, "You no longer listen to Bruce Wail.")


async def the_other_agent_is_brought_back_and_has_the_next_call(floor: Floor) -> None:
    alice, sue = floor.alice, floor.sue
    await sue.agent("Alice Johnson").click()
    await sue.press("Make ready")
    await expect(alice.state).to_have_text("Ready")
    await floor.bruce.press("Lunch")  # instead of what is left of his wrap-up
    await expect(sue.agent("Bruce Wail")).to_contain_text("Lunch")
    following = floor.world.phones.dial("3000", "0230210083")
    leg = await floor.world.phone("1002").rings()
    await expect(alice.state).to_have_text("Ringing")
    leg.answer()
    await following.answered()
    await expect(sue.agent("Alice Johnson")).to_contain_text("On call")
    await following.hang_up()
    await expect(alice.state).to_have_text("Wrap-up")
    await alice.press("Ready now")
    await expect(sue.agent("Alice Johnson")).to_contain_text("Ready")


async def the_figures_say_so(floor: Floor) -> None:
    for desk in (floor.bruce, floor.alice):
        await expect(desk.page.locator("#figures .answered dd")).to_have_text("1")
    await expect(floor.support.locator(".answered .figure")).to_have_text("2")
    await expect(floor.support.locator(".abandoned .figure")).to_have_text("0")
    await floor.sue.agent("Bruce Wail").click()
    figures = floor.sue.panel.locator(".figures > div")
    answered = figures.filter(has_text="Incoming calls answered").locator("dd")
    talked = figures.filter(has_text="Time on incoming calls").locator("dd")
    await expect(answered).to_have_text("1")
    await expect(talked).not_to_have_text("0:00")
