"""What an owner shows to edges, and from when on."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from xucd.app import relaying
from xucd.app.relaying import CenterSource


async def nothing_moved() -> list[asyncio.Task[None]]:
    return []


def source_of(asterisk: Any) -> CenterSource:
    homes = SimpleNamespace(refresh=nothing_moved)
    service: Any = SimpleNamespace(context=SimpleNamespace(asterisk=asterisk), homes=homes)
    serve: Any = None
    return CenterSource(service, serve)


async def test_nothing_is_known_until_asterisk_was_read_once() -> None:
    asterisk = SimpleNamespace(current=False)
    source = source_of(asterisk)
    known = asyncio.create_task(source.known())
    await asyncio.sleep(0)
    assert not known.done()
    asterisk.current = True
    async with asyncio.timeout(5):
        await known
        asterisk.current = False
        await source.known()  # lost again, it is shown as it was


async def test_an_asterisk_that_is_not_there_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relaying, "UNKNOWN_S", 0.0)
    async with asyncio.timeout(5):
        await source_of(SimpleNamespace(current=False)).known()
