"""HTTP as pages know it: signing in, tokens, origins, errors, health, metrics, static pages."""

import asyncio
import base64
import json
import re
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jwt
import msgspec
import pytest
import structlog
from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from txaio import tx

from tests.web_server import BRUCE as BRUCE_HIMSELF
from tests.web_server import SECRET, Server, serving, until
from tests.ws_client import Client, Refused
from xucd.app.users import ConfiguredUsers
from xucd.signin import passwords
from xucd.store import StoreUnavailable
from xucd.web.site import MAX_BODY

LOGIN = "/xuc/api/2.0/auth/login"
CHECK = "/xuc/api/2.0/auth/check"
CTI = "/xuc/api/2.0/cti"
CRM = "http://crm.example.com"
BRUCE = {"login": "bruce", "password": "bruce-demo", "softwareType": "webBrowser"}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(origins=[CRM]) as server:
        yield server


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_right_password_gives_a_token(server: Server) -> None:
    status, answer = await server.json("POST", LOGIN, BRUCE)
    assert status == 200
    assert answer.keys() == {"login", "token", "TTL"}
    assert (answer["login"], answer["TTL"]) == ("bruce", 3600)
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", answer["token"])


async def test_an_unknown_login_and_a_wrong_password_look_alike(server: Server) -> None:
    wrong = await server.json("POST", LOGIN, {"login": "bruce", "password": "x"})
    unknown = await server.json("POST", LOGIN, {"login": "nobody", "password": "x"})
    assert wrong == unknown
    assert wrong[0] == 401
    assert wrong[1]["error"] == "InvalidCredentials"


async def test_who_signs_in_while_the_database_is_away_is_told_so(server: Server) -> None:
    async def fails(login: str) -> str:
        raise StoreUnavailable("gone")

    server.password_hash = fails  # type: ignore[method-assign]
    with structlog.testing.capture_logs() as logs:
        status, answer = await server.json("POST", LOGIN, BRUCE)
    assert (status, answer["error"]) == (503, "StoreUnavailable")
    assert [entry["log_level"] for entry in logs if "status" not in entry] == ["warning"]


async def test_the_database_is_not_asked_for_logins_that_nobody_has(server: Server) -> None:
    asked: list[object] = []

    class Database:
        async def read(self, method: object, login: str) -> None:
            asked.append(login)

    directory = SimpleNamespace(user_by_login=server.users)
    users = ConfiguredUsers(cast(Any, directory), cast(Any, Database()), cast(Any, None))
    for login in ("bruce", "nobody", "a\0"):
        assert await users.password_hash(login) is None
    assert asked == ["bruce", "", ""]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"login":"bruce"}', b'{"login":1,"password":"x"}', b'"\xff"']
)
async def test_a_body_that_is_no_login_is_refused(server: Server, body: bytes) -> None:
    status, _, content = await server.http("POST", LOGIN, body)
    assert (status, json.loads(content)["error"]) == (400, "InvalidJson")


async def test_too_many_attempts_are_refused_for_that_login_alone(server: Server) -> None:
    wrong = {"login": "bruce", "password": "x"}
    codes = [(await server.json("POST", LOGIN, wrong))[0] for _ in range(20)]
    assert codes == [401] * 20
    status, headers, content = await server.http("POST", LOGIN, json.dumps(wrong).encode())
    assert (status, json.loads(content)["error"]) == (429, "TooManyRequests")
    assert headers["retry-after"] == "4"
    await server.token("alice")
    server.now += 61
    await server.token("bruce")


async def test_a_password_is_checked_off_the_loop_and_real_hashes_work() -> None:
    threads: list[Any] = []

    def verify(kept: str | None, password: str) -> bool:
        threads.append(threading.current_thread())
        return passwords.verify(kept, password)

    async with serving(verify=verify) as server:
        hashed = passwords.hash_password("bruce-demo")

        async def password_hash(login: str) -> str | None:
            return hashed if login == "bruce" else None

        server.password_hash = password_hash  # type: ignore[method-assign]
        await server.token()
        assert (await server.json("POST", LOGIN, {"login": "x", "password": "y"}))[0] == 401
    assert len(threads) == 2
    assert threading.main_thread() not in threads


async def test_check_renews_a_token_and_revokes_none(server: Server) -> None:
    first = await server.token()
    server.now += 3599
    status, answer = await server.json("GET", CHECK, **bearer(first))
    assert status == 200
    assert answer["token"] != first
    assert (await server.json("GET", CHECK, **bearer(first)))[0] == 200
    server.now += 2
    assert (await server.json("GET", CHECK, **bearer(first)))[1]["error"] == "TokenExpired"
    assert (await server.json("GET", CHECK, **bearer(answer["token"])))[0] == 200


async def test_check_is_never_rate_limited(server: Server) -> None:
    token = await server.token()
    for _ in range(60):
        assert (await server.json("GET", CHECK, **bearer(token)))[0] == 200


async def test_check_answers_while_passwords_are_being_checked() -> None:
    gate = threading.Event()

    def verify(kept: str | None, password: str) -> bool:
        return password == "quick" or gate.wait(20)

    async with serving(verify=verify) as server:
        _, answer = await server.json("POST", LOGIN, {"login": "bruce", "password": "quick"})
        waiting = [
            asyncio.create_task(
                server.json("POST", LOGIN, {"login": f"user{number}", "password": "slow"})
            )
            for number in range(10)
        ]
        await asyncio.sleep(0)
        assert (await server.json("GET", CHECK, **bearer(answer["token"])))[0] == 200
        gate.set()
        assert {status for status, _ in await asyncio.gather(*waiting)} == {401}


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 400, "AuthorizationHeaderNotFound"),
        ({"Authorization": "Basic YTpi"}, 400, "BearerNotFound"),
        ({"Authorization": "Bearer"}, 400, "BearerNotFound"),
        ({"Authorization": "Bearer "}, 400, "BearerNotFound"),
        ({"Authorization": "Bearer nonsense"}, 403, "InvalidToken"),
        ({"Authorization": "Bearer a.b.c"}, 403, "InvalidToken"),
    ],
)
async def test_a_missing_or_broken_token_has_its_own_code(
    server: Server, headers: dict[str, str], status: int, code: str
) -> None:
    found, answer = await server.json("GET", CHECK, **headers)
    assert (found, answer["error"]) == (status, code)
    assert answer["message"]


def forged(server: Server, **claims: Any) -> list[str]:
    good = {"sub": "bruce", "exp": int(server.now) + 60, **claims}
    unsigned = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none", "typ": "JWT"}, good)
    )
    return [
        jwt.encode(good, b"another secret, which is long enough", algorithm="HS256"),
        jwt.encode(good, SECRET, algorithm="HS512"),
        ".".join(unsigned) + ".",
    ]


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_a_token_that_we_did_not_sign_opens_nothing(server: Server) -> None:
    lacking = [
        jwt.encode({"sub": "bruce"}, SECRET, algorithm="HS256"),
        jwt.encode({"exp": int(server.now) + 60}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "bruce", "exp": "later"}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "gone", "exp": int(server.now) + 60}, SECRET, algorithm="HS256"),
    ]
    for token in [*forged(server), *lacking]:
        status, answer = await server.json("GET", CHECK, **bearer(token))
        assert (status, answer["error"]) == (403, "InvalidToken")
        with pytest.raises(Refused) as refused:
            await Client.connect(server.port, f"{CTI}?token={token}")
        assert refused.value.status == 403


# --- The way to the WebSocket


async def test_a_link_without_a_good_token_is_refused_before_the_handshake(server: Server) -> None:
    token = await server.token()
    server.now += 3601
    for query, status, code in (
        ("", 401, "InvalidCredentials"),
        ("?token=", 401, "InvalidCredentials"),
        ("?token=nonsense", 403, "InvalidToken"),
        (f"?token={token}", 403, "TokenExpired"),
    ):
        with pytest.raises(Refused) as refused:
            await Client.connect(server.port, CTI + query)
        assert (refused.value.status, refused.value.body["error"]) == (status, code)
    assert not server.application.sessions


async def test_a_link_outlives_its_token(server: Server) -> None:
    async with await server.opened() as client:
        server.now += 10_000
        client.say('{"claz":"ping"}')
        assert await client.hear() == {"claz": "ping"}


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [(None, True), (CRM, True), (CRM.upper(), True), ("http://evil.example", False),
     ("null", False), (CRM + ".evil.example", False), ("https://crm.example.com", False)],
)  # fmt: skip
async def test_a_link_is_only_for_pages_of_allowed_origins(
    server: Server, origin: str | None, allowed: bool
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    if allowed:
        async with await server.link(headers=headers) as client:
            assert (await client.hear())["msgType"] == "LoggedOn"
    else:
        with pytest.raises(Refused) as refused:
            await server.link(headers=headers)
        assert refused.value.body["error"] == "OriginNotAllowed"


async def test_a_page_that_xucd_served_needs_no_permission(server: Server) -> None:
    own = {"Origin": f"http://127.0.0.1:{server.port}"}
    async with await server.link(headers=own) as client:
        assert (await client.hear())["msgType"] == "LoggedOn"


async def test_a_request_that_is_no_upgrade_is_told_so(server: Server) -> None:
    status, answer = await server.json("GET", f"{CTI}?token={await server.token()}")
    assert (status, answer["error"]) == (426, "UpgradeRequired")


OLD = [
    "/xuc/ctichannel?username=bruce&agentNumber=2501&password=bruce-demo",
    "/xuc/ctichannel?username=bruce&amp;agentNumber=2501&amp;password=bruce-demo",
    "/ctichannel?username=bruce&amp;agentNumber=0&amp;password=bruce%2Ddemo",
    "/xuc/ctichannel/tokenAuthentication?token={token}",
]


@pytest.mark.parametrize("path", OLD)
async def test_the_older_links_work_where_they_are_allowed(path: str) -> None:
    async with serving(legacy_links=True) as server:
        path = path.format(token=await server.token())
        async with await Client.connect(server.port, path) as client:
            assert (await client.hear())["msgType"] == "LoggedOn"


@pytest.mark.parametrize("path", OLD)
async def test_the_older_links_are_off_by_default(server: Server, path: str) -> None:
    with pytest.raises(Refused) as refused:
        await Client.connect(server.port, path.format(token=await server.token()))
    assert refused.value.status == 404


async def test_an_older_link_with_a_wrong_password_is_refused_and_limited() -> None:
    async with serving(legacy_links=True, login_attempts=2) as server:
        for status in (401, 401, 429):
            with pytest.raises(Refused) as refused:
                await Client.connect(server.port, "/xuc/ctichannel?username=bruce&password=x")
            assert refused.value.status == status


async def test_a_page_elsewhere_cannot_guess_in_the_name_of_its_visitor() -> None:
    body = b'{"login":"bruce","password":"wrong"}'
    # As an image, which has no Origin.
    image = "/xuc/ctichannel?username=bruce&agentNumber=0&password=wrong"
    async with serving(origins=[CRM], legacy_links=True) as server:
        with structlog.testing.capture_logs() as logged:
            status, _, content = await server.http("POST", LOGIN, body, Origin="http://evil.test")
            assert (status, json.loads(content)["error"]) == (403, "OriginNotAllowed")
            assert (await server.http("GET", image))[0] == 426
        assert "wrong login or password" not in [entry["event"] for entry in logged]
        assert (await server.http("POST", LOGIN, body, Origin=CRM))[0] == 401


# --- CORS


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", LOGIN, 400), ("GET", CHECK, 400), ("GET", LOGIN, 405), ("GET", "/xuc/none", 404),
     ("DELETE", CHECK, 405), ("GET", CTI, 401)],
)  # fmt: skip
async def test_errors_can_be_read_by_allowed_pages(
    server: Server, method: str, path: str, status: int
) -> None:
    found, headers, content = await server.http(method, path, Origin=CRM)
    assert found == status
    assert headers["access-control-allow-origin"] == CRM
    assert headers["vary"] == "Origin"
    assert headers["content-type"] == "application/json"
    assert json.loads(content).keys() == {"error", "message"}


async def test_other_pages_can_read_nothing(server: Server) -> None:
    for method in ("GET", "OPTIONS"):
        _, headers, _ = await server.http(method, CHECK, Origin="http://evil.example")
        assert not [name for name in headers if name.startswith("access-control")]
        assert headers["vary"] == "Origin"


async def test_a_preflight_covers_what_pages_send(server: Server) -> None:
    status, headers, content = await server.http(
        "OPTIONS", LOGIN, Origin=CRM, Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization, content-type",
    )  # fmt: skip
    assert (status, content) == (204, b"")
    assert headers["access-control-allow-origin"] == CRM
    assert headers["access-control-allow-headers"] == "Authorization, Content-Type"
    assert "POST" in headers["access-control-allow-methods"]


# --- Bounds, logs, health, metrics


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_is_bounded(server: Server, chunked: bool) -> None:
    body = b"x" * (MAX_BODY + 1)
    if chunked:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            f"POST {LOGIN} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            "Connection: close\r\n\r\n".encode()
            + body
        )
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 413 ")
    else:
        status, _, _ = await server.http("POST", LOGIN, body)
        assert status == 413


@pytest.fixture
def twisted_log() -> Iterator[list[str]]:
    """All that Twisted and Autobahn log, as talkative as they can be."""
    written: list[str] = []

    def observe(event: dict[str, Any]) -> None:
        failure = event.get("log_failure")
        written.append(formatEvent(event) + (failure.getTraceback() if failure else ""))

    observer = cast(ILogObserver, observe)  # an interface of zope's, which any callable provides
    tx.set_global_log_level("debug")  # type: ignore[no-untyped-call]
    globalLogPublisher.addObserver(observer)
    yield written
    globalLogPublisher.removeObserver(observer)
    tx.set_global_log_level("info")  # type: ignore[no-untyped-call]


async def test_no_token_and_no_password_is_logged(
    caplog: pytest.LogCaptureFixture, twisted_log: list[str]
) -> None:
    async with serving(legacy_links=True) as server:
        with structlog.testing.capture_logs() as lines:
            token = await server.token()
            await (await server.link()).hear()
            await Client.connect(server.port, f"{CTI}?token={token}")
            with pytest.raises(Refused):
                await Client.connect(server.port, f"{CTI}?token={token}x")
            await Client.connect(server.port, "/xuc/ctichannel?username=bruce&password=bruce-demo")
            await server.http("GET", f"/health?token={token}")
    written = json.dumps(lines, default=str) + caplog.text + "".join(twisted_log)
    assert "/health" in written
    assert "received HTTP request" in written
    assert token not in written
    assert "bruce-demo" not in written


async def test_health_is_told_and_503_while_not_current(server: Server) -> None:
    assert await server.json("GET", "/health") == (
        200,
        {"current": True, "asterisk": "current", "store": "ok", "lastEventAge": 0.5},
    )
    server.health.current = False
    assert (await server.json("GET", "/health"))[0] == 503


async def test_metrics_count_links_commands_and_what_was_not_understood(server: Server) -> None:
    async with await server.opened() as client:
        client.ask("listenAgent", agentid=1)
        client.ask("agentLogin", agentphonenumber=1)
        client.say("?")
        for _ in range(3):
            await client.hear()
        _, headers, content = await server.http("GET", "/metrics")
        assert headers["content-type"].startswith("text/plain")
        lines = content.decode().splitlines()
        assert "xucd_links 1.0" in lines
        assert 'xucd_commands_total{command="listenAgent",outcome="ok"} 1.0' in lines
        assert 'xucd_commands_total{command="agentLogin",outcome="refused"} 1.0' in lines
        assert 'xucd_bad_frames_total{code="InvalidJson"} 1.0' in lines
        assert 'xucd_logins_total{outcome="ok"} 1.0' in lines


# --- Pages


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Server]:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "desk.html").write_text("<!doctype html><title>é</title>", encoding="utf-8")
    (folder / "board.html").write_text("<!doctype html><title>board</title>")
    (folder / "assets/cti.js").write_text("var Cti = {};")
    (tmp_path / "secret.txt").write_text("secret")
    async with serving(static=folder) as server:
        yield server


async def test_pages_are_served_with_the_headers_that_guard_them(pages: Server) -> None:
    status, headers, content = await pages.http("GET", "/desk")
    assert status == 200
    assert "é".encode() in content
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-cache"


async def test_a_page_has_an_address_without_an_extension(pages: Server) -> None:
    status, headers, content = await pages.http("GET", "/board")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"board" in content


@pytest.mark.parametrize("page", ["/desk", "/board", "/explorer"])
async def test_every_page_of_xucd_is_served_at_its_name(page: str) -> None:
    async with serving() as server:
        status, headers, content = await server.http("GET", page)
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f'src="/js{page}/main.js"'.encode() in content


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("old", "new"),
    [("/", "/desk"), ("/index", "/desk"), ("/index.html", "/desk"),
     ("/supervisor", "/board"), ("/supervisor.html", "/board"),
     ("/sample", "/explorer"), ("/sample.html", "/explorer")],
)  # fmt: skip
async def test_an_old_address_of_a_page_redirects_and_keeps_the_query(
    pages: Server, method: str, old: str, new: str
) -> None:
    for query in ("", "?a=1&b=%2F?c"):
        status, headers, content = await pages.http(method, old + query)
        assert (status, headers["location"], content) == (301, new + query, b"")


async def test_assets_may_be_loaded_by_any_page(pages: Server) -> None:
    status, headers, content = await pages.http("GET", "/assets/cti.js")
    assert (status, content) == (200, b"var Cti = {};")
    assert headers["content-type"] == "text/javascript; charset=utf-8"
    assert headers["cross-origin-resource-policy"] == "cross-origin"


async def test_an_unchanged_page_is_not_sent_again(pages: Server) -> None:
    _, headers, _ = await pages.http("GET", "/assets/cti.js")
    status, _, content = await pages.http("GET", "/assets/cti.js", If_None_Match=headers["etag"])
    assert (status, content) == (304, b"")
    status, _, _ = await pages.http("GET", "/assets/cti.js", If_None_Match='"other"')
    assert status == 200


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/assets/", "/assets", "/../secret.txt", "/..%2fsecret.txt",
     "/%2e%2e/secret.txt", "/assets/..%5c..%5csecret.txt", "//etc/passwd", "/desk.html/x"],
)  # fmt: skip
async def test_what_is_no_page_is_not_there(pages: Server, path: str) -> None:
    status, headers, content = await pages.http("GET", path)
    if status == 302:  # a folder without its slash
        status, headers, content = await pages.http("GET", "/assets/")
    assert status == 404
    assert b"secret" not in content
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/%ff", "/desk/%ff", "/assets/%ff", "/xuc/api/2.0/%E2%82"])
async def test_an_address_that_is_no_text_is_not_there_and_logs_no_traceback(
    pages: Server, twisted_log: list[str], path: str
) -> None:
    status, _, content = await pages.http("GET", path)
    assert (status, json.loads(content)["error"]) == (404, "NotFound")
    assert "Traceback" not in "".join(twisted_log)


async def test_a_host_that_is_no_text_is_refused_and_logs_no_traceback(
    server: Server, twisted_log: list[str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET {CHECK} HTTP/1.1\r\nHost: ".encode() + b"\xff\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "Traceback" not in "".join(twisted_log)


async def test_a_link_has_the_rights_of_the_moment_at_which_it_opens(server: Server) -> None:
    # A demotion while the database is asked, which the user found before it has not seen.
    demoted = msgspec.structs.replace(BRUCE_HIMSELF, profile="Supervisor")
    server.application.users = {"bruce": demoted}
    async with await server.link():
        await until(lambda: server.application.sessions)
        (session,) = server.application.sessions
        assert session.user is demoted
        assert session.rights.queue_ids == frozenset()
