"""Clients that hold connections, send slowly, ask too much or never read keep nobody else out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.certificates import certificate
from tests.test_web_bytes import errors_logged
from tests.web_server import Server, said, serving, until
from tests.ws_client import Client, Refused
from xucd.cti.link import MAX_WAITING_BYTES, LinkLimits
from xucd.web.certificate import Certificate, CertificateError
from xucd.web.channel import HttpDeadlines
from xucd.web.connections import ConnectionLimits
from xucd.web.documents import Document

LOGIN = "/xuc/api/2.0/auth/login"
CTI = "/xuc/api/2.0/cti"
ASYNCAPI = "/xuc/api/2.0/asyncapi.json"
HASTY = HttpDeadlines(head=0.5, body=0.5, idle=0.5, linger=0.5, stalled=0.5)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def hasty() -> AsyncIterator[Server]:
    async with serving(deadlines=HASTY) as server:
        yield server


async def connect(server: Server, said: bytes = b"") -> Streams:
    streams = await asyncio.open_connection("127.0.0.1", server.port)
    streams[1].write(said)
    return streams


async def closed(streams: Streams) -> bytes:
    """What is read until the server has closed."""
    reader, writer = streams
    content = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(30):
            while more := await reader.read(1 << 16):
                content += more
    writer.close()
    return content


async def works(server: Server) -> None:
    assert (await server.json("GET", "/health"))[0] == 200


# --- Deadlines


async def test_who_sends_nothing_is_closed(hasty: Server) -> None:
    assert await closed(await connect(hasty)) == b""


async def test_a_head_that_comes_line_by_line_has_one_deadline(hasty: Server) -> None:
    streams = await connect(hasty, b"GET /health HTTP/1.1\r\n")

    async def drip() -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                streams[1].write(b"X-More: x\r\n")
                await streams[1].drain()
                await asyncio.sleep(0.05)

    dripping = asyncio.ensure_future(drip())
    assert (await closed(streams)).startswith(b"HTTP/1.1 408 ")
    dripping.cancel()


async def test_a_body_that_stops_coming_is_not_waited_for(hasty: Server) -> None:
    head = f"POST {LOGIN} HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n".encode()
    assert (await closed(await connect(hasty, head + b"{"))).startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_goes_on_coming_is(tmp_path: Path) -> None:
    async with serving(deadlines=HttpDeadlines(body=1.0)) as server:
        head = f"POST {LOGIN} HTTP/1.1\r\nHost: a\r\nContent-Length: 65000\r\n\r\n".encode()
        reader, writer = await connect(server, head + b" " * 64_000)
        # At 16 KiB/s what has come takes 4 s: well after the deadline of the first bytes.
        await asyncio.sleep(1.5)
        writer.write(b" " * 1000)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 400 ")
        writer.close()


async def test_a_connection_that_asks_nothing_more_is_closed(hasty: Server) -> None:
    streams = await connect(hasty, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await closed(streams)).startswith(b"HTTP/1.1 200 ")


async def test_a_tls_handshake_has_a_deadline(tmp_path: Path) -> None:
    async with serving(tls=Certificate(*certificate(tmp_path)), deadlines=HASTY) as server:
        assert await closed(await connect(server)) == b""
        assert await closed(await connect(server, b"\x16\x03\x01\x02\x00")) == b""


async def test_who_never_reads_is_closed_and_has_not_much_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served = counted(monkeypatch)
    async with serving(deadlines=HttpDeadlines(stalled=0.5)) as server:
        reader, writer = await connect(server)
        transport = reader._transport  # type: ignore[attr-defined]
        transport.pause_reading()
        writer.write(f"GET {ASYNCAPI} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * 5000)
        await until(lambda: served and not server.connections)
        # 52 KB each: what the kernel's buffers take, and no more.
        assert len(served) < 300
        transport.abort()


def counted(monkeypatch: pytest.MonkeyPatch, *, small: bool = False) -> list[str]:
    """The hosts for which a document was served, from now on; with `small`, an empty one."""
    served: list[str] = []
    serve = Document.serve_for

    def serve_for(document: Document, request: object, host: str) -> bytes:
        served.append(host)
        return b"{}" if small else serve(document, request, host)

    monkeypatch.setattr(Document, "serve_for", serve_for)
    return served


async def test_pipelined_requests_are_served_one_in_a_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Small, so that no full buffer stops the next one.
    served = counted(monkeypatch, small=True)
    async with serving() as server, await server.opened() as link:
        reader, writer = await connect(server)
        writer.write(f"GET {ASYNCAPI} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * 200)
        turns = 0
        while len(served) < 200:
            before = len(served)
            await asyncio.sleep(0)
            turns += 1
            assert len(served) <= before + 1
            if not turns % 50:
                await asyncio.wait_for(reader.read(1 << 20), 30)
        link.say('{"claz":"ping"}')
        assert await link.hear() == {"claz": "ping"}
        writer.close()


# --- Bounds


async def test_silent_connections_of_an_address_give_way_to_new_ones() -> None:
    patient = HttpDeadlines(head=1000)
    limits = ConnectionLimits(by_address=8)
    async with serving(connections=limits, deadlines=patient) as server:
        silent = [await connect(server) for _ in range(30)]
        await works(server)
        for streams in silent[:23]:
            assert await closed(streams) == b""
        assert len(server.connections) <= 8
        for _, writer in silent:
            writer.close()


async def test_links_do_not_count_for_their_address_and_never_give_way() -> None:
    async with serving(connections=ConnectionLimits(total=40, by_address=8)) as server:
        links = [await server.opened() for _ in range(20)]
        silent = [await connect(server) for _ in range(60)]
        await works(server)
        for link in links:
            link.say('{"claz":"ping"}')
            assert await link.hear() == {"claz": "ping"}
            link.writer.close()
        for _, writer in silent:
            writer.close()
        await until(lambda: not server.links.open)


async def test_a_users_links_are_bounded_before_the_handshake() -> None:
    async with serving(connections=ConnectionLimits(links_by_user=3)) as server:
        links = [await server.opened() for _ in range(3)]
        with pytest.raises(Refused) as refused:
            await server.link()
        assert (refused.value.status, refused.value.body["error"]) == (429, "TooManyLinks")
        async with await server.opened("alice"):
            links[0].writer.close()
            await until(lambda: len(server.links.open) == 3)
            async with await server.opened():
                pass


async def test_behind_a_trusted_proxy_each_client_has_its_own_bounds() -> None:
    async with serving(trusted_proxies=["127.0.0.1"], login_attempts=2) as server:
        wrong = json.dumps({"login": "bruce", "password": "x"}).encode()
        right = json.dumps({"login": "bruce", "password": "bruce-demo"}).encode()

        async def tries(body: bytes, address: str) -> int:
            return (await server.http("POST", LOGIN, body, X_Forwarded_For=address))[0]

        assert [await tries(wrong, "192.0.2.1") for _ in range(3)] == [401, 401, 429]
        assert await tries(right, "192.0.2.2") == 200
        assert await tries(right, "192.0.2.1, 127.0.0.1") == 429


async def test_without_a_trusted_proxy_no_header_changes_the_address() -> None:
    async with serving(login_attempts=2) as server:
        wrong = json.dumps({"login": "bruce", "password": "x"}).encode()
        codes = [
            (await server.http("POST", LOGIN, wrong, X_Forwarded_For=f"192.0.2.{number}"))[0]
            for number in range(3)
        ]
        assert codes == [401, 401, 429]


async def test_a_body_that_is_too_large_is_refused_before_it_comes(hasty: Server) -> None:
    streams = await connect(
        hasty, f"POST {LOGIN} HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n".encode()
    )
    assert (await closed(streams)).startswith(b"HTTP/1.1 413 ")


async def test_commands_that_wait_are_bounded_by_their_bytes() -> None:
    async with serving() as server, await server.opened() as link:
        server.application.gate.clear()
        large = {"claz": "web", "command": "setData", "x": "y" * 60_000, "requestId": 1}
        for _ in range(MAX_WAITING_BYTES // 60_000 + 2):
            link.ask("getAgentStates", x="y" * 60_000, requestId=large["requestId"])
        message = await link.hear()
        assert message["ctiMessage"]["Error"] == "TooManyCommands"
        server.application.gate.set()


# --- Links that do not read


async def test_a_link_whose_client_takes_nothing_is_aborted() -> None:
    async with (
        serving(limits=LinkLimits(backlog=1 << 28, stalled=0.5)) as server,
        await server.opened(buffer=1024) as slow,
    ):
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for number in range(100):
            server.hub.publish(["everybody"], said(number, 200_000))
        await until(lambda: not server.links.open)


async def test_a_link_whose_client_reads_slowly_stays() -> None:
    limits = LinkLimits(backlog=1 << 28, stalled=3.0)
    async with serving(limits=limits) as server, await server.opened(buffer=1024) as slow:
        for number in range(100):
            server.hub.publish(["everybody"], said(number, 200_000))
        began = asyncio.get_running_loop().time()
        left = 20_000_000
        while asyncio.get_running_loop().time() < began + 5.0:
            left -= len(await slow.reader.read(50_000))
            await asyncio.sleep(0.02)
        assert server.links.open
        assert left > 0


# --- Answers


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-99", 206, b"89"),
        ("bytes=0-0,1-1", 200, b"0123456789"),
        ("bytes=" + "0-," * 2500, 200, b"0123456789"),
        ("bytes=5-2", 200, b"0123456789"),
        ("bytes=99-", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
    ],
)
async def test_one_range_of_a_file_is_served_or_the_whole(
    tmp_path: Path, asked: str, status: int, content: bytes
) -> None:
    (tmp_path / "a.txt").write_text("0123456789")
    async with serving(static=tmp_path) as server:
        found, headers, body = await server.http("GET", "/a.txt", Range=asked)
        assert (found, body) == (status, content)
        assert int(headers["content-length"]) == len(content)
        assert ("content-range" in headers) == (status == 206)
        status, _, body = await server.http("GET", "/a.txt", Range="bytes=0-1", If_Range='"old"')
        assert (status, body) == (200, b"0123456789")


async def test_a_file_that_has_changed_is_served_as_it_is_now(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("before")
    async with serving(static=tmp_path) as server:
        assert (await server.http("GET", "/a.txt"))[2] == b"before"
        (tmp_path / "a.txt").write_text("and after")
        assert (await server.http("GET", "/a.txt"))[2] == b"and after"


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//[", "http://a]b"])
async def test_an_origin_that_is_no_address_is_none_that_is_allowed(origin: str) -> None:
    async with serving() as server:
        with pytest.raises(Refused) as refused:
            await server.link(headers={"Origin": origin})
        assert refused.value.body["error"] == "OriginNotAllowed"


@pytest.mark.parametrize("path", [LOGIN, "/ctichannel?username=bruce&password=bruce-demo"])
async def test_who_hangs_up_while_it_signs_in_leaves_nothing_in_the_log(path: str) -> None:
    gate = asyncio.Event()
    async with serving(legacy_links=True) as server:

        async def password_hash(login: str) -> str:
            await gate.wait()
            return f"{login}-demo"

        server.password_hash = password_hash  # type: ignore[method-assign]
        body = b'{"login":"bruce","password":"bruce-demo"}'
        method = "POST" if path == LOGIN else "GET"
        with errors_logged() as errors:
            _, writer = await connect(
                server,
                f"{method} {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body,
            )
            await until(lambda: len(server.connections) == 1)
            writer.transport.abort()
            await until(lambda: len(server.connections) == 0)
            gate.set()
            await until(server.hub.metrics.logins.labels("ok")._value.get)
            await works(server)
        assert errors == []


# --- The certificate


async def test_a_new_certificate_is_for_new_connections_and_a_broken_one_for_none(
    tmp_path: Path,
) -> None:
    files = certificate(tmp_path)
    held = Certificate(*files)

    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=files[0])

    async with serving(tls=held) as server:
        token = server.tokens.sign(server.tokens.begin("bruce", "one"))
        path = f"{CTI}?token={token}"
        old = trusting()
        async with await Client.connect(server.port, path, tls=old) as before:
            await before.hear()
            certificate(tmp_path)
            held.reload()
            async with await Client.connect(server.port, path, tls=trusting()) as after:
                await after.hear()
            with pytest.raises(ssl.SSLError):
                await Client.connect(server.port, path, tls=old)
            renewed = trusting()
            await asyncio.to_thread(Path(files[1]).write_text, "no key")
            with pytest.raises(CertificateError, match=r"cert\.pem"):
                held.reload()
            await asyncio.to_thread(Path(files[1]).unlink)
            with pytest.raises(CertificateError) as missing:
                held.reload()
            assert str(missing.value) == f"{files[1]} cannot be read: No such file or directory"
            async with await Client.connect(server.port, path, tls=renewed) as again:
                await again.hear()
            before.say('{"claz":"ping"}')
            while await before.hear() != {"claz": "ping"}:
                pass
