"""What xucd asks of Asterisk by itself, no more of it at once than Asterisk answers soon.

An Asterisk that has restarted has lost its dynamic members, and all are put back: 50,000 requests
for 5,000 agents in 10 queues. Each has its time from when it is sent. So at most `AT_ONCE` wait for
an answer, and the others, in their order, for these. With fewer, each is sent in the turn in which
it is asked for: an agent may be free for the next call in milliseconds.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from xucd.center.intents import Intent

AT_ONCE = 256
"""The most requests that wait for an answer; Asterisk answers so many in some 50 ms."""


class OwnRequests:
    """`send` sends one now; what it returns waits for the answer, and is run by `start`."""

    def __init__(
        self,
        send: Callable[[Intent], Coroutine[Any, Any, None]],
        start: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._send = send
        self._start = start
        self._waiting: deque[Intent] = deque()
        self._unanswered = 0
        self._asked = self._done = 0
        self._awaited: deque[tuple[int, asyncio.Future[None]]] = deque()

    def ask(self, intent: Intent) -> None:
        """Ask for something, behind all that was asked for before."""
        self._asked += 1
        if self._unanswered < AT_ONCE:
            self._begin(intent)
        else:
            self._waiting.append(intent)

    async def sent(self) -> None:
        """Wait until all is sent that was asked for by now: what Asterisk lists has it then."""
        if self._waiting:
            await self.answered()

    def forget(self) -> None:
        """Do not ask for what was not sent yet: the connection is gone, or all is read anew."""
        self._done += len(self._waiting)
        self._waiting.clear()
        self._tell()

    def answered(self) -> "asyncio.Future[None]":
        """Done once as many are answered, or forgotten, as were asked for by now."""
        future = asyncio.get_running_loop().create_future()
        self._awaited.append((self._asked, future))
        self._tell()
        return future

    def _begin(self, intent: Intent) -> None:
        self._unanswered += 1
        self._start(self._answer(self._send(intent)))

    async def _answer(self, answer: Coroutine[Any, Any, None]) -> None:
        try:
            await answer
        finally:
            self._unanswered -= 1
            self._done += 1
            self._tell()
            if self._waiting:
                self._begin(self._waiting.popleft())

    def _tell(self) -> None:
        while self._awaited and self._awaited[0][0] <= self._done:
            future = self._awaited.popleft()[1]
            if not future.done():
                future.set_result(None)
