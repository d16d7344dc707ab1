"""A thousand agents who sign in by password at once, as at eight o'clock, from four addresses.

First all hashes are of the cost that older versions of xucd gave them; each is renewed behind its
sign-in. Then all sign in again. Who is turned away comes again when `Retry-After` says so. A page
with a token asks `/auth/check` all along: it is to wait for nobody's password.
"""

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from argon2 import PasswordHasher

from bench.daemon import MeasuredXucd
from bench.figures import Figure, measured, percentile
from bench.load import load
from bench.played import CalmSize
from integration.pages.busy import LOGIN
from xucd.signin.passwords import HASHER
from xucd.store import Store

USERS = 1000
ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
OLDER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
PASSWORD = "all-have-the-same"
CHECKS = 20.0  # a second
IDLE_S = 5.0
DEADLINE = 400.0
"""Seconds in which all have signed in, whatever the machine."""


@dataclass
class Run:
    """The seconds until each user was signed in, and how often one was told to come again."""

    signed_in: list[float] = field(default_factory=list)
    turned_away: int = 0


def measure(users: int = USERS) -> list[Figure]:
    """All sign in with hashes of the older cost, then with the present one."""
    with tempfile.TemporaryDirectory() as folder, load() as loaded:
        size = CalmSize(agents=users, queues=10, groups=4)
        xucd = MeasuredXucd(loaded.listen("xucd", size), size, Path(folder))
        xucd.launcher = ()  # as in use: the threads that hash run where they can
        return asyncio.run(_measure(xucd, users))


async def _measure(xucd: MeasuredXucd, users: int) -> list[Figure]:
    await xucd.prepare()
    logins = [f"a{number}" for number in range(1, users + 1)]
    with contextlib.closing(xucd.store()) as store:
        kept = OLDER.hash(PASSWORD)
        for login in logins:
            store.set_password_hash(login, kept)
    async with xucd:
        token = xucd.token(LOGIN)
        checked: dict[str, list[float]] = {}
        async with _checking(xucd.port, token) as checked["with nobody else"]:
            await asyncio.sleep(IDLE_S)  # how fast it is meanwhile is what is measured
        runs: dict[str, Run] = {}
        for name in ("cold", "warm"):
            async with _checking(xucd.port, token) as checked[name]:
                runs[name] = await _all(xucd.port, logins)
            with contextlib.closing(xucd.store()) as store:
                await _renewed(store, logins)
    found: list[Figure] = []
    for name, run in runs.items():
        found += [
            measured(f"{users:,} sign-ins at once, {name}", [max(run.signed_in)], "s"),
            measured(f"a user's wait, {name}", run.signed_in, "s"),
            Figure(what=f"told to come again, {name}", value=run.turned_away),
        ]
    for name, times in checked.items():
        value = 1000 * percentile(times, 0.99)
        found.append(measured(f"/auth/check meanwhile, p99, {name}", [value], "ms"))
    return found


async def _all(port: int, logins: list[str]) -> Run:
    run, began = Run(), time.monotonic()

    async def sign_in(number: int, login: str) -> None:
        body = json.dumps({"login": login, "password": PASSWORD})
        while True:
            request = f"POST /xuc/api/2.0/auth/login HTTP/1.1\r\nContent-Length: {len(body)}\r\n"
            head = await _asked(port, f"{request}\r\n{body}", ADDRESSES[number % len(ADDRESSES)])
            if head[0].split()[1] == "200":
                run.signed_in.append(time.monotonic() - began)
                return
            waits = [line for line in head if line.lower().startswith("retry-after:")]
            if not waits:
                raise RuntimeError("\n".join(head))
            run.turned_away += 1
            await asyncio.sleep(float(waits[0].partition(":")[2]))

    async with asyncio.timeout(DEADLINE):
        await asyncio.gather(*(sign_in(number, login) for number, login in enumerate(logins)))
    return run


async def _asked(port: int, request: str, address: str = "127.0.0.1") -> list[str]:
    """Make a request over a connection of its own; returns the lines of the answer's head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        first, _, rest = request.partition("\r\n")
        host = f"Host: 127.0.0.1:{port}\r\nConnection: close\r\n"
        writer.write(f"{first}\r\n{host}{rest}".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.read()
    finally:
        writer.close()
    return head.decode().split("\r\n")


@contextlib.asynccontextmanager
async def _checking(port: int, token: str) -> AsyncIterator[list[float]]:
    """Ask with a token again and again; the seconds of each answer."""
    taken: list[float] = []

    async def ask() -> None:
        request = f"GET /xuc/api/2.0/auth/check HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        while True:
            began = time.monotonic()
            head = await _asked(port, request)
            if head[0].split()[1] != "200":
                raise RuntimeError(head[0])
            taken.append(time.monotonic() - began)
            await asyncio.sleep(max(0.0, 1 / CHECKS - taken[-1]))

    asking = asyncio.create_task(ask())
    yield taken
    asking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking


async def _renewed(store: Store, logins: list[str]) -> None:
    """Wait until all hashes are of the present cost."""
    old = set(logins)
    async with asyncio.timeout(DEADLINE):
        while True:
            old = {each for each in old if _is_old(store.password_hash(each))}
            if not old:
                return
            await asyncio.sleep(0.2)  # the daemon tells nobody that it has renewed one


def _is_old(kept: str | None) -> bool:
    return kept is None or HASHER.check_needs_rehash(kept)
