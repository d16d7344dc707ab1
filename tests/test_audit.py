"""The audit trail of a running xucd: what is in it, who reads it, and when it is there."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from integration.client import Refused, http
from tests.lone_xucd import LoneXucd
from tests.rest_client import RestClient
from xucd.store import audit
from xucd.store.audit import AuditSearch, StoredEntry

LOGIN = "/xuc/api/2.0/auth/login"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def xucd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoneXucd]:
    folder: Path = tmp_path_factory.mktemp("audit")
    async with LoneXucd(folder) as xucd:
        await xucd.command("user", "passwd", "bruce", said="bruce-demo\n")
        yield xucd


@pytest.fixture
def ada(xucd: LoneXucd) -> RestClient:
    """An administrator."""
    return RestClient(xucd.port, xucd.token("ada"))


async def trail(ada: RestClient, query: str = "") -> list[dict[str, Any]]:
    status, page = await ada.ask("GET", f"/audit?limit=1000{query}")
    assert status == 200
    found: list[dict[str, Any]] = page["list"]
    return found


async def sign_in(xucd: LoneXucd, login: str, password: str) -> int:
    body = {"login": login, "password": password}
    status, _ = await asyncio.to_thread(http, xucd.port, LOGIN, body)
    return status


async def test_the_command_line_is_in_the_trail_with_the_users_name(ada: RestClient) -> None:
    configured, asked, done = (await trail(ada))[:3]
    assert {each["actor"] for each in (configured, asked, done)} == {"command line"}
    assert [each["kind"] for each in (configured, asked, done)] == [
        "configure",
        "set_password",
        "set_password",
    ]
    assert [each["outcome"] for each in (asked, done)] == ["asked", "ok"]
    assert done["targets"] == [{"type": "user", "id": None, "name": "bruce"}]
    assert done["detail"]["osUser"]


async def test_a_sign_in_is_told_with_its_address_and_failures_are_counted(
    xucd: LoneXucd, ada: RestClient
) -> None:
    assert await sign_in(xucd, "bruce", "bruce-demo") == 200
    assert await sign_in(xucd, "bruce", "wrong-one") == 401
    assert await sign_in(xucd, "bruce", "wrong-two") == 401
    assert await sign_in(xucd, "my-secret-password", "") == 401
    told = await trail(ada, "&kind=sign_in")
    assert {each["address"] for each in told} == {"127.0.0.1"}
    assert [(each["actor"], each["outcome"], each["detail"].get("times", 1)) for each in told] == [
        ("bruce", "ok", 1),
        ("", "InvalidCredentials", 1),  # no such login: it may be somebody's password
        ("bruce", "InvalidCredentials", 2),
    ]
    assert "wrong" not in str(told)
    assert "my-secret-password" not in str(await trail(ada))


async def test_what_is_done_to_another_is_durable_before_it_is_acknowledged(
    xucd: LoneXucd,
) -> None:
    async with await xucd.client("sue") as sue:
        await sue.ask(
            "setUserDefaultMembership", userId=1, membership=[{"queueId": 1, "penalty": 2}]
        )
        store = xucd.store()
        search = AuditSearch(newest_first=True, limit=1)
        (last,) = await asyncio.to_thread(audit.read, store, search)
        store.close()
    _check_default(last)


def _check_default(last: StoredEntry) -> None:
    entry = last.entry
    assert (entry.kind, entry.outcome, entry.actor.login) == ("set_defaults", "ok", "sue")
    assert entry.actor.address == "127.0.0.1"
    assert [(each.type, each.name) for each in entry.targets] == [("user", "bruce")]
    assert entry.detail["membership"] == [{"queueId": 1, "penalty": 2}]


async def test_what_was_refused_is_told_as_refused(xucd: LoneXucd, ada: RestClient) -> None:
    async with await xucd.client("bruce") as bruce:
        for _ in range(3):
            with pytest.raises(Refused, match="NotAuthorized"):
                await bruce.ask("setAgentGroup", agentId=8, groupId=2)
    (told,) = await trail(ada, "&kind=set_group")
    assert (told["actor"], told["outcome"]) == ("bruce", "NotAuthorized")
    assert told["detail"]["times"] == 3
    assert [(each["type"], each["name"]) for each in told["targets"]] == [
        ("agent", "2501 Bruce Wail"),
        ("group", "boats"),
    ]


async def test_reading_the_trail_is_in_the_trail(ada: RestClient) -> None:
    await trail(ada, "&actor=bruce")
    assert (await trail(ada, "&kind=read_audit"))[-2]["detail"]["actor"] == "bruce"


@pytest.mark.parametrize("login", ["bruce", "sue"])
async def test_nobody_but_an_administrator_reads_it_and_who_tries_is_in_it(
    xucd: LoneXucd, ada: RestClient, login: str
) -> None:
    client = RestClient(xucd.port, xucd.token(login))
    status, answer = await client.ask("GET", "/audit")
    assert (status, answer["error"]) == (403, "NotAuthorized")
    tried = await trail(ada, f"&kind=read_audit&actor={login}")
    assert [each["outcome"] for each in tried] == ["NotAuthorized"]


async def test_pages_follow_each_other_and_lack_nothing(ada: RestClient) -> None:
    whole = [each["id"] for each in await trail(ada)]
    ids: list[int] = []
    cursor = ""
    while len(ids) < len(whole):
        _, page = await ada.ask("GET", f"/audit?limit=2{cursor}")
        ids += [each["id"] for each in page["list"]]
        cursor = f"&cursor={page['next']}"
    assert ids[: len(whole)] == whole == sorted(whole)
    _, newest = await ada.ask("GET", "/audit?order=newest&limit=1")
    assert newest["list"][0]["kind"] == "read_audit"


async def test_a_spreadsheet_gets_it_as_csv(ada: RestClient) -> None:
    status, text = await ada.ask("GET", "/audit?format=csv&kind=configure")
    assert status == 200
    (row,) = csv.DictReader(io.StringIO(text), delimiter=";")
    assert (row["actor"], row["kind"]) == ("command line", "configure")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=2031-02-30", 422),
        ("from=yesterday", 422),
        ("kind=nothing", 400),
        ("cursor=-1", 400),
        ("actor=x&actor=y", 400),
    ],
)
async def test_a_wrong_filter_is_an_error(ada: RestClient, query: str, status: int) -> None:
    assert (await ada.ask("GET", f"/audit?{query}"))[0] == status


async def test_a_day_is_a_day_of_local_time(ada: RestClient) -> None:
    first = (await trail(ada))[0]
    day = first["at"][:10]
    assert first in await trail(ada, f"&from={day}&to={day}")
    assert first not in await trail(ada, "&to=2020-01-01")
    assert first not in await trail(ada, "&from=2099-01-01T00:00:00Z")


async def test_deleting_a_callback_and_getting_tickets_are_told(ada: RestClient) -> None:
    _, found = await ada.ask("GET", "/callback_requests")
    uuid = found["list"][0]["uuid"]
    await ada.ask("DELETE", f"/callback_requests/{uuid}")
    await ada.ask("GET", "/callback_tickets?from=2031-01-01")
    deleted = (await trail(ada, "&kind=delete_callback"))[-1]
    assert deleted["targets"] == [{"type": "callback", "id": uuid, "name": ""}]
    exported = (await trail(ada, "&kind=export_tickets"))[-1]
    assert exported["detail"] == {"tickets": 0, "from": "2031-01-01"}


async def test_a_sign_out_is_told_though_its_client_hangs_up_at_once(
    xucd: LoneXucd, ada: RestClient
) -> None:
    token = xucd.token("bruce")
    before = len(await trail(ada, "&kind=sign_out"))
    _, writer = await asyncio.open_connection("127.0.0.1", xucd.port)
    writer.write(
        f"POST /xuc/api/2.0/auth/logout HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    writer.close()
    await writer.wait_closed()
    while len(await trail(ada, "&kind=sign_out")) == before:
        pass


async def test_a_start_tells_which_settings_are_others(xucd: LoneXucd, ada: RestClient) -> None:
    assert [each["actor"] for each in await trail(ada, "&kind=configure")] == ["command line"]
    await xucd.stop()
    text = xucd.file.read_text().replace("nobody-listens", "another-secret")
    xucd.file.write_text(f"strict_rights = true\n{text}")
    await xucd.start()
    told = (await trail(ada, "&kind=configure"))[1:]
    assert [(each["actor"], each["detail"]) for each in told] == [
        ("xucd", {"settings": {"ami.secret": {}, "strict_rights": {"from": False, "to": True}}})
    ]
