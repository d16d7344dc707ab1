"""The same over TLS, where nobody but the transport may write to the socket."""

import asyncio
import contextlib
import os
import select
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.protocol import Factory, Protocol

from tests.certificates import certificate
from tests.web_server import reactor, said, serving, until
from tests.ws_client import Client, Closed
from xucd.cti.link import LinkLimits
from xucd.web.certificate import Certificate
from xucd.web.listening import listen

PIECE = bytes(range(256)) * 256
PIECES = 128  # 8 MiB in all


class Large(Protocol):
    """Answers a question with something large, one piece a turn, and closes."""

    def __init__(self) -> None:
        self.greeted, self.lost = asyncio.Event(), asyncio.Event()

    def dataReceived(self, data: bytes) -> None:
        self.greeted.set()
        if data == b"?":
            self._answering = asyncio.get_running_loop().create_task(self._answer())

    async def _answer(self) -> None:
        transport: Any = self.transport
        for _ in range(PIECES):
            transport.write(PIECE)
            await asyncio.sleep(0)
        transport.loseConnection()

    def connectionLost(self, *_reason: object) -> None:
        self.lost.set()


@contextlib.asynccontextmanager
async def connected(
    folder: Path,
) -> AsyncIterator[tuple[Large, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A server, and a client of it of which the kernel buffers little."""
    cert, key = certificate(folder)
    made: list[Large] = []

    class Servers(Factory):
        def buildProtocol(self, _address: object) -> Large:
            made.append(Large())
            return made[-1]

    port = listen(reactor, ("127.0.0.1", 0), Servers(), Certificate(cert, key))
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port.getHost().port))
    sock.setblocking(False)
    trusting = ssl.create_default_context(cafile=cert)
    reader, writer = await asyncio.open_connection(
        sock=sock, ssl=trusting, server_hostname="127.0.0.1", limit=4096
    )
    yield made[0], reader, writer
    await made[0].lost.wait()
    await port.stopListening().asFuture(asyncio.get_running_loop())


async def test_a_large_answer_reaches_a_slow_client_whole_before_the_connection_ends(
    tmp_path: Path,
) -> None:
    async with connected(tmp_path) as (_, reader, writer):
        writer.write(b"?")
        assert await reader.read(-1) == PIECE * PIECES
        writer.close()


async def test_a_client_that_goes_in_the_middle_of_an_answer_is_gone(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, reader, writer):
        writer.write(b"?")
        await reader.readexactly(len(PIECE))
        writer.transport.abort()


async def test_writing_to_a_client_that_has_just_gone_is_no_error(tmp_path: Path) -> None:
    async with connected(tmp_path) as (server, _, writer):
        writer.write(b"!")
        await server.greeted.wait()
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with socket.socket() as unconnected:
            os.dup2(unconnected.fileno(), sock.fileno())  # which resets the connection
        transport: Any = server.transport
        transport.write(b"not to be received")
        writer.transport.abort()


async def test_what_is_due_leaves_with_the_flush_and_not_later(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=cert)
    async with serving(tls=Certificate(cert, key)) as server:
        token = server.tokens.sign(server.tokens.begin("bruce", "one"))
        path = f"/xuc/api/2.0/cti?token={token}"
        client = await Client.connect(server.port, path, tls=trusting)
        for _ in range(3):
            await client.hear()
        server.hub.publish(["everybody"], said(1))
        server.hub.flush.run()
        # The loop does not run meanwhile.
        received, _, _ = select.select([client.writer.get_extra_info("socket")], [], [], 30)
        assert received
        client.writer.close()


async def test_over_tls_messages_arrive_in_order_and_a_slow_client_is_closed(
    tmp_path: Path,
) -> None:
    cert, key = certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=cert)
    async with serving(tls=Certificate(cert, key), limits=LinkLimits(backlog=64 * 1024)) as server:
        token = server.tokens.sign(server.tokens.begin("bruce", "one"))
        client = await Client.connect(
            server.port, f"/xuc/api/2.0/cti?token={token}", tls=trusting, buffer=1024
        )
        for opening in ("LoggedOn", "RightProfile", "UserStatusUpdate"):
            assert (await client.hear())["msgType"] == opening
        count = 0
        while not server.hub.metrics.slow._value.get():
            count += 1
            assert count < 20_000
            server.hub.publish(["everybody"], said(count, 4096))
            await until(lambda: server.hub.flush.idle)
        number = 0
        with pytest.raises(Closed) as closed:
            while True:
                number += 1
                assert (await client.hear())["ctiMessage"]["agentId"] == number
        assert (closed.value.code, closed.value.reason) == (4008, "slow")
        client.writer.close()
