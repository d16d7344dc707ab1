"""Fixtures of the integration tests: xucd beside a real Asterisk, with real phones."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import hashlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from integration.client import DEADLINE, Client
from integration.edged import Databases, EdgedXucd
from integration.faults.waiting import until
from integration.model.panel import Panel
from integration.nats import Nats
from integration.pbx import Pbx
from integration.phones import Phone, Phones
from integration.running import Xucd

LINES = tuple(str(number) for number in range(1001, 1009))


class World:
    """One xucd with the demo's centre, its phones registered, and clients as they are needed."""

    def __init__(self, xucd: Xucd, phones: Phones) -> None:
        self.xucd = xucd
        self.pbx = xucd.pbx
        self.phones = phones
        self._clients: list[Client] = []

    async def client(self, login: str, query: str = "") -> Client:
        """A signed-in page, closed at the end of the test."""
        return self.keep(await self.xucd.client(login, query))

    def keep(self, client: Client) -> Client:
        """Have a page closed at the end of the test."""
        self._clients.append(client)
        return client

    async def agent(self, login: str, line: str) -> Client:
        """A page of an agent, logged in on a line."""
        client = await self.client(login)
        await client.ask("agentLogin", agentphonenumber=line)
        return client

    def phone(self, number: str, answer_after: float | None = None) -> Phone:
        """A line's phone, which answers when told, or by itself so long after it rings."""
        phone = self.phones.phone(number)
        if answer_after is not None:
            phone.answer_after = answer_after
        return phone

    async def register(self, number: str, seconds: int) -> None:
        """Register a phone for so long; 0 unregisters it."""
        await self.phones.register(number, seconds=seconds)

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for client in self._clients))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the database of the demo's centre is kept, to be copied."""
    return tmp_path_factory.mktemp("prepared")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def phones(pbx: Pbx) -> AsyncIterator[Phones]:
    """All phones of the PBX, registered."""
    async with Phones(pbx) as phones:
        await phones.register(*LINES)
        yield phones


MakeXucd = Callable[..., Awaitable[Xucd]]


async def copied(prepared: Path, xucd: Xucd, center: str) -> None:
    """Give xucd the database of a centre, which is made the first time that a test wants it."""
    made = xucd.folder / "xucd.db"
    prepared /= f"{datetime.date.today()}"  # its callbacks are due today and tomorrow
    prepared.mkdir(exist_ok=True)
    demo = prepared / made.name
    if not demo.exists():
        await Xucd(xucd.pbx, prepared).prepare()
    wanted = prepared / f"{hashlib.sha256(center.encode()).hexdigest()}.db" if center else demo
    if wanted.exists():
        shutil.copy(wanted, made)
        return
    shutil.copy(demo, made)
    await xucd.command("center", "apply", str(xucd.folder / "center.toml"))
    shutil.copy(made, wanted)


@pytest_asyncio.fixture(loop_scope="session")
async def make_xucd(
    request: pytest.FixtureRequest, pbx: Pbx, prepared: Path, tmp_path: Path
) -> AsyncIterator[MakeXucd]:
    """Call it for a daemon that is stopped after the test.

    `settings` and `center` are TOML, the one added to the settings, the other applied to the demo.
    With ``--edge`` it is two nodes, and its clients are at the edge.
    """
    made: list[Xucd] = []

    async def make_edged(folder: Path, settings: str, center: str) -> Xucd:
        databases: Databases = request.getfixturevalue("databases")
        nats: Nats = request.getfixturevalue("nats")
        url = await databases.create(pbx)
        xucd = EdgedXucd(pbx, folder, settings, url, nats)
        made.append(xucd)
        if center:
            (folder / "center.toml").write_text(center)
            await xucd.command("center", "apply", str(folder / "center.toml"))
        await xucd.start()
        return xucd

    async def make(settings: str = "", url: str | None = None, center: str = "") -> Xucd:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        if url is None and request.config.getoption("edge"):
            return await make_edged(folder, settings, center)
        xucd = Xucd(pbx, folder, settings, url)
        made.append(xucd)
        if center:
            (folder / "center.toml").write_text(center)
        if url is None:
            await copied(prepared, xucd, center)
        elif center:
            await xucd.command("center", "apply", str(folder / "center.toml"))
        await xucd.__aenter__()
        return xucd

    yield make
    for xucd in made:
        await xucd.stop()


@contextlib.asynccontextmanager
async def a_world(
    make_xucd: MakeXucd, phones: Phones, settings: str = "", center: str = ""
) -> AsyncIterator[World]:
    """A fresh xucd with nobody logged in, beside an Asterisk without members and calls."""
    world = World(await make_xucd(settings, center=center), phones)
    try:
        yield world
    finally:  # or the next test fails for what this one left
        await world.close()
        await clear(world)


@pytest_asyncio.fixture(loop_scope="session")
async def world(make_xucd: MakeXucd, phones: Phones) -> AsyncIterator[World]:
    async with a_world(make_xucd, phones) as world:
        yield world


async def no_channels(pbx: Pbx) -> None:
    """Wait until Asterisk has no channel."""
    async with Panel(pbx) as panel:
        await until(lambda: _has_no_channel(panel), DEADLINE)


async def _has_no_channel(panel: Panel) -> bool:
    return "0 active channels" in await panel.command("core show channels")


async def end_calls(phones: Phones, panel: Panel) -> None:
    """End all calls, those also that were placed just now and have not arrived at Asterisk yet."""

    async def are_over() -> bool:
        await panel.command("channel request hangup all")
        return not phones.under_way() and await _has_no_channel(panel)

    await until(are_over, DEADLINE)
    await phones.forget()


async def clear(world: World) -> None:
    """End all calls and take all members away, so that the next test finds a quiet PBX."""
    async with Panel(world.pbx) as panel:
        await end_calls(world.phones, panel)
        queue = ""
        for line in await panel.command("queue show"):
            if line[:1].strip():
                queue = line.partition(" has ")[0]
            for word in line.split():
                interface = word.strip("()")
                if interface.startswith(("PJSIP/", "SIP/", "IAX2/", "Local/")):
                    await panel.command(f'queue remove member {interface} from "{queue}"')
