"""How a sign-in ends, and what its tokens are good for then: of a real xucd, on both databases."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from signal import SIGHUP, SIGKILL
from typing import Any, NamedTuple

import argon2
import pytest
import pytest_asyncio
from sqlalchemy import text

from integration.client import http
from tests.conftest import DEMO, PROJECT
from tests.lone_xucd import LoneXucd
from tests.rest_client import PREFIX, RestClient
from tests.ws_client import Client, Closed, Refused
from xucd.client import Refused as ClientRefused
from xucd.client import connect
from xucd.config import center_file
from xucd.cti.messages import UserStatusUpdate
from xucd.cti.schema.__main__ import LIBRARY
from xucd.signin import passwords
from xucd.signin.tokens import Tokens
from xucd.store import Store
from xucd.store.apply import apply

BODY = b'{"phoneNumber": "100"}'


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["sqlite", "postgresql"])
async def xucd(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LoneXucd]:
    url = None
    if request.param == "postgresql":
        create: Callable[[str], str] = request.getfixturevalue("postgresql")
        url = create("sign-ins")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XUCD_WEB_LEGACY_LINKS", "true")
        async with LoneXucd(tmp_path_factory.mktemp("sign-ins"), url) as xucd:
            yield xucd


async def stored(xucd: LoneXucd, work: Callable[[Store], Any]) -> Any:
    """Do something in the database, as another process does."""

    def run() -> Any:
        with closing(xucd.store()) as store:
            return work(store)

    return await asyncio.to_thread(run)


async def ask(xucd: LoneXucd, token: str, path: str, body: object = None) -> Any:
    """One request; returns its status, and the code of its error if there is one."""
    headers = {"Authorization": f"Bearer {token}"}
    status, answer = await asyncio.to_thread(http, xucd.port, path, body, headers)
    return status, answer.get("error") if isinstance(answer, dict) else None


async def log_out(xucd: LoneXucd, token: str, body: bytes | None = None) -> int:
    client = RestClient(xucd.port, token)
    status, _, _ = await client.whole("POST", "/auth/logout", body)
    return status


# --- How a sign-in ends


async def by_logout(xucd: LoneXucd, token: str) -> None:
    assert await log_out(xucd, token) == 204


async def by_logout_everywhere(xucd: LoneXucd, token: str) -> None:
    assert await log_out(xucd, token, b'{"everywhere":true}') == 204


async def by_a_new_password(xucd: LoneXucd, token: str) -> None:
    assert await stored(xucd, lambda store: store.set_password_hash("sue", "$argon2id$x"))


async def by_the_command_line(xucd: LoneXucd, token: str) -> None:
    assert await stored(xucd, lambda store: store.end_all_sign_ins("sue"))


def without_sue(xucd: LoneXucd) -> Path:
    demo = DEMO.read_text(encoding="utf-8")
    start = demo.index('[[users]]\nlogin = "sue"')
    file = xucd.folder / "without.toml"
    file.write_text(demo[:start] + demo[demo.index("[[users]]", start + 9) :], encoding="utf-8")
    return file


async def applied(xucd: LoneXucd, file: Path) -> Any:
    """Apply a centre file, as the command line does."""
    plan = center_file.read(file, datetime.date.today()).plan
    return await stored(xucd, lambda store: apply(store, plan, prune=True))


async def by_removal(xucd: LoneXucd, token: str) -> None:
    assert "removed user sue" in await applied(xucd, without_sue(xucd))


async def by_removal_told_by_a_signal(xucd: LoneXucd, token: str) -> None:
    await by_removal(xucd, token)
    xucd.signal(SIGHUP)


async def by_removal_and_a_new_user_of_the_same_login(xucd: LoneXucd, token: str) -> None:
    await by_removal(xucd, token)
    assert "added user sue" in await applied(xucd, DEMO)


ENDS = [
    by_logout,
    by_logout_everywhere,
    by_a_new_password,
    by_the_command_line,
    by_removal,
    by_removal_told_by_a_signal,
    by_removal_and_a_new_user_of_the_same_login,
]

# --- What a token is used for


async def for_check(xucd: LoneXucd, token: str) -> Any:
    return await ask(xucd, token, f"{PREFIX}/auth/check")


async def for_rest(xucd: LoneXucd, token: str) -> Any:
    return await ask(xucd, token, f"{PREFIX}/callback_lists")


async def for_a_change_by_rest(xucd: LoneXucd, token: str) -> Any:
    _, lists = await RestClient(xucd.port, xucd.token("ada")).ask("GET", "/callback_lists")
    path = f"/callback_lists/{lists[0]['uuid']}/callback_requests"
    status, answer = await RestClient(xucd.port, token).ask("POST", path, BODY)
    return (200, None) if status == 201 else (status, answer["error"])


async def for_logout_everywhere(xucd: LoneXucd, token: str) -> Any:
    status, answer = await RestClient(xucd.port, token).ask(
        "POST", "/auth/logout", b'{"everywhere":true}'
    )
    return (200, None) if status == 204 else (status, answer["error"])


async def for_a_link(xucd: LoneXucd, token: str, path: str = "/xuc/api/2.0/cti") -> Any:
    try:
        client = await Client.connect(xucd.port, f"{path}?token={token}")
    except Refused as refused:
        return refused.status, refused.body["error"]
    async with client:
        assert (await client.hear())["msgType"] == "LoggedOn"
    return 200, None


async def for_an_older_link(xucd: LoneXucd, token: str) -> Any:
    return await for_a_link(xucd, token, "/xuc/ctichannel/tokenAuthentication")


USES = [
    for_check,
    for_rest,
    for_a_change_by_rest,
    for_a_link,
    for_an_older_link,
    for_logout_everywhere,  # the last one: it ends the others
]


class Page(NamedTuple):
    """A link, its opening received, and the token of its sign-in."""

    token: str
    link: Client
    stream: dict[str, Any]


async def page(xucd: LoneXucd, login: str) -> Page:
    token = xucd.token(login)
    link = await Client.connect(xucd.port, f"/xuc/api/2.0/cti?token={token}&resume=1")
    hello = await link.hear()
    return Page(token, link, hello["ctiMessage"]["stream"])


async def echoes(link: Client) -> None:
    """See that a link is open."""
    link.say('{"claz":"ping"}')
    while await link.hear() != {"claz": "ping"}:
        pass


@pytest.fixture
async def demo_again(xucd: LoneXucd) -> AsyncIterator[None]:
    """Leave the demo's users to the next test."""
    yield
    if "sue" not in await stored(xucd, lambda store: store.generations()):
        await applied(xucd, DEMO)
        xucd.signal(SIGHUP)
    while (await for_check(xucd, xucd.token("sue")))[0] != 200:  # noqa: ASYNC110  # HTTP tells nothing
        await asyncio.sleep(0.02)


@pytest.mark.usefixtures("demo_again")
@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_a_sign_in_that_has_ended_is_good_for_nothing(
    xucd: LoneXucd, end: Callable[[LoneXucd, str], Awaitable[None]]
) -> None:
    ended, other, ada = [await page(xucd, login) for login in ("sue", "sue", "ada")]
    old = xucd.token("sue")
    await end(xucd, ended.token)
    goodbye = await ended.link.goodbye()
    assert (goodbye.code, goodbye.reason) == (4011, "signed out")
    for use in USES:
        assert await use(xucd, ended.token) == (403, "InvalidToken"), use.__name__
    await echoes(ada.link)
    if end is by_logout:
        await echoes(other.link)
        for use in USES:
            assert await use(xucd, other.token) == (200, None), use.__name__
    assert (await other.link.goodbye()).code == 4011
    for token in (other.token, old):
        assert await for_check(xucd, token) == (403, "InvalidToken")
    for closing_page in (ended, other, ada):
        closing_page.link.writer.close()


async def test_a_stream_of_a_sign_in_that_has_ended_is_not_resumed(xucd: LoneXucd) -> None:
    ended = await page(xucd, "alice")
    ended.link.writer.close()
    await by_logout(xucd, ended.token)
    place = f"&resume=1&epoch={ended.stream['epoch']}&position={ended.stream['position']}"
    path = f"/xuc/api/2.0/cti?token={xucd.token('alice')}{place}"
    async with await Client.connect(xucd.port, path) as again:
        assert (await again.hear())["ctiMessage"]["recovered"] is False


async def test_a_stream_that_was_resumed_belongs_to_the_sign_in_that_resumed_it(
    xucd: LoneXucd,
) -> None:
    first, token = await page(xucd, "alice"), xucd.token("alice")
    place = f"&resume=1&epoch={first.stream['epoch']}&position={first.stream['position']}"
    path = f"/xuc/api/2.0/cti?token={token}{place}"
    async with await Client.connect(xucd.port, path) as second:
        assert (await second.hear())["ctiMessage"]["recovered"] is True
        await by_logout(xucd, first.token)
        await echoes(second)
        await by_logout(xucd, token)
        assert (await second.goodbye()).code == 4011


async def test_an_end_outlives_a_kill(xucd: LoneXucd) -> None:
    ended, good = xucd.token("sue"), xucd.token("sue")
    await by_logout(xucd, ended)
    await xucd.stop(SIGKILL)
    await xucd.start()
    assert await for_check(xucd, ended) == (403, "InvalidToken")
    assert await for_check(xucd, good) == (200, None)


async def test_what_has_ended_is_forgotten_once_its_time_is_up(xucd: LoneXucd) -> None:
    now = time.time()
    secret = await stored(xucd, lambda store: store.token_secret())
    generation = (await stored(xucd, lambda store: store.generations()))["sue"]
    brief = Tokens(secret, 3600, 1, lambda: now - 60)
    for _ in range(3):
        await by_logout(xucd, brief.sign(brief.begin("sue", generation)))
    lasting = xucd.token("sue")
    await by_logout(xucd, lasting)
    held = await stored(xucd, lambda store: store.ended_sign_ins(0))
    assert all(until > now for until in held.values())


async def test_a_body_that_was_long_on_its_way_is_refused_if_the_sign_in_ended_meanwhile(
    xucd: LoneXucd,
) -> None:
    token = xucd.token("ada")
    _, lists = await RestClient(xucd.port, token).ask("GET", "/callback_lists")
    reader, writer = await asyncio.open_connection("127.0.0.1", xucd.port)
    writer.write(
        f"POST {PREFIX}/callback_lists/{lists[0]['uuid']}/callback_requests HTTP/1.1\r\n"
        f"Host: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
        + BODY[:10]
    )
    await writer.drain()
    await by_logout(xucd, token)
    writer.write(BODY[10:])
    assert (await reader.read()).startswith(b"HTTP/1.1 403 ")
    writer.close()


@contextlib.asynccontextmanager
async def busy_database(xucd: LoneXucd) -> AsyncIterator[None]:
    """Keep changes of callbacks waiting, and let what is read pass."""
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with closing(xucd.store()) as store, store.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE callback_requests"))
            held.set()
            free.wait()

    holding = asyncio.create_task(asyncio.to_thread(hold))
    await asyncio.to_thread(held.wait)
    try:
        yield
    finally:
        free.set()
        await holding


async def test_a_change_that_waits_is_not_made_once_the_sign_in_has_ended(xucd: LoneXucd) -> None:
    ada = RestClient(xucd.port, xucd.token("ada"))
    _, lists = await ada.ask("GET", "/callback_lists")
    uuids = [each["uuid"] for each in lists]
    _, added = await ada.ask("POST", f"/callback_lists/{uuids[0]}/callback_requests", BODY)
    path = f"/callback_requests/{added['uuids'][0]}"
    waiting, token, other = await page(xucd, "jack"), xucd.token("ada"), xucd.token("ada")
    async with busy_database(xucd):
        waiting.link.ask("takeCallback", uuid=added["uuids"][0], requestId=1)
        changing = asyncio.create_task(
            RestClient(xucd.port, token).ask("PUT", path, {"phoneNumber": "200"})
        )
        for _ in range(3):  # each is answered behind those before it
            await for_check(xucd, other)
        ending = [asyncio.create_task(log_out(xucd, each)) for each in (waiting.token, token)]
        while {await for_check(xucd, each) for each in (waiting.token, token)} != {
            (403, "InvalidToken")
        }:
            pass
    assert await asyncio.gather(*ending) == [204, 204]
    status, answer = await changing
    assert (status, answer["error"]) == (403, "InvalidToken")
    assert (await waiting.link.goodbye()).code == 4011
    _, found = await ada.ask("GET", path)
    assert (found["agentId"], found["phoneNumber"]) == (None, "100")


async def test_a_user_can_sign_in_right_after_a_new_password(xucd: LoneXucd) -> None:
    password = "jack-again"
    hashed = passwords.hash_password(password)
    assert await stored(xucd, lambda store: store.set_password_hash("jack", hashed))
    status, answer = await asyncio.to_thread(
        http, xucd.port, f"{PREFIX}/auth/login", {"login": "jack", "password": password}
    )
    assert status == 200
    assert await for_check(xucd, answer["token"]) == (200, None)
    path = f"/xuc/ctichannel?username=jack&agentNumber=0&password={password}"
    async with await Client.connect(xucd.port, path) as link:
        assert (await link.hear())["msgType"] == "LoggedOn"
        await stored(xucd, lambda store: store.end_all_sign_ins("jack"))
        with pytest.raises(Closed, match="4011"):
            while True:
                await link.hear()


async def test_the_python_client_signs_out(xucd: LoneXucd) -> None:
    url = f"http://127.0.0.1:{xucd.port}"
    own, other, last = [await connect(url, token=xucd.token("alice")) for _ in range(3)]
    await own.sign_out()
    assert await for_check(xucd, own.token) == (403, "InvalidToken")
    with pytest.raises(ClientRefused, match="Closed"):
        await own.pause_agent()
    assert await for_check(xucd, other.token) == (200, None)
    await other.sign_out(everywhere=True)
    with pytest.raises(ClientRefused, match="InvalidToken"):
        await last.until(UserStatusUpdate, lambda _: False)
    await last.close()


async def test_the_javascript_library_signs_out(xucd: LoneXucd) -> None:
    program = """
        import { WebSocket } from "ws";
        const url = process.argv[2], { connect } = await import(process.argv[1]);
        const [own, other] = await Promise.all(
            process.argv.slice(3).map((token) => connect({ url, token, WebSocket })));
        const closed = new Promise((resolve) => other.on("closed", resolve));
        await own.signOut({ everywhere: true });
        console.log((await closed).code, (await own.pauseAgent().catch((refused) => refused)).code);
    """
    tokens = [xucd.token("alice") for _ in range(2)]
    process = await asyncio.create_subprocess_exec(
        "node", "--input-type=module", "--eval", program,
        str(LIBRARY / "xucd.js"), f"http://127.0.0.1:{xucd.port}", *tokens,
        stdout=asyncio.subprocess.PIPE, cwd=PROJECT,
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert printed.decode().split() == ["InvalidToken", "Closed"]
    for token in tokens:
        assert await for_check(xucd, token) == (403, "InvalidToken")


async def test_a_sign_in_replaces_a_hash_of_an_older_xucd_and_ends_no_other(xucd: LoneXucd) -> None:
    older = argon2.PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
    kept = await asyncio.to_thread(older.hash, "marice-again")
    assert await stored(xucd, lambda store: store.set_password_hash("marice", kept))
    body = {"login": "marice", "password": "marice-again"}
    path = (xucd.port, f"{PREFIX}/auth/login", body)
    status, answer = await asyncio.to_thread(http, *path)
    assert status == 200
    async with asyncio.timeout(30):
        while (renewed := await stored(xucd, lambda store: store.password_hash("marice"))) == kept:
            pass
    assert not passwords.is_outdated(renewed)
    assert (await asyncio.to_thread(http, *path))[0] == 200
    assert await for_check(xucd, answer["token"]) == (200, None)
