"""Catching up with Asterisk: taking in what it has told by now."""

import asyncio
from contextlib import suppress

from xucd.ami import actions
from xucd.ami.connection import Connection
from xucd.ami.errors import AmiError

CATCH_UP_S = 2.0
"""For how long a command whose time is up waits for events that have come already, in seconds."""


async def catch_up(connection: Connection, listing: asyncio.Lock) -> None:
    """Take in what Asterisk has told by now, unless that takes long.

    Its events are held back while it is listed, under `listing`, or wait to be read: an answer
    comes after them.
    """
    with suppress(AmiError, TimeoutError):
        async with asyncio.timeout(CATCH_UP_S):
            async with listing:
                pass
            connection.hurry()
            await connection.query(actions.ping())
