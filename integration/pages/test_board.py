"""The supervisor's board in a real browser: real calls on it, and what a supervisor does there."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import signal
from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import WebSocketRoute, expect

from integration.fixtures import World
from integration.pages.axe import violations
from integration.pages.boards import OpensBoard
from integration.pages.browsers import toast
from integration.pages.desks import OpensDesk
from integration.test_members_found import configure
from integration.witness import Witness

OVERLAPPING = """(row) => {
  const shown = [...row.querySelectorAll(".cell:not(.staff) > *, .staffed > *")]
    .filter((each) => each.checkVisibility() && each.textContent + each.innerHTML !== "")
    .map((each) => ({ name: each.getAttribute("class"), box: each.getBoundingClientRect() }));
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.5;
  return shown.flatMap((one, at) => shown.slice(at + 1)
    .filter((other) => meet(one.box, other.box)).map((other) => [one.name, other.name]));
}"""
"""The pairs of things in a queue's row that overlap, by their classes."""
COUNTING = re.compile(r"0:(0[1-9]|[1-5]\d)|[1-9]\d*:\d\d")  # a timer that has moved


async def test_a_supervisor_sees_its_own_queues_and_agents_and_an_admin_all(
    opens_board: OpensBoard,
) -> None:
    sue, ada = await opens_board("sue"), await opens_board("ada")
    await expect(sue.names()).to_have_count(3)
    await expect(sue.page.locator("#queue-rows tr button.name")).to_have_text(["Support"])
    await expect(sue.page.locator(".group h3")).to_have_text(["default 3"])
    await expect(sue.agent("Bruce Wail")).to_contain_text("Support")
    await expect(sue.agent("Bruce Wail")).not_to_contain_text("Sales")
    await expect(ada.names()).to_have_count(6)
    await expect(ada.page.locator("#queue-rows tr button.name")).to_have_text(
        ["Billing", "Sales", "Support"]
    )
    await expect(ada.page.locator(".group h3")).to_have_text(["boats 3", "default 3"])
    await expect(ada.agent("Bruce Wail")).to_contain_text("Sales 1, Support")
    await ada.page.get_by_role("button", name="Sign out").click()
    await ada.sign_in("sue")
    await expect(ada.names()).to_have_count(3)
    await expect(ada.page.locator("#queue-rows tr button.name")).to_have_text(["Support"])


async def test_callers_who_wait_are_answered_and_give_up_are_counted_and_plotted(
    world: World, opens_board: OpensBoard
) -> None:
    ada = await opens_board("ada")
    sales = ada.queue("Sales")
    waiting, longest = sales.locator(".waiting .figure"), sales.locator(".longest .figure")
    await expect(waiting).to_have_text("0")
    gives_up = world.phones.dial("3001", name="Gives Up")
    await gives_up.rang()
    await expect(waiting).to_have_text("1")
    await expect(sales).to_have_attribute("data-level", "alarm")
    await expect(sales).to_contain_text("no agent logged in")
    await expect(ada.page).to_have_title("(1) Board · xucd")
    await sales.get_by_role("button").click()
    await expect(ada.panel.locator(".callers")).to_contain_text("Gives Up · 0230210082")
    await expect(longest).to_have_text(COUNTING)
    await gives_up.hang_up()
    await expect(waiting).to_have_text("0")
    await expect(longest).to_have_text("–")
    await expect(sales.locator(".abandoned .figure")).to_have_text("1")
    await expect(sales.locator(".abandoned .share")).to_have_text("100 %")
    await expect(ada.panel).to_contain_text("No waiting callers.")

    await world.agent("jack", "1003")
    await expect(sales.locator(".staff .unseen")).to_have_text("1 ready, 0 talking, 1 logged in")
    call = world.phones.dial("3001")
    leg = await world.phone("1003").rings()
    await expect(ada.agent("Jack Flash")).to_contain_text("Ringing")
    leg.answer()
    await call.answered()
    await expect(ada.agent("Jack Flash")).to_contain_text("On call")
    await expect(ada.agent("Jack Flash").locator(".timer")).to_have_text(COUNTING)
    await expect(sales.locator(".answered .figure")).to_have_text("1")
    await expect(ada.page.locator("#total-answered")).to_have_text("1")
    await call.hang_up()
    await expect(ada.agent("Jack Flash")).to_contain_text("Ready")
    # What was is drawn with the next slot, five seconds long.
    for name in ("waiting", "longest", "answered", "abandoned"):
        path = sales.locator(f".plot.{name} .ground")
        await expect(path).not_to_have_attribute("d", "")
    said = ada.panel.locator("figcaption")
    await expect(said.filter(has_text="Waiting")).to_contain_text("maximum 1")
    await expect(said.filter(has_text="Abandoned")).to_contain_text("total 1")


async def test_callers_whom_a_queue_let_go_are_seen_on_board_and_wall_and_in_the_totals(
    world: World, opens_board: OpensBoard
) -> None:
    ada = await opens_board("ada")
    sales = ada.queue("Sales")
    await world.phones.dial("3201").ended()  # four seconds
    let_go = sales.locator(".timed-out")
    await expect(let_go).to_have_text("+ 1 timed out")
    await expect(ada.page.locator("#total-timed-out")).to_have_text("1")
    # The note has room below its figure, with plots and without them, for large numbers too.
    await let_go.evaluate("note => { note.textContent = '+ 125 timed out'; }")
    await sales.locator(".share").evaluate("share => { share.textContent = '100 %'; }")
    for width in (1920, 1440, 1280, 1000, 700, 390):
        await ada.page.set_viewport_size({"width": width, "height": 900})
        assert await sales.evaluate(OVERLAPPING) == [], width
    await sales.get_by_role("button").click()
    await expect(ada.panel.locator(".figures")).to_contain_text("Timed out1")
    await expect(ada.panel.locator(".figures")).to_contain_text("To be called back0")
    await ada.page.keyboard.press("Escape")
    await ada.page.keyboard.press("f")
    await expect(let_go).to_be_in_viewport(ratio=1)
    await expect(ada.page.locator("#total-timed-out")).to_be_in_viewport(ratio=1)


async def test_times_in_which_nothing_was_heard_are_told_beside_the_figures(
    world: World, opens_board: OpensBoard
) -> None:
    await world.xucd.stop(signal.SIGKILL)
    await world.xucd.start()
    board = await opens_board("ada")
    await expect(board.page.locator("#gaps")).to_contain_text("Figures lack")


async def test_of_several_pbxs_a_board_tells_the_gaps_of_those_that_it_shows(
    world: World, opens_board: OpensBoard
) -> None:
    ada = await opens_board("ada")
    gap = {"began": "2026-11-22T10:00:00Z", "ended": "2026-11-22T10:05:00Z", "source": "none"}
    gaps = [{**gap, "pbx": pbx} for pbx in ("north", "south")]
    await ada.page.route("**/xuc/api/2.0/gaps", lambda route: route.fulfill(json=gaps))
    await ada.page.route_web_socket("**/cti?*", queues_of_north)
    await ada.page.reload()
    await expect(ada.page.locator("#gaps")).to_have_text(
        re.compile(r"^Figures lack \S+ \(north\)$")
    )


def queues_of_north(page: WebSocketRoute) -> None:
    """Let a page take all queues for those of a PBX."""

    def pass_on(message: str | bytes) -> None:
        frame = json.loads(message)
        if frame.get("msgType") == "QueueList":
            for queue in frame["ctiMessage"]:
                queue["pbx"] = "north"
        page.send(json.dumps(frame))

    page.connect_to_server().on_message(pass_on)


async def test_an_agent_dropped_on_a_queue_is_a_member_in_asterisk(
    world: World, opens_board: OpensBoard, witness: Witness
) -> None:
    await world.agent("alice", "1002")
    ada = await opens_board("ada")
    alice, sales = ada.agent("Alice Johnson"), ada.queue("Sales")
    await expect(alice).to_contain_text("Ready")
    await alice.drag_to(sales)
    await expect(alice).to_contain_text("Sales, Support")
    await toast(ada.page, "Alice Johnson is now in Sales, penalty 0.")
    await asyncio.to_thread(witness.until, "sales", "Agent/2502", lambda one: one is not None)
    await alice.drag_to(sales)
    await toast(ada.page, "Alice Johnson is already in Sales")
    await expect(ada.page.locator("tr.over, .carrying")).to_have_count(0)


async def test_penalties_and_queues_are_changed_with_the_keyboard_alone(
    world: World, opens_board: OpensBoard, witness: Witness
) -> None:
    await world.agent("alice", "1002")
    ada = await opens_board("ada")
    keyboard = ada.page.keyboard
    await ada.agent("Alice Johnson").focus()
    await keyboard.press("Enter")
    await expect(ada.panel.get_by_role("heading", name="Alice Johnson")).to_be_focused()
    more = ada.panel.get_by_role("button", name="Raise the penalty: Penalty in Support")
    await more.focus()
    await keyboard.press("Space")
    await keyboard.press("Space")
    await expect(ada.panel.locator(".penalty")).to_have_text("2")
    await expect(more).to_be_focused()
    await asyncio.to_thread(
        witness.until, "support", "Agent/2502", lambda one: one is not None and one.penalty == 2
    )
    await ada.panel.get_by_label("Add to a queue").select_option("Billing")
    await ada.panel.get_by_label("Penalty", exact=True).fill("3")
    await keyboard.press("Enter")
    await expect(ada.agent("Alice Johnson")).to_contain_text("Billing 3, Support 2")
    await ada.panel.get_by_role("button", name="Remove: Alice Johnson, Support").press("Enter")
    await expect(ada.agent("Alice Johnson")).not_to_contain_text("Support")
    await asyncio.to_thread(witness.until, "support", "Agent/2502", lambda one: one is None)
    await keyboard.press("Escape")
    await expect(ada.panel).to_be_hidden()
    await expect(ada.agent("Alice Johnson")).to_be_focused()


async def test_an_agent_is_logged_in_paused_and_logged_out_from_its_panel_and_refusals_are_told(
    opens_board: OpensBoard,
) -> None:
    sue = await opens_board("sue")
    alice = sue.agent("Alice Johnson")
    await alice.click()
    line = sue.panel.get_by_label("Phone line")
    await expect(line).to_have_value("1002")
    await line.fill("4711")
    await sue.press("Log in")
    refused = sue.page.get_by_role("alert").filter(has_text="no line")
    await expect(refused).to_be_visible()
    await line.fill("1002")
    await sue.press("Log in")
    await expect(alice).to_contain_text("Ready")
    await expect(refused).to_be_hidden()
    await sue.press("Lunch")
    await expect(alice).to_contain_text("Paused")
    await expect(alice).to_contain_text("Lunch")
    await expect(sue.panel.get_by_role("button", name="Lunch", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    await sue.press("Make ready")
    await expect(alice).to_contain_text("Ready")
    await sue.press("Log out")
    await expect(alice).to_contain_text("Logged out")
    await expect(sue.panel.get_by_role("button", name="Log in")).to_be_visible()


async def test_an_agent_whose_phone_cannot_ring_is_told_so_and_not_counted_as_available(
    opens_board: OpensBoard,
) -> None:
    ada = await opens_board("ada")
    alice = ada.agent("Alice Johnson")
    await alice.click()
    await ada.panel.get_by_label("Phone line").fill("1009")  # no phone is registered there
    await ada.press("Log in")
    await expect(alice).to_contain_text("Phone unreachable")
    await expect(ada.panel).to_contain_text("Phone unreachable · line 1009")
    await expect(ada.queue("Support").locator(".staffed .out")).to_have_text("1")
    await expect(ada.queue("Support").locator(".staffed .ready")).to_have_text("0")
    await ada.press("Log out")
    await expect(alice).to_contain_text("Logged out")


async def test_what_another_program_does_to_memberships_is_shown_beside_what_is_configured(
    world: World, opens_board: OpensBoard, opens_desk: OpensDesk
) -> None:
    bruce, ada = await opens_desk("bruce"), await opens_board("ada")
    await bruce.log_in("1001")
    await ada.agent("Bruce Wail").click()
    rows = ada.panel.locator(".member")
    support, sales = rows.filter(has_text="Support"), rows.filter(has_text="Sales")
    for command in (
        "queue set penalty 4 on PJSIP/1001 in sales",
        "queue remove member PJSIP/1001 from support",
    ):
        await asyncio.to_thread(world.pbx.cli, command)
    await expect(sales).to_contain_text("configured: 1")
    await expect(support).to_contain_text("removed outside xucd")
    await expect(support.get_by_role("button")).to_have_count(0)
    later = await opens_board("ada")
    await later.queue("Support").get_by_role("button").click()
    member = later.panel.locator(".member").filter(has_text="Bruce Wail")
    await expect(member).to_contain_text("removed outside xucd")

    await asyncio.to_thread(world.pbx.cli, "queue remove member PJSIP/1001 from sales")
    detail = bruce.page.locator("#own-detail")
    await expect(detail).to_have_text("In no queue · line 1001 · No queue has you: log in again.")
    await expect(ada.agent("Bruce Wail")).to_contain_text("In no queue")
    await expect(ada.panel.get_by_role("button", name="Make ready")).to_be_hidden()
    await bruce.press("Log in")
    await expect(bruce.state).to_have_text("Ready")
    await expect(support).not_to_contain_text("outside")
    await expect(member).not_to_contain_text("outside")
    await bruce.press("Log out")
    await expect(bruce.state).to_have_text("Logged out")


async def test_agents_are_found_by_their_name_state_group_and_queue(
    world: World, opens_board: OpensBoard
) -> None:
    await world.agent("marice", "1004")
    ada = await opens_board("ada")
    await expect(ada.names()).to_have_count(6)
    await expect(ada.names().first).to_have_text("Maricé Saprïtchà")  # ready before logged out
    find = ada.page.get_by_label("Find an agent")
    await find.fill("sapritcha")
    await expect(ada.names()).to_have_text(["Maricé Saprïtchà"])
    await find.fill("nobody")
    await expect(ada.page.get_by_text("No agent matches.")).to_be_visible()
    await find.fill("")
    states = ada.page.get_by_role("group", name="Show agents by state")
    await states.get_by_role("button", name="1 Ready").click()
    await expect(ada.names()).to_have_text(["Maricé Saprïtchà"])
    await states.get_by_role("button", name="1 Ready").click()
    await ada.page.get_by_label("Group").select_option("default")
    await expect(ada.names()).to_have_text(["Alice Johnson", "Bruce Wail", "Jack Flash"])
    await ada.page.get_by_label("Queue", exact=True).select_option("Sales")
    await expect(ada.names()).to_have_text(["Bruce Wail", "Jack Flash"])
    await ada.page.get_by_label("Find a queue").fill("bill")
    await expect(ada.page.locator("#queue-rows tr button.name")).to_have_text(["Billing"])


async def test_the_wall_fills_the_screen_and_is_left_again(opens_board: OpensBoard) -> None:
    ada = await opens_board("ada")
    body, rows = ada.page.locator("body"), ada.page.locator("#queue-rows tr")
    await ada.page.get_by_label("Find an agent").fill("f")
    await expect(body).not_to_have_class("wall")
    await ada.page.get_by_label("Find an agent").fill("")
    await ada.page.locator("h2").first.click()
    await ada.page.keyboard.press("f")
    await expect(body).to_have_class("wall")
    loaded = "document.fonts.load('16px \"Inter Variable\"').then((found) => found.length)"
    assert await ada.page.evaluate(loaded) == 1  # its figures' own font
    await expect(ada.page.locator(".tile").first).to_be_hidden()
    figure = rows.first.locator(".waiting .figure")
    size = await figure.evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)")
    height = await ada.page.evaluate("innerHeight")
    assert size > height / 12  # three queues: a digit is read from some ten metres
    boxes = [await rows.nth(at).bounding_box() for at in range(3)]
    assert all(box and box["y"] + box["height"] <= height for box in boxes)
    await ada.page.keyboard.press("f")
    await expect(body).not_to_have_class("wall")
    await expect(ada.page.locator(":fullscreen")).to_have_count(0)  # which ends the view, too
    await ada.page.get_by_role("button", name="Wall view").click()
    await expect(body).to_have_class("wall")
    await ada.page.get_by_role("button", name="Leave the wall view").click()
    await expect(body).not_to_have_class("wall")


async def test_the_board_speaks_french_to_who_does(opens_board: OpensBoard) -> None:
    ada = await opens_board("ada", locale="fr-FR")
    await expect(ada.page.locator("html")).to_have_attribute("lang", "fr")
    await expect(ada.page.get_by_role("heading", name="Files", exact=True)).to_be_visible()
    await expect(ada.agent("Alice Johnson")).to_contain_text("Déconnecté")
    await ada.agent("Alice Johnson").click()
    await expect(ada.panel.get_by_role("button", name="Connecter")).to_be_visible()
    await ada.page.get_by_role("button", name="Speak English").click()
    await expect(ada.panel.get_by_role("button", name="Log in")).to_be_visible()
    await expect(ada.agent("Alice Johnson")).to_contain_text("Logged out")


async def test_no_state_of_the_board_violates_what_axe_asks_for(
    world: World, opens_board: OpensBoard
) -> None:
    await world.agent("bruce", "1001")
    caller = world.phones.dial("3002")  # nobody is logged in there: an alarm
    await caller.rang()
    ada = await opens_board("ada")
    await expect(ada.queue("Billing")).to_have_attribute("data-level", "alarm")
    await expect(ada.agent("Bruce Wail")).to_contain_text("Ready")
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme, width in itertools.product(schemes, (1400, 390)):
        await ada.page.emulate_media(color_scheme=scheme)
        await ada.page.set_viewport_size({"width": width, "height": 900})
        assert await violations(ada.page) == []
        await ada.agent("Bruce Wail").click()
        assert await violations(ada.page) == []
        await ada.press("Close")
        await ada.queue("Billing").get_by_role("button").click()
        assert await violations(ada.page) == []
        await ada.press("Close")
        await ada.page.keyboard.press("f")
        await expect(ada.page.locator("body")).to_have_class("wall")
        assert await violations(ada.page) == []
        await ada.page.keyboard.press("f")
        await expect(ada.page.locator("body")).not_to_have_class("wall")
    await caller.hang_up()


@pytest_asyncio.fixture(loop_scope="session")
async def foreign(world: World) -> AsyncIterator[None]:
    """Members that are no agents: one of queues.conf, and another program's."""
    await configure(world.pbx, "[billing](+)\nmember => PJSIP/1007,0,Cash desk\n")
    add = "queue add member Local/900@default/n to billing penalty 0 as Panel"
    await asyncio.to_thread(world.pbx.cli, add)
    yield
    await configure(world.pbx)


@pytest.mark.usefixtures("foreign")
async def test_a_member_that_is_no_agent_is_in_its_queues_panel_and_can_be_made_one(
    opens_board: OpensBoard,
) -> None:
    sue, ada = await opens_board("sue"), await opens_board("ada")
    await ada.queue("Billing").get_by_role("button").click()
    others = ada.panel.locator(".others")
    await expect(others).to_contain_text("Cash desk · PJSIP/1007")
    await expect(others).to_contain_text("free · 0 calls today · in Asterisk’s configuration")
    await expect(others).to_contain_text("Panel · Local/900@default/n")
    await expect(others).to_contain_text("0 calls today · added by another program")
    await expect(others.get_by_role("button")).to_have_count(1)  # that program's stays its own
    assert await violations(ada.page) == []
    await ada.press("Make an agent")
    await toast(ada.page, "The agent cash.desk was made.")
    await expect(ada.names()).to_have_count(7)
    await expect(others.get_by_role("button")).to_be_hidden()
    await sue.queue("Support").get_by_role("button").click()
    await expect(sue.panel).to_contain_text("Waiting")
    await expect(sue.panel.locator(".others")).to_be_hidden()
