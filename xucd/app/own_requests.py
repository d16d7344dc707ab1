"""What xucd asks of Asterisk by itself, no more of it at once than Asterisk answers soon.

An Asterisk that has restarted has lost its dynamic members, and all are put back: 50,000 requests
for 5,000 agents in 10 queues. A reload may take as many away. Each has its time from when it is
sent. So at most `AT_ONCE` wait for an answer, and the others, in their order, for these. With
fewer, each is sent in the turn in which it is asked for: an agent may be free for the next call in
milliseconds.

Commands do not wait behind them. So what has waited is looked at anew as its turn comes, and what
waits for an interface goes before a command that changes its members: `hurry`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from xucd.center.intents import Intent

AT_ONCE = 256
"""The most requests that wait for an answer; Asterisk answers so many in some 50 ms."""


class _Request:
    """One request: it waits, is sent, or given up, and then is done."""

    __slots__ = ("done", "intent", "waits")

    def __init__(self, intent: Intent) -> None:
        self.intent = intent
        self.waits = self.done = False


class OwnRequests:
    """`send` sends one now; what it returns waits for the answer, and is run by `start`.

    `renew` says what an intent that has waited is to be by then, None if it is wanted no more.
    """

    def __init__(
        self,
        send: Callable[[Intent], Coroutine[Any, Any, None]],
        start: Callable[[Coroutine[Any, Any, None]], object],
        renew: Callable[[Intent], Intent | None],
    ) -> None:
        self._send = send
        self._start = start
        self._renew = renew
        self._waiting: deque[_Request] = deque()
        self._by_interface: dict[str, list[_Request]] = {}  # those that wait
        self._unanswered = 0
        self._open: deque[_Request] = deque()  # all, from the oldest that is not done
        self._asked = self._done = 0
        self._awaited: deque[tuple[int, asyncio.Future[None]]] = deque()

    def ask(self, intent: Intent) -> None:
        """Ask for something, behind all that was asked for before."""
        self._asked += 1
        request = _Request(intent)
        self._open.append(request)
        if self._unanswered < AT_ONCE:
            self._begin(request, intent)
            return
        request.waits = True
        self._waiting.append(request)
        interface = getattr(intent, "interface", None)
        if interface is not None:
            self._by_interface.setdefault(interface, []).append(request)

    def hurry(self, interface: str) -> None:
        """Send now what waits for an interface: what a command asks of it is to come after that."""
        for request in self._by_interface.pop(interface, ()):
            if request.waits:
                self._begin_late(request)

    async def sent(self) -> None:
        """Wait until all is sent that was asked for by now: what Asterisk lists has it then."""
        if self._waiting:
            await self.answered()

    def forget(self) -> None:
        """Do not ask for what was not sent yet: the connection is gone, or all is read anew."""
        for request in self._waiting:
            if request.waits:
                request.waits, request.done = False, True
        self._waiting.clear()
        self._by_interface.clear()
        self._tell()

    def answered(self) -> "asyncio.Future[None]":
        """Done once all is answered, or forgotten, that was asked for by now."""
        future = asyncio.get_running_loop().create_future()
        self._awaited.append((self._asked, future))
        self._tell()
        return future

    def _begin(self, request: _Request, intent: Intent) -> None:
        self._unanswered += 1
        self._start(self._answer(request, self._send(intent)))

    def _begin_late(self, request: _Request) -> None:
        request.waits = False
        intent = self._renew(request.intent)
        if intent is not None:
            self._begin(request, intent)
            return
        request.done = True
        self._tell()

    async def _answer(self, request: _Request, answer: Coroutine[Any, Any, None]) -> None:
        try:
            await answer
        finally:
            self._unanswered -= 1
            request.done = True
            self._tell()
            while self._waiting and self._unanswered < AT_ONCE:
                following = self._waiting.popleft()
                if following.waits:
                    self._begin_late(following)
            if not self._waiting:
                self._by_interface.clear()

    def _tell(self) -> None:
        while self._open and self._open[0].done:
            self._open.popleft()
            self._done += 1
        while self._awaited and self._awaited[0][0] <= self._done:
            future = self._awaited.popleft()[1]
            if not future.done():
                future.set_result(None)
