"""The explorer, `/explorer`: what can be asked, what goes over the link, and the documents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from integration.client import http
from integration.pages.axe import violations
from integration.pages.browsers import complaints_of
from integration.pages.daemons import one_xucd
from integration.pbx import Pbx
from integration.running import Xucd
from xucd.cti import frames
from xucd.cti.commands import COMMANDS, Command
from xucd.cti.messages import MESSAGES

# Fills every field of a form by what kind of field it is, and gives back the frame it makes.
FILLED = """(entry) => {
    const form = entry.querySelector("form");
    const about = (control) =>
        document.getElementById(control.getAttribute("aria-describedby")).textContent;
    for (const control of form.querySelectorAll("input, select, textarea")) {
        if (control.tagName === "SELECT") {
            control.selectedIndex = control.options.length - 1;
        } else if (control.type === "date") {
            control.value = "2030-01-31";
        } else if (control.placeholder) {
            control.value = control.placeholder;
        } else if (!control.value) {
            control.value = about(control).includes("uuid")
                ? "a967da84-bc41-4bf4-a4fc-2bcc54e11606" : "1";
        }
    }
    const valid = form.checkValidity();
    form.querySelector("button[type=button]").click();
    return [valid, document.getElementById("hand-text").value];
}"""


class Explorer:
    """The explorer as one person has it open. `complaints` is what the browser's console says."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.log = page.locator("#log")
        self.complaints = complaints_of(page)

    async def sign_in(self, login: str) -> None:
        await self.page.locator("#login").fill(login)
        await self.page.locator("#password").fill(f"{login}-demo")
        await self.page.keyboard.press("Enter")
        await expect(self.entry("agentLogin")).to_be_visible()

    def entry(self, command: str) -> Locator:
        """A command's entry."""
        name = self.page.locator("summary .name").get_by_text(command, exact=True)
        return self.page.locator("#commands .entry").filter(has=name)

    async def opened(self, command: str) -> Locator:
        """A command's form."""
        await self.entry(command).locator("summary").click()
        form = self.entry(command).locator("form")
        await expect(form).to_be_visible()
        return form

    async def send(self, command: str, **arguments: str) -> Locator:
        """Fill a command's form in and send it; what comes of it is told by what this returns."""
        form = await self.opened(command)
        for name, value in arguments.items():
            await form.locator(f"[name={name}]").fill(value)
        await form.get_by_role("button", name="Send", exact=True).click()
        return form.locator(".result")

    def frames(self, name: str) -> Locator:
        """The rows of all frames of this name, the newest first."""
        return self.log.locator("li").filter(
            has=self.page.locator("summary .name").get_by_text(name, exact=True)
        )

    async def content(self, row: Locator) -> Any:
        """What a row's frame says."""
        await row.locator("summary").click()
        return json.loads(await row.locator("pre").inner_text())

    async def tab(self, name: str) -> None:
        await self.page.get_by_role("tab", name=name).click()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def xucd(
    pbx: Pbx, prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Xucd]:
    """One daemon for all tests; Bruce is logged out in the end."""
    async with one_xucd(pbx, prepared, tmp_path_factory.mktemp("explorer")) as xucd:
        yield xucd
        bruce = await xucd.client("bruce")
        await bruce.ask("agentLogout")
        await bruce.close()


@pytest_asyncio.fixture(loop_scope="session")
async def explorer(xucd: Xucd, browser: Browser) -> AsyncIterator[Explorer]:
    """Bruce's explorer; nothing in it may have gone wrong."""
    context = await browser.new_context(locale="en-GB", viewport={"width": 1300, "height": 850})
    explorer = Explorer(await context.new_page())
    await explorer.page.goto(f"http://127.0.0.1:{xucd.port}/explorer")
    await explorer.sign_in("bruce")
    yield explorer
    await context.close()
    assert explorer.complaints == []


async def test_every_command_has_a_form_whose_frame_xucd_understands(explorer: Explorer) -> None:
    names = await explorer.page.locator("#commands .entry > summary .name").all_inner_texts()
    assert sorted(names) == sorted(COMMANDS)
    for command in names:
        await explorer.opened(command)
        valid, written = await explorer.entry(command).evaluate(FILLED)
        assert valid, command
        frame = json.loads(written)
        assert isinstance(frames.decode(written), Command)
        fields = set(COMMANDS[command].__struct_encode_fields__) | {"claz", "command"}
        assert frame.keys() == fields, command


async def test_a_command_is_sent_by_its_form_and_the_form_tells_what_became_of_it(
    explorer: Explorer,
) -> None:
    done = await explorer.send("agentLogin", agentphonenumber="1001")
    await expect(done).to_contain_text("Done in")
    sent = await explorer.content(explorer.frames("agentLogin"))
    assert sent.pop("requestId")
    assert sent == {"claz": "web", "command": "agentLogin", "agentphonenumber": "1001"}
    states = explorer.frames("AgentStateEvent")
    received = await explorer.content(states.first)
    assert received["msgType"] == "AgentStateEvent"
    assert received["ctiMessage"]["name"] == "AgentReady"

    refused = await explorer.send("setAgentQueue", queueId="99", penalty="0")
    await expect(refused).to_have_text("QueueUnknown: There is no such queue.")
    await expect(explorer.frames("CommandResult").first).to_have_class("frame received failed")


async def test_the_log_shows_all_that_goes_over_the_link_and_can_be_narrowed_down(
    explorer: Explorer,
) -> None:
    page = explorer.page
    await expect(explorer.log.locator("li").last).to_contain_text("Link opened")
    for name in ("LoggedOn", "RightProfile", "UsersStatuses", "AgentStateEvent"):
        await expect(explorer.frames(name)).to_have_count(1)
    await page.locator("#find-frame").fill("usersstatuses lunch")
    await expect(explorer.log.locator("li")).to_have_count(1)
    await page.locator("#find-frame").fill("")
    await page.locator("#direction").select_option("sent")
    await expect(explorer.frames("LoggedOn")).to_have_count(0)
    await expect(explorer.frames("getConfig")).to_have_count(1)
    await expect(explorer.frames("ping")).to_have_count(0)
    await page.locator("#direction").select_option("")
    await page.locator("#pings").check()
    await expect(explorer.frames("ping").first).to_be_visible()  # within 5 s of the link's opening


async def test_a_paused_log_stands_still_and_goes_on_with_all_that_came(explorer: Explorer) -> None:
    page = explorer.page
    await page.get_by_role("button", name="Pause").click()
    await expect(await explorer.send("getAgentStates")).to_contain_text("Done in")
    await expect(page.locator("#pause")).to_contain_text("Resume · ")
    await expect(explorer.frames("getAgentStates")).to_have_count(0)
    await page.locator("#pause").click()
    await expect(explorer.frames("getAgentStates")).to_have_count(1)
    # In one go: the link's own pings are counted as well.
    await page.get_by_role("button", name="Clear").focus()
    cleared = await page.evaluate(
        "(document.activeElement.click(), document.getElementById('count').textContent)"
    )
    assert cleared == "0"
    await expect(page.locator("#no-frame")).to_be_visible()


async def test_a_frame_is_sent_again_changed_and_written_by_hand(explorer: Explorer) -> None:
    page = explorer.page
    await explorer.send("getList")
    await expect(explorer.frames("AgentList")).to_have_count(1)
    row = explorer.frames("getList")
    await row.locator("summary").click()
    await row.get_by_role("button", name="Send again").click()
    await expect(explorer.frames("AgentList")).to_have_count(2)

    await explorer.frames("getList").last.get_by_role("button", name="Edit").click()
    text = page.get_by_label("Write a frame")
    await expect(text).to_be_focused()
    changed = {**json.loads(await text.input_value()), "objectType": "queue"}
    await text.fill(json.dumps(changed))
    await page.keyboard.press("Control+Enter")
    await expect(explorer.frames("QueueList")).to_have_count(1)

    await text.fill("no JSON at all")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#hand-result")).to_have_text("Sent, but it is not JSON.")
    error = await explorer.content(explorer.frames("Error"))
    assert error["ctiMessage"]["Error"] == "InvalidJson"


async def test_what_is_known_is_offered_for_an_argument(explorer: Explorer) -> None:
    await explorer.send("getList")
    await expect(explorer.frames("AgentList")).to_have_count(1)
    form = await explorer.opened("agentLogout")
    await form.locator("[name=agentid]").focus()
    offered = form.locator("datalist option")
    await expect(offered).to_have_count(6)
    await expect(offered.first).to_have_attribute("value", "8")


async def test_the_documents_are_shown_whole(xucd: Xucd, explorer: Explorer) -> None:
    page = explorer.page
    await explorer.tab("WebSocket")
    names = page.locator("#socket .entry > summary .name")
    await expect(names.first).to_be_visible()
    shown = await names.all_inner_texts()
    assert set(shown) >= MESSAGES.keys() | COMMANDS.keys()
    await page.locator("#find-message").fill("zeppelin")
    await expect(page.locator("#socket section .entry:visible")).to_have_count(0)
    await page.locator("#find-message").fill("agentstateevent")
    entry = page.locator("#socket section").first.locator(".entry:visible").first
    await entry.locator("summary").first.click()
    await expect(entry).to_contain_text("monitorState")

    await explorer.tab("REST")
    await expect(page.locator("#rest .entry").first).to_be_visible()
    _, document = await asyncio.to_thread(http, xucd.port, "/xuc/api/2.0/openapi.json")
    routes = sum(len(methods.keys() - {"parameters"}) for methods in document["paths"].values())
    await expect(page.locator("#rest .entry")).to_have_count(routes)
    for entry in await page.locator("#rest .entry").all():
        await entry.locator("summary").first.click()
        await expect(entry.locator(".reference")).to_contain_text("Responses")


async def test_a_frame_leads_to_what_the_document_says_of_it(explorer: Explorer) -> None:
    row = explorer.frames("UsersStatuses")
    await row.locator("summary").click()
    await row.get_by_role("button", name="Documentation").click()
    entry = explorer.page.locator("#socket .entry[open]")
    await expect(entry).to_have_count(1)
    await expect(entry.locator("summary").first).to_be_focused()
    await expect(entry).to_contain_text("longName")


async def test_the_keyboard_alone_is_enough(explorer: Explorer) -> None:
    page, keyboard = explorer.page, explorer.page.keyboard
    await expect(page.locator("#find-command")).to_be_focused()
    await keyboard.type("getConfig")
    for _ in range(3):  # the acknowledgement, the frame by hand, the only command left
        await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(page.locator("select[name=objectType]")).to_be_visible()
    await keyboard.press("Tab")
    await keyboard.type("line")
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(explorer.frames("LineConfig")).to_have_count(2)
    await page.get_by_role("tab", name="Commands").focus()
    await keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="WebSocket")).to_be_focused()
    await expect(page.locator("#panel-socket")).to_be_visible()


async def test_on_a_narrow_screen_the_frames_have_a_tab_of_their_own(explorer: Explorer) -> None:
    page = explorer.page
    await page.set_viewport_size({"width": 390, "height": 800})
    await expect(explorer.log).to_be_hidden()
    await explorer.tab("Frames")
    await expect(explorer.frames("LoggedOn")).to_be_visible()
    await expect(page.locator("#panel-commands")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.set_viewport_size({"width": 1300, "height": 850})
    await expect(page.locator("#panel-commands")).to_be_visible()
    await expect(explorer.log).to_be_visible()


async def test_it_speaks_french_too(explorer: Explorer) -> None:
    await explorer.opened("pauseAgent")
    await explorer.page.get_by_role("button", name="Parler français").click()
    await expect(explorer.page.get_by_role("tab", name="Commandes")).to_be_visible()
    await expect(explorer.entry("pauseAgent")).to_contain_text("facultatif")
    await expect(explorer.page).to_have_title("Explorateur · xucd")


async def test_no_state_of_it_violates_what_axe_asks_for(explorer: Explorer) -> None:
    page = explorer.page
    await explorer.send("getList")
    await explorer.frames("AgentList").locator("summary").click()
    await explorer.opened("findCallbackRequest")
    found: dict[str, list[str]] = {}
    tabs = ["Commands", "WebSocket", "REST"]
    await page.emulate_media(color_scheme="light")
    for tab in tabs:
        await explorer.tab(tab)
        if tab != "Commands":
            entry = page.locator("[role=tabpanel]:visible .entry").nth(2)
            await entry.locator("summary").first.click()
            await expect(entry.locator(".reference")).to_be_visible()
        found[f"light, wide: {tab}"] = await violations(page)
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size({"width": 390, "height": 850})
    for tab in [*tabs, "Frames"]:
        await explorer.tab(tab)
        found[f"dark, narrow: {tab}"] = await violations(page)
    assert found == {state: [] for state in found}
