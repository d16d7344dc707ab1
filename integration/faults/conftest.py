"""An Asterisk of its own for the faults, with its phones, and a shift beside it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
import pytest_asyncio

from integration.edged import Databases
from integration.faults.centre import Centre
from integration.faults.shift import Shift, a_shift
from integration.faults.way import Way
from integration.fixtures import LINES
from integration.nats import Nats
from integration.pbx import Pbx
from integration.phones import Phones
from integration.running import DEMO, Xucd
from integration.sites import NORTH, TwoSites


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
async def centre(
    two_pbxs: dict[str, tuple[Pbx, Phones]], databases: Databases, tmp_path: Path
) -> AsyncIterator[Centre]:
    """A centre over two PBXs with two edges, and a NATS server of its own."""
    with Nats() as nats:
        url = await databases.create(two_pbxs[NORTH][0])
        centre = Centre(TwoSites(two_pbxs, tmp_path, url, nats), databases)
        try:
            await centre.start()
            yield centre
        finally:
            await centre.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def shift(make_shift: MakeShift) -> Shift:
    """A shift beside a fresh xucd of the demo's centre, with nobody at work yet."""
    return await make_shift()
