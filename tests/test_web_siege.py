"""A whole xucd besieged from outside: its links go on being answered, and its memory stays small.

How long others wait is measured for docs/reliability.md, and not asserted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.lone_xucd import LoneXucd
from tests.plugin_proofs import Proof
from tests.rest_client import PREFIX, RestClient
from tests.ws_client import Client

ASYNCAPI = f"GET {PREFIX}/asyncapi.json HTTP/1.1\r\nHost: a\r\n\r\n".encode()
BY_ADDRESS = 100
"""How many connections of one address xucd keeps open: fewer than even the short form makes."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def xucd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoneXucd]:
    folder, limits = tmp_path_factory.mktemp("siege"), f"connections_per_address = {BY_ADDRESS}"
    async with LoneXucd(folder, settings=f"[limits]\n{limits}") as xucd:
        yield xucd


@pytest.fixture
def share(request: pytest.FixtureRequest) -> int:
    """By how much the short form does less."""
    return 1 if request.config.getoption("siege") else 10


async def longest_wait(xucd: LoneXucd, attack: Awaitable[Any]) -> float:
    """How long a ping of another link waits at most while an attack goes on, in ms."""
    path = f"{PREFIX}/cti?token={xucd.token('ada')}"
    under_way = asyncio.ensure_future(attack)
    longest = 0.0
    async with await Client.connect(xucd.port, path) as link:
        while not under_way.done():
            began = time.perf_counter()
            link.say('{"claz":"ping"}')
            while await link.hear() != {"claz": "ping"}:
                pass
            longest = max(longest, time.perf_counter() - began)
            await asyncio.sleep(0.01)
    await under_way
    return longest * 1000


def memory(xucd: LoneXucd) -> int:
    """The daemon's resident memory in MiB."""
    assert xucd._process is not None
    status = Path(f"/proc/{xucd._process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


async def test_pipelined_requests_of_who_reads_and_of_who_does_not(
    xucd: LoneXucd, share: int, proof: Proof
) -> None:
    before = memory(xucd)

    async def reads(count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", xucd.port)
        writer.write(ASYNCAPI * count)
        answers, tail = 0, b""
        while answers < count:
            tail += await reader.read(1 << 18)
            answers += tail.count(b"HTTP/1.1 200 OK")
            tail = tail[-14:]
        writer.close()

    async def reads_not(count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", xucd.port)
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(ASYNCAPI * count)
        await asyncio.sleep(2)
        writer.transport.abort()

    waited = await longest_wait(xucd, reads(1000 // share))
    unread = asyncio.gather(*[reads_not(3000 // share) for _ in range(5)])
    waited = max(waited, await longest_wait(xucd, unread))
    assert memory(xucd) - before < 64
    proof(
        "pipelined requests for a document, read and unread",
        times=1000 // share + 5 * 3000 // share,
        note=f"others waited {waited:.0f} ms at most",
    )


async def test_wrong_bodies_of_eight_megabytes(xucd: LoneXucd, share: int, proof: Proof) -> None:
    ada = RestClient(xucd.port, xucd.token("ada"))
    _, lists = await ada.ask("GET", "/callback_lists")
    path = f"/callback_lists/{lists[0]['uuid']}/callback_requests"
    size = 8_000_000 // share
    row = json.dumps({"phoneNumber": "100", "description": "x" * 100}).encode()
    bodies = [
        b"[" + b"{}," * (size // 3) + b"{}]",
        b"[" + b"1," * (size // 2) + b"1]",
        b"[" * size,
        b'[{"phoneNumber":"' + b"1" * size + b'"}]',
        b"[" + (row + b",") * (size // len(row) - 1000) + b'{"no":1}]',
    ]

    async def attack() -> None:
        for body in bodies:
            answers = await asyncio.gather(*[ada.ask("POST", path, body) for _ in range(4)])
            assert {status for status, _ in answers} == {400}

    waited = await longest_wait(xucd, attack())
    proof(
        "wrong JSON bodies of 8 MiB, four at a time",
        times=4 * len(bodies),
        note=f"others waited {waited:.0f} ms at most",
    )


async def test_silent_connections(xucd: LoneXucd, share: int, proof: Proof) -> None:
    count = 2000 // share
    silent = [await asyncio.open_connection("127.0.0.1", xucd.port) for _ in range(count)]
    ada = RestClient(xucd.port, xucd.token("ada"))
    assert (await ada.ask("GET", "/callback_lists"))[0] == 200
    async with asyncio.timeout(15):  # at 20 s the deadline of their heads would end them
        for reader, _ in silent[: count - BY_ADDRESS]:
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
    assert xucd.sockets() <= BY_ADDRESS + 1
    reader, newest = silent[-1]
    newest.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 503 ")  # it has no Asterisk
    for _, writer in silent:
        with contextlib.suppress(ConnectionError):
            writer.close()
    proof("silent connections of one address", times=count)
