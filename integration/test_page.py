"""The first page in a real browser: what an agent sees of real calls, and may do, at `/`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from integration.fixtures import MakeXucd, World
from integration.pbx import Pbx
from integration.running import free_port

DEADLINE_MS = 15_000
# The sandbox cannot be had by root, who runs the tests in a container; the others keep the
# browser from talking to anybody but us.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run",
]  # fmt: skip

expect.set_options(timeout=DEADLINE_MS)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The distribution's Chromium, or else the one that Playwright brings."""
    installed = shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed, args=ARGUMENTS)
        yield browser
        await browser.close()


class Wire:
    """A port of its own before another of this machine, that can be cut and mended."""

    def __init__(self, beyond: int) -> None:
        self._beyond = beyond
        self._whole = True
        self._ends: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Wire:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()

    def cut(self) -> None:
        """Break all connections, and let none come about."""
        self._whole = False
        for end in self._ends:
            end.transport.abort()

    def mend(self) -> None:
        """Let new connections come about."""
        self._whole = True

    async def _join(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if not self._whole:
            near.transport.abort()
            return
        far_reader, far = await asyncio.open_connection("127.0.0.1", self._beyond)
        self._ends |= {near, far}
        await asyncio.gather(self._pass(reader, far), self._pass(far_reader, near))
        self._ends -= {near, far}

    async def _pass(self, reader: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):  # the wire was cut, or a party left
            while data := await reader.read(65536):
                to.write(data)
                await to.drain()
        to.close()


class Visit:
    """The page as one person has it open. `complaints` is what the browser's console says."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.state = page.locator("#own-state")
        self.refusal = page.locator("#refusal")
        self.banner = page.locator("#banner")
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                self.complaints.append(said.text) if said.type in {"error", "warning"} else None
            ),
        )
        page.set_default_timeout(DEADLINE_MS)

    async def sign_in(self, login: str, password: str | None = None) -> None:
        await self.page.get_by_label("Login").fill(login)
        await self.page.get_by_label("Password").fill(password or f"{login}-demo")
        await self.page.get_by_role("button", name="Sign in").click()

    async def log_in(self, line: str) -> None:
        await self.page.get_by_label("Phone line").fill(line)
        await self.press("Log in")
        await expect(self.state).to_have_text("Ready")

    async def press(self, button: str) -> None:
        await self.page.get_by_role("button", name=button, exact=True).click()

    def row(self, agent: str) -> Locator:
        return self.page.get_by_role("row").filter(has_text=agent)


Opens = Callable[..., Awaitable[Visit]]


@pytest_asyncio.fixture(loop_scope="session")
async def opens(world: World, browser: Browser) -> AsyncIterator[Opens]:
    """Call it to open the page, each time in somebody else's browser; none may have complained.

    It takes the port if that is not the world's own.
    """
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    async def open_(port: int = world.xucd.port) -> Visit:
        context = await browser.new_context(locale="en-GB")
        contexts.append(context)
        visit = Visit(await context.new_page())
        visits.append(visit)
        await visit.page.goto(f"http://127.0.0.1:{port}/")
        return visit

    yield open_
    for context in contexts:
        await context.close()
    assert [visit.complaints for visit in visits] == [[] for _ in visits]


async def test_a_wrong_password_is_told_in_words(opens: Opens) -> None:
    visit = await opens()
    await visit.sign_in("bruce", "not-this-one")
    await expect(visit.page.get_by_role("alert")).to_have_text("Unknown login or wrong password.")
    await visit.sign_in("bruce")
    await expect(visit.state).to_have_text("Logged out")
    # The browser itself notes that the first attempt was answered by 401.
    assert len(visit.complaints) == 1
    assert "401" in visit.complaints.pop()


async def test_too_many_attempts_are_told_with_the_time_to_wait(opens: Opens) -> None:
    visit = await opens()
    alert = visit.page.get_by_role("alert")
    for _ in range(20):
        async with visit.page.expect_response("**/auth/login"):
            await visit.sign_in("bruce", "not-this-one")
    await visit.sign_in("bruce")
    await expect(alert).to_contain_text("Too many attempts to sign in. Try again in")
    visit.complaints.clear()


async def test_an_agent_sees_a_queue_call_from_ringing_to_ready(world: World, opens: Opens) -> None:
    bruce = await opens()
    await bruce.sign_in("bruce")
    await expect(bruce.page.get_by_label("Phone line")).to_have_value("1001")
    await bruce.log_in("1001")
    await expect(bruce.row("Bruce Wail")).to_contain_text("Sales, Support")

    call = world.phones.dial("3000")
    leg = await world.phone("1001").rings()
    await expect(bruce.state).to_have_text("Ringing")
    leg.answer()
    await expect(bruce.state).to_have_text("On call")
    await expect(bruce.row("Bruce Wail")).to_contain_text("On call")
    await expect(bruce.page).to_have_title("On call · xucd")
    await expect(bruce.page.locator("#own-timer")).to_have_text("0:01")
    await call.hang_up()
    await expect(bruce.state).to_have_text("Wrap-up")
    await expect(bruce.state).to_have_text("Ready")


async def test_wrap_up_is_ended_early_with_one_press(world: World, opens: Opens) -> None:
    bruce = await opens()
    await bruce.sign_in("bruce")
    await bruce.log_in("1001")
    call = world.phones.dial("3000")
    (await world.phone("1001").rings()).answer()
    await expect(bruce.state).to_have_text("On call")
    await call.hang_up()
    await bruce.press("Ready now")
    await expect(bruce.state).to_have_text("Ready", timeout=3000)  # its time would be 5 s


async def test_a_pause_with_its_reason_shows_at_once_on_another_page(opens: Opens) -> None:
    bruce, alice = await opens(), await opens()
    await bruce.sign_in("bruce")
    await alice.sign_in("alice")
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


async def test_a_page_reloaded_in_mid_call_shows_the_call_and_its_time(
    world: World, opens: Opens
) -> None:
    bruce = await opens()
    await bruce.sign_in("bruce")
    await bruce.log_in("1001")
    call = world.phones.dial("3000")
    (await world.phone("1001").rings()).answer()
    await expect(bruce.page.locator("#own-timer")).to_have_text("0:03")
    await bruce.page.reload()
    await expect(bruce.state).to_have_text("On call")
    shown = await bruce.page.locator("#own-timer").inner_text()
    assert shown in {"0:03", "0:04", "0:05", "0:06"}
    await call.hang_up()
    await expect(bruce.state).to_have_text("Wrap-up")


async def test_a_refusal_is_told_in_words_and_the_next_attempt_takes_it_away(
    opens: Opens,
) -> None:
    bruce = await opens()
    await bruce.sign_in("bruce")
    await bruce.page.get_by_label("Phone line").fill("4711")
    await bruce.press("Log in")
    await expect(bruce.refusal).to_have_text("There is no line of this number.")
    await bruce.log_in("1001")
    await expect(bruce.refusal).to_be_empty()


async def test_a_supervisor_pauses_and_logs_out_an_agent_from_its_row(opens: Opens) -> None:
    alice, sue = await opens(), await opens()
    await alice.sign_in("alice")
    await alice.log_in("1002")
    await sue.sign_in("sue")
    row = sue.row("Alice Johnson")
    await row.get_by_role("button", name="Pause Alice Johnson").click()
    await expect(alice.state).to_have_text("Paused")
    await row.get_by_role("button", name="Make Alice Johnson ready").click()
    await expect(alice.state).to_have_text("Ready")
    await row.get_by_role("button", name="Log out Alice Johnson").click()
    await expect(alice.state).to_have_text("Logged out")
    await expect(row.get_by_role("button")).to_have_count(0)
    # Her list of groups leaves jack's colleagues of the other one out.
    await expect(sue.row("Etienne Burgad")).to_have_count(0)


async def test_the_keyboard_alone_is_enough(opens: Opens) -> None:
    bruce = await opens()
    keyboard = bruce.page.keyboard
    await keyboard.type("bruce")
    await keyboard.press("Tab")
    await keyboard.type("bruce-demo")
    await keyboard.press("Enter")
    line = bruce.page.get_by_label("Phone line")
    await expect(line).to_have_value("1001")
    await keyboard.press("Tab")
    await expect(line).to_be_focused()
    await keyboard.press("Enter")
    await expect(bruce.state).to_have_text("Ready")
    for _ in ("Ready", "Lunch"):
        await keyboard.press("Tab")
    await keyboard.press("Space")
    await expect(bruce.state).to_have_text("Paused")


async def test_after_a_cut_the_page_comes_back_with_what_it_missed(
    world: World, opens: Opens
) -> None:
    alice = await world.agent("alice", "1002")
    async with Wire(world.xucd.port) as wire:
        bruce = await opens(wire.port)
        greetings: list[dict[str, Any]] = []

        def heard(frame: str | bytes) -> None:
            message = json.loads(frame)
            if message.get("msgType") == "LoggedOn":
                greetings.append(message["ctiMessage"])

        bruce.page.on("websocket", lambda socket: socket.on("framereceived", heard))
        await bruce.sign_in("bruce")
        await expect(bruce.row("Alice Johnson")).to_contain_text("Ready")
        wire.cut()
        await expect(bruce.banner).to_contain_text("The connection to xucd is lost")
        await alice.ask("pauseAgent", reason="meeting")
        wire.mend()
        await expect(bruce.banner).to_be_hidden()
        await expect(bruce.row("Alice Johnson")).to_contain_text("Paused In a meeting")
        assert [greeting.get("recovered") for greeting in greetings] == [None, True]
    # The browser itself notes each attempt that found nobody.
    bruce.complaints[:] = [said for said in bruce.complaints if "net::ERR_" not in said]


async def test_asterisk_out_of_reach_is_told_for_as_long_as_it_lasts(
    pbx: Pbx, make_xucd: MakeXucd, opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Wire(pbx.ami_port) as wire:
        monkeypatch.setenv("XUCD_AMI_PORT", str(wire.port))
        # Another xucd runs beside this Asterisk, which asks that one.
        monkeypatch.setenv("XUCD_AGI_PORT", str(free_port()))
        xucd = await make_xucd()
        bruce = await opens(xucd.port)
        await bruce.sign_in("bruce")
        await bruce.log_in("1001")
        wire.cut()
        await expect(bruce.banner).to_contain_text("Asterisk is not reachable since")
        await bruce.press("Lunch")
        await expect(bruce.refusal).to_have_text("Asterisk cannot be reached.")
        await bruce.page.reload()
        await expect(bruce.banner).to_contain_text("Asterisk is not reachable since")
        wire.mend()
        await expect(bruce.banner).to_be_hidden()
        await bruce.press("Lunch")
        await expect(bruce.state).to_have_text("Paused")
        await bruce.press("Log out")
        await expect(bruce.state).to_have_text("Logged out")
