"""What is under way when xucd is told to stop."""

from __future__ import annotations

import asyncio

import pytest

from tests.test_reload_rights import Daemon
from tests.test_reload_rights import daemon as daemon  # noqa: PLC0414  # a fixture
from tests.web_server import until


async def under_way(daemon: Daemon, *, is_lost: bool) -> asyncio.Task[None]:
    """A command that waits for the lock of the callbacks, which somebody holds.

    Its link may be lost meanwhile.
    """
    page = await daemon.link()
    page.ask("getCallbackLists")
    links = daemon.assembly.front.links
    await until(lambda: links._workers)
    if is_lost:
        page.writer.close()
        await until(lambda: not links.open)
    (worker,) = links._workers
    return worker


@pytest.mark.parametrize("is_lost", [False, True])
async def test_a_command_that_is_under_way_comes_to_its_end_first(
    daemon: Daemon, is_lost: bool
) -> None:
    async with daemon.assembly._callbacks._locks.alone():
        worker = await under_way(daemon, is_lost=is_lost)
        stopping = asyncio.ensure_future(daemon.stop())
        await until(lambda: daemon.assembly.front.links._closing)
        assert not worker.done()
    await stopping
    assert worker.done()
    assert not worker.cancelled()


async def test_one_that_takes_too_long_is_given_up(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xucd.app.front.FINISH_S", 0)
    async with daemon.assembly._callbacks._locks.alone():
        worker = await under_way(daemon, is_lost=True)
        await daemon.stop()
        assert worker.cancelled()
