"""The desk as one person has it open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from integration.pages.browsers import complaints_of, keep_toasts


class Desk:
    """One desk. `complaints` is what the browser's console says."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.keyboard = page.keyboard
        self.state = page.locator("#own-state")
        self.call = page.locator(".a-call")
        self.sheet = page.locator("#sheet")
        self.refusal = page.locator("#refusal")
        self.banner = page.locator("#banner")
        self.announced = page.locator("#announcements")
        self.complaints = complaints_of(page)

    async def sign_in(self, login: str, password: str | None = None) -> None:
        """Fill in the sign-in form."""
        await self.page.get_by_label("Login").fill(login)
        await self.page.get_by_label("Password").fill(password or f"{login}-demo")
        await self.press("Sign in")

    async def log_in(self, line: str) -> None:
        """Log the agent in on a line."""
        await self.page.get_by_label("Phone line").fill(line)
        await self.press("Log in")
        await expect(self.state).to_have_text("Ready")

    async def press(self, button: str) -> None:
        """Press the button of this name."""
        await self.page.get_by_role("button", name=button, exact=True).click()

    async def key(self, key: str) -> None:
        """Press a key, wherever the focus is."""
        await self.keyboard.press(key)

    def row(self, agent: str) -> Locator:
        """An agent's row in the table of all agents."""
        return self.page.get_by_role("row").filter(has_text=agent)

    def callback(self, name: str) -> Locator:
        """The callback of somebody."""
        return self.page.locator(".callback").filter(has_text=name)

    def queue(self, name: str) -> Locator:
        """One of the agent's own queues."""
        return self.page.locator("#queue-rows li").filter(has_text=name)


OpensDesk = Callable[..., Awaitable[Desk]]


@asynccontextmanager
async def desks(browser: Browser, port: int) -> AsyncIterator[OpensDesk]:
    """Call it to open a desk, each in somebody else's browser; none may have complained.

    It takes a login to sign in with, if any, the port if it is another, and what
    `Browser.new_context` does.
    """
    contexts: list[BrowserContext] = []
    opened: list[Desk] = []

    async def open_(login: str | None = None, port: int = port, **options: Any) -> Desk:
        usual = {
            "locale": "en-GB",
            "viewport": {"width": 1400, "height": 1000},
            "reduced_motion": "reduce",  # what fades in has too little contrast meanwhile
        }
        context = await browser.new_context(**{**usual, **options})
        contexts.append(context)
        await keep_toasts(context)
        desk = Desk(await context.new_page())
        opened.append(desk)
        await desk.page.goto(f"http://127.0.0.1:{port}/desk")
        if login is not None:
            await desk.sign_in(login)
        return desk

    yield open_
    for context in contexts:
        await context.close()
    complaints = [said for desk in opened for said in desk.complaints]
    assert complaints == [], complaints
