"""What the log says of those who try what they may not, for a program that bans their addresses."""

import asyncio
import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.web_server import Server, serving
from tests.ws_client import Client, Refused
from xucd.signin.abuse_log import LINES_A_MINUTE

LOGIN = "/xuc/api/2.0/auth/login"
PROXIED = {"X_Forwarded_For": "192.0.2.1"}


async def tries(server: Server, login: str = "bruce") -> int:
    body = json.dumps({"login": login, "password": "wrong"}).encode()
    return (await server.http("POST", LOGIN, body, **PROXIED))[0]


def events(logged: list[Any]) -> list[Any]:
    return [
        (entry["event"], entry["address"], entry.get("user"))
        for entry in logged
        if "address" in entry and entry["log_level"] != "debug"
    ]


async def test_failures_are_logged_each_with_the_login_if_somebody_has_it() -> None:
    async with serving(trusted_proxies=["127.0.0.1"]) as server:
        with capture_logs() as logged:
            assert [await tries(server), await tries(server, "my-password")] == [401, 401]
    assert events(logged) == [
        ("wrong login or password", "192.0.2.1", "bruce"),
        ("wrong login or password", "192.0.2.1", None),
    ]
    assert "my-password" not in str(logged)


async def test_a_guesser_who_hangs_up_before_the_answer_is_logged() -> None:
    async with serving(trusted_proxies=["127.0.0.1"], login_attempts=3) as server:
        with capture_logs() as logged:
            for _ in range(3):
                await hang_up_after_asking(server)
            while len(events(logged)) < 3:
                await server.http("GET", "/health")
    assert events(logged) == [("wrong login or password", "192.0.2.1", "bruce")] * 3


async def hang_up_after_asking(server: Server) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    body = b'{"login":"bruce","password":"wrong"}'
    head = f"POST {LOGIN} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()


async def test_attempts_that_the_bounds_refuse_are_logged() -> None:
    async with serving(trusted_proxies=["127.0.0.1"], login_attempts=2) as server:
        with capture_logs() as logged:
            assert [await tries(server) for _ in range(3)] == [401, 401, 429]
    assert events(logged)[2:] == [("too many attempts to sign in", "192.0.2.1", None)]


async def refused_origin(server: Server, origin: str) -> None:
    headers = {"Origin": origin, "X-Forwarded-For": "192.0.2.2"}
    with pytest.raises(Refused):
        await Client.connect(server.port, "/xuc/api/2.0/cti?token=x", headers=headers)


@pytest.mark.parametrize(
    ("origin", "logged_as"),
    [
        ("https://elsewhere.example", "https://elsewhere.example"),
        ("null", "malformed"),
        ("https://elsewhere.example address=192.0.2.66", "malformed"),
        ("https://" + "x" * 300, "malformed"),
    ],
)
async def test_a_refused_origin_is_logged_if_it_looks_like_one(origin: str, logged_as: str) -> None:
    async with serving(trusted_proxies=["127.0.0.1"]) as server:
        with capture_logs() as logged:
            await refused_origin(server, origin)
    (entry,) = (entry for entry in logged if entry["event"] == "origin refused")
    assert (entry["address"], entry["origin"]) == ("192.0.2.2", logged_as)


async def test_one_address_cannot_fill_the_log_and_others_are_logged_all_the_same() -> None:
    async with serving(trusted_proxies=["127.0.0.1"]) as server:
        with capture_logs() as logged:
            for _ in range(LINES_A_MINUTE + 10):
                await server.http(
                    "OPTIONS",
                    LOGIN,
                    Origin="https://elsewhere.example",
                    X_Forwarded_For="192.0.2.3",
                )
            await refused_origin(server, "https://elsewhere.example")
    told = [entry["address"] for entry in logged if entry["event"] == "origin refused"]
    assert told == ["192.0.2.3"] * LINES_A_MINUTE + ["192.0.2.2"]
