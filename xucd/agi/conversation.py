"""One request of Asterisk's dialplan, from its connection to its end.

The peer sends a request's head, xucd gives commands and gets their answers, one after the other,
and closes: then the dialplan goes on. A peer that is too slow, says too much, or says what is no
AGI loses its connection, and nothing else comes of it.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from xucd.agi import syntax
from xucd.agi.syntax import AgiAnswer, AgiRequest

log = logging.getLogger(__name__)

HEAD_LIMIT = 32 * 1024
"""Bytes of a request's head; Asterisk's has about one thousand."""

LINE_LIMIT = 64 * 1024
"""Bytes of an answer; a variable's value is at most 1023."""

HEAD_WITHIN = 5.0
"""Seconds for the head to arrive."""

DONE_WITHIN = 20.0
"""Seconds for the whole, during which the caller hears nothing go on."""


class Ended(Exception):
    """The conversation cannot go on: the caller has hung up, or Asterisk refused a command."""


class Conversation(Protocol):
    """One connection. `begun` is called with it once its request is there, `ended` at its end."""

    request: AgiRequest
    transport: Any  # Twisted types its transports in Zope's way only

    def __init__(
        self,
        begun: Callable[["Conversation"], None],
        ended: Callable[["Conversation"], None],
        *,
        head_within: float = HEAD_WITHIN,
        done_within: float = DONE_WITHIN,
    ) -> None:
        self._begun = begun
        self._ended = ended
        self._within = (head_within, done_within)
        self._head = True
        self._buffer = bytearray()
        self._usage = False
        self._waiting: asyncio.Future[AgiAnswer] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.open = True

    def connectionMade(self) -> None:
        """A peer has connected."""
        self._within_seconds(self._within[0])

    def dataReceived(self, data: bytes) -> None:
        """Take what the peer says; never more of it is kept than a request or an answer has."""
        if not self.open:
            return
        self._buffer += data
        try:
            if self._head:
                self._read_head()
            else:
                self._read_lines()
        except ValueError as error:
            self.drop(str(error))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The peer has gone, or was sent away."""
        self.open = False
        self._buffer.clear()
        if self._deadline is not None:
            self._deadline.cancel()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Ended("the connection was lost"))
        self._ended(self)

    # --- What scripts do

    async def get(self, name: str) -> str:
        """A channel variable's value, "" when it has none; Asterisk cuts it at 1023 bytes."""
        return (await self._do("GET", "VARIABLE", syntax.quoted(name))).value or ""

    async def set(self, name: str, value: str) -> None:
        """Set a channel variable to a value of at most `syntax.PIECE` characters."""
        await self._do("SET", "VARIABLE", syntax.quoted(name), syntax.quoted(value))

    async def gosub(self, context: str, argument: str) -> None:
        """Run a subroutine of the dialplan, from its extension s on."""
        done = await self._do("GOSUB", context, "s", "1", syntax.quoted(argument))
        if done.result != "0":
            raise Ended(f"the dialplan has no subroutine {context}")

    def finish(self) -> None:
        """Close: the dialplan goes on."""
        if self.open and self.transport is not None:
            self.transport.loseConnection()

    def drop(self, why: str) -> None:
        """Give up this connection, at once."""
        if self.open and self.transport is not None:
            log.warning("a FastAGI connection was given up: %s", why)
            self.open = False
            self.transport.abortConnection()

    # --- How it is done

    async def _do(self, *words: str) -> AgiAnswer:
        """Give a command; returns Asterisk's answer. Raises `Ended`, or `syntax.Unwritable`."""
        line = syntax.command(*words)
        if not self.open or self.transport is None:
            raise Ended("the connection was lost")
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(line)
        try:
            answer = await self._waiting
        finally:
            self._waiting = None
        if answer.code != 200 or answer.result == "-1":
            raise Ended(f"Asterisk answered {words[0]} {words[1]} with {answer.code}")
        return answer

    def _read_head(self) -> None:
        end = self._buffer.find(b"\n\n")
        if end > HEAD_LIMIT or (end < 0 and len(self._buffer) > HEAD_LIMIT):
            raise ValueError("its request is longer than any of Asterisk's")
        if end < 0:
            return
        self.request = syntax.request(bytes(self._buffer[:end]))
        del self._buffer[: end + 2]
        self._head = False
        self._within_seconds(self._within[1])
        self._begun(self)
        self._read_lines()

    def _read_lines(self) -> None:
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            # A value may hold a line end; its closing bracket ends the answer.
            if line.startswith(b"200 result=1 (") and not line.rstrip().endswith(b")"):
                end = self._buffer.find(b")\n") + 1
                if end == 0:
                    break
                line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._read_line(line.decode("utf-8", "ignore"))
        if len(self._buffer) > LINE_LIMIT:
            raise ValueError("its answer is longer than any of Asterisk's")

    def _read_line(self, line: str) -> None:
        if line.startswith("520-"):
            self._usage = True
        if line.startswith("520 "):
            self._usage = False
        # HANGUP comes of itself; 100 says that a subroutine runs; 520- begins a page of help.
        if self._usage or line == "HANGUP" or line.startswith("100 "):
            return
        answer = syntax.answer(line)
        if self._waiting is None or self._waiting.done():
            raise ValueError("it answers what was not asked")
        self._waiting.set_result(answer)

    def _within_seconds(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(seconds, self.drop, f"it took longer than {seconds:g} s")
