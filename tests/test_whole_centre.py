"""Eight o'clock: a whole centre signs in at once. Nobody is refused, and no connection is cut.

Browsers keep the connection of the sign-in open, and open another for the link. All of them are in
the middle of it at the same moment: their connections are those that could have to give way.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.web_server import Server, serving, until
from tests.ws_client import Client
from xucd.app import file_limit
from xucd.center.directory import User
from xucd.web.channel import HttpDeadlines
from xucd.web.connections import ConnectionLimits

COUNT = 300
USERS = {
    f"user{number}": User(number, f"user{number}", "", "", agent_id=None)
    for number in range(1, COUNT + 1)
}
PATIENT = HttpDeadlines(head=1000, body=1000, idle=1000)
"""However slow the machine is: bounds are what is tried."""
AUTH, CTI = "/xuc/api/2.0/auth", "/xuc/api/2.0/cti"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(autouse=True)
def many_files() -> None:
    """Both ends of all connections are this process's."""
    file_limit.raised()


class Page:
    """One user's page. `headers` are what a proxy adds to its requests."""

    def __init__(self, server: Server, login: str, headers: dict[str, str]) -> None:
        self.login = login
        self._server = server
        self._headers = headers
        self.streams: Streams
        self._to_link: Streams
        self._link: Client

    async def sends_half_of_its_password(self) -> None:
        self.streams = await self._connection()
        body = json.dumps({"login": self.login, "password": f"{self.login}-demo"}).encode()
        request = self._request("POST", "/login", {"Content-Length": str(len(body))}) + body
        half = len(request) // 2
        self.streams[1].write(request[:half])
        self._rest = request[half:]

    async def signs_in(self) -> None:
        self.streams[1].write(self._rest)
        self._token = (await self._answer(self.streams))["token"]

    async def connects(self) -> None:
        self._to_link = await self._connection()

    async def links(self) -> None:
        path = f"{CTI}?token={self._token}"
        self._link = await Client.upgrade(*self._to_link, path, self._headers)

    async def asks_over(self, streams: Streams) -> None:
        bearer = {"Authorization": f"Bearer {self._token}"}
        streams[1].write(self._request("GET", "/check", bearer))
        assert (await self._answer(streams))["login"] == self.login

    async def is_answered(self) -> None:
        self._link.say('{"claz":"ping"}')
        while await self._link.hear() != {"claz": "ping"}:
            pass

    def closes(self) -> None:
        self.streams[1].close()
        self._link.writer.close()

    async def _connection(self) -> Streams:
        return await asyncio.open_connection("127.0.0.1", self._server.port)

    def _request(self, method: str, path: str, fields: dict[str, str]) -> bytes:
        fields = {"Host": "127.0.0.1", **self._headers, **fields}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"{method} {AUTH}{path} HTTP/1.1\r\n{lines}\r\n".encode()

    async def _answer(self, streams: Streams) -> Any:
        head = (await streams[0].readuntil(b"\r\n\r\n")).decode("latin-1")
        size = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
        body = await streams[0].readexactly(size)
        assert head.startswith("HTTP/1.1 200 "), body
        return json.loads(body)


async def sign_in(server: Server, pages: list[Page]) -> None:
    """Sign all in and open their links, each step for all before the next."""
    server.records.known |= {page.login: "one" for page in pages}
    await server.revocations.refresh()
    for page in pages:
        await page.sends_half_of_its_password()
    await until(lambda: len(server.connections) == len(pages))
    await asyncio.gather(*(page.signs_in() for page in pages))
    for page in pages:
        await page.connects()
    await until(lambda: len(server.connections) == 2 * len(pages))
    await asyncio.gather(*(page.links() for page in pages))
    await asyncio.gather(*(page.is_answered() for page in pages))


async def test_a_whole_centre_behind_one_address_signs_in_and_links() -> None:
    limits = ConnectionLimits()
    assert COUNT < limits.by_address < 2 * COUNT
    async with serving(users=USERS, connections=limits, deadlines=PATIENT) as server:
        pages = [Page(server, login, {}) for login in USERS]
        await sign_in(server, pages)
        for page in pages:
            await page.asks_over(page.streams)
            page.closes()


async def test_a_whole_centre_behind_a_proxy_signs_in_and_links_each_by_its_own_bounds() -> None:
    limits = ConnectionLimits(by_address=2)
    async with serving(
        users=USERS, connections=limits, deadlines=PATIENT, trusted_proxies=["127.0.0.1"]
    ) as server:
        pages = [
            Page(server, f"user{number}", {"X-Forwarded-For": f"192.0.2.{number}"})
            for number in range(1, 61)
        ]
        await sign_in(server, pages)
        # A proxy sends a request over whichever connection is free.
        for page, other in zip(pages, pages[::-1], strict=True):
            await page.asks_over(other.streams)
        for page in pages:
            page.closes()
