"""The board as one person has it open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page

from integration.pages.browsers import complaints_of, keep_toasts


class Board:
    """One board. `complaints` is what the browser's console says."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel = page.locator("#panel")
        self.complaints = complaints_of(page)

    async def sign_in(self, login: str) -> None:
        await self.page.locator("#login").fill(login)
        await self.page.locator("#password").fill(f"{login}-demo")
        await self.page.keyboard.press("Enter")

    def queue(self, name: str) -> Locator:
        """A queue's row."""
        return self.page.locator("#queue-rows tr").filter(
            has=self.page.get_by_role("button", name=name, exact=True)
        )

    def agent(self, name: str) -> Locator:
        """An agent's tile."""
        return self.page.locator(".tile").filter(
            has=self.page.locator(".name").get_by_text(name, exact=True)
        )

    def names(self) -> Locator:
        """The names on all tiles that are shown."""
        return self.page.locator(".tile:visible .name")

    async def press(self, button: str) -> None:
        """Press a button of the panel."""
        await self.panel.get_by_role("button", name=button, exact=True).click()


OpensBoard = Callable[..., Awaitable[Board]]


@asynccontextmanager
async def boards(browser: Browser, port: int) -> AsyncIterator[OpensBoard]:
    """Call it to open a board, each in somebody else's browser; none may have complained.

    It takes a login to sign in with, a script to run in the page before any of its own, and what
    `Browser.new_context` does.
    """
    contexts: list[BrowserContext] = []
    opened: list[Board] = []

    async def open_(login: str, script: str = "", **options: Any) -> Board:
        size = {"width": 1400, "height": 900}
        context = await browser.new_context(**{"locale": "en-GB", "viewport": size, **options})
        contexts.append(context)
        await keep_toasts(context)
        await context.add_init_script(script)
        board = Board(await context.new_page())
        opened.append(board)
        await board.page.goto(f"http://127.0.0.1:{port}/board")
        await board.sign_in(login)
        await board.page.locator("#queue-rows tr").first.wait_for()
        return board

    yield open_
    for context in contexts:
        await context.close()
    complaints = [said[:300] for board in opened for said in board.complaints]
    assert not complaints, "\n".join(complaints[:10])
