"""An Asterisk of its own for the faults, with its phones, and a shift beside it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest
import pytest_asyncio

from integration.edged import Databases, EdgedXucd
from integration.faults.shift import Shift, a_shift
from integration.faults.way import Way
from integration.fixtures import LINES
from integration.nats import Nats
from integration.pbx import Pbx
from integration.phones import Phones
from integration.running import DEMO, Xucd
from tests.postgres_server import PostgresServer


@pytest.fixture(scope="package")
def pbx(asterisk_image: str) -> Iterator[Pbx]:
    """An Asterisk that is restarted, frozen and killed: nobody else's."""
    with Pbx(asterisk_image) as pbx:
        yield pbx


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def phones(pbx: Pbx) -> AsyncIterator[Phones]:
    """Its phones, registered."""
    async with Phones(pbx) as phones:
        await phones.register(*LINES)
        yield phones


MakeShift = Callable[..., Awaitable[Shift]]


class EdgedShift(NamedTuple):
    """A shift whose clients are at an edge, and what can fail of what it works with."""

    shift: Shift
    xucd: EdgedXucd
    nats: Nats
    postgres: PostgresServer


@pytest_asyncio.fixture(loop_scope="session")
async def make_shift(phones: Phones, tmp_path: Path, prepared: Path) -> AsyncIterator[MakeShift]:
    """Call it for a shift beside a fresh xucd, with nobody at work yet.

    `url` is a database that is empty, SQLite unless given; `settings` and `center` are TOML, the
    one for the settings file, the other added to the demo's centre; `environment` is the daemon's.
    """
    async with contextlib.AsyncExitStack() as stack:

        async def make(
            url: str | None = None, settings: str = "", center: str = "", **environment: str
        ) -> Shift:
            pbx = phones.pbx
            if url is None:
                if not (prepared / "xucd.db").exists():
                    await Xucd(pbx, prepared).prepare()
                shutil.copy(prepared / "xucd.db", tmp_path)
            xucd = Xucd(pbx, tmp_path, settings, url)
            if center:
                (tmp_path / "center.toml").write_text(DEMO.read_text() + center)
                await xucd.command("center", "apply", str(tmp_path / "center.toml"))
            way = await stack.enter_async_context(Way(pbx.ami_port))
            environment |= {"XUCD_AMI_PORT": str(way.port)}
            stack.enter_context(mock.patch.dict(os.environ, environment))
            await stack.enter_async_context(xucd)
            return await stack.enter_async_context(a_shift(xucd, phones, way))

        yield make


@pytest_asyncio.fixture(loop_scope="session")
async def edged_shift(
    phones: Phones, tmp_path: Path, databases: Databases
) -> AsyncIterator[EdgedShift]:
    """A shift at an edge, with a NATS server of its own; nobody is at work yet."""
    with Nats() as nats:
        url = await databases.create(phones.pbx)
        xucd = EdgedXucd(phones.pbx, tmp_path, "", url, nats)
        async with xucd, Way(0) as way, a_shift(xucd, phones, way) as shift:
            yield EdgedShift(shift, xucd, nats, databases.server)


@pytest_asyncio.fixture(loop_scope="session")
async def shift(make_shift: MakeShift) -> Shift:
    """A shift beside a fresh xucd of the demo's centre, with nobody at work yet."""
    return await make_shift()
