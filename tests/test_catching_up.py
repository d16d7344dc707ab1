"""Catching up with Asterisk: its answer comes after what it told before, and after a list."""

import asyncio
from typing import Any, cast

import pytest

from xucd.ami.actions import Action
from xucd.ami.connection import Connection
from xucd.ami.errors import ConnectionLost
from xucd.app.catching_up import catch_up


class Asterisk:
    """Answers each action, or fails with an error."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[str] = []
        self._error = error

    def hurry(self) -> None:
        self.asked.append("hurry")

    async def query(self, action: Action) -> list[Any]:
        self.asked.append(action.name)
        if self._error is not None:
            raise self._error
        return []


async def test_asterisk_is_asked_once_the_list_under_way_is_read() -> None:
    asterisk, listing = Asterisk(), asyncio.Lock()
    await listing.acquire()
    catching = asyncio.ensure_future(catch_up(cast("Connection", asterisk), listing))
    await asyncio.sleep(0)
    assert not asterisk.asked
    listing.release()
    await catching
    assert asterisk.asked == ["hurry", "Ping"]


async def test_a_list_that_takes_long_is_waited_for_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("xucd.app.catching_up.CATCH_UP_S", 0.0)
    asterisk, listing = Asterisk(), asyncio.Lock()
    await listing.acquire()
    async with asyncio.timeout(10):
        await catch_up(cast("Connection", asterisk), listing)
    assert not asterisk.asked


async def test_a_connection_that_is_lost_meanwhile_is_no_error_of_the_command() -> None:
    asterisk = Asterisk(ConnectionLost("gone"))
    await catch_up(cast("Connection", asterisk), asyncio.Lock())
    assert asterisk.asked == ["hurry", "Ping"]
