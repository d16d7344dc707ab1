"""Callbacks on the agent's desk: from the request to the ticket, with real calls."""

from __future__ import annotations

import datetime

from playwright.async_api import expect

from integration.fixtures import World
from integration.pages.desks import OpensDesk


async def test_a_callback_goes_from_its_request_to_its_ticket_by_keyboard(
    world: World, opens_desk: OpensDesk
) -> None:
    bruce, alice = await opens_desk("bruce"), await opens_desk("alice")
    await bruce.log_in("1001")
    await alice.log_in("1002")
    mine, seen = bruce.callback("O'Neill"), alice.callback("O'Neill")
    await expect(seen).to_contain_text("Today 14:00–17:00")

    await expect(mine).to_be_visible()
    await bruce.key("c")  # the first of the list, which was due yesterday
    await expect(bruce.callback("Bob Yard").get_by_role("button").first).to_be_focused()
    for _ in range(3):
        await bruce.key("Tab")
    await bruce.key("Enter")
    await expect(mine).to_contain_text("yours")
    await expect(seen).to_contain_text("taken by Bruce Wail")
    await expect(seen.get_by_role("button", name="Take Alice")).to_have_count(0)
    await expect(mine.get_by_role("button", name="O'Neill")).to_be_focused()

    await bruce.key("Tab")
    await bruce.key("Enter")
    own = await world.phone("1001").rings()
    own.answer()
    customer = await world.phone("0230210082").rings()
    customer.answer()
    await own.answered()
    await customer.answered()
    await expect(bruce.call).to_contain_text("Outgoing call")
    await bruce.page.reload()  # the ticket is not lost with it
    await mine.get_by_label("Call again").check()
    await mine.get_by_label("Comment").fill("Asks for the big one")
    await mine.get_by_label("Day", exact=True).fill("2020-01-31")
    await mine.get_by_role("button", name="Reschedule").click()
    await expect(bruce.refusal).to_have_text("This date is in the past.")
    day = datetime.date.today() + datetime.timedelta(days=1)
    await mine.get_by_label("Day", exact=True).fill(day.isoformat())
    await mine.get_by_label("Time of day").select_option("Morning, 09:00–12:00")
    await mine.get_by_role("button", name="Reschedule").click()
    await expect(seen).to_contain_text("Tomorrow 09:00–12:00")
    await expect(bruce.refusal).to_be_empty()
    await expect(mine.get_by_role("button", name="O'Neill", expanded=False)).to_be_focused()
    await expect(mine.get_by_label("Comment")).to_have_count(0)
    await bruce.press("Hang up")
    await customer.ended()


async def test_a_callback_that_is_closed_goes_from_every_desk_and_one_given_back_is_free(
    world: World, opens_desk: OpensDesk
) -> None:
    bruce, alice = await opens_desk("bruce"), await opens_desk("alice")
    await bruce.log_in("1001")
    await bruce.press("Take Bob Yard")
    await expect(bruce.callback("Bob Yard")).to_contain_text("yours")  # it opens: others move
    await bruce.press("Take Élodie Noël")
    await expect(bruce.callback("Noël")).to_contain_text("yours")
    await expect(bruce.callback("Noël").get_by_text("Asked for the 42 ft")).to_be_visible()
    await bruce.callback("Noël").get_by_role("button", name="Release").click()
    await expect(alice.callback("Noël").get_by_role("button", name="Take")).to_be_visible()

    yard = bruce.callback("Bob Yard")
    await yard.get_by_role("button", name="Call 0230210084").click()
    own = await world.phone("1001").rings()
    own.answer()
    customer = await world.phone("0230210084").rings()
    customer.answer()
    await own.answered()
    await customer.answered()
    await expect(bruce.call).to_contain_text("Outgoing call")
    await customer.hang_up()
    await expect(bruce.call).to_have_count(0)
    await yard.get_by_role("button", name="Close the callback").click()
    await expect(bruce.refusal).to_have_text("Choose an outcome.")
    await yard.get_by_label("Email").check()
    await yard.get_by_label("Comment").fill("Sent the brochure")
    await yard.get_by_role("button", name="Close the callback").click()
    await expect(yard).to_have_count(0)
    await expect(alice.callback("Bob Yard")).to_have_count(0)
    await expect(alice.page.locator("#callbacks-count")).to_have_text("2")


async def test_callbacks_are_found_by_name_number_and_what_is_due(opens_desk: OpensDesk) -> None:
    bruce = await opens_desk("bruce")
    names = bruce.page.locator(".callback .party")
    await expect(names).to_have_text(["Bob Yard", "Alice O'Neill", "Élodie Noël"])
    await bruce.page.get_by_label("Which callbacks").select_option("Due")
    await expect(names).to_have_text(["Bob Yard", "Alice O'Neill"])
    await bruce.page.get_by_label("Find").fill("0789654")
    await expect(names).to_have_text(["Alice O'Neill"])
    await bruce.page.get_by_label("Find").fill("nobody")
    await expect(bruce.page.locator("#callbacks")).to_contain_text("No callback matches.")
