"""A WebSocket client that hides nothing: every frame as it came, every byte under its control."""

import asyncio
import base64
import json
import os
import ssl
import struct
from typing import Any, Self

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The upgrade was refused."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


class Closed(Exception):
    """The server has closed the link."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Client:
    """An open WebSocket. Use as an async context manager."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(
        cls,
        port: int,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        buffer: int = 2**16,
    ) -> Self:
        """Open a link. Raises `Refused` when it is answered by anything but an upgrade."""
        streams = await asyncio.open_connection("127.0.0.1", port, limit=buffer, ssl=tls)
        return await cls.upgrade(*streams, path, headers)

    @classmethod
    async def upgrade(
        cls,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        path: str,
        headers: dict[str, str] | None = None,
    ) -> Self:
        """Make a connection a link. Raises `Refused` like `connect`."""
        host, port = writer.get_extra_info("peername")
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {
            "Host": f"{host}:{port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Extensions": "permessage-deflate",
            **(headers or {}),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split(" ", 2)[1])
        if status != 101:
            size = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
            body = json.loads(await reader.readexactly(size))
            writer.close()
            raise Refused(status, body)
        assert "permessage-deflate" not in head
        return cls(reader, writer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.writer.close()

    def frame(self, opcode: int, payload: bytes, fin: bool = True) -> bytes:
        """A masked frame (with a mask of zeros: what it hides is nothing)."""
        size = len(payload)
        head = bytes([(0x80 if fin else 0) | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65536:
            head += b"\xfe" + struct.pack("!H", size)
        else:
            head += b"\xff" + struct.pack("!Q", size)
        return head + bytes(4) + payload

    def say(self, text: str | bytes) -> None:
        """Send a text frame."""
        self.writer.write(self.frame(TEXT, text if isinstance(text, bytes) else text.encode()))

    def ask(self, command: str, **arguments: Any) -> None:
        """Send a command."""
        self.say(json.dumps({"claz": "web", "command": command, **arguments}))

    async def next_frame(self) -> tuple[int, bytes]:
        """The next frame's opcode and payload."""
        first, second = await self.reader.readexactly(2)
        assert first & 0x80 and not first & 0x70 and not second & 0x80
        size = second
        if size == 126:
            (size,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(size)

    async def hear(self) -> dict[str, Any]:
        """The next message. Raises `Closed` for a goodbye, with code None for none at all."""
        async with asyncio.timeout(30):
            try:
                opcode, payload = await self.next_frame()
            except (asyncio.IncompleteReadError, ConnectionResetError):
                raise Closed(None, "") from None
        if opcode == CLOSE:
            code = struct.unpack("!H", payload[:2])[0] if payload else None
            raise Closed(code, payload[2:].decode())
        assert opcode == TEXT, opcode
        message: dict[str, Any] = json.loads(payload)
        return message

    async def goodbye(self) -> Closed:
        """What the server says as it closes, whatever it says before."""
        while True:
            try:
                await self.hear()
            except Closed as closed:
                return closed
