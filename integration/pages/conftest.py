"""What tests of pages stand on: one browser for all of them, and pages that people open in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from integration.fixtures import World
from integration.pages.boards import OpensBoard, boards
from integration.pages.browsers import chromium
from integration.pages.desks import OpensDesk, desks


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def opens_desk(world: World, browser: Browser) -> AsyncIterator[OpensDesk]:
    async with desks(browser, world.xucd.port) as opens:
        yield opens


@pytest_asyncio.fixture(loop_scope="session")
async def opens_board(world: World, browser: Browser) -> AsyncIterator[OpensBoard]:
    async with boards(browser, world.xucd.port) as opens:
        yield opens
