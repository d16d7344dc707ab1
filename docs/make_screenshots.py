"""Makes the pictures of the documents: `python docs/make_screenshots.py [FOLDER]`.

They are written to docs/ unless a folder is given. A demo has to run, and nobody may be logged in;
`make demo-up` starts one. Run it in the project's folder, after `make venv`. Chromium shows the
pages to people of the demo who are at work, in the state that a picture is to show. The plots of
the board are of the calls that came while it was open: `--after 900` gives a quarter of an hour.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Browser, expect

from integration.client import Client
from integration.demo import control, places
from integration.pages.boards import boards
from integration.pages.browsers import chromium
from integration.pages.desks import desks

DOCS = Path(__file__).resolve().parent
WORKING = {"bruce": "1001", "alice": "1002", "jack": "1003", "marice": "1004", "etienne": "1005"}
TALK = 25.0  # seconds of the call that the desk shows
SOON = 60_000  # milliseconds until a call is rung and answered, while others come


async def desk(browser: Browser, file: Path, after: float) -> None:
    """The desk of an agent on a call of the queue Support, with its sheet and its callbacks."""
    await asyncio.sleep(after)
    async with desks(browser, places.WEB_PORT) as opens:
        bruce = await opens("bruce", viewport={"width": 1280, "height": 900})
        await expect(bruce.state).to_have_text("Ready", timeout=SOON)
        call = asyncio.create_task(asyncio.to_thread(control.place_call, "3000", TALK))
        # The begin of a call, not the end of one that came by itself.
        await expect(bruce.state).to_have_text("Ringing", timeout=SOON)
        await expect(bruce.state).to_have_text("On call", timeout=SOON)
        await bruce.sheet.get_by_text("Caller").first.wait_for()
        await bruce.page.screenshot(path=file, full_page=True)
        await call


async def board(browser: Browser, file: Path, after: float) -> None:
    """The board of an administrator: queues, a caller who waits, agents in several states."""
    async with boards(browser, places.WEB_PORT) as opens:
        ada = await opens("ada", viewport={"width": 1440, "height": 900})
        await asyncio.sleep(after)
        call = asyncio.create_task(asyncio.to_thread(control.place_call, "3002", 8.0))
        await ada.page.locator(".tile").get_by_text("On call").first.wait_for(timeout=SOON)
        await ada.page.screenshot(path=file)
        await call


PICTURES: dict[str, Callable[[Browser, Path, float], Awaitable[None]]] = {
    "screenshot.png": desk,
    "board.png": board,
}
"""Each picture of the documents, and what makes it: so many seconds after the agents' login."""


async def make(folder: Path, after: float = 0.0) -> None:
    """Make all pictures, so many seconds after the agents have logged in."""
    for login, line in WORKING.items():
        await tell(login, "agentLogin", agentphonenumber=line)
    for login, reason in (("alice", "meeting"), ("jack", "lunch")):
        await tell(login, "pauseAgent", reason=reason)
    async with chromium() as browser:
        await asyncio.gather(
            *(shoot(browser, folder / name, after) for name, shoot in PICTURES.items())
        )
    for login in WORKING:
        await tell(login, "agentLogout")


async def tell(login: str, command: str, **arguments: str) -> None:
    """Have somebody of the demo send a command."""
    async with await Client.sign_in(places.WEB_PORT, login) as client:
        await client.ask(command, **arguments)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, default=DOCS)
    parser.add_argument("--after", type=float, default=0.0, help="seconds in which calls come")
    given = parser.parse_args()
    asyncio.run(make(given.folder, given.after))
