"""Users change their own passwords: who may, how fast, and which sign-ins go on afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.lone_xucd import LoneXucd
from tests.rest_client import RestClient
from tests.test_ws_resume import back_at
from tests.web_server import Server, serving
from tests.ws_client import Client
from xucd.client import Refused as ClientRefused
from xucd.client import connect
from xucd.config.plan import Plan
from xucd.signin import passwords
from xucd.store import Store
from xucd.store.apply import apply

OLD, NEW = "bruce-demo", "a much better one"


async def change(server: Server, token: str, old: str = OLD, new: str = NEW, **headers: str) -> Any:
    """Ask for another password; returns the status and what the answer says."""
    return await server.json(
        "POST",
        "/xuc/api/2.0/auth/password",
        {"password": old, "newPassword": new},
        Authorization=f"Bearer {token}",
        **headers,
    )


async def check(server: Server, token: str) -> Any:
    """Whether a token is good: the status, and the code of what is wrong with it."""
    status, answer = await server.json(
        "GET", "/xuc/api/2.0/auth/check", Authorization=f"Bearer {token}"
    )
    return status, answer.get("error")


# --- What becomes of sign-ins


async def test_this_sign_in_goes_on_with_its_links_and_all_others_end() -> None:
    async with serving() as server:
        token = await server.token()
        mine = await Client.connect(server.port, f"/xuc/api/2.0/cti?token={token}")
        other, elsewhere = await server.opened(), await server.token()
        alice = await server.opened("alice")
        status, answer = await change(server, token)
        assert (status, answer["login"]) == (200, "bruce")
        assert (await other.goodbye()).code == 4011
        assert await check(server, elsewhere) == (403, "InvalidToken")
        assert await check(server, token) == (403, "InvalidToken")
        assert await check(server, answer["token"]) == (200, None)
        for client in (mine, alice):
            client.say('{"claz":"ping"}')
            while await client.hear() != {"claz": "ping"}:
                pass
        # It is the same sign-in: a logout ends its link.
        bearer = f"Bearer {answer['token']}"
        logout = await server.http("POST", "/xuc/api/2.0/auth/logout", Authorization=bearer)
        assert logout[0] == 204
        assert (await mine.goodbye()).code == 4011
        alice.writer.close()


async def test_the_end_of_this_sign_in_stays_where_it_was() -> None:
    async with serving(token_ttl=3600, session_ttl=5000) as server:
        token = await server.token()
        server.now += 3000
        _, answer = await change(server, token)
        assert answer["TTL"] == 2000


# --- Who may, and how often


REFUSED = {
    "a wrong password": ({"password": "bruce-dem0", "newPassword": NEW}, 403, "WrongPassword"),
    "too short": ({"password": OLD, "newPassword": "1234567"}, 422, "PasswordTooShort"),
    "the same": ({"password": OLD, "newPassword": OLD}, 422, "PasswordUnchanged"),
    "nothing new": ({"password": OLD}, 400, "InvalidJson"),
    "no text": ({"password": OLD, "newPassword": 12345678}, 400, "InvalidJson"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_refused_changes_nothing(what: str) -> None:
    body, status, code = REFUSED[what]
    async with serving() as server, await server.opened() as link:
        token = await server.token()
        answer = await server.json(
            "POST", "/xuc/api/2.0/auth/password", body, Authorization=f"Bearer {token}"
        )
        assert (answer[0], answer[1]["error"]) == (status, code)
        assert server.records.known["bruce"] == "one"
        assert await check(server, token) == (200, None)
        link.say('{"claz":"ping"}')
        assert await link.hear() == {"claz": "ping"}


async def test_a_token_is_needed_and_a_surrogate_is_no_text() -> None:
    async with serving() as server:
        answer = await server.json("POST", "/xuc/api/2.0/auth/password", {})
        assert (answer[0], answer[1]["error"]) == (400, "AuthorizationHeaderNotFound")
        bearer = f"Bearer {await server.token()}"
        body = b'{"password":"bruce-demo","newPassword":"\\ud800\\ud800xxxxxxxx"}'
        status, _, content = await server.http(
            "POST", "/xuc/api/2.0/auth/password", body, Authorization=bearer
        )
        assert (status, msgspec.json.decode(content)["error"]) == (400, "InvalidJson")


async def test_who_has_no_password_of_xucds_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as server:
        token = await server.token()

        async def none(login: str) -> None:
            return None

        monkeypatch.setattr(server, "password_hash", none)
        status, answer = await change(server, token)
        assert (status, answer["error"]) == (409, "NoOwnPassword")


async def test_guesses_are_bounded_together_with_those_at_the_door() -> None:
    async with serving(login_attempts=3) as server:
        token = await server.token()
        codes = [(await change(server, token, old="wrong one"))[0] for _ in range(4)]
        assert codes == [403, 403, 403, 429]
        assert (await change(server, token))[0] == 429
        login = {"login": "bruce", "password": OLD}
        assert (await server.json("POST", "/xuc/api/2.0/auth/login", login))[0] == 429


async def test_a_password_that_another_process_has_set_meanwhile_stays() -> None:
    set_meanwhile: dict[str, str] = {}

    def verify(kept: str | None, password: str) -> bool:
        server.records.known.update(set_meanwhile)
        return kept == password

    async with serving(verify=verify) as server:
        token = await server.token()
        set_meanwhile["bruce"] = "set by the command line"
        status, answer = await change(server, token)
        assert (status, answer["error"]) == (403, "InvalidToken")
        assert server.records.known["bruce"] == "set by the command line"


async def test_while_the_database_takes_nothing_the_old_password_stays() -> None:
    async with serving() as server, await server.opened() as link:
        token = await server.token()
        server.records.failing = True
        status, answer = await change(server, token)
        assert (status, answer["error"]) == (503, "StoreUnavailable")
        server.records.failing = False
        assert server.records.known["bruce"] == "one"
        assert await check(server, token) == (200, None)
        link.say('{"claz":"ping"}')
        assert await link.hear() == {"claz": "ping"}


# --- On each database, and with the real hashes


def test_only_the_present_generation_can_change_the_password(store: Store, demo_plan: Plan) -> None:
    apply(store, demo_plan)
    generation = store.generations()["bruce"]
    following = store.change_password("bruce", "hash one", generation)
    assert following is not None and following != generation
    assert store.generations()["bruce"] == following
    assert store.change_password("bruce", "hash two", generation) is None
    assert store.change_password("nobody", "hash two", generation) is None
    assert store.password_hash("bruce") == "hash one"


async def test_a_running_xucd_takes_the_new_password_and_its_page_resumes_over_a_restart(
    tmp_path: Path,
) -> None:
    async with LoneXucd(tmp_path) as xucd:
        store = xucd.store()
        store.set_password_hash("bruce", await asyncio.to_thread(passwords.hash_password, OLD))
        path = f"/xuc/api/2.0/cti?token={xucd.token('bruce')}&resume=1"
        page = await Client.connect(xucd.port, path)
        stream = (await page.hear())["ctiMessage"]["stream"]
        bruce = RestClient(xucd.port, path.partition("token=")[2].partition("&")[0])
        body = {"password": OLD, "newPassword": NEW}
        status, answer = await bruce.ask("POST", "/auth/password", body)
        assert status == 200
        page.say('{"claz":"ping"}')
        heard = [message async for message in until_ping(page)]
        assert await asyncio.to_thread(passwords.verify, store.password_hash("bruce"), NEW)

        await xucd.stop()
        await xucd.start()
        back = back_at(stream, heard[-1]["position"])
        path = f"/xuc/api/2.0/cti?token={answer['token']}&resume=1{back}"
        page = await Client.connect(xucd.port, path)
        assert (await page.hear())["ctiMessage"]["recovered"] is True

        # A program does it by its library, and its old password is good no more.
        center = await connect(f"http://127.0.0.1:{xucd.port}", "bruce", NEW)
        await center.change_password(NEW, "the third one")
        await center.close()
        assert (await page.goodbye()).code == 4011
        with pytest.raises(ClientRefused) as refused:
            await connect(f"http://127.0.0.1:{xucd.port}", "bruce", NEW)
        assert refused.value.code == "InvalidCredentials"
        store.close()

        ada = RestClient(xucd.port, xucd.token("ada"))
        _, trail = await ada.ask("GET", "/audit?kind=set_password&actor=bruce")
        assert [(entry["outcome"], entry["address"]) for entry in trail["list"]] == [
            ("ok", "127.0.0.1"),
            ("ok", "127.0.0.1"),
        ]
        assert trail["list"][0]["targets"] == [
            {"type": "user", "id": trail["list"][0]["userId"], "name": "bruce"}
        ]
        kept = json.dumps(trail) + xucd.log.read_text()
        assert not [password for password in (OLD, NEW, "the third one") if password in kept]


async def until_ping(client: Client) -> AsyncIterator[dict[str, Any]]:
    """What comes before the answer to a ping."""
    while (message := await client.hear()) != {"claz": "ping"}:
        yield message
