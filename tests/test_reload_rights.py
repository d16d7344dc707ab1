"""What a reload of the configuration does not lose: rights, and what happens meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from tests.web_server import until
from tests.ws_client import Client
from xucd.app.assembly import Assembly
from xucd.center.center import Center
from xucd.center.changes import StationChanged
from xucd.center.directory import Directory
from xucd.center.station import Station
from xucd.config.plan import Plan
from xucd.config.settings import Agi, Ami, Settings, StorePlace, Web
from xucd.cti.session import Session
from xucd.signin.tokens import Tokens
from xucd.store import Store, tables
from xucd.store.apply import apply

CTI = "/xuc/api/2.0/cti"


class Daemon:
    """A whole xucd whose administrator ada can be made another's; Asterisk is out of reach."""

    def __init__(self, assembly: Assembly, store: Store) -> None:
        self.assembly = assembly
        self._running: Assembly | None = assembly
        self.store = store
        tokens = Tokens(store.token_secret(), 3600, 3600, time.time)
        self.token = tokens.sign(tokens.begin("ada", store.generations()["ada"]))

    async def stop(self) -> None:
        """Stop it, if it is not stopped yet."""
        assembly, self._running = self._running, None
        if assembly is not None:
            await assembly.stop()

    async def link(self) -> Client:
        """A page of ada's."""
        return await Client.connect(self.assembly.port, f"{CTI}?token={self.token}")

    async def profile(self) -> str:
        """The profile that a page of ada's is told as it opens."""
        page = await self.link()
        while (message := await page.hear())["msgType"] != "RightProfile":
            pass
        page.writer.close()
        said: str = message["ctiMessage"]["profile"]
        return said

    def demotes(self) -> None:
        with self.store.writing() as connection:
            users = tables.users
            row = update(users).where(users.c.login == "ada")
            connection.execute(row.values(profile="Supervisor"))

    def moves_queue(self, queue_id: int, pbx: str) -> None:
        with self.store.writing() as connection:
            queues = tables.queues
            connection.execute(update(queues).where(queues.c.id == queue_id).values(pbx=pbx))

    def gives_line(self, login: str, pbx: str) -> None:
        """Give a user the first line, on another PBX."""
        with self.store.writing() as connection:
            lines, users = tables.lines, tables.users
            line_id = min(self.store.directory().lines)
            connection.execute(update(lines).where(lines.c.id == line_id).values(pbx=pbx))
            connection.execute(update(users).where(users.c.login == login).values(line_id=line_id))

    def sessions(self) -> list[Session]:
        return [link.session for link in self.assembly.front.links.open if link.session is not None]


@pytest.fixture
async def daemon(tmp_path: Path, demo_plan: Plan) -> AsyncIterator[Daemon]:
    url = f"sqlite:///{tmp_path}/xucd.db"
    store = Store(url)
    store.migrate()
    apply(store, demo_plan)
    settings = Settings(
        web=Web(port=0),
        ami=Ami(port=1, secret="nobody-listens"),
        agi=Agi(port=0),
        store=StorePlace(url=url),
    )
    assembly = Assembly(settings)
    await assembly.start()
    daemon = Daemon(assembly, store)
    try:
        yield daemon
    finally:
        await daemon.stop()
        store.close()


async def test_who_is_demoted_comes_back_with_the_new_rights_before_the_reload_is_done(
    daemon: Daemon,
) -> None:
    assert await daemon.profile() == "Admin"
    page = await daemon.link()
    daemon.demotes()
    async with daemon.assembly._context.locks.command():  # somebody's is under way
        reloading = asyncio.ensure_future(daemon.assembly.reload())
        assert (await page.goodbye()).code == 1012
        assert await daemon.profile() == "Supervisor"
    await reloading
    assert await daemon.profile() == "Supervisor"


async def test_a_page_that_opens_while_the_centre_is_replaced_is_shown_the_new_one(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its user has a line that the centre did not have: the page has to connect again."""
    service, goes_on, waits = daemon.assembly._service, asyncio.Event(), asyncio.Event()
    reconfigure = service.reconfigure

    async def slowly(center: object) -> None:
        waits.set()
        await goes_on.wait()
        await reconfigure(center)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "reconfigure", slowly)
    before = daemon.assembly._context.center.directory
    line = msgspec.structs.replace(before.lines[1], id=99, number="1099", interface="PJSIP/1099")
    with daemon.store.writing() as connection:
        connection.execute(tables.lines.insert().values(**msgspec.structs.asdict(line)))
        users = tables.users
        connection.execute(update(users).where(users.c.login == "ada").values(line_id=99))
    reloading = asyncio.ensure_future(daemon.assembly.reload())
    await waits.wait()
    page = await daemon.link()
    await until(daemon.sessions)
    goes_on.set()
    assert (await page.goodbye()).code == 1012
    await reloading


BRUCE = 8


@pytest.mark.parametrize("read_first", ["agent_days", "stations"])
async def test_a_station_that_changes_during_a_reload_is_what_the_new_centre_goes_on_with(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, read_first: str
) -> None:
    monkeypatch.setattr("xucd.store.journal.LATER_S", 3600)
    journal, loop = daemon.assembly._context.journal, asyncio.get_running_loop()
    await journal.put_station(Station(BRUCE, 1, False, 1.0))
    logged_in = Station(BRUCE, 2, True, 2.0)

    async def log_in() -> None:
        """What an event of Asterisk's does: an agent has logged in by a feature code."""
        journal.write_changes([StationChanged(logged_in, kept=True)])

    read = getattr(Store, read_first)

    def slowly(store: Store, *args: object) -> object:
        found = read(store, *args)
        asyncio.run_coroutine_threadsafe(log_in(), loop).result()
        return found

    monkeypatch.setattr(Store, read_first, slowly)
    reconfigured: list[Center] = []
    reconfigure = daemon.assembly._service.reconfigure

    async def look(center: Center) -> None:
        reconfigured.append(center)
        assert center.stations[BRUCE] == logged_in
        await reconfigure(center)

    monkeypatch.setattr(daemon.assembly._service, "reconfigure", look)
    await daemon.assembly.reload()
    assert reconfigured


async def test_a_node_serves_the_lines_and_queues_of_its_own_pbx_alone(daemon: Daemon) -> None:
    ours = daemon.assembly._context.center
    assert {1, 2} <= ours.directory.queues.keys()
    daemon.moves_queue(2, "north")
    await daemon.assembly.reload()
    center = daemon.assembly._context.center
    assert 1 in center.directory.queues
    assert 2 not in center.directory.queues
    assert all(2 not in live.told for live in center.agents.values())
    assert 2 in daemon.store.directory().queues  # the database has it for the other node


async def test_who_has_a_line_of_another_pbx_goes_on_over_a_reload(daemon: Daemon) -> None:
    daemon.gives_line("ada", "north")
    await daemon.assembly.reload()
    page = await daemon.link()
    while (await page.hear())["msgType"] != "PhoneStatusUpdate":
        pass
    (session,) = daemon.sessions()
    await daemon.assembly.reload()
    assert not session.dismissed


async def test_a_user_who_is_gone_with_a_command_under_way_is_in_nobodys_way(
    daemon: Daemon,
) -> None:
    page, front = await daemon.link(), daemon.assembly.front
    while (await page.hear())["msgType"] != "PhoneStatusUpdate":
        pass
    (session,) = daemon.sessions()  # kept as by a command
    known = front.users.directory
    without = Directory(
        groups=known.groups.values(),
        queues=known.queues.values(),
        lines=known.lines.values(),
        agents=known.agents.values(),
        users=[user for user in known.users.values() if user.login != "ada"],
    )
    for _ in range(2):
        front.change_users(without)
    assert session.dismissed
    assert (await page.goodbye()).code == 4011
