"""What tokens say, when they end, and what a database that fails or hangs makes of it."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
import structlog

from tests.web_server import BRUCE, SECRET, Records, Server, serving, until
from tests.ws_client import Client, Refused
from xucd.signin import revocations

LOGIN = "/xuc/api/2.0/auth/login"
CHECK = "/xuc/api/2.0/auth/check"
LOGOUT = "/xuc/api/2.0/auth/logout"
CTI = "/xuc/api/2.0/cti"
CRM = "http://crm.example.com"
DAY = 24 * 3600


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(origins=[CRM], session_ttl=10_000, legacy_links=True) as server:
        yield server


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def check(server: Server, token: str) -> Any:
    """The new token, or the code of the refusal."""
    _, answer = await server.json("GET", CHECK, **bearer(token))
    return answer.get("error") or answer


async def log_out(server: Server, token: str, body: bytes = b"") -> Any:
    """The status, and the code of the refusal if there is one."""
    status, _, content = await server.http("POST", LOGOUT, body, **bearer(token))
    return status, json.loads(content)["error"] if content else None


# --- A sign-in's id and end


async def test_renewed_tokens_are_of_the_same_sign_in_and_another_sign_in_is_another(
    server: Server,
) -> None:
    first = await server.token()
    server.now += 100
    renewed = (await check(server, first))["token"]
    one, same, other = [
        server.tokens.read(token) for token in (first, renewed, await server.token())
    ]
    assert (one.sid, one.end, one.generation) == (same.sid, same.end, same.generation)
    assert same.expires == one.expires + 100
    assert other.sid != one.sid


async def test_a_sign_in_ends_however_often_its_token_is_renewed(server: Server) -> None:
    begun, token = server.now, await server.token()
    lives = []
    while server.now < begun + 10_000:
        answer = await check(server, token)
        token = answer["token"]
        lives.append(answer["TTL"])
        assert server.now + answer["TTL"] <= begun + 10_000
        server.now += 2500
    assert lives == [3600, 3600, 3600, 2500]
    assert await check(server, token) == "TokenExpired"
    with pytest.raises(Refused) as refused:
        await Client.connect(server.port, f"{CTI}?token={token}")
    assert (refused.value.status, refused.value.body["error"]) == (403, "TokenExpired")


async def test_an_open_link_outlives_the_end_of_its_sign_in(server: Server) -> None:
    async with await server.opened() as client:
        server.now += DAY
        await server.revocations.refresh()
        client.say('{"claz":"ping"}')
        assert await client.hear() == {"claz": "ping"}


async def test_a_token_of_an_earlier_version_is_not_valid(server: Server) -> None:
    old = {"sub": "bruce", "exp": int(server.now) + 60, "jti": "x"}
    assert await check(server, jwt.encode(old, SECRET, algorithm="HS256")) == "InvalidToken"
    claims = {"sid": "s", "gen": "one", "end": int(server.now) + 60}
    assert (
        await check(server, jwt.encode(old | claims, SECRET, algorithm="HS256")) != "InvalidToken"
    )
    for name in claims:
        lacking = {key: value for key, value in claims.items() if key != name}
        token = jwt.encode(old | lacking, SECRET, algorithm="HS256")
        assert await check(server, token) == "InvalidToken"


# --- Logout


async def test_a_logout_is_idempotent_and_answers_pages_of_other_origins(server: Server) -> None:
    token = await server.token()
    for _ in range(2):
        status, headers, content = await server.http(
            "POST", LOGOUT, b"", Origin=CRM, **bearer(token)
        )
        assert (status, content) == (204, b"")
        assert headers["access-control-allow-origin"] == CRM
    assert len(server.records.ended) == 1


async def test_a_token_whose_time_is_up_ends_its_own_sign_in_and_no_other(server: Server) -> None:
    token = await server.token()
    claims = server.tokens.read(token)
    fresh = server.tokens.sign(server.tokens.renewed(claims))
    server.now += 3601
    assert await log_out(server, token, b'{"everywhere":true}') == (403, "TokenExpired")
    assert server.records.known["bruce"] == "one"
    assert await log_out(server, token) == (204, None)
    assert await check(server, fresh) in ("TokenExpired", "InvalidToken")
    renewed = server.tokens.sign(server.tokens.renewed(claims))
    assert await check(server, renewed) == "InvalidToken"


async def test_a_sign_in_that_has_ended_ends_no_others(server: Server) -> None:
    token = await server.token()
    assert await log_out(server, token) == (204, None)
    assert await log_out(server, token, b'{"everywhere":true}') == (403, "InvalidToken")
    assert server.records.known["bruce"] == "one"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"everywhere":1}', b'"\xff"', b"null"])
async def test_a_body_that_is_no_logout_is_refused_and_ends_nothing(
    server: Server, body: bytes
) -> None:
    token = await server.token()
    assert await log_out(server, token, body) == (400, "InvalidJson")
    assert "token" in await check(server, token)


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{}", b'{"everywhere":false}', b'{"softwareType":"x"}']
)
async def test_a_logout_without_everywhere_leaves_other_sign_ins(
    server: Server, body: bytes
) -> None:
    token, other = await server.token(), await server.token()
    assert await log_out(server, token, body) == (204, None)
    assert await check(server, token) == "InvalidToken"
    assert "token" in await check(server, other)


async def test_a_logout_needs_a_token_that_xucd_signed(server: Server) -> None:
    assert await log_out(server, "nonsense") == (403, "InvalidToken")
    status, answer = await server.json("POST", LOGOUT)
    assert (status, answer["error"]) == (400, "AuthorizationHeaderNotFound")


async def test_a_link_by_password_belongs_to_a_sign_in_of_its_own(server: Server) -> None:
    path = "/xuc/ctichannel?username=bruce&agentNumber=0&password=bruce-demo"
    async with await Client.connect(server.port, path) as client, await server.opened() as other:
        await until(lambda: len(server.application.sessions) == 2)
        one, two = [session.sign_in for session in server.application.sessions]
        assert one.sid != two.sid
        assert await log_out(server, await server.token(), b'{"everywhere":true}') == (204, None)
        assert ((await client.goodbye()).code, (await other.goodbye()).code) == (4011, 4011)


async def test_a_client_that_hangs_up_as_it_logs_out_has_logged_out(server: Server) -> None:
    token = await server.token()
    server.records.gate.clear()
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"POST {LOGOUT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Content-Length: 0\r\n\r\n".encode()
    )
    await writer.drain()
    claims = server.tokens.read(token)
    await until(lambda: server.revocations.has_ended("bruce", claims.key))
    writer.close()
    await writer.wait_closed()
    await server.json("GET", "/health")  # answered once the server has seen the end
    server.records.gate.set()
    await until(lambda: claims.sid in server.records.ended)


async def test_of_two_logouts_at_once_one_ends_the_sign_in(server: Server) -> None:
    ends = [server.revocations.end("one", server.now + 60) for _ in range(2)]
    assert await asyncio.gather(*ends) == [True, False]


async def test_a_token_that_expired_after_its_sign_in_was_ended_is_not_merely_expired(
    server: Server,
) -> None:
    """Else a client that was away would sign in again by the password that it keeps."""
    ended, other = await server.token(), await server.token("alice")
    assert await log_out(server, ended) == (204, None)
    server.now += 3601
    assert await check(server, ended) == "InvalidToken"
    assert await check(server, other) == "TokenExpired"


# --- While a password is verified


async def test_a_sign_in_with_a_password_that_is_replaced_meanwhile_is_refused() -> None:
    async with serving() as server:
        verified = 0

        def verify(kept: str | None, password: str) -> bool:
            return kept == password

        async def password_hash(login: str) -> str | None:
            nonlocal verified
            verified += 1
            if verified == 1:
                server.records.known["bruce"] = "after"  # while the old hash is being verified
                return "old"
            return "new"

        server.password_hash = password_hash  # type: ignore[method-assign]
        signing_in = {"login": "bruce", "password": "old"}
        status, answer = await server.json("POST", LOGIN, signing_in)
        assert (status, answer["error"]) == (401, "InvalidCredentials")
        status, answer = await server.json("POST", LOGIN, signing_in | {"password": "new"})
        assert status == 200
        assert server.tokens.read(answer["token"]).generation == "after"


# --- A database that fails, hangs, or has much to do


async def test_what_was_known_holds_while_the_database_fails(server: Server) -> None:
    good, ended = await server.token(), await server.token()
    await log_out(server, ended)
    server.records.failing = True
    assert "token" in await check(server, good)
    assert await check(server, ended) == "InvalidToken"
    assert await log_out(server, good) == (503, "StoreUnavailable")
    assert await log_out(server, good, b'{"everywhere":true}') == (503, "StoreUnavailable")
    assert "token" in await check(server, good)
    server.records.failing = False
    server.records.known["bruce"] = "another"
    assert await check(server, good) == "InvalidToken"


async def test_a_database_that_hangs_holds_nobody_up_for_long(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "PATIENCE_S", 0.05)
    token = await server.token()
    server.records.gate.clear()
    assert "token" in await check(server, token)
    async with await Client.connect(server.port, f"{CTI}?token={token}") as client:
        assert (await client.hear())["msgType"] == "LoggedOn"
        server.records.known["bruce"] = "another"
        server.records.gate.set()
        assert (await client.goodbye()).code == 4011
    assert await check(server, token) == "InvalidToken"


async def test_many_who_come_at_once_share_what_is_read(server: Server) -> None:
    token = await server.token()
    server.records.gate.clear()
    before = server.records.asked
    checks = [asyncio.create_task(check(server, token)) for _ in range(200)]
    await until(lambda: server.records.asked > before)
    server.records.known["bruce"] = "another"
    server.records.gate.set()
    assert set(await asyncio.gather(*checks)) == {"InvalidToken"}
    # They are accepted a few in a turn, and those that come in one share a reading.
    assert server.records.asked - before < len(checks) // 4


async def test_a_check_that_comes_while_the_database_is_read_is_answered_by_a_later_reading(
    server: Server,
) -> None:
    token = await server.token()
    held = dict(server.records.known)
    gate = asyncio.Event()

    async def slow() -> dict[str, str]:
        before = dict(held)
        await gate.wait()
        return before

    server.records.generations = slow  # type: ignore[method-assign]
    early = asyncio.create_task(check(server, token))
    await until(server.revocations._reading.locked)
    held["bruce"] = "another"
    late = asyncio.create_task(check(server, token))
    await until(lambda: server.revocations._next is not None)
    gate.set()
    assert await late == "InvalidToken"
    await early


async def test_the_user_of_a_configuration_that_has_none_cannot_use_its_token(
    server: Server,
) -> None:
    token = await server.token()
    del server.users["bruce"]
    assert await check(server, token) == "InvalidToken"
    server.users["bruce"] = BRUCE
    assert "token" in await check(server, token)


@pytest.mark.parametrize("path", [CTI, "/xuc/ctichannel/tokenAuthentication"])
async def test_a_client_that_hangs_up_while_its_token_is_looked_up_is_no_failure(
    server: Server, path: str
) -> None:
    token = await server.token()
    server.records.gate.clear()
    asked = server.records.asked
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"GET {path}?token={token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    await until(lambda: server.records.asked > asked)
    with structlog.testing.capture_logs() as lines:
        writer.close()
        await writer.wait_closed()
        await server.json("GET", "/health")  # answered once the server has seen the end
        server.records.gate.set()
        assert "token" in await check(server, token)
    assert [line for line in lines if line["log_level"] == "error"] == []
    assert not server.links.open


async def test_a_token_whose_sign_in_is_over_ends_nothing_more(server: Server) -> None:
    ended, late = await server.token(), await server.token()
    past = await server.token("alice")
    calls: list[str] = []
    write = server.records.end_sign_in

    async def counting(sid: str, until: float) -> None:
        calls.append(sid)
        await write(sid, until)

    server.records.end_sign_in = counting  # type: ignore[method-assign]
    for _ in range(3):
        assert await log_out(server, ended) == (204, None)
    assert calls == [server.tokens.read(ended).sid]
    # Of a generation that has ended, and one whose time is up.
    server.records.known["alice"] = "anew"
    await server.revocations.refresh()
    assert await log_out(server, past) == (204, None)
    server.now += 11 * DAY
    assert await log_out(server, late) == (204, None)
    assert len(calls) == 1


async def test_a_logout_beside_another_one_waits_until_that_is_stored(server: Server) -> None:
    token = await server.token()
    server.records.gate.clear()
    first = asyncio.ensure_future(log_out(server, token))
    await until(lambda: server.revocations._ended)
    second = asyncio.ensure_future(log_out(server, token))
    await server.json("GET", "/health")
    server.records.failing = True
    server.records.gate.set()
    assert await first == await second == (503, "StoreUnavailable")
    server.records.failing = False
    assert await log_out(server, token) == (204, None)


async def test_a_valid_token_is_not_behind_passwords() -> None:
    free = threading.Event()

    def verify(kept: str | None, password: str) -> bool:
        free.wait(30)
        return kept == password

    async with serving(verify=verify) as server:
        free.set()
        token = await server.token()
        free.clear()
        signing_in = [asyncio.create_task(server.token()) for _ in range(40)]
        try:
            await until(lambda: len(server.connections) >= 40)
            assert "token" in await check(server, token)
        finally:
            free.set()
        await asyncio.gather(*signing_in)


async def test_nothing_is_made_of_a_reading_that_found_no_change_but_once_a_second() -> None:
    """Once a second: a link may be of a sign-in whose end was read while it was being opened."""
    found: dict[str, str] = {"bruce": "one"}
    told = asyncio.Event()

    class Unchanged(Records):
        async def generations(self) -> dict[str, str]:
            return found

    known = revocations.Revocations(Unchanged(), time.time, told.set)
    await known.load()
    await known.refresh()
    assert not told.is_set()
    found = {"bruce": "two"}
    await known.refresh()
    assert told.is_set()
    assert known.generation("bruce") == "two"
    told.clear()
    watching = asyncio.create_task(known.watch())
    await asyncio.wait_for(told.wait(), 30)
    watching.cancel()
