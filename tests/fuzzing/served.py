"""The places that need a whole xucd behind them: FastAGI, HTTP, WebSocket and REST.

One xucd is built in this process, as the daemon builds it, with the demo's centre in a database in
memory and no Asterisk. Inputs come over real sockets. What may not happen: an error in any log, an
answer of 500, a connection that is left open.
"""

import asyncio
import base64
import json
import logging
import re
import struct
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher

from tests.conftest import DEMO, TODAY
from tests.plugin_reactor import LOOP
from xucd.agi import sheet, variables
from xucd.agi.call_variables import CallVariables
from xucd.agi.server import AgiServer
from xucd.app.assembly import Assembly
from xucd.center.changes import SheetField
from xucd.center.sheets import KeptSheet, SheetTemplate
from xucd.config import center_file
from xucd.config.settings import Agi, Ami, Settings, StorePlace, Web
from xucd.signin.tokens import Tokens
from xucd.store import Store, callback_reading
from xucd.store.apply import apply
from xucd.web.rest import PREFIX
from xucd.web.rest_routes import ROUTES

Feed = Callable[[bytes], None]
HANGS_S = 60.0
"""After so many seconds without an end, an input is taken to hang."""


class Faults:
    """What was logged as an error while inputs were tried; `check` raises for it."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def check(self, data: bytes) -> None:
        found = list(self._found)
        self._found.clear()
        assert not found, f"{data!r} led to: " + "\n".join(found)

    @contextmanager
    def watched(self) -> Iterator["Faults"]:
        """Watch the logs of structlog, Twisted, asyncio and all libraries."""
        faults = self._found

        class Handler(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                faults.append(self.format(record))

        def seen(event: Any) -> None:
            if event.get("isError") or "log_failure" in event:
                faults.append(str(event.get("log_failure", event)))

        def structured(_: Any, method: str, event: MutableMapping[str, Any]) -> str:
            if method in ("error", "exception", "critical") or event.get("exc_info"):
                faults.append(repr(event))
            raise structlog.DropEvent

        handler, before = Handler(logging.ERROR), structlog.get_config()
        root = logging.getLogger()
        root.addHandler(handler)
        globalLogPublisher.addObserver(seen)  # type: ignore[arg-type]
        structlog.configure(processors=[structured])
        LOOP.set_exception_handler(lambda _, context: faults.append(repr(context)))
        try:
            yield self
        finally:
            LOOP.set_exception_handler(None)
            structlog.configure(**before)
            globalLogPublisher.removeObserver(seen)  # type: ignore[arg-type]
            root.removeHandler(handler)


# -- FastAGI


@contextmanager
def agi() -> Iterator[Feed]:
    """A FastAGI server; the first byte says how the rest is cut into packets."""
    kept: list[KeptSheet] = []
    items = (SheetField("name", "text", 1, "{caller_name} {var:USR_id} {var:NONE}"),)
    profiles = {"customer": SheetTemplate("customer", "ring", items)}
    scripts = {
        "sheet": sheet.script(profiles, kept.append),
        "variables": variables.script(CallVariables()),
    }
    with Faults().watched() as faults:

        async def converse(data: bytes) -> None:
            kept.clear()
            server = AgiServer(scripts)
            conversation, transport = server.buildProtocol(None), StringTransport()  # type: ignore[no-untyped-call]
            assert conversation is not None
            conversation.makeConnection(transport)  # type: ignore[no-untyped-call]
            size = (data[0] if data else 0) + 1
            for at in range(0, len(data), size):
                conversation.dataReceived(data[at : at + size])
                await asyncio.sleep(0)
            conversation.connectionLost()
            for _ in range(4):
                await asyncio.sleep(0)
            assert not server._running, "the script goes on without a connection"
            for line in transport.value().split(b"\n"):  # type: ignore[no-untyped-call]
                assert len(line) <= 2000 and b"\r" not in line and b"\0" not in line

        def feed(data: bytes) -> None:
            LOOP.run_until_complete(converse(data))
            faults.check(data)

        yield feed


# -- a whole xucd


class Served:
    """A whole xucd that serves HTTP and WebSocket."""

    def __init__(self, assembly: Assembly, store: Store) -> None:
        self.port = assembly.port
        tokens, generations = (
            Tokens(store.token_secret(), 10**9, 10**9, time.time),
            store.generations(),
        )
        self.tokens = [
            tokens.sign(tokens.begin(login, generations[login]))
            for login in ("ada", "sue", "bruce")
        ]
        self.lists = [str(each.uuid) for each in callback_reading.lists(store)]
        self.requests = [str(each.uuid) for each in callback_reading.open_requests(store)]

    async def told(self, data: bytes, upgrade: bytes = b"") -> bytes:
        """Send bytes, and nothing more; returns all that is answered until the end.

        With `upgrade`, they are sent on the link that this request has opened.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(HANGS_S):
                if upgrade:
                    writer.write(upgrade)
                    head = await reader.readuntil(b"\r\n\r\n")
                    assert head.startswith(b"HTTP/1.1 101 "), head
                writer.write(data)
                writer.write_eof()
                return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.transport.abort()

    async def asked(self, head: bytes, body: bytes = b"") -> tuple[int, bytes]:
        """Send one request; returns the status and the content."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(HANGS_S):
                writer.write(
                    head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
                )
                whole = await reader.read()
        finally:
            writer.transport.abort()
        first, _, content = whole.partition(b"\r\n\r\n")
        return int(first.split(b" ")[1]), content


@contextmanager
def a_whole_xucd(feed_of: Callable[[Served], Callable[[bytes], Awaitable[None]]]) -> Iterator[Feed]:
    """Build xucd; gives a function that takes an input in by what `feed_of` makes."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder, Faults().watched() as faults:
        url = f"sqlite:///{folder}/xucd.db"
        store = Store(url)
        store.migrate()
        apply(store, center_file.read(DEMO, TODAY).plan)
        assembly = Assembly(
            Settings(
                web=Web(port=0, origins=("https://crm.example.org",), legacy_links=True),
                ami=Ami(port=1, secret="nobody-listens"),
                agi=Agi(port=0),
                store=StorePlace(url=url),
            )
        )
        LOOP.run_until_complete(assembly.start())
        served = Served(assembly, store)
        take_in = feed_of(served)

        def feed(data: bytes) -> None:
            LOOP.run_until_complete(take_in(data))
            faults.check(data)

        try:
            yield feed
            status, _ = LOOP.run_until_complete(served.asked(b"GET /desk HTTP/1.1\r\nHost: x\r\n"))
            assert status == 200, "a page is not served any more"
        finally:
            LOOP.run_until_complete(assembly.stop())
            store.close()


def _no_500(data: bytes, answer: bytes) -> None:
    assert not re.search(rb"^HTTP/1\.[01] 500 ", answer, re.MULTILINE), (data, answer[:500])


# -- HTTP


REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /desk HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nRange: bytes=0-5\r\n\r\n",
    b"GET /board HTTP/1.0\r\n\r\n",
    b"HEAD /assets/javascripts/cti.js HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"x\"\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS /xuc/api/2.0/auth/login HTTP/1.1\r\nHost: x\r\nOrigin: https://crm.example.org\r\n"
    b"Access-Control-Request-Method: POST\r\n\r\n",
    b"POST /xuc/api/2.0/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b'Content-Length: 35\r\n\r\n{"login":"nobody","password":"none"}',
    b"POST /xuc/api/2.0/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\n{\"log\r\n0\r\n\r\n",
    b"GET /xuc/api/2.0/auth/check HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer abc.def.ghi\r\n\r\n",
    b"GET /xuc/api/2.0/cti?token=abc HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n",
    b"GET /xuc/ctichannel?username=x&agentNumber=0&password=y HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /xuc/api/2.0/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /xuc/api/2.0/callback_lists HTTP/1.1\r\nHost: x\r\nOrigin: null\r\n\r\n",
]  # fmt: skip


@contextmanager
def http() -> Iterator[Feed]:
    """Raw bytes at the site's port."""

    def feed_of(served: Served) -> Callable[[bytes], Awaitable[None]]:
        async def feed(data: bytes) -> None:
            _no_500(data, await served.told(data))

        return feed

    with a_whole_xucd(feed_of) as feed:
        yield feed


# -- WebSocket


def links_of(frames: list[bytes]) -> list[bytes]:
    """Frames as they are on the wire: each alone, all kinds, cut into pieces, several at once."""
    texts = [_on_wire(1, frame) for frame in frames]
    others = [
        _on_wire(9, b"ping"), _on_wire(8, b"\x03\xe8bye"), _on_wire(2, b"\0\1"), _on_wire(10, b""),
        _on_wire(1, b'{"claz":', fin=False) + _on_wire(0, b'"ping"}'), _on_wire(1, b"x" * 200),
        _on_wire(8, b"\x00"), _on_wire(3, b"reserved"),
    ]  # fmt: skip
    return [*texts, *others, b"".join(texts[:6])]


def _on_wire(kind: int, content: bytes, *, fin: bool = True) -> bytes:
    """A masked frame, as clients have to send it; the mask is of zeros."""
    size = len(content)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
    return bytes([(0x80 if fin else 0) | kind]) + length + bytes(4) + content


@contextmanager
def link() -> Iterator[Feed]:
    """Raw bytes on a link that is open; the last of them says whose it is."""

    def feed_of(served: Served) -> Callable[[bytes], Awaitable[None]]:
        key = base64.b64encode(bytes(16))

        async def feed(data: bytes) -> None:
            token = served.tokens[(data[-1] if data else 0) % len(served.tokens)].encode()
            head = (
                b"GET /xuc/api/2.0/cti?token=" + token + b" HTTP/1.1\r\nHost: x\r\n"
                b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key + b"\r\n"
                b"Sec-WebSocket-Version: 13\r\n\r\n"
            )
            await served.told(data, upgrade=head)

        return feed

    with a_whole_xucd(feed_of) as feed:
        yield feed


# -- REST


def rest_requests() -> list[bytes]:
    """Route, user and place, then the query, a NUL, the kind of body, a NUL, and the body."""
    bodies = (
        b'{"phoneNumber":"0230","firstName":"Zo\xc3\xa9","dueDate":"2031-02-03"}',
        b'[{"phoneNumber":"0230"},{"mobilePhoneNumber":"+33","lastName":"X"},{}]',
        b"",
    )
    queries = (
        b"", b"leaveOut=true", b"filter=dueDate%3C2031-01-01&order=-lastName&offset=1&limit=2",
        b"filter=lastName~%25o%25&filter=clotured=false", b"from=2026-11-22&to=2026-11-23",
    )  # fmt: skip
    json_kind, csv_kind = b"application/json", b"text/csv; charset=utf-8"
    found = [
        bytes([number, number, 0]) + query + b"\0" + json_kind + b"\0" + body
        for number, route in enumerate(ROUTES)
        for query in (queries if route.method == "GET" else queries[:2])
        for body in ((b"",) if route.method == "GET" else bodies)
    ]
    table = b"phoneNumber|firstName|period\n0230|Zo\xc3\xa9|Morning\nx|y|z\n"
    return [*found, bytes([2, 0, 0]) + b"leaveOut=true\0" + csv_kind + b"\0" + table]


@contextmanager
def rest() -> Iterator[Feed]:
    """Requests of the REST routes, by users who may send them."""

    def feed_of(served: Served) -> Callable[[bytes], Awaitable[None]]:
        async def feed(data: bytes) -> None:
            data = data.ljust(3, b"\0")
            route = ROUTES[data[0] % len(ROUTES)]
            query, _, rest = data[3:].partition(b"\0")
            kind, _, body = rest.partition(b"\0")
            places = served.lists if "lists" in route.path else served.requests
            uuid = places[data[2] % len(places)] if data[2] < 250 else "1" * (data[2] - 249)
            line = f"{route.method} {PREFIX}{route.path.replace('{uuid}', uuid)}".encode()
            head = (
                line + b"?" + _printable(query) + b" HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer "
                + served.tokens[data[1] % len(served.tokens)].encode()
                + b"\r\nContent-Type: " + _printable(kind) + b"\r\n"
            )  # fmt: skip
            if route.method == "DELETE" and uuid in places:
                return  # the same ones are to be there for all inputs
            status, content = await served.asked(head, body)
            assert status < 500, (data, content[:500])
            if route.method == "POST" and status == 201:
                for added in json.loads(content)["uuids"]:
                    await served.asked(
                        f"DELETE {PREFIX}/callback_requests/{added} HTTP/1.0\r\nHost: x\r\n"
                        f"Authorization: Bearer {served.tokens[0]}\r\n".encode()
                    )

        return feed

    with a_whole_xucd(feed_of) as feed:
        yield feed


def _printable(text: bytes) -> bytes:
    """Text of ASCII that ends neither a request's line nor a header; `http` tries the others."""
    return bytes(each if 0x21 <= each < 0x7F else 0x2B for each in text)
