"""One FastAGI connection: a request of Asterisk's dialplan.

    Asterisk -> the request's headers
    xucd     -> a command       (repeated)
    Asterisk -> its answer      (repeated)
    xucd     -> closes; the dialplan goes on

The connection of a peer that is too slow, sends too much, or does not speak AGI is aborted.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from xucd.agi import syntax
from xucd.agi.syntax import AgiAnswer, AgiRequest

log = structlog.get_logger()

HEAD_LIMIT = 32 * 1024
"""Maximum bytes of a request's headers; Asterisk sends about one thousand."""

LINE_LIMIT = 64 * 1024
"""Maximum bytes of an answer; a variable's value has at most 1023."""


class AgiDeadlines(msgspec.Struct, frozen=True):
    """In seconds: for the headers, for each answer, and for all that a script does.

    Asterisk sends the headers and its answers at once. The caller waits meanwhile.
    """

    head: float = 5.0
    answer: float = 5.0
    total: float = 20.0


class Ended(Exception):
    """The connection cannot be used any more: the caller has hung up, or a command failed."""


class Conversation(Protocol):
    """One connection. `begun` is called when its request has arrived, `ended` at the end.

    `answers` is how many answers have arrived.
    """

    request: AgiRequest
    transport: Any  # Twisted types its transports in Zope's way only

    def __init__(
        self,
        begun: Callable[["Conversation"], None],
        ended: Callable[["Conversation"], None],
        deadlines: AgiDeadlines,
    ) -> None:
        self._begun = begun
        self._ended = ended
        self._deadlines = deadlines
        self._head = True
        self._buffer = bytearray()
        self._usage = False
        self._waiting: asyncio.Future[AgiAnswer] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._answer_deadline: asyncio.TimerHandle | None = None
        self.open = True
        self.answers = 0

    def connectionMade(self) -> None:
        """A peer has connected."""
        self._set_deadline(self._deadlines.head)

    def dataReceived(self, data: bytes) -> None:
        """Process received bytes; never more are buffered than a request or an answer may have."""
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
        """The connection has ended, from either side."""
        self.open = False
        self._buffer.clear()
        for timer in (self._deadline, self._answer_deadline):
            if timer is not None:
                timer.cancel()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Ended("the connection was lost"))
        self._ended(self)

    @property
    def awaits_answer(self) -> bool:
        """Whether the other side is to answer a command."""
        return self._waiting is not None and not self._waiting.done()

    # -- for scripts

    async def get(self, name: str) -> str:
        """A channel variable's value, "" when it is unset; Asterisk truncates it to 1023 bytes."""
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
        """Close the connection; the dialplan goes on."""
        if self.open and self.transport is not None:
            self.transport.loseConnection()

    def drop(self, reason: str) -> None:
        """Abort the connection."""
        if self.open and self.transport is not None:
            log.warning("aborted a FastAGI connection", reason=reason)
            self.open = False
            self.transport.abortConnection()

    # -- sending and receiving

    async def _do(self, *words: str) -> AgiAnswer:
        """Send a command; returns Asterisk's answer. Raises `Ended`, or `syntax.Unwritable`."""
        line = syntax.command(*words)
        if not self.open or self.transport is None:
            raise Ended("the connection was lost")
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        seconds = self._deadlines.answer
        self._answer_deadline = loop.call_later(seconds, self.drop, f"no answer in {seconds:g} s")
        self.transport.write(line)
        try:
            answer = await self._waiting
        finally:
            self._waiting = None
            self._answer_deadline.cancel()
        if answer.code != 200 or answer.result == "-1":
            raise Ended(f"Asterisk answered {words[0]} {words[1]} with {answer.code}")
        return answer

    def _read_head(self) -> None:
        end = self._buffer.find(b"\n\n")
        if end > HEAD_LIMIT or (end < 0 and len(self._buffer) > HEAD_LIMIT):
            raise ValueError(f"the request is longer than {HEAD_LIMIT} bytes")
        if end < 0:
            return
        self.request = syntax.request(bytes(self._buffer[:end]))
        del self._buffer[: end + 2]
        self._head = False
        self._set_deadline(self._deadlines.total)
        self._begun(self)
        self._read_lines()

    def _read_lines(self) -> None:
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            # A value may contain a line end; its closing bracket ends the answer.
            if line.startswith(b"200 result=1 (") and not line.rstrip().endswith(b")"):
                end = self._buffer.find(b")\n") + 1
                if end == 0:
                    break
                line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._read_line(line.decode("utf-8", "ignore"))
        if len(self._buffer) > LINE_LIMIT:
            raise ValueError(f"an answer is longer than {LINE_LIMIT} bytes")

    def _read_line(self, line: str) -> None:
        if line.startswith("520-"):
            self._usage = True
        if line.startswith("520 "):
            self._usage = False
        # HANGUP is unsolicited; 100 says that a subroutine runs; 520- begins a usage text.
        if self._usage or line == "HANGUP" or line.startswith("100 "):
            return
        answer = syntax.answer(line)
        if self._waiting is None or self._waiting.done():
            raise ValueError("an answer without a command")
        self.answers += 1
        self._waiting.set_result(answer)

    def _set_deadline(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(seconds, self.drop, f"no progress within {seconds:g} s")
