"""Who is told to end while it waits for Asterisk ends, whatever comes at that very moment."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from integration.ports import free_port
from tests.web_server import until
from xucd.ami import actions
from xucd.ami.connection import Connection
from xucd.ami.protocol import _Manager, connect
from xucd.config.settings import Ami

NOBODY: Any = None


async def test_a_connection_that_is_closed_as_an_attempt_fails_makes_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = Connection(Ami(port=free_port(), secret="nobody-listens"), NOBODY)
    closing: list[asyncio.Task[None]] = []

    def failed(*_: object) -> None:
        closing.append(asyncio.ensure_future(connection.close()))

    monkeypatch.setattr(_Manager, "connection_made", failed)
    connection.start()
    await until(lambda: closing)
    async with asyncio.timeout(10):
        await closing[0]


async def test_a_query_that_is_cancelled_as_its_answer_comes_is_cancelled() -> None:
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as asterisk:
        port = asterisk.sockets[0].getsockname()[1]
        manager = await connect(Ami(port=port, secret="any"), lambda _: None)
        asking = asyncio.ensure_future(manager.query(actions.ping(), 30))
        await until(lambda: manager.responses)
        (action_id,) = manager.responses
        answer = f"Response: Success\r\nActionID: {action_id}\r\n\r\n"
        manager.data_received(b"Asterisk Call Manager/9\r\n" + answer.encode())
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        manager.close()
