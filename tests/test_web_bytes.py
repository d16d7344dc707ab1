"""Raw bytes at the site: whatever comes, no traceback is logged, and the next client is served."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import pytest
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from twisted.logger import ILogObserver, LogLevel, formatEvent, globalLogPublisher

from tests.plugin_proofs import Proof
from tests.web_server import Server, serving
from tests.ws_client import BINARY, CLOSE, PING, PONG, TEXT, Client

API = b"/xuc/api/2.0/"
KEY = base64.b64encode(bytes(16))


@contextlib.contextmanager
def errors_logged() -> Iterator[list[str]]:
    """All errors that structlog, logging and Twisted are told of, and each traceback."""
    found: list[str] = []

    def twisted_observer(event: dict[str, Any]) -> None:
        failure = event.get("log_failure")
        if failure is not None:
            found.append(failure.getTraceback())
        elif event.get("log_level", LogLevel.info) >= LogLevel.error:
            found.append(formatEvent(event))

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage() + str(record.exc_info or ""))

    handler = Handler(logging.ERROR)
    observer = cast(ILogObserver, twisted_observer)
    logging.getLogger().addHandler(handler)
    globalLogPublisher.addObserver(observer)
    try:
        with structlog.testing.capture_logs() as entries:
            yield found
        found += [
            str(entry)
            for entry in entries
            if entry["log_level"] in ("error", "critical") or entry.get("exc_info")
        ]
    finally:
        globalLogPublisher.removeObserver(observer)
        logging.getLogger().removeHandler(handler)


# --- What is sent: requests, upgrades and frames, with mistakes of every kind

PATHS = st.sampled_from(
    [b"/", b"/desk", b"/assets", b"/assets/", b"/assets/javascripts/cti.js", b"/health",
     b"/metrics",
     b"/xuc//api/2.0/auth/check", b"/xuc/api/2.0//cti", API + b"auth//login",
     b"*", b"//", b"/%00", b"/%ff", b"http://[/", b"http://a/desk", b"a:1", b"/..%2f",
     b"/xuc/ctichannel", b"/xuc/ctichannel?username=bruce&password=bruce-demo",
     b"/ctichannel/tokenAuthentication?token=TOKEN",
     *(API + path for path in (
         b"auth/login", b"auth/check", b"cti", b"cti?token=TOKEN", b"asyncapi.json",
         b"cti?token=TOKEN&resume=1&epoch=x&position=-1", b"openapi.json", b"callback_lists",
         b"cti?token=TOKEN" + b"&x=1" * 60))]
)  # fmt: skip
METHODS = st.sampled_from(
    [b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"DELETE", b"CONNECT", b"TRACE", b"get", b"\xff"]
)
VERSIONS = st.sampled_from([b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9", b""])
VALUES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"http://[", b"http://[::1", b"http://crm.example.com", b"null", b"[", b"[::1]:x",
         b"a:b:c", b"a..b", b".0", b"[[[", b"x" * 64, "\u00f6".encode() * 70,
         b"bytes=0-1", b"bytes=0-0," + b"1-1," * 2000, b"bytes=-5", b"bytes=5-2", b"bytes=-",
         b"Bearer TOKEN", b"Bearer \xff", b"Bearer a.b.c", b"Basic YTpi", b"application/json",
         b"text/csv; charset*=utf-8''%ff", b"multipart/form-data; boundary=x",
         b"text/x; charset=\xff",
         b"application/x-www-form-urlencoded", b"100-continue", b"chunked", b"gzip, chunked",
         b"identity", b"0", b"-1", b"5", b"1e9", b"99999999999999999999", b"9" * 5000, b"websocket",
         b"Upgrade", b"keep-alive, Upgrade", b"close", b"13", b"0", b"8", KEY, b"x" * 24,
         b"permessage-deflate; client_max_window_bits=99", b'a="b', b'"*"', b"a=b; c", b"=;=;",
         b'for="[::1', b"for=_x;by=1", b"1.2.3.4, \xff", b"," * 3000,
         b"Sun, 99 Nov 2026 25:00:00 GMT"]
    ),
)  # fmt: skip
NAMES = st.sampled_from(
    [b"Host", b"Origin", b"Range", b"If-Range", b"If-None-Match", b"If-Modified-Since", b"Cookie",
     b"Authorization", b"Content-Type", b"Content-Length", b"Transfer-Encoding", b"Expect",
     b"Connection", b"Upgrade", b"Sec-WebSocket-Key", b"Sec-WebSocket-Version",
     b"Sec-WebSocket-Extensions", b"Sec-WebSocket-Protocol", b"Sec-WebSocket-Origin", b"Accept",
     b"X-Forwarded-For", b"Forwarded", b"X-Forwarded-Proto", b" folded", b"", b"Bad Name", b"\xff"]
)  # fmt: skip
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [b"", b'{"login":"bruce","password":"bruce-demo"}', b'{"login":"\\ud800","password":""}',
         b'{"login":"x","password":"\xff"}', b"[" * 5000, b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n",
         b"5;" + b"x" * 2000 + b"\r\n", b"0\r\n" + b"a: b\r\n" * 3000, b"x" * 70_000]
    ),
)  # fmt: skip
FRAMES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.tuples(
            st.sampled_from([TEXT, BINARY, CLOSE, PING, PONG, 0, 3, 7, 11, 15]),
            st.one_of(
                st.binary(max_size=140),
                st.sampled_from(
                    [b'{"claz":"ping"}', b'{"claz":"web","command":"getAgentStates"}', b"\xff\xfe",
                     b'{"claz":"web","command":"agentLogin","agentphonenumber":1,"requestId":1e400}',
                     b'{"claz":"web","command":"getAgentDirectory","requestId":7}', b"\x03\xe8bye",
                     b"\x00\x01", b"[" * 3000, b'{"claz":"web","requestId":"\\ud800"}',
                     b"x" * 70_000]
                ),
            ),
            st.booleans(),
        ).map(lambda part: Client.frame(cast(Client, None), *part)),
    ),
    max_size=6,
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    method, path, version = draw(METHODS), draw(PATHS), draw(VERSIONS)
    headers, body = draw(HEADERS), draw(BODIES)
    if draw(st.booleans()):
        headers = [*headers, (b"Content-Length", b"%d" % len(body))]
    lines = b"".join(b"%b: %b\r\n" % field for field in headers)
    return b"%b %b %b\r\n%b\r\n%b" % (method, path, version, lines, body)


@st.composite
def upgrades(draw: st.DrawFn) -> bytes:
    fields = {b"Host": b"a", b"Upgrade": b"websocket", b"Connection": b"Upgrade",
              b"Sec-WebSocket-Key": KEY, b"Sec-WebSocket-Version": b"13"}  # fmt: skip
    fields |= dict(draw(st.lists(st.tuples(NAMES, VALUES), max_size=2)))
    lines = b"".join(b"%b: %b\r\n" % field for field in fields.items())
    return b"GET %bcti?token=TOKEN HTTP/1.1\r\n%b\r\n" % (API, lines)


# Each is sent in one write, and the next once something has been answered, or the server closes.
CONVERSATIONS = st.one_of(
    st.lists(st.one_of(requests(), upgrades(), st.binary(max_size=200)), max_size=5).map(b"".join),
    st.tuples(upgrades(), FRAMES.map(b"".join)),
    st.tuples(requests(), requests()),
)


async def say(server: Server, parts: tuple[bytes, ...], cut: int | None) -> None:
    """Send all that, or its first bytes only, and end the connection in one way or the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    token = server.tokens.sign(server.tokens.begin("bruce", "one")).encode()
    try:
        for part in parts:
            sent = part.replace(b"TOKEN", token)
            writer.write(sent if cut is None else sent[:cut])
            if part is not parts[-1]:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):  # not everything is answered
                        await reader.read(1)
        if cut is not None and cut % 2:
            writer.transport.abort()
        else:
            writer.write_eof()
            async with asyncio.timeout(30):
                while await reader.read(1 << 16):
                    pass
    except OSError:  # the server has closed already
        pass
    finally:
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(
        origins=["http://crm.example.com"],
        legacy_links=True,
        trusted_proxies=["127.0.0.0/8"],
        login_attempts=10**6,
    ) as server:
        yield server


async def test_no_bytes_from_outside_log_a_traceback(
    server: Server, request: pytest.FixtureRequest, proof: Proof
) -> None:
    inputs = request.config.getoption("conversations")
    loop = asyncio.get_running_loop()

    async def converse(parts: tuple[bytes, ...] | bytes, cut: int | None) -> list[str]:
        with errors_logged() as errors:
            await say(server, (parts,) if isinstance(parts, bytes) else parts, cut)
            assert (await server.json("GET", "/health"))[0] == 200
        # This command of the application for tests fails on purpose.
        return [error for error in errors if "'command': 'getAgentDirectory'" not in error]

    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        derandomize=inputs <= 300,
        suppress_health_check=list(HealthCheck),
    )
    @given(parts=CONVERSATIONS, cut=st.one_of(st.none(), st.none(), st.integers(0, 400)))
    def run(parts: tuple[bytes, ...] | bytes, cut: int | None) -> None:
        found = asyncio.run_coroutine_threadsafe(converse(parts, cut), loop)
        assert found.result() == []

    # Hypothesis calls; the loop goes on meanwhile.
    await asyncio.to_thread(run)
    proof("raw bytes at HTTP and WebSocket: errors logged", times=inputs)


@pytest.mark.parametrize(
    ("line", "host", "status"),
    [
        (b"GET /xuc//api/2.0/auth/check", b"a", 404),
        (b"POST /xuc/api/2.0/auth//login", b"a", 404),
        (b"GET /metrics", b".0", 400),
        (b"GET /metrics", b"a..b", 400),
        (b"GET /xuc/api/2.0/cti", b"x" * 64, 400),
        (b"GET /health", "\u00f6".encode() * 70, 400),
        (b"GET /desk", b"\xff", 400),
        (b"GET /health", b"[::1]:8090", 200),
        (b"GET /health", b"crm.example.com.:80", 200),
    ],
)
async def test_an_address_that_routes_cannot_be_asked_for_is_refused(
    server: Server, line: bytes, host: bytes, status: int
) -> None:
    with errors_logged() as errors:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"%b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % (line, host))
        answer = await reader.read()
        writer.close()
    assert errors == []
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"Location" not in answer
