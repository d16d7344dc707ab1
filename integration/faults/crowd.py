"""Many clients of one xucd: who they are, and their links."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator

from integration.client import token_of
from integration.faults.shift import WATCHED
from integration.running import Xucd
from xucd.client import CenterClient, connect
from xucd.signin.passwords import hash_password
from xucd.store import Store

USERS = 40  # so that none of them has more links than one user may have
AT_ONCE = 50  # links that are opened at a time, at first
PASSWORD = "everybody-here"
LOGINS = tuple(f"user{number}" for number in range(USERS))
CENTER = "".join(
    f'[[users]]\nlogin = "{login}"\nfirstName = "U"\nlastName = "{login}"\nprofile = "Admin"\n'
    for login in LOGINS
)


async def tokens(xucd: Xucd) -> list[str]:
    """A token of each user, who all get the same password."""
    hashed = await asyncio.to_thread(hash_password, PASSWORD)
    store = Store(xucd.url)
    for login in LOGINS:
        await asyncio.to_thread(store.set_password_hash, login, hashed)
    store.close()
    return [await token_of(xucd.port, login, PASSWORD) for login in LOGINS]


def allow_files(count: int) -> None:
    """Let this process have so many files open at least, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(count, soft), hard), hard))


@contextlib.asynccontextmanager
async def crowd(port: int, tokens: list[str], count: int) -> AsyncIterator[list[CenterClient]]:
    """So many clients, which watch everything and reconnect by themselves, at this port."""
    allow_files(4 * count + 1000)
    limit = asyncio.Semaphore(AT_ONCE)
    clients: list[CenterClient] = []

    async def join(number: int) -> None:
        async with limit:
            token = tokens[number % len(tokens)]
            client = await connect(f"http://127.0.0.1:{port}", token=token)
            clients.append(client)
            await client.watch(*WATCHED)

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(join(number))
        yield clients
    finally:
        await asyncio.gather(*(client.close() for client in clients))
