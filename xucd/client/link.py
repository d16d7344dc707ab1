"""One WebSocket to xucd, and the commands that await their results on it."""

import asyncio
import contextlib
import json
import math
from collections.abc import Callable, Iterator
from typing import Any, cast

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from xucd.client.errors import Refused
from xucd.cti.messages import CommandResult

SILENT_BEATS = 4
"""After how many heartbeats in which nothing came a link is lost."""


class Received(msgspec.Struct, rename={"kind": "msgType", "body": "ctiMessage"}):
    """A frame from xucd; `kind` is empty for an echoed heartbeat."""

    kind: str = ""
    body: msgspec.Raw = msgspec.Raw(b"null")
    position: int | None = None


class _Socket(ClientConnection):
    """A WebSocket that knows when it heard anything last, even a part of a long frame."""

    heard_at = 0.0

    def data_received(self, data: bytes) -> None:
        """Feed incoming data to the protocol."""
        self.heard_at = asyncio.get_running_loop().time()
        super().data_received(data)


class Answers:
    """The commands that wait for their results, by request id.

    A client that resumes its stream has one for all its links: the result of a command may come
    over a later link than the one that the command was sent on.
    """

    def __init__(self) -> None:
        self._next = 1
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._agent_error: dict[str, Any] = {}

    @property
    def mark(self) -> int:
        """The request id of the next command."""
        return self._next

    @contextlib.contextmanager
    def expected(self) -> Iterator[tuple[int, asyncio.Future[None]]]:
        """The request id of a new command, and its result."""
        number, self._next = self._next, self._next + 1
        result = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            yield number, result
        finally:
            self._waiting.pop(number, None)

    def receive(self, received: Received) -> None:
        """Settle the command that a message answers, if it does."""
        if received.kind == "AgentError":
            self._agent_error = json.loads(bytes(received.body))
        elif received.kind == "CommandResult":
            self._settle(msgspec.json.decode(received.body, type=CommandResult))

    def give_up(self, before: float = math.inf) -> None:
        """End what waits, or what was sent before a mark: with ``Disconnected``."""
        for number, result in self._waiting.items():
            if number < before and not result.done():
                result.set_exception(_disconnected())

    def _settle(self, answer: CommandResult) -> None:
        agent_error, self._agent_error = self._agent_error, {}
        result = self._waiting.get(answer.request_id) if type(answer.request_id) is int else None
        if result is None or result.done():
            return
        if answer.ok:
            result.set_result(None)
            return
        code, text = str(answer.error), str(answer.message)
        # The AgentError before it has more detail than the result.
        detail = agent_error if agent_error.pop("Error", None) == code else {}
        result.set_exception(Refused(code, text, detail))


class ClientLink:
    """An open WebSocket. `heard(raw, received)` is called for each frame, before its result.

    With `answers`, commands may be answered over a later link, and its owner gives them up.
    `silent` says that the link was lost because nothing came for too long.
    """

    def __init__(
        self,
        socket: _Socket,
        heard: Callable[[str, Received], None],
        heartbeat: float | None,
        answers: Answers | None = None,
    ) -> None:
        self.silent = False
        self._socket = socket
        self._heard = heard
        self._answers = answers or Answers()
        self._gives_up = answers is None
        self._reading = asyncio.create_task(self._read())
        if heartbeat is not None:
            watching = asyncio.create_task(self._end_in_silence(SILENT_BEATS * heartbeat))
            self._reading.add_done_callback(lambda _: watching.cancel())

    @classmethod
    async def open(
        cls,
        address: str,
        heard: Callable[[str, Received], None],
        heartbeat: float | None = 5.0,
        answers: Answers | None = None,
    ) -> "ClientLink":
        """Open a link, with a ping every `heartbeat` seconds. After four in silence it is lost.

        Raises `Refused` with ``Unreachable``.
        """
        try:
            socket = await open_socket(
                address,
                max_size=None,
                ping_interval=heartbeat,
                ping_timeout=None,
                create_connection=_Socket,
            )
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise Refused("Unreachable", f"There is no WebSocket to be had: {error}") from None
        return cls(cast(_Socket, socket), heard, heartbeat, answers)

    async def say(self, text: str) -> None:
        """Send a frame. Raises `Refused` with ``Disconnected``."""
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            raise _disconnected() from None

    async def ask(self, command: str, values: dict[str, Any]) -> None:
        """Send a command as the wire spells it, once; returns when it is done. Raises `Refused`."""
        with self._answers.expected() as (number, result):
            frame = {"claz": "web", "command": command, "requestId": number, **values}
            if self._reading.done():
                raise _disconnected()
            await self.say(msgspec.json.encode(frame).decode())
            await result

    def cut(self) -> None:
        """Abort the connection without a closing handshake."""
        self._socket.transport.abort()

    async def close(self) -> None:
        """Close the link; returns when all received messages have been passed on."""
        await self._socket.close()
        await self._reading

    async def closed(self) -> tuple[int | None, str | None]:
        """Wait until the link is closed; returns the code and the reason of the close frame."""
        await asyncio.shield(self._reading)
        await self._socket.wait_closed()
        return self._socket.close_code, self._socket.close_reason

    async def _end_in_silence(self, patience: float) -> None:
        loop = asyncio.get_running_loop()
        # Each byte puts the end off.
        while (left := self._socket.heard_at + patience - loop.time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)
        self.silent = True
        self.cut()

    async def _read(self) -> None:
        try:
            with contextlib.suppress(ConnectionClosed):  # `closed` reports how it ended
                async for raw in self._socket:
                    text = str(raw)
                    received = msgspec.json.decode(text, type=Received)
                    self._heard(text, received)
                    self._answers.receive(received)
        finally:
            if self._gives_up:
                self._answers.give_up()


def _disconnected() -> Refused:
    return Refused("Disconnected", "The link was lost before xucd answered.")
