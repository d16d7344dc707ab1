"""The examples of `docs/proxy`, tried with the real nginx, Caddy and HAProxy before a real xucd."""

from __future__ import annotations

import asyncio
import configparser
import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import PROJECT
from tests.lone_xucd import LoneXucd
from tests.proxies import CLIENT, DEADLINE, EXAMPLES, KINDS, NAME, Proxy, running
from tests.web_server import said, serving, until
from tests.ws_client import Client, Closed, Refused
from xucd.config.settings import Settings
from xucd.config.user_file import MAX_USERS
from xucd.cti.link import LinkLimits
from xucd.signin import passwords
from xucd.signin.bulk import WORKERS

LOGIN = "/xuc/api/2.0/auth/login"
CTI = "/xuc/api/2.0/cti"
PASSWORD = "bruce-behind-a-proxy"
FILTER = PROJECT / "systemd/fail2ban/filter.conf"
SPOOFED = {"X-Forwarded-For": "192.0.2.66", "Forwarded": "for=192.0.2.66;proto=http",
           "X-Forwarded-Proto": "http"}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def xucd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoneXucd]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XUCD_WEB_TRUSTED_PROXIES", "127.0.0.1")
        async with LoneXucd(tmp_path_factory.mktemp("proxied")) as xucd:
            store = xucd.store()
            store.set_password_hash("bruce", passwords.hash_password(PASSWORD))
            store.close()
            yield xucd


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def proxies(
    tmp_path_factory: pytest.TempPathFactory, xucd: LoneXucd
) -> AsyncIterator[dict[str, Proxy]]:
    async with contextlib.AsyncExitStack() as stack:
        yield {
            kind: await stack.enter_async_context(
                running(kind, tmp_path_factory.mktemp(kind), xucd.port)
            )
            for kind in KINDS
        }


@pytest.fixture(params=KINDS)
def proxy(request: pytest.FixtureRequest, proxies: dict[str, Proxy]) -> Proxy:
    return proxies[request.param]


async def connect(
    proxy: Proxy, address: str = CLIENT, to: str = "127.0.0.1"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection over TLS from one of this machine's addresses."""
    return await asyncio.open_connection(
        to, proxy.https, ssl=proxy.trust, server_hostname=NAME, local_addr=(address, 0)
    )


def host(proxy: Proxy) -> str:
    return f"{NAME}:{proxy.https}"


async def ask(
    proxy: Proxy,
    what: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    streams: Any = None,
) -> tuple[int, dict[str, str], bytes]:
    """One request over HTTP/1.1, such as ``GET /desk``; returns status, headers and content."""
    reader, writer = streams or await connect(proxy)
    fields = {"Host": host(proxy), "Connection": "close", "Content-Length": str(len(body)),
              **(headers or {})}  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"{what} HTTP/1.1\r\n{lines}\r\n".encode() + body)
    async with asyncio.timeout(DEADLINE):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head.strip().split("\r\n")
        answered = {k.lower(): v for k, _, v in (line.partition(": ") for line in rest)}
        if answered.get("transfer-encoding") == "chunked":
            content = b""
            while size := int((await reader.readline()).strip() or b"0", 16):
                content += (await reader.readexactly(size + 2))[:-2]
        else:
            content = await reader.readexactly(int(answered.get("content-length", 0)))
    writer.close()
    return int(first.split(" ")[1]), answered, content


async def link(
    proxy: Proxy, xucd: LoneXucd, headers: dict[str, str] | None = None, token: str = ""
) -> Client:
    """A WebSocket of a page that the proxy has served, its first message received."""
    path = f"{CTI}?token={token or xucd.token('bruce')}"
    sent = {"Host": host(proxy), "Origin": f"https://{host(proxy)}", **(headers or {})}
    client = await Client.upgrade(*await connect(proxy), path, sent)
    assert (await client.hear())["msgType"] == "LoggedOn"
    return client


async def answers(client: Client) -> None:
    """See that a link works in both directions."""
    client.say('{"claz":"ping"}')
    while await client.hear() != {"claz": "ping"}:
        pass


async def log_lines(xucd: LoneXucd, before: int, event: str) -> list[str]:
    """The lines of the log about something, once there are any after a place in the file."""
    async with asyncio.timeout(DEADLINE):
        while True:
            text = xucd.log.read_bytes()[before:].decode()
            found = [line for line in text.splitlines(keepends=True) if event in line]
            if found and found[-1].endswith("\n"):
                return found
            await asyncio.sleep(0.02)  # it is another process's


def log_end(xucd: LoneXucd) -> int:
    return xucd.log.stat().st_size


# --- Pages, requests and links


async def test_a_browser_gets_the_pages_by_http_2_with_their_security_headers(
    proxy: Proxy,
) -> None:
    process = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--show-error", "--http2", "--dump-header", "-", "--max-time", "30",
        "--resolve", f"{NAME}:{proxy.https}:127.0.0.1", "--cacert", str(proxy.cert.chain),
        f"https://{host(proxy)}/desk",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await process.communicate()
    head, _, page = printed.decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/2 200"), head
    assert page.startswith("<!doctype html>")
    names = head.lower()
    assert names.count("strict-transport-security: max-age=31536000") == 1
    assert names.count("content-security-policy: ") == 1


async def test_redirects_lead_to_the_public_name_by_https(proxy: Proxy) -> None:
    status, headers, _ = await ask(proxy, "GET /")
    assert (status, headers["location"]) == (301, "/desk")
    streams = await asyncio.open_connection("127.0.0.1", proxy.http)
    status, headers, _ = await ask(proxy, "GET /desk?x=1", b"", {"Host": NAME}, streams)
    assert status in (301, 308)
    assert re.fullmatch(rf"https://{NAME}(:\d+)?/desk\?x=1", headers["location"])


async def test_documents_name_the_address_that_clients_use(proxy: Proxy) -> None:
    _, _, content = await ask(proxy, "GET /xuc/api/2.0/asyncapi.json")
    (server,) = json.loads(content)["servers"].values()
    assert (server["host"], server["protocol"]) == (host(proxy), "wss")


async def test_a_link_carries_large_frames_both_ways(proxy: Proxy, xucd: LoneXucd) -> None:
    async with await link(proxy, xucd) as client:
        client.ask("getAgentStates", x="y" * 60_000)
        client.ask("getList", objectType="user")
        await answers(client)
    _, _, content = await ask(proxy, "GET /xuc/api/2.0/asyncapi.json")
    assert len(json.dumps(json.loads(content))) > 64 * 1024


async def test_an_import_may_be_as_large_as_xucd_takes_it_and_no_larger(
    proxy: Proxy, xucd: LoneXucd
) -> None:
    headers = {"Authorization": f"Bearer {xucd.token('sue')}", "Content-Type": "text/csv"}
    _, _, content = await ask(proxy, "GET /xuc/api/2.0/callback_lists", b"", headers)
    path = f"/xuc/api/2.0/callback_lists/{json.loads(content)[0]['uuid']}/callback_requests"
    rows = "".join(f"{100 + row},{'x' * 900}\n" for row in range(3000))
    body = f"phoneNumber,description\n{rows}".encode()
    assert len(body) > 2 * 1024 * 1024
    status, _, content = await ask(proxy, f"POST {path}", body, headers)
    assert (status, json.loads(content)["created"]) == (201, 3000)
    status, _, _ = await ask(proxy, f"POST {path}", body * 4, headers)
    assert status == 413


@pytest.mark.parametrize("path", ["/metrics", "/health"])
async def test_metrics_and_health_are_for_this_machine_alone(proxy: Proxy, path: str) -> None:
    assert (await ask(proxy, f"GET {path}"))[0] == 403
    own = await connect(proxy, "127.0.0.1")
    assert (await ask(proxy, f"GET {path}", streams=own))[0] in (200, 503)  # it hears no Asterisk


# --- Who it is


async def test_a_failed_sign_in_is_logged_with_the_address_that_no_header_can_change(
    proxy: Proxy, xucd: LoneXucd
) -> None:
    before = log_end(xucd)
    body = json.dumps({"login": "bruce", "password": "wrong"}).encode()
    assert (await ask(proxy, f"POST {LOGIN}", body, SPOOFED))[0] == 401
    (line,) = await log_lines(xucd, before, "wrong login or password")
    assert line.split("password", 1)[1].split() == [f"address={CLIENT}", "user=bruce"]
    body = json.dumps({"login": "bruce", "password": PASSWORD}).encode()
    status, headers, _ = await ask(proxy, f"POST {LOGIN}", body, SPOOFED)
    assert (status, "strict-transport-security" in headers) == (200, True)


async def test_an_address_of_ipv6_is_seen_as_it_is(proxy: Proxy, xucd: LoneXucd) -> None:
    before = log_end(xucd)
    body = json.dumps({"login": "nobody-at-all", "password": "wrong"}).encode()
    streams = await connect(proxy, "::1", "::1")
    assert (await ask(proxy, f"POST {LOGIN}", body, SPOOFED, streams))[0] == 401
    (line,) = await log_lines(xucd, before, "wrong login or password")
    assert line.split("password", 1)[1].split() == ["address=::1"]


async def test_a_page_of_another_origin_is_refused_and_logged(proxy: Proxy, xucd: LoneXucd) -> None:
    before = log_end(xucd)
    with pytest.raises(Refused) as refused:
        await link(proxy, xucd, {"Origin": "https://elsewhere.example", **SPOOFED})
    assert (refused.value.status, refused.value.body["error"]) == (403, "OriginNotAllowed")
    (line,) = await log_lines(xucd, before, "origin refused")
    said_of_it = line.split("refused", 1)[1].split()
    assert said_of_it == [f"address={CLIENT}", "origin=https://elsewhere.example"]


# --- Restarts


async def test_links_and_pages_go_on_after_a_reload_of_the_proxy(
    proxy: Proxy, xucd: LoneXucd
) -> None:
    async with await link(proxy, xucd) as old:
        await proxy.reload()
        async with asyncio.timeout(DEADLINE):
            while True:
                # Its listening socket passes from one process to the next.
                try:
                    async with await link(proxy, xucd) as new:
                        await answers(new)
                    break
                except (OSError, EOFError, Closed):
                    await asyncio.sleep(0.02)
        if proxy.kind != "caddy":  # which closes all links: docs/proxy.md
            await answers(old)


async def test_xucd_comes_back_behind_its_proxies(
    proxies: dict[str, Proxy], xucd: LoneXucd
) -> None:
    links = [await link(proxy, xucd) for proxy in proxies.values()]
    await xucd.stop()
    for client in links:
        assert (await client.goodbye()).code in (1001, None)
    secrets = ("token=SECRET-1", "code=SECRET-2&state=SECRET-3")
    for proxy in proxies.values():
        assert (await ask(proxy, "GET /desk"))[0] in (502, 503)
        # Nor is anything secret in the log when there is nobody to pass it on to.
        for path, query in zip((CTI, "/signin/oidc/callback"), secrets, strict=True):
            assert (await ask(proxy, f"GET {path}?{query}"))[0] in (502, 503)
    await xucd.start()
    for proxy in proxies.values():
        assert (await ask(proxy, "GET /desk"))[0] == 200
        async with await link(proxy, xucd) as client:
            await answers(client)
        # Caddy and HAProxy have a line for each request that they could not pass on.
        async with asyncio.timeout(DEADLINE):
            while proxy.kind != "nginx" and "/signin/oidc/callback" not in proxy.logged():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert "SECRET" not in proxy.logged()
        assert "token=" not in proxy.logged()


async def test_haproxy_does_not_talk_to_clients_as_root(proxies: dict[str, Proxy]) -> None:
    assert 0 not in proxies["haproxy"].users()


# --- Without the process: what only an application made for tests can be asked for


@pytest.mark.parametrize("kind", KINDS)
async def test_a_client_that_does_not_read_is_closed_and_hinders_nobody(
    kind: str, tmp_path: Path
) -> None:
    limits = LinkLimits(backlog=256 * 1024)
    async with (
        serving(trusted_proxies=["127.0.0.1"], limits=limits) as server,
        running(kind, tmp_path / kind, server.port) as proxy,
    ):
        path = f"{CTI}?token={await server.token()}"
        sent = {"Host": host(proxy), "Origin": f"https://{host(proxy)}"}
        slow = await Client.upgrade(*await connect(proxy), path, sent)
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
        async with await Client.upgrade(*await connect(proxy), path, sent) as other:
            count = 0
            while not server.hub.metrics.slow._value.get():
                count += 1
                assert count < 2000
                server.hub.publish(["everybody"], said(count, 200_000))
                await until(lambda: server.hub.flush.idle)
                while (await other.hear())["ctiMessage"].get("agentId") != count:
                    pass
        slow.writer.close()


async def test_haproxy_can_stand_behind_a_balancer_that_speaks_the_proxy_protocol(
    xucd: LoneXucd, tmp_path: Path
) -> None:
    def edit(text: str) -> str:
        return text.replace(" ssl crt ", " accept-proxy ssl crt ")

    async with running("haproxy", tmp_path / "balanced", xucd.port, edit) as proxy:
        before = log_end(xucd)
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.https)
        writer.write(b"PROXY TCP4 198.51.100.7 127.0.0.1 4711 443\r\n")
        await writer.start_tls(proxy.trust, server_hostname=NAME)
        body = json.dumps({"login": "bruce", "password": "wrong"}).encode()
        status, _, _ = await ask(proxy, f"POST {LOGIN}", body, SPOOFED, (reader, writer))
        assert status == 401
        (line,) = await log_lines(xucd, before, "wrong login or password")
        assert line.split("password", 1)[1].split() == ["address=198.51.100.7", "user=bruce"]


# --- fail2ban

FORGED = "203.0.113.66"
FORGERIES = [
    f"x{end}2026-11-26T21:27:26.498746Z [info     ] wrong login or password        address={FORGED}"
    for end in ("\n", "\r", "\u2028", "")
] + [f"x' address={FORGED} '", f'" address="{FORGED}"', f"address={FORGED}"]


async def found_by_fail2ban(log: str, kind: str = "") -> list[str]:
    """The addresses that the shipped filter finds, in order."""
    process = await asyncio.create_subprocess_exec(
        "fail2ban-regex", "--out", "ip", log, f"{FILTER}{kind}", stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    return printed.decode().split()


async def journal(folder: Path, messages: list[str]) -> str:
    """A file of systemd's journal with these messages of the service, as fail2ban names it."""
    field = (
        "__REALTIME_TIMESTAMP=1795728446{:06}\n__MONOTONIC_TIMESTAMP={}\n"
        "_BOOT_ID=0123456789abcdef0123456789abcdef\n_HOSTNAME=pbx\n"
        "_SYSTEMD_UNIT=xucd.service\nSYSLOG_IDENTIFIER=xucd\n_PID=77\nMESSAGE={}\n\n"
    )
    exported, file = folder / "journal.export", folder / "xucd.journal"
    entries = (field.format(at, at + 1, text) for at, text in enumerate(messages))
    exported.write_text("".join(entries), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        "/lib/systemd/systemd-journal-remote", "--output", str(file), str(exported),
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await process.wait() == 0
    return f"systemd-journal[journalfiles={file}]"


async def test_fail2ban_finds_each_refusal_and_no_address_that_was_made_up(
    proxies: dict[str, Proxy], xucd: LoneXucd, tmp_path: Path
) -> None:
    proxy, guesser, page = proxies["haproxy"], "127.0.0.11", "127.0.0.12"
    before = log_end(xucd)
    for login in FORGERIES:
        body = json.dumps({"login": login, "password": login}).encode()
        assert (await ask(proxy, f"POST {LOGIN}", body, SPOOFED, await connect(proxy, guesser)))[
            0
        ] == 401
    origins = ["https://elsewhere.example", *(text for text in FORGERIES if text.isprintable())]
    for origin in origins:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        streams = await connect(proxy, page)
        status, answered, _ = await ask(proxy, f"OPTIONS {LOGIN}", b"", headers, streams)
        assert (status, "access-control-allow-origin" in answered) == (204, False)
    lines = await log_lines(xucd, before, "")
    while len(lines) < len(FORGERIES) + len(origins):
        lines = await log_lines(xucd, before, "")
    assert FORGED not in "".join(lines)
    expected = [guesser] * len(FORGERIES) + [page] * len(origins)
    file = tmp_path / "xucd.log"
    file.write_text("".join(lines), encoding="utf-8")
    assert await found_by_fail2ban(str(file)) == expected
    assert await found_by_fail2ban(str(file), "[mode=sign-in]") == [guesser] * len(FORGERIES)
    # In the journal, with the time of xucd's own and without it.
    messages = [line.rstrip("\n") for line in lines]
    messages += [message.partition(" ")[2] for message in messages]
    assert await found_by_fail2ban(await journal(tmp_path, messages)) == expected * 2


def test_the_jail_names_the_filter_and_uses_its_journal() -> None:
    jail = configparser.ConfigParser()
    jail.read(FILTER.parent / "jail.conf")
    assert (jail["xucd"]["filter"], jail["xucd"]["backend"]) == ("xucd[mode=sign-in]", "systemd")
    # Before its bound stops counting.
    assert int(jail["xucd"]["maxretry"]) < Settings().limits.login_attempts_per_minute


# --- The files


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile", "haproxy.cfg"])
def test_the_page_shows_each_example_as_it_is(name: str) -> None:
    page = (PROJECT / "docs/proxy.md").read_text(encoding="utf-8")
    assert f"\n{(EXAMPLES / name).read_text(encoding='utf-8')}```\n" in page


def test_no_example_ends_a_link_before_xucd_does() -> None:
    silence = LinkLimits().silence
    nginx = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
    haproxy = (EXAMPLES / "haproxy.cfg").read_text(encoding="utf-8")
    waits = re.findall(
        r"proxy_(?:read|send)_timeout (\d+)s;|timeout tunnel (\d+)s", nginx + haproxy
    )
    assert len(waits) == 3
    assert all(int(one or two) > silence for one, two in waits)
    # Each of the users of an import may get a password, whose hash takes a fifth of a second.
    answers = re.findall(r"proxy_read_timeout (\d+)s;|timeout server (\d+)s", nginx + haproxy)
    assert [int(one or two) >= MAX_USERS / WORKERS * 0.4 for one, two in answers] == [True, True]
    # Caddy has none of its own for links.
    assert "stream_timeout" not in (EXAMPLES / "Caddyfile").read_text(encoding="utf-8")
