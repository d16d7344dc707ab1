"""On the pages: an agent on a line called by a name, in a queue with blanks and accents."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import expect

from integration.fixtures import MakeXucd, World, a_world
from integration.kinds_of_phones import CENTER, DASHED, PJSIP, QUEUE, odd_phones
from integration.pages.boards import OpensBoard
from integration.pages.browsers import toast
from integration.pages.desks import OpensDesk
from integration.pbx import Pbx
from integration.phones import Phones

CALLER, AGENT, LISTENER = 440.0, 700.0, 1100.0  # Hz: who says what


@pytest_asyncio.fixture(loop_scope="session")
async def world(pbx: Pbx, make_xucd: MakeXucd, phones: Phones) -> AsyncIterator[World]:
    async with odd_phones(pbx, phones), a_world(make_xucd, phones, center=CENTER) as world:
        yield world


async def test_an_agent_is_shown_called_listened_to_and_dials_from_its_queue(
    world: World, opens_desk: OpensDesk, opens_board: OpensBoard
) -> None:
    bruce, ada = await opens_desk("bruce"), await opens_board("ada")
    await bruce.log_in(PJSIP.number)
    await expect(bruce.queue(QUEUE)).to_be_visible()
    await expect(ada.queue(QUEUE).locator(".staff .unseen")).to_have_text(
        "1 ready, 0 talking, 1 logged in"
    )
    world.phone(PJSIP.user).tone, world.phone("1008").tone = AGENT, LISTENER
    caller = world.phones.dial("3020", "0230210082", "Bob Yard", tone=CALLER)
    agent = await world.phone(PJSIP.user).rings()
    await expect(bruce.call).to_contain_text(f"0230210082Bob Yardthrough {QUEUE}")
    agent.answer()
    await caller.answered()
    await ada.agent("Bruce Wail").click()
    await ada.press("Listen")
    listening = await world.phone("1008").rings()
    listening.answer()
    await listening.answered()
    await toast(ada.page, "You are listening to Bruce Wail.")
    assert listening.sound is not None
    await listening.sound.hears(CALLER, AGENT)
    await caller.hang_up()
    await listening.ended()
    await expect(bruce.state).to_have_text("Ready")

    await bruce.page.get_by_label("Number", exact=True).fill(DASHED.number)
    await bruce.page.locator("#dial-more").click()
    await bruce.page.locator("#dial-queue").select_option(QUEUE)
    await bruce.page.locator("#dial button[type=submit]").click()
    agent = await world.phone(PJSIP.user).rings()
    agent.answer()
    called = await world.phone(DASHED.user).rings()
    called.answer()
    await called.answered()
    await expect(bruce.call).to_contain_text(DASHED.number)
    await called.hang_up()
    await agent.ended()
