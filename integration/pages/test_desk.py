"""The agent's desk in a real browser: real calls on it, and what an agent does with them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import expect

from integration.faults.waiting import until
from integration.fixtures import MakeXucd, World, a_world
from integration.pages.browsers import toast
from integration.pages.desks import OpensDesk
from integration.phones import Phones
from integration.running import DEMO

CENTER = DEMO.read_text().replace("wrapup = 5", "wrapup = 15")  # to be seen on a busy machine
SHEETS = """
[[sheets]]
name = "customer"
[[sheets.items]]
name = "Customer"
type = "url"
order = 10
value = "https://crm.example.org/?tel={caller_number}"
[[sheets.items]]
name = "Queue"
type = "text"
order = 20
value = "{queue}"
[[sheets.items]]
name = "Trap"
type = "url"
order = 30
value = "javascript:alert(1)"
"""


@pytest_asyncio.fixture(loop_scope="session")
async def world(make_xucd: MakeXucd, phones: Phones) -> AsyncIterator[World]:
    """The demo's centre, whose calls have sheets."""
    async with a_world(make_xucd, phones, SHEETS, CENTER) as world:
        yield world


async def counted(world: World, metric: str, value: float) -> None:
    """Wait until a metric has a value: a command is counted a moment after it has taken effect."""

    async def has_come() -> bool:
        return (await asyncio.to_thread(world.xucd.metrics))[metric] == value

    await until(has_come)


async def test_the_keyboard_alone_is_enough_for_a_whole_call(
    world: World, opens_desk: OpensDesk
) -> None:
    bruce = await opens_desk()
    page = bruce.page
    await bruce.keyboard.type("bruce")
    await bruce.key("Tab")
    await bruce.keyboard.type("bruce-demo")
    await bruce.key("Enter")
    line = page.get_by_label("Phone line")
    await expect(line).to_have_value("1001")
    await bruce.key("l")
    await expect(line).to_be_focused()
    await bruce.key("Enter")
    await expect(bruce.state).to_have_text("Ready")
    await bruce.key("1")
    await expect(bruce.state).to_have_text("Paused")
    await expect(page.locator("#own-detail")).to_have_text("Lunch · line 1001")
    await bruce.key("r")
    await expect(bruce.state).to_have_text("Ready")

    call = world.phones.dial("3000", "0230210082", "Bob Yard")
    leg = await world.phone("1001").rings()
    await expect(bruce.state).to_have_text("Ringing")
    await expect(bruce.call).to_contain_text("0230210082Bob Yardthrough Support")
    await expect(bruce.announced).to_contain_text("Bob Yard")
    await expect(bruce.sheet.get_by_role("link")).to_have_attribute(
        "href", "https://crm.example.org/?tel=0230210082"
    )
    await expect(bruce.sheet).to_contain_text("javascript:alert(1)")  # as text, not as a link
    leg.answer()
    await call.answered()
    await expect(bruce.state).to_have_text("On call")
    await expect(page).to_have_title("On call · xucd")
    recording = bruce.call.locator(".recording")
    await expect(recording).to_have_text("Recording")
    await bruce.key("m")
    await expect(recording).to_have_text("Recording paused")
    await bruce.key("m")
    await expect(recording).to_have_text("Recording")
    await expect(page.locator("#own-timer")).not_to_have_text("0:00")
    await bruce.key("h")
    await call.ended()
    await expect(bruce.state).to_have_text("Wrap-up")
    await expect(bruce.sheet).to_be_visible()  # it is there to be written up
    await bruce.key("r")
    await expect(bruce.state).to_have_text("Ready")
    await counted(world, 'xucd_commands_total{command="unpauseAgent",outcome="ok"}', 2)
    figures = page.locator("#figures")
    await expect(figures.locator(".answered dd")).to_have_text("1")
    await expect(figures.locator(".wrapup dd")).not_to_have_text("")
    await bruce.key("l")
    await bruce.key("Enter")
    await expect(bruce.state).to_have_text("Logged out")


async def test_a_key_that_is_written_is_no_shortcut_and_they_can_be_switched_off(
    opens_desk: OpensDesk,
) -> None:
    bruce = await opens_desk("bruce")
    await bruce.log_in("1001")
    await bruce.key("d")
    number = bruce.page.get_by_label("Number", exact=True)
    await expect(number).to_be_focused()
    await bruce.keyboard.type("r12")
    await expect(number).to_have_value("r12")
    await expect(bruce.state).to_have_text("Ready")
    await bruce.press("Keyboard shortcuts")
    dialog = bruce.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Hang up")
    await dialog.get_by_label("Use single-key shortcuts").uncheck()
    await bruce.key("Escape")
    await bruce.key("1")
    await bruce.page.reload()
    await expect(bruce.state).to_have_text("Ready")
    await bruce.key("1")
    await bruce.press("Away")
    await expect(bruce.page.locator("#own-detail")).to_have_text("Away · line 1001")


def seconds(timer: str) -> int:
    """How long a timer has run, from its minutes and seconds."""
    minutes, rest = timer.split(":")
    return 60 * int(minutes) + int(rest)


async def test_wrap_up_ends_by_itself_and_a_reloaded_page_shows_the_call_and_its_time(
    world: World, opens_desk: OpensDesk
) -> None:
    bruce = await opens_desk("bruce")
    await bruce.log_in("1001")
    call = world.phones.dial("3000")
    (await world.phone("1001").rings()).answer()
    await call.answered()
    timer = bruce.page.locator("#own-timer")
    await expect(timer).to_have_text(re.compile("0:0[3-9]|0:[1-5].|[1-9]:.."))
    before = await timer.inner_text()
    await bruce.page.reload()
    await expect(bruce.state).to_have_text("On call")
    assert seconds(await timer.inner_text()) >= seconds(before)
    await expect(bruce.call).to_contain_text("Incoming call")
    await call.hang_up()
    await expect(bruce.state).to_have_text("Wrap-up")
    await expect(bruce.call).to_have_count(0)
    await expect(bruce.state).to_have_text("Ready")


async def test_a_call_is_dialled_and_handed_on(world: World, opens_desk: OpensDesk) -> None:
    bruce, jack = await opens_desk("bruce"), await opens_desk("jack")
    await bruce.log_in("1001")
    await jack.log_in("1003")
    await bruce.page.get_by_label("Number", exact=True).fill("02 98 76 54 32")
    await bruce.key("Enter")
    own = await world.phone("1001").rings()
    own.answer()
    outside = await world.phone("0298765432").rings()
    outside.answer()
    await own.answered()
    await expect(bruce.call).to_contain_text("Outgoing call")
    await expect(bruce.call).to_contain_text("0298765432")
    await expect(bruce.page.locator("#calls-title")).to_be_focused()  # its number was dialled
    await bruce.key("t")
    await bruce.keyboard.type("1003")
    await bruce.key("Enter")
    await toast(bruce.page, "Transferred to 1003.")
    await expect(bruce.call).to_have_count(0)
    (await world.phone("1003").rings()).answer()
    await expect(jack.call).to_contain_text("0298765432")
    await jack.press("Hang up")
    await outside.ended()
    await expect(jack.call).to_have_count(0)


async def test_a_button_concerns_the_caller_on_whose_card_it_is(
    world: World, opens_desk: OpensDesk
) -> None:
    bruce = await opens_desk("bruce")
    callers = []
    for count, number in enumerate(("0210", "0220"), 1):
        caller = world.phones.dial("1001", caller_number=number)
        (await world.phone("1001").rings()).answer()
        await caller.answered()
        callers.append(caller)
        await expect(bruce.call.filter(has_text="Transfer")).to_have_count(count)
    first = bruce.call.filter(has_text="0210")
    await first.get_by_role("textbox").fill("1003")
    await first.get_by_role("button", name="Transfer").click()
    rung = await world.phone("1003").rings()
    assert rung.other_number == "0210"
    await expect(first).to_have_count(0)
    await bruce.press("Hang up")
    await callers[1].ended()
    assert callers[0].ended_at is None
    await callers[0].hang_up()


async def test_a_call_is_dialled_from_a_queue_with_variables(
    world: World, opens_desk: OpensDesk
) -> None:
    bruce = await opens_desk("bruce")
    await bruce.log_in("1001")
    page = bruce.page
    await page.get_by_label("Number", exact=True).fill("0298765432")
    await bruce.press("Queue and variables")
    await page.get_by_label("Call from").select_option("Support")
    await page.get_by_label("Caller ID").fill("Shop <0230210000>")
    await bruce.press("Add a variable")
    await bruce.keyboard.type("the folder")
    await bruce.key("Tab")
    await bruce.keyboard.type("42 & <b>more</b>")
    await bruce.press("Call")
    await expect(bruce.refusal).to_contain_text("letters, digits and _ only")
    await page.get_by_label("Name").fill("folder")
    await bruce.press("Call")
    await expect(bruce.refusal).to_be_empty()
    own = await world.phone("1001").rings()
    assert own.other_number == "0230210000"
    own.answer()
    outside = await world.phone("0298765432").rings()
    outside.answer()
    await own.answered()
    await outside.answered()
    await expect(bruce.call.locator(".data")).to_have_text("folder42 & <b>more</b>")
    await bruce.press("Hang up")
    await outside.ended()


async def test_own_queues_are_left_and_joined_and_their_callers_shown(
    world: World, opens_desk: OpensDesk
) -> None:
    bruce = await opens_desk("bruce")
    await bruce.log_in("1001")
    await bruce.press("Raise the penalty in Support")
    await expect(bruce.queue("Support").get_by_role("status")).to_have_text("1")
    await bruce.press("Lower the penalty in Support")
    await expect(bruce.queue("Support").get_by_role("status")).to_have_text("0")
    await bruce.page.get_by_label("Another queue").select_option("Billing")
    await bruce.press("Join")
    await expect(bruce.queue("Billing")).to_be_visible()
    await expect(bruce.row("Bruce Wail")).to_contain_text("Billing, Sales, Support")
    await bruce.press("Leave Support")
    await expect(bruce.queue("Support")).to_have_count(0)
    await bruce.press("Lunch")
    caller = world.phones.dial("3002")
    await expect(bruce.queue("Billing")).to_contain_text("1 waiting")
    await caller.hang_up()
    await expect(bruce.queue("Billing")).to_contain_text("no waiting calls")


async def test_a_pause_with_its_reason_shows_at_once_on_another_desk(opens_desk: OpensDesk) -> None:
    bruce, alice = await opens_desk("bruce"), await opens_desk("alice")
    await alice.log_in("1002")
    await expect(bruce.row("Alice Johnson")).to_contain_text("Ready")
    await alice.press("Lunch")
    await expect(bruce.row("Alice Johnson")).to_contain_text("Paused Lunch")
    await expect(alice.page.get_by_role("button", name="Lunch")).to_have_attribute(
        "aria-pressed", "true"
    )
    await alice.press("Ready")
    await expect(bruce.row("Alice Johnson")).to_contain_text("Ready")
    await alice.press("Log out")
    await expect(bruce.row("Alice Johnson")).to_contain_text("Logged out")


async def test_a_phone_that_cannot_ring_is_told_in_words_and_is_no_reason_to_choose(
    phones: Phones, opens_desk: OpensDesk
) -> None:
    bruce, alice = await opens_desk("bruce"), await opens_desk("alice")
    await alice.page.get_by_role("button", name="Parler français").click()
    await bruce.log_in("1001")
    await expect(alice.row("Bruce Wail")).to_contain_text("Prêt")
    await phones.register("1001", seconds=0)
    try:
        await expect(bruce.state).to_have_text("Paused")
        detail = bruce.page.locator("#own-detail")
        await expect(detail).to_contain_text("Phone unreachable · line 1001 · No call can ring")
        await expect(bruce.announced).to_contain_text("Paused, Phone unreachable")
        await expect(alice.row("Bruce Wail")).to_contain_text("En pause Téléphone injoignable")
        ready = bruce.page.get_by_role("button", name="Ready", exact=True)
        await expect(ready).to_have_attribute("aria-pressed", "true")
        reasons = bruce.page.locator("#reasons button")
        await expect(reasons).to_have_text([re.compile(f"^{r}") for r in ("Lunch", "In a", "Away")])
    finally:
        await phones.register("1001")
    await expect(bruce.state).to_have_text("Ready")
    await expect(alice.row("Bruce Wail")).to_contain_text("Prêt")


async def test_logging_out_in_a_call_is_asked_back_first(
    world: World, opens_desk: OpensDesk
) -> None:
    bruce = await opens_desk("bruce")
    await bruce.log_in("1001")
    call = world.phones.dial("3000")
    (await world.phone("1001").rings()).answer()
    await call.answered()
    await expect(bruce.state).to_have_text("On call")
    await bruce.press("Log out")
    dialog = bruce.page.get_by_role("dialog", name="You are on a call. Log out anyway?")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_have_count(0)
    await bruce.press("Log out")
    await dialog.get_by_role("button", name="Log out").click()
    await expect(bruce.state).to_have_text("Logged out")


async def test_a_refusal_is_told_in_words_and_the_next_attempt_takes_it_away(
    opens_desk: OpensDesk,
) -> None:
    bruce = await opens_desk("bruce")
    await bruce.page.get_by_label("Phone line").fill("4711")
    await bruce.press("Log in")
    await expect(bruce.refusal).to_have_text("No line has this number.")
    await bruce.log_in("1001")
    await expect(bruce.refusal).to_be_empty()


async def test_who_is_no_agent_sees_colleagues_and_the_way_to_the_board(
    opens_desk: OpensDesk,
) -> None:
    alice, sue = await opens_desk("alice"), await opens_desk("sue")
    await alice.log_in("1002")
    row = sue.row("Alice Johnson")
    await row.get_by_role("button", name="Pause Alice Johnson").click()
    await expect(alice.state).to_have_text("Paused")
    await row.get_by_role("button", name="Make Alice Johnson ready").click()
    await expect(alice.state).to_have_text("Ready")
    await row.get_by_role("button", name="Log out Alice Johnson").click()
    await expect(alice.state).to_have_text("Logged out")
    await expect(row.get_by_role("button")).to_have_count(0)
    # Her list of groups leaves out the agents of the other one.
    await expect(sue.row("Etienne Burgad")).to_have_count(0)
    await expect(sue.page.locator("#own, #queues, #today")).to_have_count(3)
    await expect(sue.page.locator("#own:visible, #queues:visible, #today:visible")).to_have_count(0)
    await expect(sue.page.get_by_role("link", name="Open the board")).to_have_attribute(
        "href", "/board"
    )
