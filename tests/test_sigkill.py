"""Nothing lost: xucd is killed again and again while its users work on callbacks.

Several agents take, give back and fill in tickets, an administrator adds, changes and removes, all
at once and at random, until xucd is killed in the middle of it. After each restart everything has
to be as it was told: see `tests.callback_ledger`.

Pages of others resume their streams over all these kills, and over lost links in between: none
misses a change, and each ends with what a page that comes anew is told.

Each user asks for one thing at a time. Tickets are put into the database beforehand, since without
Asterisk nobody can be called.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import random
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from integration.client import Client, Refused
from tests.callback_ledger import Ask, Book, book_of, check, hear, longest
from tests.lone_xucd import LoneXucd
from tests.plugin_proofs import Proof
from tests.rest_client import RestClient
from tests.resuming_page import ResumingPage, folded
from xucd.center.callbacks import Ticket
from xucd.store import callback_reading, callback_writing

AGENTS = {"bruce": 8, "alice": 9, "jack": 10, "marice": 11, "etienne": 12, "caroline": 13}
TOLD = ("CallbackTaken", "CallbackReleased", "CallbackRequestUpdated", "CallbackClotured")
OPEN = 8  # so few requests are open that agents often want the same one
MORE = 20  # kills at most, until everything there is to do was going on in some round
WORK = 40  # on average so many things are done before a kill
DAYS = [f"2031-08-{day:02}" for day in range(1, 29)]
PAGES = ("ada", "caroline", "ada")
CUT = (ConnectionError, ConnectionClosed, OSError, http.client.HTTPException)


@pytest.mark.timeout(0)  # as long as --kills says; each kill has a deadline of its own
async def test_killing_xucd_loses_nothing_and_gives_nothing_twice(
    postgresql: Callable[[str], str],
    tmp_path: Path,
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
    proof: Proof,
) -> None:
    kills = pytestconfig.getoption("kills")
    state = tmp_path / "state"
    state.mkdir()
    monkeypatch.setenv("STATE_DIRECTORY", str(state))  # for the streams, beside PostgreSQL
    folders = [tmp_path / "sqlite", tmp_path / "postgresql"]
    for folder in folders:
        folder.mkdir()
    # Both at once: most of the time is spent on starting xucd, which takes one processor.
    async with asyncio.TaskGroup() as both:
        rounds = [
            both.create_task(_kill(kills, folders[0])),
            both.create_task(_kill(kills, folders[1], postgresql("sigkill"))),
        ]
    done = [each.result() for each in rounds]
    proof(
        "SIGKILL while users work on callbacks, on each database",
        times=sum(each.kills for each in done),
        lost=f"none of {sum(each.acknowledged for each in done):,} acknowledged changes",
    )
    proof(
        "pages that resume over a SIGKILL of xucd",
        times=sum(each.kills for each in done) * len(PAGES),
        lost=f"none of {sum(each.told for each in done):,} changes told",
    )


async def _kill(kills: int, folder: Path, url: str | None = None) -> Done:
    chance = random.Random(folder.name)
    xucd = LoneXucd(folder, url)
    await xucd.prepare()
    await xucd.start()
    done = Done()
    pages = Pages(xucd, chance)
    try:
        await pages.open()
        while done.kills < kills or not done.everything:
            assert done.kills < kills + MORE, f"it was no test of everything: {vars(done)}"
            async with asyncio.timeout(120):
                await Round(xucd, chance, done, pages).work()
            done.kills += 1
    finally:
        await xucd.stop()
    done.told = pages.compared
    assert done.told > kills
    return done


class Done:
    """What was done in all rounds, and of how many changes each page was `told`."""

    def __init__(self) -> None:
        self.kills = 0
        self.acknowledged = 0
        self.told = 0
        self.kinds: set[str] = set()
        self.contended = 0
        self.unanswered = 0

    @property
    def everything(self) -> bool:
        """Whether kills came while all that there is to do was going on."""
        kinds = {"take", "release", "change", "remove", "close", "reopen"}
        return self.kinds >= kinds and bool(self.contended and self.unanswered)

    def count(self, asked: list[Ask]) -> None:
        self.kinds |= {ask.does for ask in asked if ask.answer == "ok"}
        self.acknowledged += sum(ask.answer == "ok" for ask in asked)
        self.contended += sum(ask.answer == "CallbackTaken" for ask in asked)
        self.unanswered += sum(ask.answer is None for ask in asked)


class Pages:
    """Pages that resume over each kill. Some are cut off before, or stay away until after it.

    `compared` counts the changes that all of them were told, the same.
    """

    def __init__(self, xucd: LoneXucd, chance: random.Random) -> None:
        self._chance = chance
        self._all = [ResumingPage(xucd, login, xucd.token(login)) for login in PAGES]
        self._cutting: asyncio.Task[None] | None = None
        self.compared = 0
        self._compared = 0  # the position up to which all pages have the same

    async def open(self) -> None:
        for page in self._all:
            await page.open(("getCallbackLists", {}))
        self._compared = max(page.position for page in self._all)

    def begin(self) -> None:
        """Begin to cut pages off, while others work."""
        self._cutting = asyncio.create_task(self._cut())

    async def _cut(self) -> None:
        with contextlib.suppress(*CUT):
            while True:
                await asyncio.sleep(self._chance.uniform(0, 0.1))
                page = self._chance.choice(self._all[1:])  # the first one sees all at once
                await page.lose()
                if self._chance.random() < 0.3:
                    return  # away until xucd is there again
                await page.resume()

    async def killed(self) -> None:
        """xucd was killed: all links are lost, and some of what came last did not get there."""
        assert self._cutting is not None
        self._cutting.cancel()
        await asyncio.gather(self._cutting, return_exceptions=True)
        for page in self._all:
            await page.lose()
            page.forget(self._chance)

    async def check(self, fresh: Client) -> None:
        """All are back: none has missed a change, and each shows what a fresh page is told."""
        for page in self._all:
            await page.resume()
        told = [page.told(TOLD, self._compared) for page in self._all]
        assert all(each == told[0] for each in told)
        self.compared += len(told[0])
        present = folded(frame.message for frame in fresh.frames).callbacks
        for page in self._all:
            assert page.state().callbacks == present
        self._compared = max(page.position for page in self._all)


class Round:
    """From a daemon that runs, by a kill in the middle of work, to one that runs again."""

    def __init__(self, xucd: LoneXucd, chance: random.Random, done: Done, pages: Pages) -> None:
        self.xucd = xucd
        self.pages = pages
        self.chance = chance
        self.done = done
        self.ada = RestClient(xucd.port, xucd.token("ada"))
        self.asked: list[Ask] = []
        self.left = chance.randint(1, 2 * WORK)
        self.enough = asyncio.Event()

    async def work(self) -> None:
        """Work, be killed, start again, and compare."""
        self.list_uuid = (await self.ada.ask("GET", "/callback_lists"))[1][0]["uuid"]
        watcher = await self.xucd.client("sue")
        book = await self._filled(watcher)
        self.uuids = list(book)
        self.tickets = await asyncio.to_thread(self._seed)
        clients = {login: await self.xucd.client(login) for login in AGENTS}
        await asyncio.gather(*(client.ask("getCallbackLists") for client in clients.values()))
        heard_from = {client: len(client.frames) for client in (watcher, *clients.values())}
        workers = [
            asyncio.create_task(self._agent(client, AGENTS[login]))
            for login, client in clients.items()
        ]
        workers.append(asyncio.create_task(self._administrator()))
        self.pages.begin()
        enough = asyncio.create_task(self.enough.wait())
        first, _ = await asyncio.wait([enough, *workers], return_when=asyncio.FIRST_COMPLETED)
        assert enough in first, f"a user stopped working: {first}"
        await self.xucd.stop(signal.SIGKILL)
        await asyncio.gather(*workers)
        heard = []
        for client, since in heard_from.items():
            with contextlib.suppress(*CUT):
                await client.closed()
            heard.append([(f.type, f.body) for f in client.frames[since:] if f.type in TOLD])
        for kind, body in longest(heard):
            hear(book, kind, body)
        await self.pages.killed()
        await self.xucd.start()
        async with await self.xucd.client("sue") as sue:
            check(book, self._may_have_been_done(), await _look(sue))
            await self.pages.check(sue)
        self.done.count(self.asked)

    async def _filled(self, watcher: Client) -> Book:
        """The open requests, to which are added as many as are missing."""
        book = await _look(watcher)
        missing = OPEN - len(book)
        if missing > 0:
            path = f"/callback_lists/{self.list_uuid}/callback_requests"
            bodies = [{"phoneNumber": "100", "description": "new"}] * missing
            status, _ = await self.ada.ask("POST", path, bodies)
            assert status == 201
            book = await _look(watcher)
        return book

    def _seed(self) -> dict[str, list[str]]:
        """A few tickets for each request, of calls that are over."""
        store = self.xucd.store()
        made: dict[str, list[str]] = {}
        now = time.time()
        for request in self.uuids:
            for _ in range(3):
                ticket = callback_writing.NewTicket(
                    uuid=uuid.uuid4(),
                    request_uuid=uuid.UUID(request),
                    agent_id=None,
                    phone_number="100",
                    started=now,
                )
                callback_writing.create_ticket(store, ticket, lambda _: None)
                callback_writing.record_ended(store, ticket.uuid, now, None, None)
                made.setdefault(request, []).append(str(ticket.uuid))
        store.close()
        return made

    # -- what everybody does until the link is lost

    async def _agent(self, client: Client, agent_id: int) -> None:
        mine: set[str] = set()
        with contextlib.suppress(*CUT):
            while True:
                if mine and self.chance.random() < 0.6:
                    request = self.chance.choice(sorted(mine))
                    tickets = self.tickets[request]
                    await (
                        self._fill_in(client, agent_id, request, tickets.pop())
                        if tickets and self.chance.random() < 0.7
                        else self._command(client, Ask("release", request, agent_id))
                    )
                    mine.discard(request)
                else:
                    request = self.chance.choice(self.uuids)
                    ask = Ask("take", request, agent_id)
                    await self._command(client, ask)
                    if ask.answer == "ok":
                        mine.add(request)

    async def _fill_in(self, client: Client, agent_id: int, request: str, ticket: str) -> None:
        reopens = self.chance.random() < 0.7
        ask = Ask("reopen" if reopens else "close", request, agent_id, ticket=ticket)
        said: dict[str, Any] = {"status": "Answered", "comment": ticket}
        if reopens:
            ask.due = self.chance.choice(DAYS)
            said |= {"status": "Callback", "dueDate": ask.due}
        await self._command(client, ask, uuid=ticket, **said)

    async def _command(self, client: Client, ask: Ask, **arguments: Any) -> None:
        command = {"take": "takeCallback", "release": "releaseCallback"}.get(
            ask.does, "updateCallbackTicket"
        )
        self.asked.append(ask)
        try:
            await client.ask(command, **{"uuid": ask.uuid, **arguments})
            ask.answer = "ok"
        except Refused as refused:
            if refused.code == "Disconnected":
                raise ConnectionError from None
            ask.answer = refused.code
        self._did_one()

    async def _administrator(self) -> None:
        with contextlib.suppress(*CUT):
            for number in range(10_000):
                request = self.chance.choice(self.uuids)
                ask = Ask("change", request, description=f"changed {number}")
                ask.due = self.chance.choice(DAYS)
                body: Any = {
                    "phoneNumber": "100", "description": ask.description, "dueDate": ask.due,
                }  # fmt: skip
                method = "PUT"
                if self.chance.random() < 0.2:
                    ask, method, body = Ask("remove", request), "DELETE", None
                self.asked.append(ask)
                status, answer = await self.ada.ask(method, f"/callback_requests/{request}", body)
                ask.answer = "ok" if status < 300 else answer["error"]
                self._did_one()

    def _did_one(self) -> None:
        self.left -= 1
        if self.left <= 0:
            self.enough.set()

    # -- afterwards

    def _may_have_been_done(self) -> list[Ask]:
        """What was asked for, but for tickets that show that it was not done.

        A ticket says what became of it for good: what was acknowledged has to be in it.
        """
        store = self.xucd.store()
        tickets = {str(ticket.uuid): ticket for ticket in callback_reading.tickets(store)}
        possible = []
        for ask in self.asked:
            if ask.ticket:
                ticket = tickets[ask.ticket]
                filled = _says(ticket, ask)
                assert filled or (ticket.status, ticket.comment) == (None, None)
                assert filled == (ask.answer == "ok") or ask.answer is None
                if not filled:
                    continue
            possible.append(ask)
        store.close()
        return possible


def _says(ticket: Ticket, ask: Ask) -> bool:
    status = "Callback" if ask.does == "reopen" else "Answered"
    return (ticket.status, ticket.comment) == (status, ask.ticket)


async def _look(client: Client) -> Book:
    """All open requests, as a client is told of them; it is told of changes from then on."""
    seen = len(client.frames)
    await client.ask("getCallbackLists")
    lists = await client.frame(lambda frame: frame.type == "CallbackLists", after=seen)
    return book_of(lists.body)
